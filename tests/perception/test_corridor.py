"""What lies in the walking corridor, straight or bent, and that it is measured there."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from world import K, box, depth_map, frame, render

from edge_nav.lab.bench.accuracy import score
from edge_nav.lab.bench.reference import reference_ground, reference_obstacles
from edge_nav.perception.egomotion.curvature import Curvature
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources import raycast_renderer as raycast
from edge_nav.sources.raycast_renderer import Box
from edge_nav.types import Motion, Obstacle, Pose, Scene

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


def walked(motion: Motion, seconds: float = 2.0, sway_dps: float = 0.0) -> list[float]:
    curvature = Curvature()
    return [
        curvature.update(
            replace(motion, turn_dps=motion.turn_dps + sway_dps * math.sin(2 * math.pi * t)),
            float(t),
        )
        for t in np.arange(0.0, seconds, 0.1)
    ]


def test_the_corridor_bends_along_the_turn_that_is_walked_and_not_with_the_gait() -> None:
    turning = Motion(1.2, 0.0, 40.0, known=True, speed_known=True)
    assert walked(turning)[-1] == pytest.approx(math.radians(40) / 1.2, abs=0.08)
    assert walked(replace(turning, turn_dps=-40.0))[-1] < -0.4
    assert max(map(abs, walked(replace(turning, turn_dps=0.0), sway_dps=30.0)[10:])) < 0.02
    assert max(walked(replace(turning, turn_dps=170.0))) == pytest.approx(1 / 1.5)


@pytest.mark.parametrize("changes", [{"forward_mps": 0.1}, {"known": False}, {"speed_known": False}])
def test_who_stands_or_whose_walk_is_not_known_has_a_straight_corridor(changes: dict[str, float]) -> None:
    assert not any(walked(replace(Motion(1.2, 0.0, 40.0, known=True, speed_known=True), **changes)))  # type: ignore[arg-type]


def test_who_walks_round_a_bend_meets_no_wall_before_it_is_in_their_way() -> None:
    """A passage two metres wide round a bend of 2.5 m: straight ahead its outer wall stands, along the bend nothing."""
    radius, camera = 2.5, K.resized(320, 240)
    walls = [(r, a) for r in (radius - 1.2, radius + 1.2) for a in np.arange(-0.6, 3.3, 0.2 / r)]
    beside = [(radius + 0.9, 0.5), (radius + 0.8, 1.1), (radius - 0.9, 1.0), (radius + 0.9, 1.3)]
    around = [box(radius - r * math.cos(a), r * math.sin(a), 0, 0.25, 0.25, 2.5) for r, a in walls + beside]
    floor = [Box((-9, -9, -1), (9, 9, 0))]
    perception = Perception(PerceptionSettings(camera_height_m=1.4))
    for n in range(14):
        turned = 0.1 * n / radius
        pose = Pose(
            radius * (1 - math.cos(turned)), radius * math.sin(turned), 1.4, math.degrees(turned), pitch_deg=15.0
        )
        depth = raycast.render([*floor, *around], pose, camera).depth_m
        scene = perception.perceive(frame(depth, n, camera=camera), depth_map(depth, camera))
    assert scene.curvature_per_m == pytest.approx(1 / radius - 0.05, abs=0.08)
    assert not [o for o in scene.obstacles if o.in_corridor and o.distance_m < 2.5]
    assert scene.clearance_m is not None and scene.clearance_m > 2.2
