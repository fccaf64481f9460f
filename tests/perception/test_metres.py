from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from world import SMALL, K, box, render

from edge_nav.errors import UsageError
from edge_nav.perception.depth.calibrate import scale_from_marker, scale_from_wall, store_scale, write_marker
from edge_nav.perception.depth.relative import RelativeCalibrator
from edge_nav.perception.depth.scale import LIMITS, ScaleCorrector

WALL = box(0, 8, 0, 12, 0.2, 3)


@pytest.mark.parametrize("pitch", [5, 15, 30])
@pytest.mark.parametrize("roll", [-8, 0, 8])
def test_a_relative_model_finds_metres_by_the_floor(pitch: float, roll: float) -> None:
    depth = render([box(0.3, 2.5, 0, 0.5, 0.4, 1.0), WALL], camera=SMALL, pitch_deg=pitch, roll_deg=roll)
    inverse = (37.0 / depth).astype(np.float32)
    calibrator = RelativeCalibrator(1.4)
    noise = np.random.default_rng(1)
    metric = []
    for n in range(12):
        noisy = inverse * (1 + 0.01 * noise.standard_normal(inverse.shape)).astype(np.float32)
        metric.append(calibrator.update(noisy, SMALL, 0.1 * n))
    assert not metric[0].metric  # nothing in metres before the scale is steady
    assert metric[-1].metric
    error = np.abs(metric[-1].depth_m / depth - 1)
    assert np.nanmedian(error) < 0.05


def test_a_known_pitch_also_finds_the_shift() -> None:
    depth = render([WALL], camera=SMALL, pitch_deg=20)
    inverse = (37.0 / depth + 9.0).astype(np.float32)
    calibrator = RelativeCalibrator(1.4, camera_pitch_deg=20)
    for n in range(10):
        found = calibrator.update(inverse, SMALL, 0.1 * n)
    assert found.metric
    assert np.nanmedian(np.abs(found.depth_m / depth - 1)) < 0.03


def test_a_wall_gives_no_metres() -> None:
    depth = render([box(0, 1.0, 0, 8, 0.2, 4)], camera=SMALL, pitch_deg=0)
    calibrator = RelativeCalibrator(1.4)
    assert not any(calibrator.update((37.0 / depth).astype(np.float32), SMALL, 0.1 * n).metric for n in range(20))


def test_metres_end_some_seconds_after_the_floor() -> None:
    floor, wall = render([WALL], camera=SMALL), render([box(0, 1.0, 0, 8, 0.2, 4)], camera=SMALL, pitch_deg=0)
    calibrator = RelativeCalibrator(1.4)
    for n in range(10):
        assert calibrator.update((37.0 / floor).astype(np.float32), SMALL, 0.1 * n).metric == (n >= 5)
    inverse = (37.0 / wall).astype(np.float32)
    assert calibrator.update(inverse, SMALL, 2.0).metric
    assert not calibrator.update(inverse, SMALL, 9.0).metric


def test_the_scale_is_bounded_and_smoothed() -> None:
    corrector = ScaleCorrector(1.4)
    assert corrector.update(None, 0.0, 0.0) == 1.0
    assert corrector.update(1.2, 0.3, 0.0) == pytest.approx(1.4 / 1.2)
    assert corrector.update(1.4, 0.3, 0.1) == pytest.approx(1.4 / 1.2, abs=0.03)
    for n in range(100):
        scale = corrector.update(1.4, 0.3, 0.1 + 0.1 * n)
    assert scale == pytest.approx(1.0, abs=0.02)
    assert corrector.update(1.2, 0.01, 11.0) == scale  # too little floor to measure by


def asked(corrector: ScaleCorrector, height_m: float, seconds: float, start: float = 0.0, share: float = 0.3) -> float:
    for n in range(round(10 * seconds)):
        scale = corrector.update(height_m, share, start + 0.1 * n)
    return scale


@pytest.mark.parametrize("height", [0.9, 1.0, 1.9])
def test_a_table_does_not_change_the_scale_but_a_plane_that_stays_does(height: float) -> None:
    corrector = ScaleCorrector(1.4)
    assert asked(corrector, height, 2.5) == 1.0
    assert asked(corrector, 1.4, 2.0, 2.5) == pytest.approx(1.0, abs=0.01)
    assert asked(ScaleCorrector(1.4), height, 10.0, share=0.08) == 1.0  # too little of it
    assert asked(ScaleCorrector(1.4), height, 10.0) == pytest.approx(1.4 / height, rel=0.03)


