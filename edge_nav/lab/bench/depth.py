"""`bench depth`: a bundle's depth network against the transformers pipeline that a user would otherwise call.

Every contender is a process of its own. They take turns frame by frame, so that whatever else the machine does falls on
all of them; a ratio is the median over frames of the pair's.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import open_bundle
from edge_nav.errors import UsageError
from edge_nav.lab.bench.contender import ROOT, Contender, load
from edge_nav.lab.bench.options import DepthBenchOptions
from edge_nav.lab.bench.report import Row, percentiles, report
from edge_nav.lab.sim.source import SimSource
from edge_nav.perception.depth.network_output import depth_entry
from edge_nav.sources.spec import open_source, parse_source
from edge_nav.vlm.vlm_settings import cores_here

SIZE = (640, 480)
WARM_UP = 2
COMPARED = 3
"""Pictures whose depth is compared."""
REST_S = 0.05
"""Between turns: worker threads spin for a while after their work, and would take the next one's processor."""
BASELINE = "transformers pipeline"
EXPORTS = (
    ("fp32", ()),
    ("int8", ("--precision", "int8")),
    ("fp32-308", ("--size", "308")),
    ("int8-308", ("--precision", "int8", "--size", "308")),
)
"""What is made of a checkpoint: the pipeline's own input size, and the smaller one of the CPU profile."""
TARGETS = {"fp32": 1.3, "int8": 1.8, "bf16": 4.0, "small": 15.0}
QUANTISED = (b"MatMulInteger", b"DynamicQuantizeLinear", b"QuantizeLinear")
MAKE = "python -m models.random_checkpoints depth-anything-v2-metric-indoor-small DIR"


@dataclass(slots=True)
class DepthSide:
    """One contender and what was measured of it."""

    contender: Contender
    kind: str
    """fp32, int8 or bf16; the baseline's own name."""
    ms: list[float] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    peak_mb: float = 0.0
    absrel_percent: float | None = None
    max_relative: float | None = None


def bench(options: DepthBenchOptions) -> int:
    """Time, memory and agreement of the pipeline and each bundle on each backend that is here."""
    checkpoint, bundles, json_file = options.checkpoint, options.bundles, options.json_file
    if checkpoint is None and not bundles:
        raise UsageError(f"nothing to measure: give --checkpoint DIR (one of random numbers: {MAKE}), or --bundle DIR.")
    if checkpoint is not None and not (checkpoint / "config.json").is_file():
        raise UsageError(f"--checkpoint {checkpoint} is no checkpoint folder: give one with a config.json, or: {MAKE}")
    cores = options.threads or cores_here()
    pictures = _pictures(options.source, options.rounds)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        names = bundles or tuple(_exported(checkpoint, folder)) if checkpoint else bundles
        sides = [*_baseline(checkpoint, cores, stack), *_opened(names, cores, stack)]
        for side in sides:
            side.contender.wait_ready()
        files = _saved(pictures, folder)
        _take_turns(sides, files)
        for side in sides:
            side.peak_mb = float(side.contender.ask("memory")["peak_mb"])
        _compare(sides, files[:COMPARED], folder)
    first = sides[0]
    title = f"depth of {SIZE[0]}x{SIZE[1]} pictures, {cores} threads; ratio to {first.contender.name}"
    report(title, [_time(side, first) for side in sides], json_file)
    second = None if json_file is None else json_file.with_stem(f"{json_file.stem}-agreement")
    report("difference from the checkpoint in fp32, and memory", [_agreement(s, first) for s in sides], second)
    return 0


def _pictures(source: str, rounds: int) -> list[NDArray[np.uint8]]:
    settings = parse_source(source)
    if settings.type == "camera":
        raise UsageError(f"source {source} is live: benchmarks need a recording, such as walk or images:DIR.")
    frames = open_source(settings, SimSource)
    pictures: list[NDArray[np.uint8]] = []
    try:
        while len(pictures) < rounds + WARM_UP and (frame := frames.read()) is not None:
            resized = cv2.resize(frame.rgb, SIZE, interpolation=cv2.INTER_AREA)
            pictures.append(np.asarray(resized, dtype=np.uint8))
    finally:
        frames.close()
    if not pictures:
        raise UsageError(f"source {source} gave no picture: name another.")
    return [pictures[n % len(pictures)] for n in range(rounds + WARM_UP)]


