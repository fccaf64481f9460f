"""What a network overlooks and the walker's own movement shows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from test_visual_odometry import AXES, CAMERA, HEIGHT_M, PITCH_DEG, ROOM, WALK

from edge_nav.perception.egomotion.visual_odometry import VisualOdometry
from edge_nav.perception.obstacles.parallax import CERTAIN, Parallax
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.raycast_renderer import Box, render
from edge_nav.types import DepthMap, Frame, Pose

NAMES = ("wall", "object")
SIGN_Y = 3.4
SIGN = [
    Box((-0.6 + 0.1 * n, SIGN_Y, 1.5 + 0.1 * m), (-0.5 + 0.1 * n, SIGN_Y + 0.05, 1.6 + 0.1 * m), colour=colour)
    for n in range(12)
    for m in range(4)
    for colour in [((60, 60, 60), (200, 200, 200))[(n * 7 + m * 3) % 5 % 2]]
]
Walk = list[tuple[Frame, DepthMap, np.ndarray]]


def overlooked(way: list[tuple[float, float, float]], things: list[Box]) -> Walk:
    """Frames with some things in them, depth of a network that sees them not, and the true depth."""
    rng = np.random.default_rng(1)
    frames = []
    for n, (x, y, heading) in enumerate(way):
        pose = Pose(x, y, HEIGHT_M, heading, PITCH_DEG)
        seen, told = render([*ROOM, *things], pose, CAMERA), render(ROOM, pose, CAMERA).depth_m
        told = (told * (1 + 0.05 * rng.standard_normal())).astype(np.float32)
        rgb = np.clip(seen.rgb + rng.normal(0, 3, seen.rgb.shape), 0, 255).astype(np.uint8)
        confidence, label = np.full_like(told, 0.6), np.zeros(told.shape, np.uint8)
        depth = DepthMap(told, CAMERA, confidence=confidence, label=label, label_names=NAMES)
        frames.append((Frame(n, n / 10, rgb, CAMERA), depth, seen.depth_m))
    return frames


def mended(frames: Walk) -> list[DepthMap]:
    odometry, parallax = VisualOdometry(), Parallax()
    found = []
    for frame, depth, _ in frames:
        pair = odometry.compare(frame)
        odometry.ego_motion(depth, AXES)
        found.append(parallax.mend(pair, depth, AXES))
    return found


def test_a_sign_that_the_network_overlooks_is_put_where_it_hangs() -> None:
    frames = overlooked(WALK, SIGN)
    found = mended(frames)
    n = next(n for n, d in enumerate(found) if d is not frames[n][1])
    assert n <= 8
    last, (_, told, true) = found[-1], frames[-1]
    assert last.label is not None and last.confidence is not None
    patch = last.label == NAMES.index("object")
    sign = true < 0.9 * told.depth_m
    assert np.count_nonzero(patch & sign) > 0.35 * np.count_nonzero(sign)
    about = cv2.dilate(sign.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)  # patches are round
    assert np.count_nonzero(patch & about) > 0.9 * np.count_nonzero(patch)
    assert abs(np.median(last.depth_m[patch & sign] / true[patch & sign]) - 1) < 0.15
    assert set(last.confidence[patch].tolist()) == {CERTAIN}


def test_where_the_network_is_right_nothing_is_changed() -> None:
    frames = overlooked(WALK, [])
    assert all(d is told for d, (_, told, _) in zip(mended(frames), frames, strict=True))


@pytest.mark.parametrize(("name", "changed"), [("person", False), ("object", True)])
def test_whoever_comes_towards_the_walker_stays_where_the_network_sees_them(name: str, changed: bool) -> None:
    frames = []
    for n, (x, y, heading) in enumerate(WALK):
        moving = [replace(b, low=_nearer(b.low, n), high=_nearer(b.high, n)) for b in SIGN]
        seen = render([*ROOM, *moving], Pose(x, y, HEIGHT_M, heading, PITCH_DEG), CAMERA)
        label = np.full(seen.depth_m.shape, 1, np.uint8)
        depth = DepthMap(
            seen.depth_m, CAMERA, confidence=np.full_like(seen.depth_m, 0.6), label=label, label_names=("wall", name)
        )
        frames.append((Frame(n, n / 10, seen.rgb, CAMERA), depth, seen.depth_m))
    assert any(d is not told for d, (_, told, _) in zip(mended(frames), frames, strict=True)) == changed


def _nearer(corner: tuple[float, float, float], n: int) -> tuple[float, float, float]:
    return corner[0], corner[1] + 3.0 - 0.12 * n, corner[2]


def test_who_stands_sees_no_parallax() -> None:
    frames = overlooked([(0.0, 0.0, 0.0)] * 10, SIGN)
    assert all(d is told for d, (_, told, _) in zip(mended(frames), frames, strict=True))


def test_an_overlooked_sign_is_told_as_an_obstacle_at_head_height() -> None:
    perception = Perception(PerceptionSettings(camera_height_m=HEIGHT_M, companion="none"))
    scenes = [perception.perceive(frame, depth) for frame, depth, _ in overlooked(WALK, SIGN)]
    heads = [o for o in scenes[-1].obstacles if o.band == "head" and o.in_corridor]
    assert heads
    assert heads[0].distance_m == pytest.approx(SIGN_Y - WALK[-1][1], abs=0.35)  # nearest first
