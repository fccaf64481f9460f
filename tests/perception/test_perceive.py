from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import SMALL, Box, K, box, depth_map, floor_levels, frame, render

from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources import raycast_renderer as raycast
from edge_nav.types import Intrinsics, Obstacle, Pose, Scene

WALL = box(0, 8, 0, 12, 0.2, 3)


def perceive(depth: np.ndarray, camera: Intrinsics = K, frames: int = 1, **changes: object) -> Scene:
    perception = Perception(PerceptionSettings(**changes))
    for n in range(frames):
        scene = perception.perceive(frame(depth, n, camera=camera), depth_map(depth, camera))
    return scene


def ahead(scene: Scene) -> Obstacle:
    return min((o for o in scene.obstacles if o.in_corridor), key=lambda o: o.distance_m)


@pytest.mark.parametrize("pitch", [0, 15, 30])
@pytest.mark.parametrize("height", [1.1, 1.4, 1.7])
def test_the_floor_is_found_where_it_is(height: float, pitch: float) -> None:
    ground = perceive(render([WALL], height=height, pitch_deg=pitch)).ground
    assert ground is not None
    assert ground.height_m == pytest.approx(height, abs=0.01)
    assert ground.pitch_deg == pytest.approx(pitch, abs=0.3)
    assert ground.roll_deg == pytest.approx(0, abs=0.3)


def test_roll_is_positive_when_the_right_side_hangs_lower() -> None:
    ground = perceive(render([WALL], roll_deg=10)).ground
    assert ground is not None
    assert ground.roll_deg == pytest.approx(10, abs=0.3)


def test_a_wall_is_not_a_floor() -> None:
    scene = perceive(render([box(0, 1.0, 0, 8, 0.2, 3)], pitch_deg=0))
    assert scene.ground is None
    assert ahead(scene).distance_m == pytest.approx(1.0, abs=0.03)
    assert scene.clearance_m == pytest.approx(1.0, abs=0.03)


def test_a_table_before_the_floor_is_not_the_floor() -> None:
    table = box(0, 0.45, 0.72, 3, 0.9, 0.04)
    ground = perceive(render([table, WALL], height=1.7, pitch_deg=35)).ground
    assert ground is None or ground.height_m == pytest.approx(1.7, abs=0.03)


@pytest.mark.parametrize("bearing", [-30, -10, 0, 20, 30])
@pytest.mark.parametrize("distance", [1.0, 2.0, 3.5])
def test_a_box_is_measured(distance: float, bearing: float) -> None:
    x, y = distance * math.sin(math.radians(bearing)), distance * math.cos(math.radians(bearing))
    scene = perceive(render([box(x, y, 0, 0.3, 0.3, 0.9), WALL]))
    near = min(scene.obstacles, key=lambda o: abs(o.distance_m - distance))
    truth = math.hypot(max(abs(x) - 0.15, 0), y)
    assert near.distance_m == pytest.approx(truth, abs=0.06)
    assert near.band == "body"
    assert near.footing
    assert near.high_m == pytest.approx(0.9, abs=0.11)
    assert near.left_m <= x <= near.right_m


@pytest.mark.parametrize(
    ("low", "tall", "band", "footing"),
    [(0, 0.4, "ground", True), (0, 1.2, "body", True), (0.9, 0.1, "body", False), (1.55, 0.3, "head", False)],
)
def test_bands_and_footing(low: float, tall: float, band: str, footing: bool) -> None:
    thing = ahead(perceive(render([box(0, 2.0, low, 0.6, 0.3, tall), WALL], pitch_deg=5)))
    assert (thing.band, thing.footing) == (band, footing)
    assert thing.distance_m == pytest.approx(2.0, abs=0.05)


def test_what_passes_overhead_is_not_in_the_corridor() -> None:
    scene = perceive(render([box(0, 2.0, 1.95, 0.6, 0.3, 0.3), WALL], pitch_deg=0), walker_height_m=1.7)
    assert not any(o.in_corridor for o in scene.obstacles if o.distance_m < 3)


@pytest.mark.parametrize("camera", [K, SMALL])
@pytest.mark.parametrize("width", [0.02, 0.04])
def test_a_pole_is_not_lost(width: float, camera: Intrinsics) -> None:
    pole = box(0.1, 2.5, 0, width, width, 2.2)
    thing = ahead(perceive(render([pole, WALL], camera=camera), camera))
    assert thing.distance_m == pytest.approx(2.5, abs=0.06)


