from __future__ import annotations

import math

import numpy as np
import pytest
from box_truth import truth_obstacles
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_nav.lab.sim.hazards import contact, drops, ground_height, hazards
from edge_nav.lab.sim.scene import SimulatedScene, parse_scene
from edge_nav.lab.sim.shapes import LABELS, Material, Shape, World, heading, then
from edge_nav.lab.sim.solids import Solids, draw
from edge_nav.lab.sim.things.parts import lean, tilt
from edge_nav.sources.raycast_renderer import Box, render
from edge_nav.types import Intrinsics, Pose

GREY = Material("plaster", (0.5, 0.5, 0.5))
OBJECT = LABELS.index("object")


def scene(things: str) -> World:
    return SimulatedScene(parse_scene(f"things: [{things}]", "test")).world(0)


def cast_truth(shape: Shape, pose: Pose, low: float = 0.1, high: float = 2.05) -> float:
    """Nearest horizontal distance, by level rays at many heights and directions."""
    solids = Solids([shape])
    angle = np.radians(np.arange(-180, 180, 0.25))
    rays = np.column_stack([np.sin(angle), np.cos(angle), np.zeros(len(angle))])
    best = math.inf
    for z in np.linspace(low + 0.002, high - 0.002, 100):
        t, _ = solids.cast(np.array([pose.x, pose.y, z]), rays)
        best = min(best, float(t.min()))
    return best


@settings(max_examples=25, deadline=None)
@given(
    form=st.sampled_from(["box", "cylinder", "capsule", "ellipsoid"]),
    x=st.floats(-2, 2),
    y=st.floats(1.5, 4),
    z=st.floats(0.3, 1.8),
    sizes=st.tuples(st.floats(0.05, 0.6), st.floats(0.05, 0.6), st.floats(0.05, 0.6)),
    turns=st.tuples(st.floats(-180, 180), st.floats(-60, 60), st.floats(-60, 60)),
    facing=st.floats(-170, 170),
)
def test_distances_agree_with_level_rays(
    form: str,
    x: float,
    y: float,
    z: float,
    sizes: tuple[float, float, float],
    turns: tuple[float, float, float],
    facing: float,
) -> None:
    half = (sizes[0], sizes[0] if form in ("cylinder", "capsule") else sizes[1], sizes[2])
    turn = then(then(tilt(turns[1]), lean(turns[2])), heading(turns[0]))
    shape = Shape(form, (x, y, z), half, GREY, OBJECT, 1, turn)  # type: ignore[arg-type]
    pose = Pose(heading_deg=facing)
    found = hazards(World((shape,)), pose, 20.0, floor_m=0.0)
    seen = cast_truth(shape, pose)
    if not found or not math.isfinite(seen):
        assert not found or found[0].distance_m > 0
        return
    # Rays at steps of 2 cm in height and a quarter of a degree can only miss the nearest point, never beat it.
    assert found[0].distance_m <= seen + 0.006
    assert found[0].distance_m == pytest.approx(seen, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(-2, 2), y=st.floats(0.6, 5), width=st.floats(0.1, 2), facing=st.floats(-60, 60))
def test_boxes_agree_with_the_truth_of_the_small_world(x: float, y: float, width: float, facing: float) -> None:
    pose = Pose(heading_deg=facing)
    (truth,) = truth_obstacles([Box((x - width / 2, y, 0.0), (x + width / 2, y + 0.4, 1.2), name="box")], pose)
    shape = Shape("box", (x, y + 0.2, 0.6), (width / 2, 0.2, 0.6), GREY, OBJECT, 1)
    (found,) = hazards(World((shape,)), pose, 20.0, floor_m=0.0)
    assert found.distance_m == pytest.approx(truth.distance_m, abs=1e-5)
    assert found.bearing_deg == pytest.approx(truth.bearing_deg, abs=1e-3)
    if truth.corridor_m is None or found.corridor_m is None:
        assert truth.corridor_m == found.corridor_m
    else:
        assert found.corridor_m == pytest.approx(truth.corridor_m, abs=1e-5)


@pytest.mark.parametrize(
    ("thing", "band"),
    [
        ("{kind: box, at: [0, 2], height_m: 0.4}", "ground"),
        ("{kind: box, at: [0, 2], height_m: 1.2}", "body"),
        ("{kind: table, at: [0, 2]}", "body"),
        ("{kind: pole, at: [0, 2]}", "body"),
        ("{kind: hanging_sign, at: [0, 2], lift_m: 1.6}", "head"),
        ("{kind: wall_cupboard, at: [0, 2], lift_m: 1.45}", "head"),
        ("{kind: stairs_up, at: [0, 2], steps: 2, railings: false}", "ground"),
    ],
)
def test_each_thing_is_in_its_band_and_in_the_corridor(thing: str, band: str) -> None:
    (found,) = hazards(scene(thing), Pose(), 8.0)
    assert found.band == band
    assert found.corridor_m is not None
    assert hazards(scene(thing), Pose(heading_deg=120), 8.0)[0].corridor_m is None


def test_what_hangs_above_the_walker_is_no_hazard() -> None:
    assert hazards(scene("{kind: hanging_sign, at: [0, 2], lift_m: 2.1}"), Pose(), 8.0) == []


