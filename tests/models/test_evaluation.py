from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from models_frames import write_frames
from perception.tiny_bundle import write_bundle
from typer.testing import CliRunner

from edge_nav.bundle import open_bundle
from edge_nav.errors import UsageError
from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
from models.data.classes import CLASSES, classified
from models.data.dataset import list_frames, read_frame
from models.depth.evaluation import Evaluation, evaluate, write_pictures
from models.depth.metrics import BINS_M, Sums
from models.depth.reliability import expected_error, write_reliability
from models.depth.report import short_names
from models.evaluate import app


def test_measures_of_a_known_error() -> None:
    sums, truth = Sums(), np.full((2, 3), 2.0, np.float32)
    truth[0, 0] = np.nan
    estimate = np.full((2, 3), 2.5, np.float32)
    estimate[1, 2] = np.nan
    assert sums.add(estimate, truth) == pytest.approx(0.25)
    values = sums.values()
    assert sums.pixels == 4
    assert values["abs_rel"] == pytest.approx(0.25)
    assert values["sq_rel"] == pytest.approx(0.125)
    assert values["rmse_m"] == pytest.approx(0.5)
    assert values["log10"] == pytest.approx(np.log10(1.25))
    assert values["silog"] == pytest.approx(0.0, abs=1e-4)
    assert (values["delta1"], values["delta2"]) == (0.0, 1.0)  # a ratio of 1.25 is not below 1.25
    errors = dict(zip(BINS_M, (error for _, _, error in sums.bins()), strict=False))
    assert errors[2.0] == pytest.approx(0.5)
    assert np.isnan(errors[1.0])


def test_the_floor_and_the_median_mend_a_wrong_scale(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames", range(2), 3)
    folder = _oracle(tmp_path / "oracle", gain=1.3)
    _as_brightness(frames)
    result = evaluate(open_bundle(str(folder)), OnnxDepthSettings(), f"frames:{frames}", (0, 10))
    assert (result.frames, result.with_floor) == (6, 6)
    assert result.by_scale["raw"].all.values()["abs_rel"] == pytest.approx(0.3, abs=0.03)
    assert result.by_scale["floor"].all.values()["abs_rel"] < 0.04
    assert result.by_scale["median"].all.values()["abs_rel"] < 0.03
    corridor = result.by_scale["raw"].corridor
    assert corridor.pixels > 0
    assert corridor.error_m / corridor.pixels > 0.3  # things between one and three metres, 30 % off
    write_pictures(result, tmp_path / "pictures.png")
    assert cv2.imread(str(tmp_path / "pictures.png")).shape[1] == 2 * 4 * 160


def test_how_much_of_the_ground_beyond_edges_is_known_to_be_lower(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames", range(2), 3, pit_m=0.3)
    _as_brightness(frames)
    lower = 0
    for ref in list_frames([frames], 0, 10):
        true = read_frame(ref)
        lower += np.count_nonzero((classified(true, ref).label == CLASSES.index("lower_floor")) & (true.depth_m < 4))
    named = {"labels": ["floor", "lower_floor"]}

    def found(name: str, far_m: float) -> list[int]:
        bundle = open_bundle(str(_oracle(tmp_path / name, 1.0, far_m=far_m, **named)))
        return list(evaluate(bundle, OnnxDepthSettings(), f"frames:{frames}", (0, 10)).lower)

    there, called, both = found("all", 0.0)
    assert there == both == lower > 0
    assert called > both  # the floor underfoot, too
    assert found("none", 100.0) == [lower, 0, 0]
    there, called, both = found("far", 3.0)
    assert 0 < both < there


def test_the_reliability_plot_shows_what_was_found(tmp_path: Path) -> None:
    result = Evaluation()
    result.confident[5:] = 100.0
    result.right[5:] = [55, 65, 75, 85, 95]
    assert expected_error(result) == pytest.approx(0.0)
    write_reliability(result, "true", tmp_path / "true.png")
    result.right[5:] = [10, 10, 10, 10, 10]
    assert expected_error(result) == pytest.approx(0.65)
    write_reliability(result, "boastful", tmp_path / "boastful.png")
    true, boastful = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("true", "boastful"))
    blue = [np.argwhere((p[..., 0] > 150) & (p[..., 2] < 60))[:, 0].mean() for p in (true, boastful)]
    assert blue[1] > blue[0] + 100  # the line lies lower


def test_nothing_known_of_confidence() -> None:
    assert np.isnan(expected_error(Evaluation()))


def _as_brightness(frames: Path) -> None:
    """Pictures whose brightness is the depth, as the tiny network reads it."""
    for path in frames.glob("s*/*.rgb.png"):
        steps = cv2.imread(str(path).replace("rgb", "depth"), cv2.IMREAD_UNCHANGED)
        grey = np.clip(steps.astype(np.float32) / 1000 * 20, 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), np.repeat(grey[:, :, None], 3, axis=2))


def _oracle(folder: Path, gain: float, far_m: float | None = None, **entry: object) -> Path:
    """Depth = gain * 12.75 * brightness."""
    depth = {
        "mean": [0.0, 0.0, 0.0],
        "std": [1 / 12.75] * 3,
        "input": {"rule": "fixed", "height": 120, "width": 160},
        "max_depth_m": None,
        **entry,
    }
    return write_bundle(folder, gain=gain, offset=0.0, depth=depth, far_m=far_m)


def test_sources_of_one_name_are_told_apart() -> None:
    assert short_names(["frames:new/cycles", "rgbd:data/kitchen/"]) == ["cycles", "kitchen"]
    assert short_names(["frames:new/cycles", "frames:old/cycles"]) == ["new-cycles", "old-cycles"]
    assert short_names(["rgbd:here", "stereo:here"]) == ["rgbd-here", "stereo-here"]


def test_no_pictures_where_no_frame_has_depth(tmp_path: Path) -> None:
    write_pictures(Evaluation(), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--source", "rgbd:nowhere"], "nowhere"),
        (["--pictures", "FILE"], "--pictures .* cannot be written"),
        (["--json", "FOLDER"], "--json .* cannot be written"),
    ],
)
def test_what_cannot_be_evaluated_is_told_before_anything_is_measured(
    tmp_path: Path, more: list[str], told: str
) -> None:
    frames, folder, file = (
        write_frames(tmp_path / "frames", range(1)),
        _oracle(tmp_path / "oracle", 1.0),
        tmp_path / "f",
    )
    file.touch()
    named = {"FILE": str(file), "FOLDER": str(tmp_path)}
    command = ["depth", "--bundle", str(folder), "--source", f"frames:{frames}", "--first-seed", "0"]
    done = CliRunner().invoke(app, [*command, *(named.get(word, word) for word in more)])
    assert isinstance(done.exception, UsageError)
    assert re.search(told, str(done.exception))
    assert done.output == ""