def test_a_table_edge_and_a_rope_are_not_lost() -> None:
    table = perceive(render([box(0, 1.8, 0.72, 1.0, 0.6, 0.025), WALL]))
    rope = perceive(render([box(0, 2.0, 1.0, 3.0, 0.02, 0.02), WALL]))
    assert ahead(table).distance_m == pytest.approx(1.8, abs=0.06)
    assert not ahead(table).footing
    assert ahead(rope).distance_m == pytest.approx(2.0, abs=0.06)


def test_a_wall_across_the_way_is_in_the_corridor_at_its_own_distance() -> None:
    side = Box((-1.2, 0.5, 0), (-1.0, 8, 2.5))
    thing = ahead(perceive(render([side, box(0, 2.5, 0, 4, 0.2, 2.5)])))
    assert thing.distance_m == pytest.approx(2.5, abs=0.05)
    assert abs(thing.bearing_deg) < 10


@pytest.mark.parametrize(("deep", "label"), [(1.2, "drop"), (0.14, "step_down")])
def test_a_drop_is_found_at_its_edge_all_the_way(deep: float, label: str) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    for n, edge in enumerate(np.arange(3.2, 1.5, -0.12)):
        depth = render(floor_levels((-1, 0), (float(edge), -deep)), floor=False, pitch_deg=22)
        drop = ahead(perception.perceive(frame(depth, n), depth_map(depth)))
        assert (drop.band, drop.label) == ("drop", label)
        assert drop.distance_m == pytest.approx(edge, abs=0.12)


@pytest.mark.parametrize("aside", [0.47, 0.8])
@pytest.mark.parametrize("deep", [0.12, 0.15])
def test_who_turns_to_the_road_at_a_kerb_does_not_lose_it(deep: float, aside: float) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    camera = Intrinsics.from_fov(240, 180, 90.0)
    pavement, road = box(aside - 10, -10, -1, 20, 60, 1.0), box(aside + 10, -10, -1 - deep, 20, 60, 1.0)
    for n, heading in enumerate([*range(0, 51, 4), *[50] * 20]):
        pose = Pose(height_m=1.4, pitch_deg=20.0, heading_deg=float(heading))
        depth = raycast.render([pavement, road], pose, camera).depth_m
        scene = perception.perceive(frame(depth, n, camera=camera), depth_map(depth, camera))
        assert scene.ground is None or scene.ground.height_m == pytest.approx(1.4, abs=0.01)
        assert scene.ground is None or scene.ground.pitch_deg == pytest.approx(20.0, abs=0.5)
        if scene.free_bearing_deg is not None and scene.free_reach_m is not None:
            towards = math.sin(math.radians(heading + scene.free_bearing_deg))
            assert scene.free_reach_m * towards < aside + 0.1  # what is called free ends at the edge


@pytest.mark.parametrize(("width", "height"), [(320, 240), (128, 96)])
def test_a_small_depth_map_tells_a_drop_too(width: int, height: int) -> None:
    camera = K.resized(width, height)
    for edge in (1.8, 2.2, 2.8):
        depth = render(floor_levels((-1, 0), (edge, -0.7)), camera=camera, floor=False, pitch_deg=22)
        perception = Perception(PerceptionSettings(camera_height_m=1.4))
        scene = perception.perceive(frame(depth, 0, camera=camera), depth_map(depth, camera))
        drops = [o.distance_m for o in scene.obstacles if o.band == "drop" and o.in_corridor]
        assert drops == [pytest.approx(edge, abs=0.1)]


def test_stairs_down_are_told_from_a_drop() -> None:
    steps = floor_levels((-1, 0), *((2.0 + 0.29 * n, -0.17 * (n + 1)) for n in range(12)))
    scene = perceive(render(steps, floor=False, pitch_deg=25), camera_height_m=1.4)
    assert ahead(scene).label == "stairs_down"
    assert ahead(scene).distance_m == pytest.approx(2.0, abs=0.15)


def test_a_hole_whose_near_edge_lies_beneath_the_picture_is_found() -> None:
    camera = Intrinsics.from_fov(240, 180, 90.0)
    hole = floor_levels((-1, 0), (0.35, -0.7), (1.25, 0))
    scene = perceive(render(hole, camera=camera, floor=False, pitch_deg=20), camera, camera_height_m=1.4)
    assert ahead(scene).band == "drop"
    assert ahead(scene).distance_m < 1.05
    assert scene.free_reach_m is None or abs(scene.free_bearing_deg or 0) > 30


