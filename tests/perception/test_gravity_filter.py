"""Which way is up, and how large the world is, where a network's floor tilts and swells."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from edge_nav.perception.floor.gravity_filter import LARGEST, GravityFilter
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays, ground_from_angles
from edge_nav.types import DepthMap, Frame, Ground, Intrinsics

CAMERA = Intrinsics.from_fov(64, 48, 80.0)
RAYS = Rays.of(CAMERA)
HEIGHT_M, PITCH_DEG = 1.4, 20.0


def floor(pitch_deg: float, height_m: float = HEIGHT_M, share: float = 0.5) -> tuple[Ground, DepthMap]:
    """A floor as it was fitted, and the depth it was fitted to."""
    plane = ground_from_angles(height_m, pitch_deg)
    with np.errstate(divide="ignore"):
        z = -height_m / RAYS.dot(np.asarray(plane.normal))
    z = np.where((z > 0) & (z < 8), z, np.nan).astype(np.float32)
    return Ground(plane.normal, height_m, share), DepthMap(z, CAMERA)


def pitches(gravity: GravityFilter, fitted: list[float], turns: list[np.ndarray | None]) -> list[float]:
    told = []
    for n, (pitch, turn) in enumerate(zip(fitted, turns, strict=True)):
        ground, depth = floor(pitch)
        steady, _ = gravity.update(ground, turn, depth, RAYS, n / 10)
        assert steady is not None
        told.append(steady.pitch_deg)
    return told


def pitched(degrees: float) -> np.ndarray:
    """What the camera sees turns by, when it looks so much farther down."""
    return np.asarray(cv2.Rodrigues(np.array([math.radians(degrees), 0.0, 0.0]))[0])


STILL = np.eye(3)


def test_a_floor_that_tilts_from_frame_to_frame_is_steadied() -> None:
    fitted = PITCH_DEG + 8.0 * np.random.default_rng(1).standard_normal(100)
    told = pitches(GravityFilter(HEIGHT_M), fitted.tolist(), [STILL] * 100)
    assert np.std(told[30:]) < 0.2 * np.std(fitted)
    assert np.mean(told[30:]) == pytest.approx(PITCH_DEG, abs=2.0)


@pytest.mark.parametrize("known", [True, False])
def test_a_camera_that_nods_takes_up_along(known: bool) -> None:
    gravity = GravityFilter(HEIGHT_M)
    pitches(gravity, [PITCH_DEG] * 20, [STILL] * 20)
    nod = pitched(12.0)
    first = pitches(gravity, [PITCH_DEG + 12.0], [nod if known else None])[0]
    assert (first == pytest.approx(PITCH_DEG + 12.0, abs=0.5)) is known
    # Where the turn is not known, the planes tell it within two seconds.
    last = pitches(gravity, [PITCH_DEG + 12.0] * 20, [STILL if known else None] * 20)[-1]
    assert last == pytest.approx(PITCH_DEG + 12.0, abs=1.0)


@pytest.mark.parametrize("factor", [0.93, 1.0, 1.07])
def test_the_camera_height_corrects_a_frame(factor: float) -> None:
    gravity = GravityFilter(HEIGHT_M)
    pitches(gravity, [PITCH_DEG] * 10, [STILL] * 10)
    ground, depth = floor(PITCH_DEG, HEIGHT_M * factor)
    steady, scale = gravity.update(ground, STILL, depth, RAYS, 1.0)
    assert steady is not None
    assert steady.height_m == HEIGHT_M
    assert scale == pytest.approx(1 / factor, rel=0.01)


@pytest.mark.parametrize("correct", [True, False])
def test_a_walk_heeds_whether_the_scale_is_to_be_corrected(correct: bool) -> None:
    """A network's depth of a bare floor, seven per cent too large."""
    camera = Intrinsics.from_fov(160, 120, 80.0)
    plane = ground_from_angles(HEIGHT_M, PITCH_DEG)
    with np.errstate(divide="ignore"):
        z = -HEIGHT_M / Rays.of(camera).dot(np.asarray(plane.normal))
    z = np.where((z > 0) & (z < 8), 1.07 * z, np.nan).astype(np.float32)
    perception = Perception(PerceptionSettings(camera_height_m=HEIGHT_M, correct_scale=correct))
    picture = np.random.default_rng(3).integers(0, 255, (120, 160, 3), np.uint8)
    for n in range(20):
        seen = DepthMap(z, camera, confidence=np.ones_like(z))
        scene = perception.perceive(Frame(n, n / 10, picture, camera), seen)
    assert scene.depth_scale == pytest.approx(1 / 1.07 if correct else 1.0, abs=0.01)


def test_no_frame_is_corrected_by_more_than_a_floor_may_be_off() -> None:
    ground, depth = floor(PITCH_DEG, 1.16)
    assert GravityFilter(HEIGHT_M).update(ground, None, depth, RAYS, 0.0)[1] == LARGEST


def test_a_height_that_nobody_told_is_what_is_seen() -> None:
    gravity = GravityFilter(None)
    ground, depth = floor(PITCH_DEG, 1.2)
    for n in range(5):
        steady, scale = gravity.update(ground, STILL, depth, RAYS, n / 10)
        assert steady is not None
        assert (steady.height_m, scale) == (pytest.approx(1.2, rel=0.01), pytest.approx(1.0, rel=0.01))


def test_without_a_floor_up_is_carried_along() -> None:
    gravity = GravityFilter(HEIGHT_M)
    level = ground_from_angles(HEIGHT_M, 0.0)
    assert gravity.supposed(level) == level
    pitches(gravity, [PITCH_DEG] * 20, [STILL] * 20)
    _, depth = floor(PITCH_DEG)
    for n in range(3):
        assert gravity.update(None, pitched(3.0), depth, RAYS, 2 + n / 10) == (None, 1.0)
    assert gravity.supposed(level).pitch_deg == pytest.approx(PITCH_DEG + 9.0, abs=0.5)
