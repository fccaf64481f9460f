from __future__ import annotations

import numpy as np
import pytest

from edge_nav.lab.sim.sensor import Sensor, smear
from edge_nav.lab.sim.sensor_spec import SensorSpec
from edge_nav.types import Intrinsics, Pose

CAMERA = Intrinsics.from_fov(160, 120, 70.0)
GREY = np.full((120, 160, 3), 128, np.uint8)
CLEAN = SensorSpec(vignetting=0.0, read_noise=0.0, shot_noise=0.0, defocus_px=0.0, jpeg_quality=None)


def seen(picture: np.ndarray = GREY, smear_px: tuple[float, float] = (0.0, 0.0), **changes: float) -> np.ndarray:
    return Sensor(CLEAN.model_copy(update=changes), CAMERA).picture(picture, 0, smear_px).astype(float)


def edge() -> np.ndarray:
    """Dark on the left, bright on the right."""
    picture = np.full((120, 160, 3), 40, np.uint8)
    picture[:, 80:] = 220
    return picture


def test_a_perfect_camera_gives_the_picture_itself() -> None:
    gradient = np.repeat(np.arange(160, dtype=np.uint8)[None, :, None], 120, 0).repeat(3, 2)
    assert np.abs(seen(gradient) - gradient).max() <= 1


def test_exposure_is_in_stops_of_light() -> None:
    # sRGB 128 is 21.6 % of full light: twice that is 176, half is 93.
    assert abs(seen(exposure_ev=1.0).mean() - 176) <= 1
    assert abs(seen(exposure_ev=-1.0).mean() - 93) <= 1
    assert seen(exposure_ev=3.0).max() == 255


def test_warm_is_more_red_and_less_blue() -> None:
    red, green, blue = seen(warmth=0.8).mean(axis=(0, 1))
    assert red > green > blue


def test_corners_are_darker_than_the_middle() -> None:
    picture = seen(vignetting=0.5)
    assert picture[60, 80].mean() > picture[0, 0].mean() + 25


def test_noise_grows_with_its_settings_and_shot_noise_with_the_light() -> None:
    deviations = [seen(shot_noise=n).std() for n in (0.0, 0.01, 0.05)]
    assert deviations[0] < 0.1 < deviations[1] < deviations[2]
    dark, light = (Sensor(CLEAN.model_copy(update={"shot_noise": 0.05}), CAMERA) for _ in range(2))
    # The same noise in light shows more in the dark picture: it is compared as light, 1 at white.
    spread = [
        float(np.std((s.picture(np.full_like(GREY, v), 0) / 255.0) ** 2.2)) for s, v in ((dark, 60), (light, 200))
    ]
    assert spread[1] > 2 * spread[0]
    assert seen(read_noise=0.05).std() > 2


def test_turning_smears_along_the_turn() -> None:
    turned = smear(Pose(), Pose(heading_deg=10.0), 0.1, CAMERA, SensorSpec(shutter_s=0.02))
    assert turned == pytest.approx((-CAMERA.fx * np.radians(100) * 0.02, 0.0))
    sharp, blurred = (np.abs(np.diff(p[60, :, 0])).max() for p in (seen(edge()), seen(edge(), turned)))
    assert blurred < sharp / 2
    assert np.abs(np.diff(seen(edge(), (0.0, 6.0))[60, :, 0])).max() == sharp


def test_a_turn_through_north_is_a_small_one() -> None:
    assert smear(Pose(heading_deg=359.0), Pose(heading_deg=1.0), 0.1, CAMERA, SensorSpec())[0] == pytest.approx(
        smear(Pose(heading_deg=0.0), Pose(heading_deg=2.0), 0.1, CAMERA, SensorSpec())[0]
    )


def test_defocus_softens_edges() -> None:
    assert np.abs(np.diff(seen(edge(), defocus_px=8.0)[60, :, 0])).max() < 80


def test_jpeg_keeps_the_colours() -> None:
    colourful = np.zeros((120, 160, 3), np.uint8)
    colourful[:, :, 0], colourful[:, :, 2] = 200, 30
    stored = seen(colourful, jpeg_quality=60)
    assert np.abs(stored - colourful).mean() < 6


def test_frames_are_repeatable_and_differ_from_each_other() -> None:
    spec, depth = SensorSpec(), np.full((120, 160), 2.0, np.float32)
    one, two = Sensor(spec, CAMERA), Sensor(spec, CAMERA)
    assert np.array_equal(one.picture(GREY, 3), two.picture(GREY, 3))
    assert np.array_equal(one.depth(depth, 3), two.depth(depth, 3))
    assert not np.array_equal(one.picture(GREY, 3), one.picture(GREY, 4))
    assert not np.array_equal(one.picture(GREY, 3), Sensor(SensorSpec(seed=8), CAMERA).picture(GREY, 3))


def test_depth_noise_grows_with_distance_and_far_depth_is_unknown() -> None:
    sensor = Sensor(SensorSpec(), CAMERA)
    errors = [float(np.std(sensor.depth(np.full((120, 160), d, np.float32), 0) - d)) for d in (1.0, 3.0, 6.0)]
    assert errors == sorted(errors)
    assert errors[1] == pytest.approx(0.0012 + 0.0019 * 2.6**2, rel=0.1)
    assert np.isnan(sensor.depth(np.full((120, 160), 20.0, np.float32), 0)).all()
    assert np.isnan(sensor.depth(np.full((120, 160), np.nan, np.float32), 0)).all()


def test_exact_depth_keeps_its_metres() -> None:
    depth = np.linspace(0.3, 12.0, 120 * 160, dtype=np.float32).reshape(120, 160)
    assert np.abs(Sensor(CLEAN, CAMERA).depth(depth, 0, noise=0.0) - depth).max() <= 0.0001 + 1e-6
