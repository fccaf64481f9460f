from __future__ import annotations

import math

import pytest

from edge_nav.lab.sim.shapes import LABELS, Material, Shape, World
from edge_nav.lab.walker.body import Body, standing
from edge_nav.lab.walker.cane import sweep
from edge_nav.lab.walker.route import Route
from edge_nav.lab.walker.surroundings import Surroundings

GREY = Material("concrete", (0.5, 0.5, 0.5))


def floor(y0: float, y1: float, top: float = 0.0) -> Shape:
    middle, half = (y0 + y1) / 2, (y1 - y0) / 2
    return Shape("box", (0.0, middle, top - 1.0), (5.0, half, 1.0), GREY, LABELS.index("floor"))


def thing(x: float, y: float, low: float, high: float, half: float = 0.25, instance: int = 1) -> Shape:
    centre = (x, y, (low + high) / 2)
    return Shape("box", centre, (half, half, (high - low) / 2), GREY, LABELS.index("object"), instance)


def placed(*shapes: Shape) -> tuple[World, Body]:
    world = World(shapes)
    return world, standing(Surroundings(world), 0.0, 0.0, 0.0)


def walk(world: World, body: Body, seconds: float, speed: float = 1.2, heading: float = 0.0) -> list[float]:
    felt = [body.step(world, n * 0.05, 0.05, speed, heading) for n in range(round(seconds / 0.05))]
    return [b for b in felt if b is not None]


def test_a_body_takes_a_moment_to_go_and_a_step_to_stop() -> None:
    world, body = placed(floor(-5, 30))
    walk(world, body, 2.0)
    assert body.speed_mps == pytest.approx(1.2)
    assert body.y == pytest.approx(1.2 * 2.0 - 0.5 * 1.2 * 0.8, abs=0.1)
    before = body.y
    walk(world, body, 1.0, speed=0.0)
    assert 0.1 < body.y - before < 0.4


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [(0.0, 0.5, "ground"), (0.0, 1.2, "body"), (0.8, 1.2, "body"), (1.5, 1.7, "head"), (0.0, 1.7, "body")],
)
def test_what_is_run_into_stops_the_body_and_counts_once(low: float, high: float, band: str) -> None:
    world, body = placed(floor(-5, 30), thing(0.0, 3.0, low, high))
    felt = walk(world, body, 4.0)
    assert felt
    assert [(c.band, c.instance) for c in body.collisions] == [(band, 1)]
    assert body.y == pytest.approx(3.0 - 0.25 - 0.25, abs=0.07)


@pytest.mark.parametrize(("low", "high"), [(1.9, 2.2), (0.0, 0.05)])
def test_what_hangs_above_the_head_or_lies_flat_is_passed(low: float, high: float) -> None:
    world, body = placed(floor(-5, 30), thing(0.0, 3.0, low, high))
    assert walk(world, body, 4.0) == []
    assert body.y > 3.5


def test_it_is_felt_on_which_side_something_is() -> None:
    sides = []
    for x in (-0.35, 0.35):
        world, body = placed(floor(-5, 30), thing(x, 2.0, 0.0, 1.2))
        sides.append(walk(world, body, 3.0)[0])
    assert sides[0] < -10
    assert sides[1] > 10


def test_a_step_down_is_a_fall_and_a_deep_one_the_end() -> None:
    world, body = placed(floor(-5, 3), floor(3, 30, -0.15))
    walk(world, body, 5.0)
    assert [f.depth_m for f in body.falls] == pytest.approx([0.15])
    assert not body.down
    assert body.floor_m == pytest.approx(-0.15)
    world, body = placed(floor(-5, 3), floor(3, 30, -1.2))
    walk(world, body, 5.0)
    assert body.down


def test_who_fell_climbs_back_over_the_edge_they_know_now() -> None:
    world, body = placed(floor(-5, 3), floor(3, 5, -0.15), floor(5, 30))
    walk(world, body, 8.0)
    assert len(body.falls) == 1
    assert body.collisions == []
    assert body.y > 6