@pytest.mark.parametrize(
    ("thing", "distance", "depth"),
    [
        ("{kind: stairs_down, at: [0, 3], railings: false}", 3.0, 0.17),
        ("{kind: hole, at: [0, 3], length_m: 1.0, depth_m: 0.5}", 2.5, 0.5),
        ("{kind: road, from: [-9, 2.6], to: [9, 6], depth_m: 0.13}", 2.6, 0.13),
        ("{kind: track_bed, from: [-9, 2.2], to: [9, 6], depth_m: 1.0}", 2.2, 1.0),
    ],
)
def test_the_nearest_edge_ahead_is_where_the_ground_ends(thing: str, distance: float, depth: float) -> None:
    first = drops(scene(thing), Pose(), 8.0)[0]
    assert first.distance_m == pytest.approx(distance, abs=0.002)
    assert first.depth_m == pytest.approx(depth, abs=0.001)
    assert first.corridor_m == pytest.approx(distance, abs=0.002)
    assert abs(first.bearing_deg) < 1.0
    # From below, nothing falls away.
    behind = [d for d in drops(scene(thing), Pose(y=12.0, heading_deg=180.0), 3.0) if d.corridor_m is not None]
    assert behind == []


@pytest.mark.parametrize(
    "thing",
    [
        "{kind: hole, at: [0, 3], depth_m: 0.08}",
        "{kind: ramp, at: [0, 2], length_m: 3, height_m: 0.3, landing_m: 9}",
        "{kind: wall, from: [-3, 3], to: [3, 3]}",
    ],
)
def test_small_steps_slopes_and_walls_are_no_drops(thing: str) -> None:
    assert [d for d in drops(scene(thing), Pose(), 6.0) if d.corridor_m is not None] == []


def test_contact_is_by_radius_and_band() -> None:
    world = scene("{kind: box, at: [0, 2], width_m: 1, length_m: 1, height_m: 1.0}, {kind: hanging_sign, at: [3, 2]}")
    assert contact(world, 0.0, 1.2, 0.25) == []
    assert contact(world, 0.0, 1.3, 0.25) == [(1, "body"), (1, "ground")]
    assert contact(world, 0.5 + 0.2, 1.5 - 0.2, 0.25) == []  # beside the corner: 0.28 m
    assert contact(world, 3.0, 2.0, 0.25) == [(2, "head")]


def test_a_moving_person_is_touched_where_they_are() -> None:
    made = SimulatedScene(parse_scene("things: [{kind: person, at: [0, 2], way: [[0, 8]], speed_mps: 1.0}]", "test"))
    assert {i for i, _ in contact(made.world(0.0), 0.0, 2.0, 0.2)} == {1}
    assert contact(made.world(3.0), 0.0, 2.0, 0.2) == []
    assert {i for i, _ in contact(made.world(3.0), 0.0, 5.0, 0.2)} == {1}


def test_ground_height_of_stairs_ramps_and_nothing() -> None:
    world = scene("{kind: stairs_up, at: [0, 2], steps: 3, railings: false}, {kind: ramp, at: [5, 2], height_m: 0.4}")
    assert [ground_height(world, 0, y) for y in (1.9, 2.1, 2.4, 2.7)] == pytest.approx([0, 0.17, 0.34, 0.51])
    assert ground_height(world, 5, 4.0) == pytest.approx(0.2, abs=1e-6)
    assert math.isnan(ground_height(world, 500, 0))


def test_the_reference_picture_equals_the_box_caster() -> None:
    camera = Intrinsics.from_fov(96, 72, 70.0)
    pose = Pose(0.1, 0.0, 1.4, 12.0, 18.0, 4.0)
    boxes = [
        Box((-9, -9, -1), (9, 20, 0)),
        Box((-0.4, 2.0, 0.0), (0.5, 2.6, 1.1)),
        Box((0.8, 3.0, 1.4), (1.6, 3.1, 1.8)),
    ]
    shapes = tuple(
        Shape(
            "box",
            tuple((a + b) / 2 for a, b in zip(box.low, box.high, strict=True)),  # type: ignore[arg-type]
            tuple((b - a) / 2 for a, b in zip(box.low, box.high, strict=True)),  # type: ignore[arg-type]
            GREY,
            OBJECT,
            n,
        )
        for n, box in enumerate(boxes)
    )
    mine, theirs = draw(World(shapes), pose, camera), render(boxes, pose, camera, far_m=60.0)
    assert np.array_equal(np.isnan(mine.depth_m), np.isnan(theirs.depth_m))
    assert mine.depth_m == pytest.approx(theirs.depth_m, abs=1e-4, nan_ok=True)
    assert set(np.unique(mine.instance)) == {0, 1, 2}


@settings(max_examples=30, deadline=None)
@given(
    form=st.sampled_from(["box", "cylinder", "capsule", "ellipsoid"]),
    turns=st.tuples(st.floats(-180, 180), st.floats(-80, 80)),
    point=st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2)),
)
def test_no_ray_hits_before_the_distance_to_the_surface(
    form: str, turns: tuple[float, float], point: tuple[float, float, float]
) -> None:
    assume(math.hypot(*point) > 0.1)
    turn = then(tilt(turns[1]), heading(turns[0]))
    half = (0.3, 0.3, 0.5) if form in ("cylinder", "capsule") else (0.3, 0.4, 0.5)
    solids = Solids([Shape(form, (0.0, 0.0, 0.0), half, GREY, OBJECT, 1, turn)])  # type: ignore[arg-type]
    distance = solids.distance(np.array(point))
    rays = np.random.default_rng(5).normal(size=(400, 3))
    rays = np.vstack([rays / np.linalg.norm(rays, axis=1, keepdims=True), -np.array([point]) / math.hypot(*point)])
    t, _ = solids.cast(np.array(point), rays)
    if distance > 0.02:
        assert t.min() >= distance - 1e-6
        assert math.isfinite(t[-1])  # towards its middle
