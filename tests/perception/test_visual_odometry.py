"""What the pictures tell of the walker's own movement, where depth flickers as a network's does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.egomotion.visual_odometry import VisualOdometry
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes, ground_from_angles
from edge_nav.sources.raycast_renderer import Box, box, floor_levels, render
from edge_nav.types import DepthMap, Frame, Intrinsics, Motion, Pose

CAMERA = Intrinsics.from_fov(320, 240, 80.0)
HEIGHT_M, PITCH_DEG = 1.4, 15.0
AXES = FloorAxes.of(ground_from_angles(HEIGHT_M, PITCH_DEG))
ROOM = [
    *floor_levels((-20.0, 0.0), width_m=60.0, until_m=60.0),
    Box((-3, -6, -1), (-2.8, 9, 2.8), tiled=True),
    Box((2.8, -6, -1), (3, 9, 2.8), tiled=True),
    Box((-3, 7, -1), (3, 7.2, 2.8), tiled=True),
    box(-1.2, 3.0, 0, 0.5, 0.5, 0.9),
    box(1.5, 4.2, 0, 0.8, 0.4, 1.6),
]
Way = list[tuple[float, float, float]]
"""Right, forward and heading in degrees, ten times a second."""
WALK = [(0.0, 0.1 * n, 0.0) for n in range(16)]


def seen(world: list[Box], way: Way, flicker: float = 0.08) -> list[tuple[Frame, DepthMap]]:
    """Frames, and depth that is wrong by another share in each frame and at each place."""
    rng = np.random.default_rng(1)
    frames = []
    for n, (x, y, heading) in enumerate(way):
        picture = render(world, Pose(x, y, HEIGHT_M, heading, PITCH_DEG), CAMERA)
        wrong = 1 + flicker * rng.standard_normal() + 0.5 * flicker * rng.standard_normal(picture.depth_m.shape)
        rgb = np.clip(picture.rgb + rng.normal(0, 3, picture.rgb.shape), 0, 255).astype(np.uint8)
        depth = (picture.depth_m * wrong).astype(np.float32)
        frames.append((Frame(n, n / 10, rgb, CAMERA), DepthMap(depth, CAMERA, confidence=np.full_like(depth, 0.6))))
    return frames


def followed(frames: list[tuple[Frame, DepthMap]]) -> tuple[EgoMotion, list[Motion]]:
    odometry, total, motions = VisualOdometry(), EgoMotion(), []
    for frame, depth in frames:
        odometry.compare(frame)
        step, motion = odometry.ego_motion(depth, AXES)
        total = step.after(total)
        motions.append(motion)
    return total, motions


def test_who_stands_is_known_to_stand_though_depth_flickers() -> None:
    total, motions = followed(seen(ROOM, [(0.0, 0.0, 0.0)] * 15))
    assert all(m.known and m.speed_known for m in motions[1:])
    assert max(abs(m.forward_mps) for m in motions) < 0.05
    assert math.hypot(total.right_m, total.forward_m) < 0.02


def test_walking_and_turning_are_measured() -> None:
    turned = [(0.0, 1.5, 9.0 * n) for n in range(1, 6)]
    total, motions = followed(seen(ROOM, [*WALK, *turned]))
    assert total.forward_m == pytest.approx(1.5, rel=0.12)
    assert abs(total.right_m) < 0.1
    assert total.turn_deg == pytest.approx(45.0, abs=1.5)
    assert motions[10].forward_mps == pytest.approx(1.0, abs=0.25)
    assert motions[-1].turn_dps == pytest.approx(90.0, abs=8.0)


def test_someone_who_passes_is_not_the_walkers_own_movement() -> None:
    frames = [seen([*ROOM, box(-1.5 + 0.13 * n, 2.5, 0, 0.5, 0.4, 1.7)], [(0.0, 0.0, 0.0)], 0.0)[0] for n in range(15)]
    total, _ = followed([(replace(f, index=n, t=n / 10), d) for n, (f, d) in enumerate(frames)])
    assert math.hypot(total.right_m, total.forward_m) < 0.05
    assert abs(total.turn_deg) < 1.0


def test_what_goes_along_with_the_walker_does_not_make_them_stand() -> None:
    rng = np.random.default_rng(2)
    cane = rng.integers(0, 255, (60, 60, 3)).astype(np.uint8)
    own = np.zeros((240, 320), np.bool_)
    own[180:, 120:180] = True
    odometry, speeds = VisualOdometry(), []
    for frame, depth in seen(ROOM, WALK):
        frame.rgb[180:, 120:180] = cane
        near = replace(depth, depth_m=np.where(own, np.float32(0.6), depth.depth_m))
        odometry.compare(frame)
        speeds.append(odometry.ego_motion(near, AXES, own)[1].forward_mps)
    assert np.median(speeds[2:]) == pytest.approx(1.0, abs=0.15)


def test_many_corners_of_one_thing_are_not_the_world() -> None:
    rng = np.random.default_rng(2)
    poster = rng.integers(0, 255, (60, 60, 3)).astype(np.uint8)
    odometry, motions = VisualOdometry(), []
    for frame, depth in seen(ROOM, WALK):
        frame.rgb[:] = 120
        frame.rgb[90:150, 130:190] = poster
        odometry.compare(frame)
        motions.append(odometry.ego_motion(depth, AXES)[1])
    assert not any(m.known for m in motions)


@pytest.mark.parametrize("fps", [10, 30])
def test_what_is_far_off_does_not_tell_the_speed(fps: int) -> None:
    far = [Box((-30, 30, -1), (30, 31, 9), tiled=True)]
    frames = [
        (replace(f, t=n / fps), replace(d, depth_m=np.full_like(d.depth_m, 7.9)))
        for n, (f, d) in enumerate(seen(far, WALK[:8], 0.0))
    ]
    motions = followed(frames)[1]
    assert not any(m.speed_known for m in motions)


def test_after_a_gap_the_walker_is_not_supposed_to_go_on() -> None:
    standing = [(0.0, 1.5, 0.0)] * 5
    frames = seen(ROOM, [*WALK, *standing])
    gap = [(replace(f, t=f.t + (5.0 if n >= len(WALK) else 0.0)), d) for n, (f, d) in enumerate(frames)]
    _, motions = followed(gap)
    assert max(abs(m.forward_mps) for m in motions[len(WALK) :]) < 0.05


def plain(frame: Frame) -> Frame:
    return replace(frame, rgb=np.full_like(frame.rgb, 120))


def late(frame: Frame) -> Frame:
    return replace(frame, t=frame.t + 5.0)


def smaller(frame: Frame) -> Frame:
    return replace(frame, rgb=np.ascontiguousarray(frame.rgb[::2, ::2]), intrinsics=CAMERA.resized(160, 120))


@pytest.mark.parametrize("other", [plain, late, smaller])
def test_after_what_cannot_be_compared_nothing_is_known_and_then_it_goes_on(other: Callable[[Frame], Frame]) -> None:
    frames = seen(ROOM, WALK)
    changed = [
        (other(f), d) if n == 8 else (late(f) if other is late and n > 8 else f, d) for n, (f, d) in enumerate(frames)
    ]
    _, motions = followed(changed)
    assert motions[7].known
    assert not motions[8].known
    assert motions[-1].known


def test_depth_of_a_network_is_compared_by_the_picture() -> None:
    still = seen(ROOM, [(0.0, 0.0, 0.0)] * 12)
    perception = Perception(PerceptionSettings(camera_height_m=HEIGHT_M, companion="none"))
    scenes = [perception.perceive(frame, depth) for frame, depth in still]
    assert max(abs(s.motion.forward_mps) for s in scenes) < 0.05
    assert all(s.motion.known for s in scenes[1:])