def _saved(pictures: list[NDArray[np.uint8]], folder: Path) -> list[Path]:
    files = [folder / f"picture{n}.npy" for n in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        np.save(file, picture)
    return files


def _exported(checkpoint: Path, folder: Path) -> Iterator[str]:
    """Bundles of a checkpoint, by the exporter's own command."""
    for name, options in EXPORTS:
        sys.stderr.write(f"exporting {checkpoint} as {name}\n")
        command = [sys.executable, "-m", "export", "depth", str(checkpoint.resolve()), "--out", str(folder / name)]
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
            raise UsageError(
                f"the export of {checkpoint} as {name} failed ({last[:300]}): mend that, or give --bundle."
            )
        yield str(folder / name)


def _baseline(checkpoint: Path | None, cores: int, stack: contextlib.ExitStack) -> list[DepthSide]:
    if checkpoint is None:
        return []
    arguments = [str(checkpoint.resolve()), "--threads", str(cores)]
    return [_side(BASELINE, "models.depth_baseline", arguments, BASELINE, stack)]


def _opened(names: tuple[str, ...], cores: int, stack: contextlib.ExitStack) -> Iterator[DepthSide]:
    """Each bundle in ONNX Runtime; those of floats in OpenVINO, too, where the processor has bfloat16."""
    bf16 = _openvino_has_bf16()
    for name in names:
        bundle = open_bundle(name)
        path = bundle.folder / depth_entry(bundle).file
        quantised = any(word in path.read_bytes() for word in QUANTISED)
        called = bundle.manifest.name
        arguments = [str(bundle.folder.resolve()), "--threads", str(cores), "--backend"]
        module = "edge_nav.lab.bench.depth_contender"
        kind = "int8" if quantised else "fp32"
        yield _side(f"ONNX Runtime, {called}", module, [*arguments, "onnx"], kind, stack)
        if bf16 and not quantised:
            yield _side(f"OpenVINO bf16, {called}", module, [*arguments, "openvino"], "bf16", stack)


def _side(name: str, module: str, arguments: list[str], kind: str, stack: contextlib.ExitStack) -> DepthSide:
    contender = Contender(name, module, arguments)
    stack.callback(contender.close)
    return DepthSide(contender, kind)


def _openvino_has_bf16() -> bool:
    try:
        import openvino
    except ImportError:
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _take_turns(sides: list[DepthSide], files: list[Path]) -> None:
    for n, file in enumerate(files):
        for side in sides:
            ms = float(side.contender.ask("infer", picture=str(file))["ms"])
            if n >= WARM_UP:
                side.ms.append(ms)
            time.sleep(REST_S)


def _compare(sides: list[DepthSide], files: list[Path], folder: Path) -> None:
    """Each network's output against the original's in fp32, for the inputs that the runtime feeds it."""
    original = sides[0] if sides[0].kind == BASELINE else None
    for side in sides:
        if side is original:
            answer = side.contender.ask("size", picture=str(files[0]))
            side.size = (int(answer["rows"]), int(answer["columns"]))
            continue
        found = [_differences(side, original, file, folder) for file in files]
        side.absrel_percent = None if original is None else float(np.mean([mean for mean, _ in found]))
        side.max_relative = None if original is None else max(most for _, most in found)


def _differences(side: DepthSide, original: DepthSide | None, picture: Path, folder: Path) -> tuple[float, float]:
    pixels, found, wanted = (str(folder / f"{what}.npy") for what in ("pixels", "found", "wanted"))
    answer = side.contender.ask("plane", picture=str(picture), pixels=pixels, depth=found)
    side.size = (int(answer["rows"]), int(answer["columns"]))
    if original is None:
        return 0.0, 0.0
    original.contender.ask("reference", pixels=pixels, depth=wanted)
    return differences(load(found), load(wanted))


def differences(found: NDArray[Any], wanted: NDArray[Any]) -> tuple[float, float]:
    """AbsRel (mean of |found - wanted| / wanted) in per cent, and the greatest such ratio; both [H, W].

    Where the original gives less than a thousandth of its greatest value it says "no depth", and is left out.
    """
    f, w = found.astype(np.float64), wanted.astype(np.float64)
    if f.shape != w.shape:
        raise UsageError(f"the bundle gives depth of {f.shape} where the checkpoint gives {w.shape}: export it again.")
    told = np.abs(w) > 1e-3 * np.abs(w).max()
    ratio = np.abs(f[told] - w[told]) / np.abs(w[told])
    return float(ratio.mean() * 100), float(ratio.max())


def _time(side: DepthSide, first: DepthSide) -> Row:
    p50, p95, _ = percentiles(side.ms)
    small = side.size[0] * side.size[1] * 2 < first.size[0] * first.size[1]
    return {
        "what": side.contender.name,
        "input": f"{side.size[0]}x{side.size[1]}",
        "p50_ms": p50,
        "p95_ms": p95,
        "ratio": float(np.median(np.asarray(first.ms) / np.asarray(side.ms))),
        "target_ratio": TARGETS.get("small" if small else side.kind) if first.kind == BASELINE else None,
    }


def _agreement(side: DepthSide, first: DepthSide) -> Row:
    return {
        "what": side.contender.name,
        "absrel_percent": side.absrel_percent,
        "max_relative_difference": side.max_relative,
        "peak_mb": side.peak_mb,
        "memory_ratio": first.peak_mb / side.peak_mb,
        "runs_on": side.contender.describe,
    }
