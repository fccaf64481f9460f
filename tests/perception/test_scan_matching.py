"""What the depth maps tell of the walker's own movement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from perception.rooms import AXES, CAMERA, FLOOR, HEIGHT_M, PITCH_DEG, ROOM, Way

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.egomotion.scan_matching import ScanOdometry
from edge_nav.perception.rays import Rays
from edge_nav.sources.raycast_renderer import Box, box, render
from edge_nav.types import Motion, Pose

SIDES = [*FLOOR, Box((-1, -20, -1), (-0.9, 40, 2.8), tiled=True), Box((0.9, -20, -1), (1, 40, 2.8), tiled=True)]


def moved(world: list[Box], way: Way, noise: float = 0.0) -> list[tuple[EgoMotion, Motion]]:
    estimator, rays, rng = ScanOdometry(), Rays.of(CAMERA), np.random.default_rng(1)
    found = []
    for n, (x, y, heading) in enumerate(way):
        depth = render(world, Pose(x, y, HEIGHT_M, heading, PITCH_DEG), CAMERA).depth_m
        depth = (depth * (1 + noise * rng.standard_normal(depth.shape))).astype(np.float32)
        height = rays.dot(AXES.up) * depth + np.float32(AXES.height_m)
        found.append(estimator.update(depth, height, rays, AXES, n / 10))
    return found


def together(found: list[tuple[EgoMotion, Motion]]) -> EgoMotion:
    total = EgoMotion()
    for step, _ in found:
        total = step.after(total)
    return total


@pytest.mark.parametrize(("noise", "error_m"), [(0.0, 0.05), (0.02, 0.2)])
def test_walking_and_turning_are_measured(noise: float, error_m: float) -> None:
    way = [(0.0, 0.1 * n, 0.0) for n in range(11)] + [(0.0, 1.0, 9.0 * n) for n in range(1, 6)]
    found = moved(ROOM, way, noise)
    total = together(found)
    assert (total.right_m, total.forward_m) == pytest.approx((0.0, 1.0), abs=error_m)
    assert total.turn_deg == pytest.approx(45.0, abs=1.0)
    assert found[8][1].speed_known
    assert found[8][1].forward_mps == pytest.approx(1.0, abs=0.25)


def test_a_turn_that_begins_at_once_between_two_frames_is_measured() -> None:
    found = moved(ROOM, [(0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, -16.0)])
    assert found[-1][0].turn_deg == pytest.approx(-16.0, abs=0.5)


def test_someone_who_passes_is_not_the_walkers_own_movement() -> None:
    estimator, rays = ScanOdometry(), Rays.of(CAMERA)
    total = EgoMotion()
    for n in range(15):
        world = [*ROOM, box(-1.5 + 0.13 * n, 2.5, 0, 0.5, 0.4, 1.7)]
        depth = render(world, Pose(0.0, 0.0, HEIGHT_M, 0.0, PITCH_DEG), CAMERA).depth_m
        height = rays.dot(AXES.up) * depth + np.float32(AXES.height_m)
        total = estimator.update(depth, height, rays, AXES, n / 10)[0].after(total)
    assert math.hypot(total.right_m, total.forward_m) < 0.1
    assert abs(total.turn_deg) < 2.0


def test_along_a_bare_corridor_no_speed_is_claimed() -> None:
    found = moved(SIDES, [(0.0, 0.1 * n, 0.0) for n in range(12)])
    assert all(m.known for _, m in found[1:])
    assert not any(m.speed_known for _, m in found)


def test_a_turn_on_open_ground_is_told_by_what_stands_across_the_street() -> None:
    street = [*FLOOR, Box((-30, 12, -1), (30, 12.2, 6), tiled=True), box(-2.0, 11.0, 0, 0.4, 0.4, 1.8)]
    found = moved(street, [(0.0, 0.0, 8.0 * n) for n in range(6)])
    assert all(m.known for _, m in found[1:])
    assert together(found).turn_deg == pytest.approx(40.0, abs=1.0)


def test_where_nothing_stands_nothing_is_known() -> None:
    assert not any(m.known for _, m in moved(FLOOR, [(0.0, 0.1 * n, 0.0) for n in range(5)]))


def test_a_move_and_its_undoing_are_none() -> None:
    there = EgoMotion(0.3, -1.2, 70.0)
    none = there.inverse().after(there)
    assert (none.right_m, none.forward_m, none.turn_deg) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    place = np.array([[0.4, 2.0]])
    assert there.points_before(there.points_after(place)) == pytest.approx(place)


def seen(worlds: list[list[Box]], way: Way) -> list[Motion]:
    """How the walker is told to move through a world that changes from frame to frame."""
    estimator, rays = ScanOdometry(), Rays.of(CAMERA)
    found = []
    for n, (world, (x, y, heading)) in enumerate(zip(worlds, way, strict=True)):
        depth = render(world, Pose(x, y, HEIGHT_M, heading, PITCH_DEG), CAMERA).depth_m
        height = rays.dot(AXES.up) * depth + np.float32(AXES.height_m)
        found.append(estimator.update(depth, height, rays, AXES, n / 10)[1])
    return found


POSTS = [box(x, y, 0, 0.2, 0.2, 1.0) for x, y in ((-1.4, 2.0), (-0.9, 3.2), (1.2, 2.6), (2.0, 3.5), (-2.4, 4.0))]


@pytest.mark.parametrize("mps", [-1.1, 1.1])
def test_who_stands_is_not_moved_by_someone_who_walks_before_them(mps: float) -> None:
    begins = 2.6 if mps < 0 else 0.9
    people = [[box(0.1, begins + mps * n / 10, 0, 0.5, 0.3, 1.7)] for n in range(16)]
    found = seen([[*FLOOR, *POSTS, *person] for person in people], [(0.0, 0.0, 0.0)] * 16)
    assert all(abs(m.forward_mps) < 0.1 for m in found[8:])


def test_who_went_sideways_is_not_supposed_to_go_on_where_nothing_tells() -> None:
    facing = [*FLOOR, Box((-9, 3.0, 0), (9, 3.1, 2.5))]
    worlds = [[*facing, *POSTS]] * 8 + [facing] * 8
    found = seen(worlds, [(0.05 * min(n, 8), 0.0, 0.0) for n in range(16)])
    assert found[7].right_mps == pytest.approx(0.5, abs=0.15)
    assert abs(found[-1].right_mps) < 0.05
    assert sum(m.right_mps for m in found[9:]) / 10 < 0.1  # metres that it slid after standing still


def test_who_follows_someone_is_moved_all_the_same() -> None:
    people = [[box(0.1, 1.2 + 0.1 * n, 0, 0.5, 0.3, 1.7)] for n in range(16)]
    found = seen([[*ROOM, *person] for person in people], [(0.0, 0.1 * n, 0.0) for n in range(16)])
    assert all(m.forward_mps == pytest.approx(1.0, abs=0.1) and m.speed_known for m in found[3:])