def test_a_ramp_down_at_ones_feet_is_not_a_drop() -> None:
    ramp = floor_levels((-1, 0), *((float(y), -0.12 * (float(y) - 0.3)) for y in np.arange(0.3, 5.0, 0.05)))
    scene = perceive(render(ramp, floor=False, pitch_deg=25), camera_height_m=1.4)
    assert not [o for o in scene.obstacles if o.band == "drop"]


def test_a_ramp_down_is_not_a_drop() -> None:
    ramp = floor_levels((-1, 0), *((float(y), -0.06 * (float(y) - 2.0)) for y in np.arange(2.0, 8.0, 0.05)))
    scene = perceive(render(ramp, floor=False, pitch_deg=20), camera_height_m=1.4)
    assert not [o for o in scene.obstacles if o.band == "drop"]


def test_stairs_up_are_told_from_a_box() -> None:
    steps = [box(0, 2.0 + 0.29 * n, 0, 1.6, 0.29, 0.17 * (n + 1)) for n in range(8)]
    assert ahead(perceive(render(steps))).label == "stairs_up"
    assert ahead(perceive(render([box(0, 2.0, 0, 1.6, 0.6, 0.8), WALL]))).label is None


@pytest.mark.parametrize(("wide", "deep", "label"), [(6, 4, "step_up"), (0.5, 0.4, None), (6, 0.15, None)])
def test_a_kerb_up_is_told_from_a_box_and_from_a_beam(wide: float, deep: float, label: str | None) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    labels = []
    for n, away in enumerate(np.arange(2.5, 1.8, -0.12)):
        depth = render([box(0, float(away), 0, wide, deep, 0.14)], camera=SMALL)
        labels.append(ahead(perception.perceive(frame(depth, n, camera=SMALL), depth_map(depth, SMALL))).label)
    assert set(labels) == {label}