def test_planes_of_changing_tilt_or_height_do_not_change_the_scale() -> None:
    tilted, high = ScaleCorrector(1.4), ScaleCorrector(1.4)
    for n in range(100):
        pitch = math.radians(20.0 * (n // 5 % 2))
        assert tilted.update(1.0, 0.3, 0.1 * n, (0.0, -math.cos(pitch), -math.sin(pitch))) == 1.0
        assert high.update(0.85 if n // 5 % 2 else 1.0, 0.3, 0.1 * n) == 1.0


def test_no_scale_goes_beyond_its_limits() -> None:
    assert asked(ScaleCorrector(1.4), 0.2, 10.0) == pytest.approx(LIMITS[1])
    assert asked(ScaleCorrector(1.4), 9.0, 10.0) == pytest.approx(LIMITS[0])


@pytest.mark.parametrize("wrong", [0.7, 1.0, 1.3])
def test_a_wall_gives_the_scale(wrong: float) -> None:
    depth = render([box(0, 2.0, 0, 8, 0.2, 4)], pitch_deg=0) * np.float32(wrong)
    found = scale_from_wall(depth, K, 2.0)
    assert found.scale == pytest.approx(1 / wrong, rel=0.01)
    assert found.error_before_m == pytest.approx(2.0 * (wrong - 1), abs=0.02)
    assert abs(found.error_after_m) < 0.02


def test_what_is_no_wall_is_refused() -> None:
    with pytest.raises(UsageError, match=r"not flat|slant"):
        scale_from_wall(render([box(0.2, 2.0, 0, 0.4, 0.3, 3), WALL], pitch_deg=0), K, 2.0)
    with pytest.raises(UsageError, match="no depth"):
        scale_from_wall(np.full((480, 640), np.nan, np.float32), K, 2.0)


def marker_picture(tmp_path: Path, side_px: int) -> np.ndarray:
    write_marker(tmp_path / "m.png", 400)
    marker = cv2.imread(str(tmp_path / "m.png"), cv2.IMREAD_GRAYSCALE)
    whole = round(side_px * marker.shape[0] / 400)
    grey = np.full((480, 640), 255, np.uint8)
    top, left = 240 - whole // 2, 320 - whole // 2
    grey[top : top + whole, left : left + whole] = cv2.resize(marker, (whole, whole), interpolation=cv2.INTER_AREA)
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_a_printed_marker_gives_the_scale(tmp_path: Path) -> None:
    rgb = marker_picture(tmp_path, 154)  # 0.2 m across at 0.6 m
    depth = np.full((480, 640), 0.5, np.float32)
    found = scale_from_marker(rgb, depth, K, 0.2)
    assert found.true_m == pytest.approx(0.6, rel=0.02)
    assert found.scale == pytest.approx(1.2, rel=0.02)
    with pytest.raises(UsageError, match="marker is not seen"):
        scale_from_marker(np.full_like(rgb, 200), depth, K, 0.2)


@pytest.mark.parametrize(
    "text",
    [
        "# mine\nperception: {camera_height_m: 1.3} # worn\nbundle: x\n",
        "perception:\n  camera_height_m: 1.3  # worn\nbundle: x\n",
        "bundle: x  # nothing else\n",
        "perception: {depth_scale: 0.5, camera_height_m: 1.3}\n",
    ],
)
def test_storing_the_scale_changes_nothing_else(tmp_path: Path, text: str) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text(text)
    before = yaml.safe_load(text)
    store_scale(profile, 1.23456)
    after = yaml.safe_load(profile.read_text())
    assert after["perception"].pop("depth_scale") == pytest.approx(1.2346)
    before.get("perception", {}).pop("depth_scale", None)
    assert {k: v for k, v in after.items() if v} == {k: v for k, v in before.items() if v}
    assert all(comment in profile.read_text() for comment in ("# mine", "# worn", "# nothing else") if comment in text)
