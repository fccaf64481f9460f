"""What the depth maps tell of the walker's own movement, and what is remembered of things out of sight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_nav.perception.detection import Detection
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.egomotion.scan_matching import ScanOdometry
from edge_nav.perception.obstacles.obstacle_memory import (
    FRAMES,
    KEEP_BLIND_S,
    KEEP_EDGE_S,
    KEEP_MOVING_S,
    KEEP_S,
    STEADY_FRAMES,
    ObstacleMemory,
)
from edge_nav.perception.obstacles.tracks import TrackedDetection, Tracker
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes, Rays, ground_from_angles
from edge_nav.sources.raycast_renderer import Box, box, floor_levels, render
from edge_nav.types import DepthMap, Frame, Intrinsics, Motion, Pose, Scene

CAMERA = Intrinsics.from_fov(240, 180, 90.0)
HEIGHT_M, PITCH_DEG = 1.4, 20.0
FLOOR = floor_levels((-20.0, 0.0), width_m=60.0, until_m=60.0)
ROOM = [
    *FLOOR,
    Box((-3, -6, -1), (-2.8, 9, 2.8), tiled=True),
    Box((2.8, -6, -1), (3, 9, 2.8), tiled=True),
    Box((-3, 7, -1), (3, 7.2, 2.8), tiled=True),
    box(-1.2, 3.0, 0, 0.5, 0.5, 0.9),
    box(1.5, 4.2, 0, 0.8, 0.4, 1.6),
]
SIDES = [*FLOOR, Box((-1, -20, -1), (-0.9, 40, 2.8), tiled=True), Box((0.9, -20, -1), (1, 40, 2.8), tiled=True)]
AXES = FloorAxes.of(ground_from_angles(HEIGHT_M, PITCH_DEG))

Way = list[tuple[float, float, float]]
"""Right, forward and heading in degrees, ten times a second."""


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


def perceived(world: list[Box], way: Way) -> list[Scene]:
    perception = Perception(PerceptionSettings(camera_height_m=HEIGHT_M, companion="none"))
    scenes = []
    for n, (x, y, heading) in enumerate(way):
        seen = render(world, Pose(x, y, HEIGHT_M, heading, PITCH_DEG), CAMERA)
        frame = Frame(n, n / 10, seen.rgb, CAMERA, seen.depth_m)
        scenes.append(perception.perceive(frame, DepthMap(seen.depth_m, CAMERA)))
    return scenes


def test_who_turns_to_a_low_thing_beside_them_is_not_told_that_it_is_free_there() -> None:
    low = box(-0.9, 1.3, 0, 0.4, 0.4, 0.3)
    # Past it, and then a quarter turn to it: by now it lies beneath the picture.
    way = [(0.0, 0.1 * n, 0.0) for n in range(12)] + [(0.0, 1.1, -7.0 * n) for n in range(1, 12)]
    last = perceived([*ROOM, low], way)[-1]
    (held,) = [o for o in last.obstacles if o.remembered]
    assert held.band == "ground"
    assert held.distance_m == pytest.approx(0.7, abs=0.15)
    assert last.clearance_m == pytest.approx(held.distance_m)
    assert last.free_bearing_deg != 0.0


def test_who_turns_to_an_edge_beside_them_is_told_of_it() -> None:
    kerb = [Box((-30, -20, -3), (-0.8, 60, -0.15)), Box((-0.8, -20, -3), (30, 60, 0.0)), *ROOM[len(FLOOR) :]]
    way = [(0.0, 0.1 * n, -30.0) for n in range(6)] + [(0.0, 0.5, -30 - 7.0 * n) for n in range(1, 9)]
    last = perceived(kerb, way)[-1]
    drops = [o for o in last.obstacles if o.band == "drop" and o.in_corridor]
    assert drops
    assert drops[0].distance_m == pytest.approx(0.8, abs=0.25)
    assert last.free_bearing_deg is None


def found(distance_m: float, **changes: object) -> Detection:
    values = {
        "distance_m": distance_m, "bearing_deg": 0.0, "x_m": 0.0, "forward_m": distance_m, "left_m": -0.2,
        "right_m": 0.2, "low_m": 0.1, "high_m": 0.3, "band": "ground", "in_corridor": True, "confidence": 0.9,
        "places": np.array([[x, distance_m] for x in (-0.1, 0.0, 0.1)]),
    }  # fmt: skip
    return Detection(**{**values, **changes})  # type: ignore[arg-type]


def tracked(detections: list[Detection], frames: int, *, moves: bool = False) -> list[TrackedDetection]:
    return [TrackedDetection(d, d.as_obstacle(1, 0.0, frames), moves) for d in detections]


def remembered(
    until: float, *, known: bool, frames: int = FRAMES, moving: bool = False, **changes: object
) -> list[Detection]:
    memory = ObstacleMemory()
    memory.move(EgoMotion(), 0.0)
    memory.add(tracked([found(0.8, **changes)], frames, moves=moving), 0.0)
    for n in range(1, round(until) + 1):
        memory.move(EgoMotion(), float(n), known=known)
        memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    return memory.in_the_way([], PerceptionSettings())


CAMERA_RAYS = Rays.of(CAMERA)
CAMERA_4 = Intrinsics.from_fov(4, 4, 90.0)
UNSEEN = np.full((4, 4), np.nan, np.float32)


def test_it_is_forgotten_in_the_end_and_sooner_where_the_movement_is_not_known() -> None:
    assert remembered(KEEP_S - 1, known=True)
    assert not remembered(KEEP_S + 1, known=True)
    assert remembered(KEEP_MOVING_S - 1, known=True, moving=True)
    assert not remembered(KEEP_MOVING_S + 1, known=True, moving=True)
    assert remembered(KEEP_BLIND_S - 1, known=False)
    assert not remembered(KEEP_BLIND_S + 2, known=False)
    edge = {"band": "drop", "label": "drop", "low_m": -0.7, "high_m": 0.0}
    assert remembered(KEEP_EDGE_S - 1, known=True, **edge)
    assert not remembered(KEEP_EDGE_S + 1, known=True, **edge)


@pytest.mark.parametrize(("frames", "kept"), [(10, True), (20, False)])
def test_a_lapse_of_the_movement_makes_nobody_forget_a_hole(frames: int, kept: bool) -> None:
    memory = ObstacleMemory()
    memory.move(EgoMotion(), 0.0)
    memory.add(tracked([found(0.8, band="drop", label="drop", low_m=-0.7, high_m=0.0)], FRAMES), 0.0)
    for n in range(frames):
        memory.move(EgoMotion(), (n + 1) / 10, known=False)
    memory.move(EgoMotion(), 60.0)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    assert bool(memory.in_the_way([], PerceptionSettings())) == kept


def test_who_stands_at_an_edge_remembers_it_and_no_thing_is_where_they_stand() -> None:
    def ahead(away_m: float, **changes: object) -> bool:
        memory = ObstacleMemory()
        memory.add(tracked([found(0.8, **changes)], FRAMES), 0.0)
        memory.move(EgoMotion(forward_m=0.8 - away_m), 0.5)
        memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
        return bool(memory.in_the_way([], PerceptionSettings()))

    edge = {"band": "drop", "label": "drop", "low_m": -0.7, "high_m": 0.0}
    assert ahead(0.3) and ahead(0.3, **edge)
    assert ahead(0.1, **edge)
    assert not ahead(0.1)


def test_where_a_network_doubts_its_own_distance_only_an_edge_is_remembered_or_what_it_sees_steadily() -> None:
    assert remembered(1, known=True, certainty=0.3)
    assert not remembered(1, known=True, certainty=0.2)
    assert remembered(1, known=True, certainty=0.2, frames=STEADY_FRAMES)
    edge = {"band": "drop", "label": "drop", "low_m": -0.7, "high_m": 0.0}
    assert remembered(1, known=True, certainty=0.2, **edge)


@pytest.mark.parametrize(("off_m", "kept"), [(0.05, True), (0.2, False)])
def test_a_corner_that_is_missed_by_a_hair_is_kept_and_what_is_gone_is_not(off_m: float, kept: bool) -> None:
    wall = Box((-1.0, 1.5, 0.0), (0.0, 1.6, 1.0))
    depth = render([*FLOOR, wall], Pose(0.0, 0.0, HEIGHT_M, 0.0, PITCH_DEG), CAMERA).depth_m
    height = CAMERA_RAYS.dot(AXES.up) * depth + np.float32(AXES.height_m)
    memory = ObstacleMemory()
    memory.add(tracked([found(1.5, high_m=1.0, places=np.array([[off_m, 1.5], [off_m, 1.55]]))], 5), 0.0)
    memory.compare(depth, height, AXES, CAMERA)
    assert (len(memory.places) > 0) is kept


@pytest.mark.parametrize(("right_m", "forward_m", "there"), [(0.0, 0.2, True), (0.28, 0.2, False), (0.28, 0.6, True)])
def test_what_is_being_passed_is_not_in_the_way(right_m: float, forward_m: float, there: bool) -> None:
    memory = ObstacleMemory()
    memory.add(tracked([found(0.5, places=np.array([[right_m, forward_m], [right_m, forward_m + 0.06]]))], 5), 0.0)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    assert bool(memory.in_the_way([], PerceptionSettings())) is there


def test_what_was_seen_once_or_was_doubtful_is_not_remembered() -> None:
    memory = ObstacleMemory()
    doubtful = [found(0.9, confidence=0.2), found(1.0, label="unseen_floor")]
    memory.add([*tracked([found(0.8)], 2), *tracked(doubtful, 5)], 0.0)
    assert len(memory.places) == 0


@pytest.mark.parametrize(("confidence", "held"), [(0.1, True), (0.9, False)])
def test_a_network_that_doubts_what_it_sees_does_not_make_a_thing_forgotten(confidence: float, held: bool) -> None:
    """The network sees a post in some frames, and looks through it in the others."""
    post = box(0.0, 1.7, 0, 0.2, 0.2, 1.6)
    perception = Perception(PerceptionSettings(camera_height_m=HEIGHT_M, companion="none"))
    pose = Pose(0.0, 0.0, HEIGHT_M, 0.0, PITCH_DEG)
    true, through = render([*ROOM, post], pose, CAMERA), render(ROOM, pose, CAMERA)
    last: Scene | None = None
    for n, depth in enumerate([true.depth_m] * 6 + [through.depth_m] * 2):
        there = true.depth_m < 0.9 * through.depth_m
        trusted = np.where(there, np.float32(confidence), np.float32(0.9))
        last = perception.perceive(Frame(n, n / 10, true.rgb, CAMERA), DepthMap(depth, CAMERA, confidence=trusted))
    assert last is not None
    assert any(o.remembered for o in last.obstacles) is held


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


@pytest.mark.parametrize(
    ("across_mps", "towards_mps", "walker_mps", "wide_m", "moves"),
    [
        (1.0, 0.0, 0.0, 0.4, True),
        (0.0, 1.0, 0.0, 0.4, True),
        (0.0, 0.0, 0.0, 0.4, False),
        (0.0, 1.0, 1.0, 0.4, False),
        (0.0, 0.0, 1.0, 0.4, True),
        (1.0, 0.0, 0.0, 2.0, False),
        (0.0, 1.0, None, 0.4, False),
    ],
    ids=["crosses", "comes", "stands", "stands before who walks", "goes along", "a wall's nearest point", "not known"],
)
def test_what_moves_by_itself_is_told_from_what_stands(
    across_mps: float, towards_mps: float, walker_mps: float | None, wide_m: float, moves: bool
) -> None:
    tracker = Tracker()
    for n in range(10):
        x, forward = across_mps * n / 10 - 0.5, 3.0 - towards_mps * n / 10
        there = found(forward, x_m=x, left_m=x - wide_m / 2, right_m=x + wide_m / 2, band="body", high_m=1.7)
        step = None if walker_mps is None else EgoMotion(forward_m=walker_mps / 10)
        (followed,) = tracker.update([there], n / 10, step, speed_known=walker_mps is not None)
    assert followed.moves is moves


def test_what_the_walker_stops_in_front_of_does_not_move() -> None:
    tracker, away = Tracker(), 3.0
    for n in range(30):
        gone = 0.12 if n < 15 else 0.0
        away -= gone
        (followed,) = tracker.update([found(away)], n / 10, EgoMotion(forward_m=gone), speed_known=True)
        assert not followed.moves


def test_what_flickers_does_not_move() -> None:
    rng, tracker = np.random.default_rng(0), Tracker()
    moving = []
    for n in range(100):
        (followed,) = tracker.update([found(2.0 + rng.normal(0, 0.15))], n / 10, EgoMotion(), speed_known=True)
        moving.append(followed.moves)
    assert sum(moving) < 5
