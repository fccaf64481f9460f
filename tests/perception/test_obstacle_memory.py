"""What is remembered of things out of sight."""

from __future__ import annotations

import numpy as np
import pytest
from perception.rooms import AXES, CAMERA, FLOOR, HEIGHT_M, PITCH_DEG, ROOM, Way, detection

from edge_nav.perception.detection import Detection
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.obstacles.obstacle_memory import (
    FRAMES,
    KEEP_BLIND_S,
    KEEP_EDGE_S,
    KEEP_MOVING_S,
    KEEP_S,
    STEADY_FRAMES,
    ObstacleMemory,
)
from edge_nav.perception.obstacles.tracks import TrackedDetection
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays
from edge_nav.sources.raycast_renderer import Box, box, render
from edge_nav.types import DepthMap, Frame, Intrinsics, Pose, Scene


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
    (hidden,) = [o for o in last.obstacles if o.remembered]
    assert hidden.band == "ground"
    assert hidden.distance_m == pytest.approx(0.7, abs=0.15)
    assert last.clearance_m == pytest.approx(hidden.distance_m)
    assert last.free_bearing_deg != 0.0


def test_who_turns_to_an_edge_beside_them_is_told_of_it() -> None:
    kerb = [Box((-30, -20, -3), (-0.8, 60, -0.15)), Box((-0.8, -20, -3), (30, 60, 0.0)), *ROOM[len(FLOOR) :]]
    way = [(0.0, 0.1 * n, -30.0) for n in range(6)] + [(0.0, 0.5, -30 - 7.0 * n) for n in range(1, 9)]
    last = perceived(kerb, way)[-1]
    drops = [o for o in last.obstacles if o.band == "drop" and o.in_corridor]
    assert drops
    assert drops[0].distance_m == pytest.approx(0.8, abs=0.25)
    assert last.free_bearing_deg is None


def tracked(detections: list[Detection], frames: int, *, moves: bool = False) -> list[TrackedDetection]:
    return [TrackedDetection(d, d.as_obstacle(1, 0.0, frames), moves) for d in detections]


def remembered(
    until: float, *, known: bool, frames: int = FRAMES, moving: bool = False, **changes: object
) -> list[Detection]:
    memory = ObstacleMemory()
    memory.move(EgoMotion(), 0.0)
    memory.add(tracked([detection(0.8, **changes)], frames, moves=moving), 0.0)
    for n in range(1, round(until) + 1):
        memory.move(EgoMotion(), float(n), known=known)
        memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    return memory.in_the_way([], CORRIDOR)


CORRIDOR = Corridor.of(PerceptionSettings())
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
    memory.add(tracked([detection(0.8, band="drop", label="drop", low_m=-0.7, high_m=0.0)], FRAMES), 0.0)
    for n in range(frames):
        memory.move(EgoMotion(), (n + 1) / 10, known=False)
    memory.move(EgoMotion(), 60.0)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    assert bool(memory.in_the_way([], CORRIDOR)) == kept


def test_who_stands_at_an_edge_remembers_it_and_no_thing_is_where_they_stand() -> None:
    def ahead(away_m: float, **changes: object) -> bool:
        memory = ObstacleMemory()
        memory.add(tracked([detection(0.8, **changes)], FRAMES), 0.0)
        memory.move(EgoMotion(forward_m=0.8 - away_m), 0.5)
        memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
        return bool(memory.in_the_way([], CORRIDOR))

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
    memory.add(tracked([detection(1.5, high_m=1.0, places=np.array([[off_m, 1.5], [off_m, 1.55]]))], 5), 0.0)
    memory.compare(depth, height, AXES, CAMERA)
    assert (len(memory.places) > 0) is kept


@pytest.mark.parametrize(("right_m", "forward_m", "there"), [(0.0, 0.2, True), (0.28, 0.2, False), (0.28, 0.6, True)])
def test_what_is_being_passed_is_not_in_the_way(right_m: float, forward_m: float, there: bool) -> None:
    memory = ObstacleMemory()
    memory.add(tracked([detection(0.5, places=np.array([[right_m, forward_m], [right_m, forward_m + 0.06]]))], 5), 0.0)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    assert bool(memory.in_the_way([], CORRIDOR)) is there


def test_what_was_seen_once_or_was_doubtful_is_not_remembered() -> None:
    memory = ObstacleMemory()
    doubtful = [detection(0.9, confidence=0.2), detection(1.0, label="unseen_floor")]
    memory.add([*tracked([detection(0.8)], 2), *tracked(doubtful, 5)], 0.0)
    assert len(memory.places) == 0


@pytest.mark.parametrize(("confidence", "kept"), [(0.1, True), (0.9, False)])
def test_a_network_that_doubts_what_it_sees_does_not_make_a_thing_forgotten(confidence: float, kept: bool) -> None:
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
    assert any(o.remembered for o in last.obstacles) is kept


def test_what_is_remembered_tells_its_age_and_fades_with_the_way_that_is_walked() -> None:
    memory = ObstacleMemory()
    memory.move(EgoMotion(), 0.0)
    memory.add(tracked([detection(0.8)], FRAMES), 0.0)
    memory.move(EgoMotion(), 2.0)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    (thing,) = memory.in_the_way([], CORRIDOR)
    assert (thing.remembered, thing.remembered_s) == (True, 2.0)
    for n in range(8):  # to and fro, and it lies where it lay
        memory.move(EgoMotion(forward_m=0.4 * (-1) ** n), 2.5 + 0.5 * n)
    memory.compare(UNSEEN, UNSEEN, AXES, CAMERA_4)
    assert not memory.in_the_way([], CORRIDOR)
    assert len(memory.places)


@pytest.mark.parametrize("floor", [True, False])
def test_rays_that_pass_through_a_place_disprove_what_stood_there(floor: bool) -> None:
    """Only its upper part is in view: what remains is what may stand beneath the picture."""
    depth = render([*FLOOR, Box((-3, 3.0, 0), (3, 3.1, 3.0))], Pose(0.0, 0.0, HEIGHT_M, 0.0, PITCH_DEG), CAMERA).depth_m
    height = CAMERA_RAYS.dot(AXES.up) * depth + np.float32(AXES.height_m)
    memory = ObstacleMemory()
    memory.move(EgoMotion(), 0.0)
    memory.add(tracked([detection(0.8, high_m=1.3)], FRAMES), 0.0)
    for _ in range(6):
        memory.compare(depth, height, AXES, CAMERA, floor=floor)
    assert all(d.high_m < 0.6 for d in memory.in_the_way([], CORRIDOR))


def test_a_tops_own_height_counts_and_not_that_of_the_whole_thing() -> None:
    """A table's far end is a top only: the picture sees through where it was."""
    depth = render([*FLOOR, Box((-3, 3.0, 0), (3, 3.1, 3.0))], Pose(0.0, 0.0, HEIGHT_M, 0.0, PITCH_DEG), CAMERA).depth_m
    height = CAMERA_RAYS.dot(AXES.up) * depth + np.float32(AXES.height_m)
    memory = ObstacleMemory()
    tops = np.array([[0.7, 0.8]] * 3)
    memory.add(tracked([detection(1.0, low_m=0.1, high_m=0.8, spans=tops)], FRAMES), 0.0)
    for _ in range(3):
        memory.compare(depth, height, AXES, CAMERA)
    assert not len(memory.places)
