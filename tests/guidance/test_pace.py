"""The walker's own movement where it is measured in part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from edge_nav.guidance.pace import Pace
from edge_nav.lab.sim.gait import Gait, motion
from edge_nav.types import Motion, Obstacle

TOLD, UNTOLD = {"known": True, "speed_known": True}, {"known": True, "speed_known": False}
FRAME_S = 0.1


def after(*parts: tuple[Motion, float], pace: Pace | None = None, seen: Sequence[Obstacle] = ()) -> Pace:
    """Frames of each motion for so many seconds."""
    pace = pace or Pace()
    for moves, seconds in parts:
        for _ in range(round(seconds / FRAME_S)):
            pace.note(moves, seen, FRAME_S)
    return pace


def test_a_speed_that_is_told_is_followed_within_a_step() -> None:
    pace = after((Motion(0.0, **TOLD), 1.0), (Motion(1.2, **TOLD), 0.5))
    assert pace.speed_mps == pytest.approx(1.2, abs=0.1) and not pace.stands


def test_who_neither_sways_nor_turns_stands_though_nothing_tells_the_speed() -> None:
    still = Motion(0.3, right_mps=0.004, turn_dps=-0.2, **UNTOLD)
    assert after((still, 0.5)).speed_mps is None
    assert after((still, 1.0)).stands


@pytest.mark.parametrize("speed_mps", [0.3, 0.5, 0.7, 1.2])
def test_who_walks_where_nothing_tells_the_speed_does_not_seem_to_stand(speed_mps: float) -> None:
    pace, gait = Pace(), Gait()
    before = motion(gait, 0.0, 1.0)
    for n in range(1, 200):
        now = motion(gait, speed_mps * n * FRAME_S, 1.0)
        sway, yaw = (now[1] - before[1]) / FRAME_S, (now[4] - before[4]) / FRAME_S
        pace.note(Motion(0.0, right_mps=sway, turn_dps=yaw, **UNTOLD), (), FRAME_S)
        before = now
        assert pace.speed_mps is None


@pytest.mark.parametrize(("closing", "stands"), [((0.5,), False), ((0.5, 0.0), True), ((0.05,), True)])
def test_who_rolls_without_swaying_is_known_by_what_comes_nearer(closing: tuple[float, ...], stands: bool) -> None:
    rolls = Motion(0.0, **UNTOLD)
    seen = [
        Obstacle(2.0, 5.0, 0.2, 0.1, 0.2, 0.0, 1.5, "body", True, id=n, closing_mps=mps, seen_frames=9)
        for n, mps in enumerate(closing)
    ]
    assert after((rolls, 2.0), seen=seen).stands is stands


@pytest.mark.parametrize("before", [Motion(1.0, **TOLD), Motion()])
def test_who_rolled_without_swaying_does_not_stand_as_soon_as_nothing_tells_their_speed(before: Motion) -> None:
    untold = Motion(0.0, **UNTOLD)
    pace = after((untold, 1.0), (before, 2.0), (untold, 0.3))
    assert pace.speed_mps is None
    assert after((untold, 0.6), pace=pace).stands


def test_who_stood_and_turns_still_stands_until_they_have_turned() -> None:
    turning = Motion(0.0, turn_dps=60.0, **UNTOLD)
    pace = after((Motion(0.0, **TOLD), 0.5), (turning, 2.0))
    assert pace.stands and pace.turns
    after((Motion(0.0, right_mps=0.1, turn_dps=3.0, **UNTOLD), FRAME_S), pace=pace)
    assert pace.speed_mps is None and not pace.turns


def test_who_walked_and_turns_does_not_stand() -> None:
    pace = after((Motion(1.0, **TOLD), 0.5), (Motion(0.0, turn_dps=60.0, **UNTOLD), FRAME_S))
    assert not pace.stands and pace.speed_mps is None


def test_motion_that_is_not_known_tells_nothing() -> None:
    pace = after((Motion(1.0, **TOLD), 0.5), (Motion(), FRAME_S))
    assert pace.speed_mps is None and math.isclose(pace.turn_dps, 0.0)
