"""What moves by itself, told from what stands."""

from __future__ import annotations

import numpy as np
import pytest
from perception.rooms import detection

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.obstacles.tracks import Tracker


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
        there = detection(forward, x_m=x, left_m=x - wide_m / 2, right_m=x + wide_m / 2, band="body", high_m=1.7)
        step = None if walker_mps is None else EgoMotion(forward_m=walker_mps / 10)
        (followed,) = tracker.update([there], n / 10, step, speed_known=walker_mps is not None)
    assert followed.moves is moves


def test_what_the_walker_stops_in_front_of_does_not_move() -> None:
    tracker, away = Tracker(), 3.0
    for n in range(30):
        gone = 0.12 if n < 15 else 0.0
        away -= gone
        (followed,) = tracker.update([detection(away)], n / 10, EgoMotion(forward_m=gone), speed_known=True)
        assert not followed.moves


def test_what_flickers_does_not_move() -> None:
    rng, tracker = np.random.default_rng(0), Tracker()
    moving = []
    for n in range(100):
        (followed,) = tracker.update([detection(2.0 + rng.normal(0, 0.15))], n / 10, EgoMotion(), speed_known=True)
        moving.append(followed.moves)
    assert sum(moving) < 5