def patched(depth: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    depth = depth.copy()
    depth[rows, columns] = np.nan
    return depth


def test_a_dark_patch_on_the_floor_is_not_a_drop() -> None:
    depth = patched(render([WALL], pitch_deg=20), slice(300, 350), slice(200, 440))
    assert not [o for o in perceive(depth).obstacles if o.band == "drop"]


def test_missing_depth_over_the_way_is_a_blocked_view_and_never_free() -> None:
    depth = patched(render([WALL]), slice(100, 480), slice(60, 600))
    scene = perceive(depth)
    assert scene.view == "blocked"
    assert scene.clearance_m is None
    assert scene.free_bearing_deg is None


def test_what_lies_beyond_the_sensors_range_is_not_a_blocked_view() -> None:
    depth = render([])
    depth[depth > 4.0] = np.nan
    scene = perceive(depth)
    assert np.isnan(depth).mean() > 0.4
    assert scene.view == "ok"
    assert scene.clearance_m == pytest.approx(3.8, abs=0.4)
    assert not scene.obstacles


def test_a_view_that_is_all_too_near_is_blocked() -> None:
    assert perceive(np.full((480, 640), np.nan, np.float32)).view == "blocked"


def test_a_guide_dog_is_not_an_obstacle_to_who_has_one() -> None:
    dog = box(-0.35, 0.7, 0.0, 0.25, 0.5, 0.6)
    scene = render([dog, WALL], pitch_deg=28)
    assert [o for o in perceive(scene, companion="none").obstacles if o.distance_m < 1.2]
    assert not [o for o in perceive(scene, companion="dog").obstacles if o.distance_m < 1.2]


def test_the_cane_is_not_an_obstacle_but_a_post_is() -> None:
    cane = [box(0.15 - 0.005 * n, 0.35 + 0.02 * n, 0.95 - 0.024 * n, 0.03, 0.02, 0.03) for n in range(40)]
    scene = perceive(render([*cane, WALL], pitch_deg=25), companion="cane")
    assert not [o for o in scene.obstacles if o.distance_m < 1.5]
    post = perceive(render([box(0.1, 0.55, 0, 0.12, 0.12, 1.6), WALL], pitch_deg=25), companion="cane")
    assert ahead(post).distance_m == pytest.approx(0.55, abs=0.06)


def test_closing_speed_and_time_to_contact() -> None:
    perception = Perception(PerceptionSettings())
    for n in range(12):
        depth = render([box(0, 4.0 - 0.12 * n, 0, 0.5, 0.3, 1.2), WALL])
        scene = perception.perceive(frame(depth, n), depth_map(depth))
    thing = ahead(scene)
    assert thing.closing_mps == pytest.approx(1.2, abs=0.1)
    assert thing.time_to_contact_s == pytest.approx(thing.distance_m / 1.2, abs=0.3)
    assert thing.seen_frames == 12


ROOM = [WALL, box(-3, 4, 0, 0.5, 4, 2.5), box(3, 4, 0, 0.5, 4, 2.5), box(-1.5, 6, 0, 0.6, 0.6, 1.2)]


@pytest.mark.parametrize("side", [-1, 1])
def test_who_crosses_is_in_the_way_before_they_are_in_the_corridor(side: int) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    told = None
    for n in range(20):
        depth = render([box(side * (2.0 - 0.11 * n), 2.3, 0, 0.4, 0.3, 1.7), *ROOM])
        scene = perception.perceive(frame(depth, n), depth_map(depth))
        if told is None and any(o.in_corridor and o.distance_m < 3 for o in scene.obstacles):
            told = n
    assert told is not None
    inside = math.ceil((2.0 - 0.2 - 0.4) / 0.11)
    assert inside - 9 <= told <= inside - 4  # most of a second sooner


@pytest.mark.parametrize(("mps", "dps"), [(1.2, 0.0), (0.0, 45.0), (0.8, 20.0)])
def test_what_stands_does_not_cross_when_the_walker_moves(mps: float, dps: float) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    things = [*raycast.floor_levels((-5, 0)), *ROOM, box(0.9, 2.5, 0, 0.3, 0.3, 1.7), box(-1.0, 2.0, 0, 0.2, 0.2, 1.0)]
    for n in range(15):
        pose = Pose(y=mps * n / 10, height_m=1.4, pitch_deg=15.0, heading_deg=dps * n / 10)
        depth = raycast.render(things, pose, K).depth_m
        for o in perception.perceive(frame(depth, n), depth_map(depth)).obstacles:
            assert not o.in_corridor or (o.left_m < 0.45 and o.right_m > -0.45)


def test_the_free_side_is_named_only_when_the_way_is_closed() -> None:
    closed = perceive(render([box(-0.7, 1.8, 0, 2.2, 0.3, 1.2), WALL]))
    assert closed.free_bearing_deg is not None
    assert 10 < closed.free_bearing_deg < 40
    assert perceive(render([WALL])).free_bearing_deg == 0.0
    assert perceive(render([box(0, 1.5, 0, 6, 0.3, 2), WALL])).free_bearing_deg is None


def mirrored(depth: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(depth[:, ::-1])


places = st.tuples(
    st.floats(-1.2, 1.2), st.floats(0.9, 3.5), st.floats(0, 1.3), st.floats(0.1, 0.7), st.floats(0.15, 1.0)
)


def boxes_of(found: list[tuple[float, float, float, float, float]]) -> list[Box]:
    return [box(x, y, z, width, 0.3, tall) for x, y, z, width, tall in found]


def alone(scene: Scene) -> dict[float, Obstacle]:
    """Obstacles by distance, without those that are as far as another: behind a thing both sides of one may show."""
    at = [round(o.distance_m, 1) for o in scene.obstacles]
    return {d: o for d, o in zip(at, scene.obstacles, strict=True) if at.count(d) == 1}


@settings(max_examples=20, deadline=None)
@given(st.lists(places, min_size=1, max_size=3))
def test_a_mirrored_frame_mirrors_every_side(found: list[tuple[float, float, float, float, float]]) -> None:
    depth = render([*boxes_of(found), WALL], camera=SMALL)
    scene, other = perceive(depth, SMALL), perceive(mirrored(depth), SMALL)
    nearest, mirror = alone(scene), alone(other)
    shared = [d for d in nearest if d in mirror]
    assert len(shared) >= len(nearest) - 1
    unique = [d for d in shared if abs(nearest[d].x_m) > 0.1]
    wrong = [d for d in unique if nearest[d].x_m * mirror[d].x_m > 0]
    ties = [d for d in wrong if nearest[d].left_m * nearest[d].right_m < 0]  # a flat front's nearest point is any of it
    assert wrong == ties


@settings(max_examples=15, deadline=None)
@given(st.floats(0.75, 1.3), st.floats(1.0, 3.0))
def test_scaling_depth_scales_distance(scale: float, distance: float) -> None:
    depth = render([box(0, distance, 0, 0.6, 0.3, 1.2), WALL], camera=SMALL)
    plain, scaled = ahead(perceive(depth, SMALL)), ahead(perceive(depth * np.float32(scale), SMALL))
    assert scaled.distance_m == pytest.approx(plain.distance_m * scale, abs=0.06)


@settings(max_examples=25, deadline=None)
@given(st.floats(-15, 15), st.floats(-15, 15), st.floats(1.0, 2.8))
def test_rolling_and_pitching_the_camera_leaves_distances(roll: float, pitch: float, distance: float) -> None:
    thing = ahead(
        perceive(
            render([box(0, distance, 0, 0.6, 0.3, 1.2), WALL], camera=SMALL, pitch_deg=15 + pitch, roll_deg=roll), SMALL
        )
    )
    assert thing.distance_m == pytest.approx(distance, abs=0.08)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 1.8), st.floats(5, 40), st.floats(-10, 10), st.integers(0, 2**16))