def test_who_is_up_again_runs_into_the_next_step() -> None:
    world, body = placed(floor(-5, 3), floor(3, 5, -0.15), floor(5, 8), floor(8, 30, 0.15))
    walk(world, body, 10.0)
    assert len(body.falls) == 1
    assert [c.band for c in body.collisions] == ["ground"]
    assert body.y < 8


def test_who_backs_off_an_edge_lands_below_it_and_falls_once() -> None:
    world, body = placed(floor(-5, -1, -0.15), floor(-1, 30))
    walk(world, body, 6.0, speed=-0.4)
    assert [f.depth_m for f in body.falls] == [pytest.approx(0.15)]
    assert body.y < -1.3
    assert body.floor_m == pytest.approx(-0.15)


def test_a_step_up_is_run_into() -> None:
    world, body = placed(floor(-5, 3), floor(3, 30, 0.15))
    walk(world, body, 4.0)
    assert [c.band for c in body.collisions] == ["ground"]


def test_someone_who_comes_too_near_does_not_hold_the_body() -> None:
    ground = floor(-5, 30)
    world, body = placed(ground)
    person = thing(0.1, 0.0, 0.0, 1.7)
    walk(World(world.still, (person,)), body, 2.0)
    assert body.y > 1.0


def test_a_cane_finds_what_stands_and_where_the_ground_ends_but_nothing_that_hangs() -> None:
    def found(*shapes: Shape) -> float | None:
        world, body = placed(floor(-5, 2.0 if not shapes else 30), *shapes)
        body.y = 1.0
        return sweep(world, body)

    assert found(thing(0.0, 2.2, 0.0, 0.5)) == 0.0
    left, right = found(thing(-0.5, 2.0, 0.0, 1.0, half=0.4)), found(thing(0.5, 2.0, 0.0, 1.0, half=0.4))
    assert left is not None and right is not None
    assert left < -10 and right > 10
    assert found(thing(0.0, 2.2, 0.75, 1.5)) is None
    assert found(thing(0.0, 2.4, 0.35, 1.5)) is None
    assert found(thing(0.0, 1.85, 0.35, 1.5)) == 0.0  # a rail at the knee, where the shaft is as high
    assert found(thing(0.0, 3.0, 0.0, 0.5)) is None
    assert found() == 0.0


def test_a_cane_passes_a_door() -> None:
    door = thing(-0.6, 0.8, 0.0, 2.0, half=0.2, instance=1), thing(0.6, 0.8, 0.0, 2.0, half=0.2, instance=2)
    world, body = placed(floor(-5, 30), *door)
    assert sweep(world, body) is None


def test_a_cane_finds_a_wall_as_well_as_a_box() -> None:
    for high in (0.5, 2.6):
        world, body = placed(floor(-5, 30), thing(0.0, 1.2, 0.0, high))
        assert sweep(world, body) is not None


def test_a_fall_down_a_flight_is_one_fall_and_as_deep_as_all_of_it() -> None:
    world, body = placed(floor(-5, 2.0), *(floor(2.0 + 0.3 * n, 2.3 + 0.3 * n, -0.2 * (n + 1)) for n in range(4)))
    walk(world, body, 6.0)
    (fall,) = body.falls
    assert fall.depth_m > 0.5
    assert body.down


def test_directions_lead_round_walls_and_know_nothing_of_furniture() -> None:
    wall = Shape("box", (-1.5, 5.0, 1.25), (3.5, 0.1, 1.25), GREY, LABELS.index("wall"))
    straight = Route((floor(-5, 30), thing(0.0, 5.0, 0.0, 1.0)), (0.0, 0.0), (0.0, 10.0))
    bearing, distance = straight.towards(0.0, 0.0, 0.0)
    assert (bearing, distance) == (pytest.approx(0.0), pytest.approx(10.0))
    round_it = Route((floor(-5, 30), wall), (0.0, 0.0), (0.0, 10.0))
    bearing, _ = round_it.towards(0.0, 0.0, 0.0)
    assert bearing == pytest.approx(math.degrees(math.atan2(2.4, 4.9)), abs=6)
    # Once past the wall's end, straight to the goal.
    bearing, _ = round_it.towards(2.6, 6.0, 5.0)
    assert bearing == pytest.approx(math.degrees(math.atan2(-2.6, 4.0)), abs=1)
