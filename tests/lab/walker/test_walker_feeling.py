"""Someone who feels their way in a plain with walls, with nobody to tell them anything."""

from __future__ import annotations

import math
from collections.abc import Generator

import pytest

from edge_nav.lab.walker.acts import Act, Now
from edge_nav.lab.walker.cane import Touch
from edge_nav.lab.walker.feeling import ALONG_DEG, ALONG_M, SEARCH, TO_GOAL_M, Feeling
from edge_nav.lab.walker.felt import Felt
from edge_nav.lab.walker.moves import Moves
from edge_nav.lab.walker.search import PROGRESS_M, Search

TICK_S, BODY_M, REACH_M = 0.05, 0.25, 0.6
GOAL_Y = 6.0
Box = tuple[float, float, float, float]
"""From west to east, from south to north."""


class Feeler:
    """At (0, 0), and wants to go north; a cane finds what stands within reach before the body."""

    def __init__(self, *walls: Box, side: int = 0) -> None:
        self.walls = walls
        self.x = self.y = self.t = self.walked = self.heading = 0.0
        self.moves, self.felt = Moves(5), Felt()
        self.search = Search(self.moves)
        self.feeling = Feeling(True, self.moves, self.felt, self.search)
        self.headings: list[float] = []
        """In which they went, one after the other."""
        self.faced: set[int] = set()
        self.only_arm = False
        self._know()
        if side:
            self.search.commit(side)

    def run(self, plan: Generator[Act, None, bool]) -> bool:
        while True:
            try:
                act = next(plan)
            except StopIteration as done:
                return bool(done.value)
            self.heading = act.heading_deg % 360
            self.faced.add(round(self.heading))
            going = act.speed_mps * TICK_S
            a = math.radians(self.heading)
            self.x, self.y = self.x + going * math.sin(a), self.y + going * math.cos(a)
            assert not self._met(0.0)
            self.t, self.walked = self.t + TICK_S, self.walked + going
            if going and (not self.headings or abs(self.headings[-1] - self.heading) > 1):
                self.headings.append(self.heading)
            self.felt.go(going, self.heading)
            self._know()
            if self.feeling.on and any(self._met(ahead) for ahead in (0.2, 0.4, REACH_M)):
                if not self.only_arm:
                    self.feeling.touch(Touch(False, 0), self.t)
                self.feeling.meet(0, self.heading)

    def goes_on(self, tries: int) -> bool:
        """Whether they get past y = 2 in so many tries."""
        self.run(self.feeling.to_goal())
        for _ in range(tries):
            through = self.run(self.feeling.aside())
            while through and self.y < 2.0:
                through = self.run(self.feeling.to_goal())
            if self.y >= 2.0:
                return True
        return False

    def _know(self) -> None:
        goal_deg = math.degrees(math.atan2(-self.x, GOAL_Y - self.y))
        self.moves.now = Now(self.t, self.heading, goal_deg, math.hypot(self.x, GOAL_Y - self.y), self.walked)

    def _met(self, ahead: float) -> bool:
        """Whether a body so far before them would touch a wall."""
        a = math.radians(self.heading)
        x, y = self.x + ahead * math.sin(a), self.y + ahead * math.cos(a)
        return any(
            math.hypot(x - min(max(x, west), east), y - min(max(y, south), north)) < BODY_M - 1e-6
            for west, east, south, north in self.walls
        )


@pytest.mark.parametrize("side", [-1, 0, 1])
def test_round_a_wall(side: int) -> None:
    assert Feeler((-1.2, 1.2, 1.0, 1.2), side=side).goes_on(12)


@pytest.mark.parametrize("side", [-1, 1])
def test_out_of_a_pocket_and_round_it(side: int) -> None:
    pocket = (-0.8, 0.8, 1.0, 1.2), (-0.8, -0.7, -0.4, 1.2), (0.7, 0.8, -0.4, 1.2)
    assert Feeler(*pocket, side=side).goes_on(60)


def test_the_other_side_where_one_is_barred_all_round() -> None:
    dead_end = (-0.6, 1.2, 1.0, 1.2), (-0.6, -0.5, -2.0, 1.2), (-0.6, 0.4, -0.5, -0.4)
    assert Feeler(*dead_end, side=-1).goes_on(25)


def test_they_go_no_farther_from_the_goals_direction_than_need_be() -> None:
    slanting = Feeler(*((x / 10, x / 10 + 0.1, 0.9 + x / 10, 1.0 + x / 10) for x in range(-8, 16)), side=1)
    assert slanting.goes_on(12)
    assert max(slanting.headings[:-1]) < 110


