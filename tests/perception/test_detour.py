from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from world import K, box, depth_map, frame

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.floor.floor_map import KEEP_BLIND_S, KEEP_S, FloorMap
from edge_nav.perception.path.detour import detour
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources import raycast_renderer as raycast
from edge_nav.types import Pose, Scene

WIDTH_M = 0.8
NOTHING = np.zeros((0, 2))


def filled(left: float, right: float, near: float, far: float) -> np.ndarray:
    x, y = np.meshgrid(np.arange(left, right, 0.1) + 0.05, np.arange(near, far, 0.1) + 0.05)
    return np.stack([x.ravel(), y.ravel()], axis=1)


FLOOR = filled(-3, 3, -1.5, 4)


def wall(left: float, right: float, forward: float) -> np.ndarray:
    x = np.arange(left, right, 0.05)
    return np.stack([x, np.full(len(x), forward)], axis=1)


def test_open_floor_is_one_leg_straight_ahead() -> None:
    way = detour(NOTHING, FLOOR, WIDTH_M)
    assert way is not None
    assert way.legs == 1
    assert abs(way.bearing_deg) < 2
    assert way.leg_m == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_wall_is_gone_round_at_its_near_end_and_with_room(side: int) -> None:
    across = wall(-0.6, 3.0, 1.0) * (-side, 1)
    way = detour(across, FLOOR, WIDTH_M)
    assert way is not None
    assert way.legs > 1
    assert way.ahead_m == pytest.approx(4.0, abs=0.1)
    x, y = way.leg_m * math.sin(math.radians(way.bearing_deg)), way.leg_m * math.cos(math.radians(way.bearing_deg))
    assert side * x > 0.6
    # All along the leg, half a way's width is left to the wall, but for what the grid's cells are wide.
    leg = np.linspace(0, 1, 50)[:, None] * (x, y)
    assert np.hypot(*(leg[:, None] - across[None]).T).min() > WIDTH_M / 2 - 0.12


def test_where_nothing_leads_on_there_is_no_way() -> None:
    assert detour(wall(-3.0, 3.0, 1.0), FLOOR, WIDTH_M) is None
    gap = np.vstack([wall(-3.0, -0.25, 1.0), wall(0.25, 3.0, 1.0)])
    assert detour(gap, FLOOR, WIDTH_M) is None
    assert detour(gap, FLOOR, 0.4) is not None


def test_there_is_no_way_over_floor_that_was_never_seen_nor_along_its_border() -> None:
    across = wall(-0.6, 3.0, 1.0)
    assert detour(across, filled(-0.6, 3.0, -1.5, 4), WIDTH_M) is None
    strip = np.vstack([filled(-0.6, 3.0, -1.5, 0.9), filled(-1.2, -0.9, -1.5, 4), filled(-1.2, 0.0, 3.0, 4)])
    assert detour(across, strip, WIDTH_M) is None


def test_who_stands_close_to_a_thing_can_still_go_along_it() -> None:
    beside = np.stack([np.full(40, 0.3), np.arange(-1.0, 1.0, 0.05)], axis=1)
    way = detour(np.vstack([beside, wall(-0.2, 3.0, 1.4)]), FLOOR, WIDTH_M)
    assert way is not None
    assert way.bearing_deg < -10


@pytest.mark.parametrize("post", [(0.34, 0.31), (0.16, 0.43), (0.46, 0.08), (0.19, 0.38)])
def test_no_leg_brushes_what_the_walker_stands_beside(post: tuple[float, float]) -> None:
    """The way on lies to the right, past a post that is hardly farther than a body is wide and a turn may be off."""
    things = np.vstack([wall(-3.0, 0.6, 1.0), [post]])
    way = detour(things, FLOOR, WIDTH_M)
    assert way is not None
    x, y = way.leg_m * math.sin(math.radians(way.bearing_deg)), way.leg_m * math.cos(math.radians(way.bearing_deg))
    leg = np.linspace(0, 1, 50)[:, None] * (x, y)
    assert np.hypot(*(leg - post).T).min() > min(0.35, math.hypot(*post)) - 0.05  # half a cell


BARRIER = [
    box(1.45, 1.9, 0, 4.0, 0.2, 1.2),
    box(0, 8, 0, 12, 0.2, 3),
    box(-4, 4, 0, 0.2, 9, 3),
    box(4, 4, 0, 0.2, 9, 3),
]


def walked(legs: list[tuple[float, float, float]]) -> Scene:
    """The last scene of a walk that stands at places (x, y, heading), going there in steps."""
    perception, n = Perception(PerceptionSettings(camera_height_m=1.4)), 0
    for start, end in pairwise(legs):
        for part in np.linspace(0, 1, 12):
            x, y, heading = (a + (b - a) * part for a, b in zip(start, end, strict=True))
            pose = Pose(x=x, y=y, heading_deg=heading, height_m=1.4, pitch_deg=15.0)
            depth = raycast.render([*raycast.floor_levels((-5, 0)), *BARRIER], pose, K).depth_m
            scene = perception.perceive(frame(depth, n), depth_map(depth))
            n += 1
    return scene


def test_a_way_that_was_seen_before_is_told_where_the_picture_shows_none() -> None:
    """Walking up to a barrier whose end lies to the left, and turning half away from that end."""
    told = walked([(0.0, -1.2, 0.0), (0.0, 0.9, 0.0), (0.0, 0.9, 30.0)])
    assert told.free_bearing_deg is not None
    assert told.free_bearing_deg < -75
    assert told.free_onward
    at_once = walked([(0.0, 0.9, 30.0), (0.0, 0.9, 30.0)])
    assert at_once.free_bearing_deg is None


def level(floor: FloorMap) -> int:
    return len(floor.places)


def seen() -> FloorMap:
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    depth = raycast.render(raycast.floor_levels((-5, 0)), Pose(height_m=1.4, pitch_deg=15.0), K).depth_m
    perception.perceive(frame(depth), depth_map(depth))
    return perception._floor_map


def test_floor_is_known_for_a_while_and_shorter_where_the_movement_is_not() -> None:
    for seconds, known in ((KEEP_S, True), (KEEP_BLIND_S, False)):
        floor = seen()
        assert level(floor) > 100
        floor.move(EgoMotion(), 0.1, known=known)
        floor.move(EgoMotion(), seconds - 0.2, known=True)
        assert level(floor) > 100
        floor.move(EgoMotion(), seconds + 0.5, known=True)
        assert level(floor) == 0


def test_floor_turns_with_the_walker() -> None:
    floor = seen()
    floor.move(EgoMotion(turn_deg=90.0), 0.1)
    bearing = np.degrees(np.arctan2(floor.places[:, 0], floor.places[:, 1]))
    assert np.median(bearing) == pytest.approx(-90, abs=2)
