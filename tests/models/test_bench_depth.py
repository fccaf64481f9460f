from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from perception.tiny_bundle import write_bundle
from tiny_checkpoints import write_depth_anything

from edge_nav.errors import UsageError
from edge_nav.lab.bench.depth import bench, differences
from edge_nav.lab.bench.options import DepthBenchOptions

REPO = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def rows(path: Path) -> dict[str, dict[str, object]]:
    return {row["what"]: row for row in json.loads(path.read_text())["rows"]}


def test_a_bundle_is_measured_beside_the_pipeline_and_agrees_with_it(tmp_path: Path) -> None:
    checkpoint = write_depth_anything(tmp_path / "checkpoint", metric=True)
    made = run("-m", "export", "depth", checkpoint, "--out", tmp_path / "exported")
    assert made.returncode == 0, made.stderr
    figures = tmp_path / "figures.json"
    given = ("--checkpoint", checkpoint, "--bundle", tmp_path / "exported", "--rounds", 2, "--threads", 1)
    done = run("main.py", "bench", "depth", *given, "--json", figures)
    assert done.returncode == 0, done.stderr
    times = rows(figures)
    assert list(times)[:2] == ["transformers pipeline", "ONNX Runtime, exported"]
    assert times["transformers pipeline"]["ratio"] == 1
    assert {row["input"] for row in times.values()} == {"70x98"}
    assert times["ONNX Runtime, exported"]["target_ratio"] == 1.3
    assert all(isinstance(row["p50_ms"], float) and row["p50_ms"] > 0 for row in times.values())
    agreement = rows(tmp_path / "figures-agreement.json")
    runtime, pipeline = agreement["ONNX Runtime, exported"], agreement["transformers pipeline"]
    assert runtime["max_relative_difference"] < 1e-3  # type: ignore[operator]
    assert runtime["peak_mb"] < pipeline["peak_mb"]  # type: ignore[operator]
    assert "depth-estimation pipeline, torch" in str(pipeline["runs_on"])


@pytest.mark.slow
def test_a_checkpoint_alone_is_exported_in_every_way_that_is_measured(tmp_path: Path) -> None:
    checkpoint = write_depth_anything(tmp_path / "checkpoint", metric=True)
    figures = tmp_path / "figures.json"
    done = run(
        "main.py", "bench", "depth", "--checkpoint", checkpoint, "--rounds", 1, "--threads", 1, "--json", figures
    )
    assert done.returncode == 0, done.stderr
    measured = {what: row["input"] for what, row in rows(figures).items() if what.startswith("ONNX Runtime")}
    assert measured == {
        "ONNX Runtime, fp32": "70x98",
        "ONNX Runtime, int8": "70x98",
        "ONNX Runtime, fp32-308": "308x406",
        "ONNX Runtime, int8-308": "308x406",
    }


def test_without_a_checkpoint_the_first_bundle_is_the_measure(tmp_path: Path) -> None:
    bundles = tuple(str(write_bundle(tmp_path / name)) for name in ("one", "two"))
    figures = tmp_path / "figures.json"
    assert bench(DepthBenchOptions(bundles=bundles, rounds=2, threads=1, json_file=figures)) == 0
    times = rows(figures)
    assert next(iter(times)) == "ONNX Runtime, one"
    assert "ONNX Runtime, two" in times
    assert all(row["target_ratio"] is None and row["input"] == "98x126" for row in times.values())
    assert all(row["absrel_percent"] is None for row in rows(tmp_path / "figures-agreement.json").values())


def test_bad_usage_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    bundle = str(write_bundle(tmp_path / "bundle"))
    with pytest.raises(UsageError, match=r"nothing to measure: give --checkpoint DIR .* models\.random_checkpoints"):
        bench(DepthBenchOptions(rounds=1, threads=1))
    with pytest.raises(UsageError, match="is no checkpoint folder"):
        bench(DepthBenchOptions(tmp_path / "none", rounds=1, threads=1))
    with pytest.raises(UsageError, match="is live"):
        bench(DepthBenchOptions(bundles=(bundle,), source="camera:0", rounds=1, threads=1))
    with pytest.raises(UsageError, match=r"transformers pipeline: .* is no checkpoint of it"):
        bench(DepthBenchOptions(tmp_path, (bundle,), rounds=1, threads=1))


def test_differences_leave_out_what_the_original_does_not_tell() -> None:
    wanted = np.array([[1.0, 2.0], [4.0, 1e-6]])
    mean, most = differences(np.array([[1.1, 2.0], [4.0, 1.0]]), wanted)
    assert mean == pytest.approx(100 * 0.1 / 3)
    assert most == pytest.approx(0.1)
    with pytest.raises(UsageError, match="export it again"):
        differences(np.zeros((2, 3)), wanted)