def test_nothing_felt_they_go_aside_and_then_towards_the_goal() -> None:
    feeler = Feeler(side=1)
    assert feeler.run(feeler.feeling.aside())
    aside, to_goal = feeler.headings
    assert 45 < aside < 90
    assert (to_goal + 180) % 360 - 180 == pytest.approx(feeler.moves.now.goal_deg, abs=12)


def test_a_thing_remembered_is_not_felt_for_again() -> None:
    feeler = Feeler(side=1)
    feeler.felt.touch(35.0, 0.0, 0.5)
    feeler.feeling.found = True
    feeler.run(feeler.feeling.aside())
    assert 45 < feeler.headings[0] < 80
    assert not feeler.faced & set(range(20, 46))


def barred(feeler: Feeler) -> None:
    """Wherever they turn, their cane meets a thing close before them."""
    feeler.walls = ((-0.7, 0.7, 0.5, 0.6), (-0.7, 0.7, -0.6, -0.5), (0.5, 0.6, -0.6, 0.6), (-0.6, -0.5, -0.6, 0.6))
    feeler.feeling.found = True


def test_barred_all_round_from_where_they_were_they_begin_again_before_they_try_the_other_side() -> None:
    feeler = Feeler((-3.0, 3.0, 0.8, 1.0), side=1)
    feeler.run(feeler.feeling.to_goal())
    feeler.run(feeler.feeling.aside())  # along the wall
    feeler.x = feeler.y = 0.0
    barred(feeler)
    assert not feeler.run(feeler.feeling.aside())
    assert feeler.search.side == 1
    assert not feeler.run(feeler.feeling.aside())
    assert feeler.search.side == -1


def test_the_other_side_is_begun_from_the_goals_direction() -> None:
    feeler = Feeler((-3.0, 3.0, 0.8, 1.0), side=1)
    feeler.run(feeler.feeling.to_goal())
    feeler.run(feeler.feeling.aside())
    feeler.walls, feeler.search.tries, before = (), SEARCH - 1, len(feeler.headings)
    feeler.feeling.found = True
    feeler.run(feeler.feeling.aside())
    assert feeler.headings[before] == pytest.approx(360 + feeler.moves.now.goal_deg - ALONG_DEG[0], abs=15)


def test_whoever_met_a_wall_with_the_tip_does_not_go_up_to_what_the_arm_meets() -> None:
    feeler = Feeler(side=1)
    feeler.feeling.touch(Touch(False, 0, near=False), 0.0)
    barred(feeler)
    feeler.only_arm = True
    feeler.run(feeler.feeling.aside())
    assert feeler.walked == 0.0


def test_where_they_know_that_something_is_they_do_not_begin() -> None:
    feeler = Feeler()
    feeler.felt.touch(0.0, 0.0, 0.9)
    assert not feeler.run(feeler.feeling.straight(TO_GOAL_M))
    assert feeler.walked == 0.0
    assert feeler.run(feeler.feeling.straight(ALONG_M))  # it ends before


def test_a_side_holds_until_the_obstacle_is_behind() -> None:
    moves = Moves(5)
    search = Search(moves)
    moves.now = Now(0.0, 0.0, 0.0, 5.0, 0.0)
    search.commit(1)
    search.tries = 3
    moves.now = Now(1.0, 0.0, 0.0, 5.0 - PROGRESS_M, 2.0)
    assert not search.leave_behind()
    assert (search.side, search.tries) == (1, 3)
    moves.now = Now(1.0, 0.0, 0.0, 4.9 - PROGRESS_M, 2.0)
    assert search.leave_behind()
    assert (search.side, search.tries) == (0, 0)


@pytest.mark.parametrize(("touched_deg", "along", "side"), [(0.0, False, 1), (50.0, False, 0), (0.0, True, -1)])
def test_the_side_where_a_cane_met_nothing_is_taken_by_who_is_not_on_a_way_round_yet(
    touched_deg: float, along: bool, side: int
) -> None:
    feeler = Feeler()
    if along:
        feeler.search.commit(-1)
        feeler.feeling.found = True
        feeler.run(feeler.feeling.aside())
    feeler.heading = touched_deg
    feeler._know()
    feeler.feeling.meet(1, touched_deg)
    assert feeler.feeling.found
    assert feeler.search.side == side


def test_a_wall_gone_up_to_is_over_when_what_was_planned_is() -> None:
    feeler = Feeler(side=1)
    feeler.feeling.found = True
    plan, far = feeler.feeling.aside(), Touch(False, 0, near=False)
    while feeler.feeling.touch(far, feeler.t):
        act = next(plan)
        feeler.t, feeler.heading = feeler.t + TICK_S, act.heading_deg
        feeler._know()
        if feeler.feeling.on:
            feeler.feeling.meet(0, feeler.heading)
    feeler.feeling.end()
    assert feeler.feeling.touch(far, feeler.t)
