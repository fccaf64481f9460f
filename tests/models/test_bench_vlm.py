from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_checkpoints import write_paligemma

REPO = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False, env=ENVIRONMENT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("bench")
    checkpoint = write_paligemma(root / "checkpoint", width=256)
    plan = {"checkpoint": str(checkpoint), "llm": {"quantisations": ["Q4_K_M", "Q8_0"], "checks": "tokenizer"}}
    (root / "plan.yaml").write_text(json.dumps({"out": str(root / "bundle"), "vlm": plan}))
    done = run("-m", "export", "all", root / "plan.yaml")
    assert done.returncode == 0, done.stderr
    return checkpoint, root / "bundle"


def test_a_bundle_is_measured_beside_generate(made: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, bundle = made
    given = ("--bundle", bundle, "--checkpoint", checkpoint, "--tokens", 5, "--rounds", 1, "--threads", 1)
    variants = ("--variant", "Q8_0:fp32", "--variant", "Q4_K_M")
    done = run("main.py", "bench", "vlm", *given, *variants, "--json", tmp_path / "figures.json")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "figures.json").read_text())["rows"]
    names = [row["what"] for row in rows]
    assert names == ["transformers bfloat16", "bundle Q8_0:fp32", "bundle Q4_K_M", "transformers float32"]
    baseline, eight_bits, four_bits, _ = rows
    assert baseline["total_ratio"] == baseline["memory_ratio"] == 1
    assert len({row["prompt_tokens"] for row in rows}) == 1
    assert four_bits["bandwidth_share"] > 0
    assert eight_bits["first_token_ms"] < eight_bits["total_ms"]
    assert baseline["first_token_ms"] / eight_bits["first_token_ms"] == pytest.approx(
        eight_bits["first_token_ratio"], rel=1e-6
    )
    assert four_bits["peak_mb"] < baseline["peak_mb"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bundle", "BUNDLE", "--variant", "Q2_K"], "Q4_K_M"),
        (["--bundle", "BUNDLE", "--checkpoint", "/nowhere"], "random_checkpoints paligemma-3b-224"),
        (["--bundle", "/nowhere"], "/nowhere"),
    ],
)
def test_bad_usage_is_one_sentence(made: tuple[Path, Path], arguments: list[str], words: str) -> None:
    given = [str(made[1]) if a == "BUNDLE" else a for a in arguments]
    done = run("main.py", "bench", "vlm", *given, "--rounds", 1, "--tokens", 2)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
