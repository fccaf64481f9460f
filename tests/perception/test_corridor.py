"""What lies in the walking corridor, straight or bent, and that it is measured there."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from world import K, box, depth_map, frame, render

from edge_nav.lab.bench.accuracy import score
from edge_nav.lab.bench.reference import reference_ground, reference_obstacles
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.raycast_renderer import Box
from edge_nav.types import Obstacle, Scene

NARROWED = Path(__file__).parents[3] / "shared" / "cases" / "guidance" / "corridor_narrowed" / "rgbd"
WALL = box(0, 8, 0, 12, 0.2, 3)


def perceive(boxes: list[Box]) -> Scene:
    depth = render(boxes)
    return Perception(PerceptionSettings()).perceive(frame(depth), depth_map(depth))


def first(scene: Scene) -> Obstacle:
    return min((o for o in scene.obstacles if o.in_corridor), key=lambda o: o.distance_m)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    "low", [Box((0.5, 1.5, 0), (0.6, 3.0, 0.6)), Box((0.5, 1.5, 0), (0.9, 3.0, 2.4))], ids=["bench", "pillar"]
)
def test_what_begins_beside_the_corridor_is_told_where_it_reaches_in(side: int, low: Box) -> None:
    """Its nearest point is half a metre aside; the part across the way stands at 2.9 m."""
    part = Box((0.2, 2.9, 0), (0.6, 3.0, 1.2))
    boxes = [b if side > 0 else Box((-b.high[0], *b.low[1:]), (-b.low[0], *b.high[1:])) for b in (low, part)]
    scene = perceive([*boxes, WALL])
    thing = first(scene)
    assert thing.distance_m == pytest.approx(2.9, abs=0.06)
    assert abs(thing.bearing_deg) < 10
    assert thing.x_m * side == pytest.approx(0.3, abs=0.15)
    assert (thing.band, thing.high_m) == ("body", pytest.approx(1.2, abs=0.11))
    assert scene.clearance_m == pytest.approx(thing.distance_m)


def test_what_is_beside_the_corridor_is_told_by_its_nearest_point() -> None:
    scene = perceive([Box((0.5, 1.5, 0), (0.6, 3.0, 0.6)), WALL])
    (thing,) = [o for o in scene.obstacles if o.distance_m < 4]
    assert not thing.in_corridor
    assert thing.distance_m == pytest.approx(math.hypot(0.5, 1.5), abs=0.06)


def test_specks_before_a_thing_do_not_tell_its_distance() -> None:
    depth = render([box(0.0, 2.5, 0, 0.4, 0.3, 1.2), WALL])
    depth[300:302, 315:318] = 2.3
    scene = Perception(PerceptionSettings()).perceive(frame(depth), depth_map(depth))
    assert first(scene).distance_m == pytest.approx(2.5, abs=0.1)


def test_a_lintel_over_ones_head_does_not_make_its_posts_stand_in_the_way() -> None:
    door = [box(-0.6, 2.5, 0, 0.2, 0.2, 2.2), box(0.6, 2.5, 0, 0.2, 0.2, 2.2), box(0, 2.5, 1.95, 1.0, 0.2, 0.2)]
    assert not [o for o in perceive([*door, WALL]).obstacles if o.in_corridor and o.distance_m < 4]


@pytest.mark.skipif(not NARROWED.is_dir(), reason="real recordings are not here: ../shared is absent")
def test_a_corridor_of_eight_tenths_is_free_to_where_it_is_closed() -> None:
    s = score(f"rgbd:{NARROWED}")
    assert (s.first_right, s.first_wrong) == (1, [])


@pytest.mark.parametrize("curvature", [0.0, 0.3, -0.3, 0.66, -0.66])
def test_its_middle_line_is_where_it_says(curvature: float) -> None:
    corridor = Corridor(0.4, 1.85, curvature)
    far = np.linspace(0.05, 4.0, 80)
    aside, along = corridor.along(corridor.middle(far)).T
    assert aside == pytest.approx(0.0, abs=1e-9)
    assert along == pytest.approx(far)
    assert np.diff(corridor.middle(far), axis=0) @ np.array([np.sign(curvature), 1.0]) == pytest.approx(0.06, abs=0.025)


def test_what_is_behind_is_not_in_it() -> None:
    assert not Corridor(0.4, 1.85, 0.5).inside(np.array([[0.0, -0.5], [0.3, -1.0], [4.3, 0.0]])).any()


@pytest.mark.parametrize("curvature", [0.4, -0.4])
def test_the_reference_bends_as_the_corridor_does(curvature: float) -> None:
    x, y = Corridor(0.4, 1.85, curvature).middle(np.array([2.5]))[0]
    depth = render([box(x, y, 0, 0.3, 0.3, 1.2), WALL])
    ground = reference_ground(depth, K, (1.3, 1.5))
    assert ground is not None
    found = reference_obstacles(depth, K, ground, width_m=0.8, height_m=1.85, max_m=4.0, curvature_per_m=curvature)
    assert [f.distance_m for f in found] == [pytest.approx(2.35, abs=0.08)]
    straight = reference_obstacles(depth, K, ground, width_m=0.8, height_m=1.85, max_m=4.0)
    assert not straight
