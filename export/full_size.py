"""`python -m export.full_size NAME... --work DIR`: the published sizes, exported within a bound on memory, and run.

The checkpoints are of random numbers (models/random_checkpoints). Each step is a process of its own, whose resident
memory is looked at while it runs; the exporter may not exceed the bound. Takes minutes to an hour each, and tens of GB
of disk, which are kept for another run. Not part of the tests: `make full-size`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from edge_nav.errors import UsageError
from models.command import run_command

LIMIT_GB = 6.0
VLM: dict[str, Any] = {"vision": {"precisions": ["int8"]}, "llm": {"quantisations": ["Q4_K_M"], "checks": "tokenizer"}}
PLANS: dict[str, dict[str, Any]] = {
    "depth-anything-v2-metric-indoor-small": {"depth": {"precision": "fp32"}},
    "paligemma-3b-224": {"vlm": VLM},
    "llava-1.5-7b": {"vlm": VLM},
    "phi-2-tinyclip": {"vlm": VLM},
}
"""``checks: tokenizer`` because the others hold the unquantised file in memory, which is what the bound forbids."""
PERIOD_S = 0.1
app = typer.Typer(add_completion=False, help="Export and run models of the published sizes.")


@dataclass(frozen=True, slots=True)
class Step:
    """One process: how long it took, and its greatest resident size in 10^9 bytes, Linux only (else 0)."""

    seconds: float
    peak_gb: float


@app.command()
def prove(
    names: Annotated[list[str], typer.Argument(help=f"Of {', '.join(PLANS)}.")],
    work: Annotated[Path, typer.Option(help="Folder for checkpoints and bundles.")],
) -> None:
    """Write, export and run each model; exit code 2 where the exporter takes more memory than it may."""
    if unknown := [n for n in names if n not in PLANS]:
        raise UsageError(f"model {unknown[0]!r} is not known: name some of {', '.join(PLANS)}.")
    for name in names:
        checkpoint, bundle = work / "checkpoints" / name, work / "bundles" / name
        if not checkpoint.exists():
            _say(f"{name}: writing the checkpoint")
            _run("-m", "models.random_checkpoints", name, str(checkpoint))
        if not (bundle / "manifest.json").exists():
            exported = _run("-m", "export", "all", str(_plan(name, checkpoint, bundle, work)))
            _say(f"{name}: exported in {exported.seconds:.0f} s, at most {exported.peak_gb:.2f} GB resident")
            if exported.peak_gb > LIMIT_GB:
                raise UsageError(f"the export of {name} took {exported.peak_gb:.2f} GB: the bound is {LIMIT_GB:g} GB.")
        if "vlm" in PLANS[name]:
            ran = _run("main.py", "bench", "vlm", "--bundle", str(bundle), "--rounds", "1")
        else:
            ran = _run("main.py", "bench", "depth", "--bundle", str(bundle), "--rounds", "3")
        _say(f"{name}: ran in {ran.seconds:.0f} s")


def _plan(name: str, checkpoint: Path, bundle: Path, work: Path) -> Path:
    plan: dict[str, Any] = {"out": str(bundle), "intended_use": "simulator"}
    for part, options in PLANS[name].items():
        plan[part] = {"checkpoint": str(checkpoint), **options}
    path = work / f"{name}.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def _run(*command: str) -> Step:
    began = time.monotonic()
    with subprocess.Popen([sys.executable, *command]) as process:
        peak = [0]
        watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watch.start()
        if process.wait() != 0:
            raise UsageError(f"`{' '.join(command[:3])} …` ended with code {process.returncode}: see what it said.")
        watch.join()
    return Step(time.monotonic() - began, peak[0] / 1e9)


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Most resident bytes so far, mapped files included: what the kernel counts against a limit."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text(encoding="ascii").splitlines()
        except OSError:
            return
        found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")]
        peak[0] = max([peak[0], *found])
        time.sleep(PERIOD_S)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    run_command(app, "python -m export.full_size")