def test_an_empty_floor_is_empty(height: float, pitch: float, roll: float, seed: int) -> None:
    depth = render([], camera=SMALL, height=height, pitch_deg=pitch, roll_deg=roll)
    noise = np.random.default_rng(seed).normal(size=depth.shape).astype(np.float32)
    noisy = depth + noise * (
        0.0012 + 0.0019 * (depth - 0.4) ** 2
    )  # a Kinect's noise after Khoshelham and Elberink, 2012
    assert perceive(noisy.astype(np.float32), SMALL).obstacles == ()


@pytest.mark.parametrize("low", [0.6, 1.5])
def test_without_a_floor_nothing_is_told_to_hang(low: float) -> None:
    scene = perceive(render([box(0, 1.6, low, 0.6, 0.3, 0.5)], pitch_deg=-15, floor=False))
    assert scene.ground is None
    thing = ahead(scene)
    assert (thing.band, thing.footing) == ("body", True)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("mps", [0.5, 2.0])
def test_who_crosses_slowly_or_fast_is_in_the_way_early(side: int, mps: float) -> None:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    begin = 0.6 + 1.2 * mps
    for n in range(12):
        away = side * (begin - mps * n / 10)
        depth = render([box(away, 2.8, 0, 0.4, 0.3, 1.7), *ROOM], camera=SMALL)
        scene = perception.perceive(frame(depth, n, camera=SMALL), depth_map(depth, SMALL))
        if abs(away) <= 0.6:
            break
        if any(o.in_corridor and o.distance_m < 3.2 for o in scene.obstacles):
            return
    raise AssertionError("not told before they are there")


@pytest.mark.parametrize(("border", "metres"), [("left", 0.3), ("right", 0.45), ("above", 0.3)])
def test_nonsense_at_the_pictures_border_is_no_obstacle(border: str, metres: float) -> None:
    depth = render([box(0.1, 2.5, 0, 0.4, 0.3, 1.2), WALL])
    strip = {"left": depth[:, :30], "right": depth[:, -30:], "above": depth[:30]}[border]
    strip[:] = metres
    scene = perceive(depth)
    assert [round(o.distance_m, 1) for o in scene.obstacles if o.distance_m < 4] == [2.5]
    assert scene.clearance_m == pytest.approx(2.5, abs=0.1)


def test_a_pole_at_the_pictures_border_is_an_obstacle() -> None:
    scene = perceive(render([box(-0.55, 0.9, 0, 0.1, 0.1, 2.2), WALL]))
    assert min(o.distance_m for o in scene.obstacles) == pytest.approx(math.hypot(0.5, 0.85), abs=0.06)


def test_what_stands_on_a_stem_behind_its_edge_stands_and_what_has_none_hangs() -> None:
    top, stem = box(0, 2.0, 0.72, 0.6, 0.8, 0.04), box(0, 2.15, 0, 0.1, 0.1, 0.72)
    assert ahead(perceive(render([top, stem, WALL]))).footing
    assert not ahead(perceive(render([top, WALL]))).footing


@pytest.mark.parametrize("top", [0.685, 0.72, 0.76])
def test_a_table_is_no_low_obstacle_where_the_floor_is_a_bit_off(top: float) -> None:
    legs = [box(x, y, 0, 0.06, 0.06, top) for x in (-0.55, 0.55) for y in (1.7, 2.3)]
    table = ahead(perceive(render([box(0, 2.0, top - 0.03, 1.2, 0.7, 0.03), *legs, WALL])))
    assert table.band == "body"


@pytest.mark.parametrize("distance", [1.3, 2.0, 3.0])
@pytest.mark.parametrize("thick", [0.12, 0.15])
def test_a_pipe_across_the_floor_is_not_lost(thick: float, distance: float) -> None:
    scene = perceive(render([box(0, distance + thick / 2, 0, 1.6, thick, thick), WALL], pitch_deg=20))
    assert ahead(scene).band == "ground"
    assert ahead(scene).distance_m == pytest.approx(distance, abs=0.12)
