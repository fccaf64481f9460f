"""What moves by itself, told from what stands."""

from __future__ import annotations

import numpy as np
import pytest
from perception.rooms import detection

from edge_nav.perception.detection import Detection
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


def piece(left_m: float, right_m: float, distance_m: float, **changes: object) -> Detection:
    """A flat front across the way."""
    middle = (left_m + right_m) / 2
    x = np.arange(left_m + 0.025, right_m, 0.05)
    places = np.stack([x, np.full_like(x, distance_m)], axis=1)
    return detection(distance_m, x_m=middle, left_m=left_m, right_m=right_m, places=places, band="body", **changes)


def test_what_comes_out_from_behind_another_thing_does_not_cross() -> None:
    """Its far edge stands where it stands; the near one is where the view begins."""
    tracker = Tracker()
    for n in range(12):
        (followed,) = tracker.update([piece(0.6 - 0.06 * n, 1.2, 2.5)], n / 10, EgoMotion(), speed_known=True)
        assert not followed.moves
        assert followed.obstacle.in_corridor is True  # as the detection says
        assert followed.obstacle.closing_mps == 0.0


def test_what_the_pictures_border_cuts_is_told_by_its_other_edge() -> None:
    tracker = Tracker()
    for n in range(8):
        there = piece(1.4 - 0.1 * n, 1.5, 2.5, cut_right=True, in_corridor=False)
        (followed,) = tracker.update([there], n / 10, EgoMotion(), speed_known=True)
    assert followed.moves
    assert followed.obstacle.in_corridor


def test_the_nearest_point_of_a_wall_does_not_close_in_by_itself() -> None:
    tracker = Tracker()
    for n in range(12):
        wall = piece(-2.0, 2.0, 3.0 - 0.1 * n - 0.05 * (n % 3))
        (followed,) = tracker.update([wall], n / 10, EgoMotion(forward_m=0.1), speed_known=True)
    assert not followed.moves
    assert abs(followed.obstacle.closing_mps - 1.0) < 0.01


def numbers(frames: list[list[Detection]], step: EgoMotion | None = None) -> list[list[int]]:
    tracker = Tracker()
    return [
        [one.obstacle.id for one in tracker.update(found, n / 10, step or EgoMotion(), speed_known=True)]
        for n, found in enumerate(frames)
    ]


def test_a_thing_keeps_its_number_while_it_is_split_joined_or_unseen() -> None:
    whole, left, right = piece(-0.5, 0.6, 2.0), piece(-0.5, 0.0, 2.0), piece(0.1, 0.6, 2.2)
    given = numbers([[whole], [left, right], [whole], [right, left], [], [], [whole], [left, right]])
    first = given[0][0]
    assert [g.count(first) for g in given] == [1, 1, 1, 1, 0, 0, 1, 1]
    assert len({number for g in given for number in g}) == 2
    assert given[1] == given[3][::-1] == given[7]


def test_a_thing_keeps_its_number_when_another_part_or_band_is_told() -> None:
    places = np.stack([np.full(40, 0.3), np.arange(1.0, 3.0, 0.05)], axis=1)
    near = detection(1.04, x_m=0.3, forward_m=1.0, places=places, in_corridor=False)
    far = detection(2.9, x_m=0.3, places=places, band="body", high_m=1.2)
    assert numbers([[near], [far], [near], [far]]) == [[1], [1], [1], [1]]


def test_who_turns_keeps_the_number_of_what_they_turn_past() -> None:
    turn = EgoMotion(turn_deg=12.0)
    there, frames = np.array([[x, 2.0] for x in np.arange(-0.2, 0.2, 0.05)]), []
    for _ in range(6):
        x, forward = there.mean(axis=0)
        frames.append([detection(2.0, x_m=x, forward_m=forward, left_m=x - 0.2, right_m=x + 0.2, places=there)])
        there = turn.points_after(there)
    assert {n for g in numbers(frames, turn) for n in g} == {1}
