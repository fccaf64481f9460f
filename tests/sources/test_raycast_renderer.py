from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_nav.sources.raycast_renderer import SKY, Box, box, camera_axes, floor_levels, render
from edge_nav.types import Ground, Intrinsics, Pose

CAMERA = Intrinsics.from_fov(160, 120, 70.0)
FLOOR = floor_levels((-5.0, 0.0), until_m=30.0, width_m=60.0)


def pose_ground(pose: Pose, floor_m: float = 0.0) -> Ground:
    """The floor plane below a pose, in camera axes."""
    right, down, forward = camera_axes(pose)
    return Ground((float(right[2]), float(down[2]), float(forward[2])), pose.height_m - floor_m, 1.0)


def camera_points(depth: NDArray[np.float32], camera: Intrinsics = CAMERA) -> NDArray[np.float64]:
    """Camera-frame points [N, 3] of the known pixels."""
    v, u = np.nonzero(np.isfinite(depth))
    z = depth[v, u].astype(np.float64)
    return np.stack([(u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z, z], axis=1)


def heights(ground: Ground, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return ground.height_m + points @ np.array(ground.normal)


@settings(max_examples=25, deadline=None)
@given(pitch=st.floats(-5, 60), roll=st.floats(-25, 25), heading=st.floats(-30, 30), height=st.floats(0.9, 2.0))
def test_floor_points_have_no_height_over_the_ground_of_the_pose(
    pitch: float, roll: float, heading: float, height: float
) -> None:
    pose = Pose(0.0, 0.0, height, heading, pitch, roll)
    ground = pose_ground(pose)
    points = camera_points(render(FLOOR, pose, CAMERA).depth_m)
    assert np.abs(heights(ground, points)).max(initial=0.0) < 1e-5
    assert (ground.pitch_deg, ground.roll_deg) == pytest.approx((pitch, roll), abs=1e-6)
    assert np.linalg.norm(ground.normal) == pytest.approx(1.0)


def test_the_depth_of_a_floor_is_the_formula() -> None:
    pose = Pose(height_m=1.4, pitch_deg=20.0)
    depth = render(FLOOR, pose, CAMERA).depth_m
    slope = (np.arange(CAMERA.height) - CAMERA.cy) / CAMERA.fy
    pitch = math.radians(20)
    below = slope * math.cos(pitch) + math.sin(pitch)
    with np.errstate(divide="ignore"):
        expected = np.where(below > 0, 1.4 / below, np.inf)
    expected[expected > 12] = np.nan
    assert depth == pytest.approx(np.repeat(expected[:, None], CAMERA.width, 1), abs=1e-5, nan_ok=True)


def test_looking_down_brings_the_floor_nearer_and_a_low_right_side_shows_more_of_it() -> None:
    level = render(FLOOR, Pose(pitch_deg=10), CAMERA).depth_m
    down = render(FLOOR, Pose(pitch_deg=25), CAMERA).depth_m
    assert down[-1, 80] < level[-1, 80]
    assert np.isfinite(down).sum() > np.isfinite(level).sum()
    # A camera whose right side hangs lower sees the world turned the other way: the floor is nearer on its left.
    rolled = render(FLOOR, Pose(pitch_deg=10, roll_deg=15), CAMERA).depth_m
    assert pose_ground(Pose(roll_deg=15)).roll_deg == pytest.approx(15)
    right_axis_up = pose_ground(Pose(roll_deg=15)).normal[0]
    assert right_axis_up < 0  # its x axis points downwards
    assert rolled[-1, -1] < rolled[-1, 0]


@pytest.mark.parametrize(("x", "heading"), [(0.0, 0.0), (0.7, 10.0), (-0.9, -15.0)])
def test_the_front_of_a_box_is_where_it_was_put(x: float, heading: float) -> None:
    pose = Pose(heading_deg=heading, pitch_deg=5.0)
    picture = render([box(x, 2.0, 0.4, 0.5, 0.3, 1.2)], pose, CAMERA)
    points = camera_points(picture.depth_m)
    above = heights(pose_ground(pose), points)
    flat = np.sqrt((points**2).sum(axis=1) - (1.4 - above) ** 2)
    assert flat.min() == pytest.approx(math.hypot(max(abs(x) - 0.25, 0.0), 2.0), abs=0.01)
    assert above.min() == pytest.approx(0.4, abs=0.04)
    assert above.max() == pytest.approx(1.6, abs=0.04)


def test_a_mirrored_world_gives_the_mirrored_picture() -> None:
    things = [box(0.5, 2.0, 0.0, 0.4, 0.3, 0.9), box(-1.0, 3.0, 1.5, 0.6, 0.1, 0.3)]
    mirrored = [replace(b, low=(-b.high[0], *b.low[1:]), high=(-b.low[0], *b.high[1:])) for b in things]
    pose, other = Pose(0.3, 0.0, 1.4, 8.0, 15.0, 6.0), Pose(-0.3, 0.0, 1.4, -8.0, 15.0, -6.0)
    here = render([*FLOOR, *things], pose, CAMERA).depth_m
    there = render([*FLOOR, *mirrored], other, CAMERA).depth_m
    assert here == pytest.approx(there[:, ::-1], abs=1e-4, nan_ok=True)


def test_a_kerb_has_a_lower_floor_beyond_it_and_a_riser_seen_from_below() -> None:
    world = floor_levels((-5.0, 0.0), (3.0, -0.3), until_m=30.0, width_m=60.0)
    down = Pose(pitch_deg=20.0)
    above = heights(pose_ground(down), camera_points(render(world, down, CAMERA).depth_m))
    assert set(np.round(above, 3)) == {0.0, -0.3}  # from above the riser is hidden
    up = Pose(y=6.0, height_m=1.1, heading_deg=180.0, pitch_deg=20.0)
    points = camera_points(render(world, up, CAMERA).depth_m)
    over = heights(pose_ground(up, floor_m=-0.3), points)
    riser = points[(over > 0.02) & (over < 0.28)]
    ahead = riser @ np.array([0.0, -math.sin(math.radians(20)), math.cos(math.radians(20))])
    assert len(riser) > 50
    assert ahead == pytest.approx(np.full(len(riser), 3.0), abs=1e-4)


def test_what_is_out_of_range_or_behind_is_sky() -> None:
    picture = render([box(0, 20, 0, 2, 1, 2), box(0, -3, 0, 2, 1, 2)], Pose(), CAMERA)
    assert np.isnan(picture.depth_m).all()
    assert (picture.rgb == SKY).all()


def test_the_nearer_thing_hides_the_farther_whatever_their_order() -> None:
    near, far = box(0, 2, 0, 1, 0.2, 2, (200, 0, 0)), box(0, 4, 0, 1, 0.2, 2, (0, 0, 200))
    one, other = render([near, far], Pose(), CAMERA), render([far, near], Pose(), CAMERA)
    assert np.array_equal(one.depth_m, other.depth_m, equal_nan=True)
    assert np.array_equal(one.rgb, other.rgb)
    assert np.argmax(one.rgb[60, 80]) == 0


def test_a_camera_within_reach_of_a_box_still_sees_its_far_parts() -> None:
    wall = Box((0.4, -5.0, 0.0), (0.6, 10.0, 3.0))  # begins behind the camera
    points = camera_points(render([wall], Pose(), CAMERA).depth_m)
    assert len(points) > 1000
    assert points[:, 0] == pytest.approx(np.full(len(points), 0.4), abs=1e-4)


def test_floor_and_walls_have_texture() -> None:
    rgb = render(FLOOR, Pose(pitch_deg=30), CAMERA).rgb.astype(float)
    assert rgb[60:].std() > 5
