"""The verdict on each sentence: true, false, beside the way, and told already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from truths import callout, heard, walk

from edge_nav.guidance import end_of_hazard
from edge_nav.record.debrief_claims import CLEAR_M, judge
from edge_nav.types import EDGE, Callout, Mention, Pose, TruthFrame

DROPS = frozenset({"drop"})
EDGE_AHEAD: dict[str, Any] = {"number": EDGE, "kind": "drop", "band": "drop", "low_m": -0.2}


def verdicts(truth: list[TruthFrame], *callouts: Callout) -> list[str]:
    return [one.verdict for one in judge(heard(*callouts).spoken, truth, DROPS)]


@pytest.mark.parametrize(
    ("distance_m", "bearing_deg", "verdict"),
    [(3.0, 0, "true"), (3.7, 0, "true"), (3.8, 0, "false"), (3.0, 20, "true"), (3.0, 21, "false")],
)
def test_a_callout_is_false_where_nothing_stands(distance_m: float, bearing_deg: float, verdict: str) -> None:
    assert verdicts(walk(4, (5.0, {})), callout(2.0, distance_m, bearing_deg)) == [verdict]


@pytest.mark.parametrize("priority", ["stop", "caution", "notice"])
def test_every_priority_is_judged(priority: str) -> None:
    assert verdicts(walk(4, (5.0, {})), callout(2.0, 1.0, priority=priority)) == ["false"]


def test_what_reaches_not_into_the_corridor_is_beside_the_way() -> None:
    beside = walk(4, (5.0, {"corridor_m": None}))
    assert verdicts(beside, callout(2.0, 3.0)) == ["beside the way"]
    # A wall along the way that crosses it far ahead is not in the way here.
    wall = walk(4, (5.0, {"number": 0, "kind": "wall", "band": "body", "corridor_m": 6.0}))
    assert verdicts(wall, callout(2.0, 3.0)) == ["beside the way"]


def test_the_sway_of_the_trunk_takes_nothing_out_of_the_way() -> None:
    truth = walk(4, (5.0, {}))
    swayed = [
        f if f.t != 2.0 else replace(f, standing=tuple(replace(s, corridor_m=None) for s in f.standing)) for f in truth
    ]
    assert verdicts(swayed, callout(2.0, 3.0)) == ["true"]


def test_a_sentence_is_as_false_as_the_worst_of_what_it_names() -> None:
    truth = walk(4, (5.0, {}), (5.0, {"number": 8, "corridor_m": None, "points": ((40, 3.0),)}))
    box, beside = Mention("obstacle", 1, 3.0, 0.0, 0), Mention("obstacle", 2, 3.0, 40.0, 2)
    nothing = Mention("obstacle", 3, 1.0, 0.0, 2)
    said = callout(2.0, 3.0, text="Box and box.")
    assert verdicts(truth, replace(said, mentions=(box, beside))) == ["true"]
    assert verdicts(truth, replace(said, mentions=(beside,))) == ["beside the way"]
    assert verdicts(truth, replace(said, mentions=(box, nothing))) == ["false"]


def clear(t: float, distance_m: float | None = None) -> Callout:
    return callout(t, distance_m, None, kind="clear", priority="info", text="Clear.")


@pytest.mark.parametrize(
    ("t", "distance_m", "verdict"),
    [(2.0, None, "true"), (3.0, None, "false"), (2.0, 4.0, "false"), (3.0, 2.0, "true"), (2.7, None, "true")],
)
def test_clear_is_false_before_a_hazard(t: float, distance_m: float | None, verdict: str) -> None:
    # The thing is 5 - t metres ahead; "clear" without a distance means 2.5 m, measured to a quarter of a metre.
    assert verdicts(walk(6, (5.0, {})), clear(t, distance_m)) == [verdict]


def test_clear_is_false_before_an_edge_and_true_beside_things() -> None:
    assert verdicts(walk(6, (5.0, EDGE_AHEAD)), clear(4.0)) == ["false"]
    assert verdicts(walk(6, (5.0, {"corridor_m": None})), clear(4.0)) == ["true"]


def test_clear_means_as_much_here_as_where_it_is_said() -> None:
    assert CLEAR_M == end_of_hazard.CLEAR_M


def floor_lost(t: float) -> Callout:
    return callout(t, None, None, kind="floor_lost", priority="notice", text="Floor out of view.")


def test_a_floor_out_of_view_needs_something_that_hides_it() -> None:
    wall = {"number": 0, "kind": "wall", "band": "body"}
    assert verdicts(walk(6), floor_lost(3.0)) == ["false"]
    assert verdicts(walk(6, (5.0, wall)), floor_lost(3.0), floor_lost(3.8)) == ["false", "true"]
    assert verdicts(walk(6, (5.0, EDGE_AHEAD)), floor_lost(3.0)) == ["true"]
    upwards = [replace(f, pose=replace(f.pose, pitch_deg=-20.0)) for f in walk(6)]
    assert verdicts(upwards, floor_lost(3.0)) == ["true"]


@pytest.mark.parametrize("kind", ["camera_lost", "dark", "recovered"])
def test_what_speaks_of_the_camera_is_counted_and_not_judged(kind: str) -> None:
    assert verdicts(walk(6), callout(1.0, None, None, kind=kind, priority="fault")) == ["not judged"]


def repeats(truth: list[TruthFrame], *callouts: Callout) -> list[bool]:
    return [one.repeated for one in judge(heard(*callouts).spoken, truth, DROPS)]


def test_the_same_thing_in_the_same_zone_is_a_repetition_for_ten_seconds() -> None:
    standing = [replace(f, pose=Pose()) for f in walk(14, *[(5.0, {})])]
    still = [replace(f, standing=standing[0].standing) for f in standing]
    assert repeats(still, callout(1.0, 5.0), callout(10.9, 5.0)) == [False, True]
    assert repeats(still, callout(1.0, 5.0), callout(11.1, 5.0)) == [False, False]
    assert repeats(still, callout(1.0, 5.0), callout(3.0, 5.0, priority="stop")) == [False, False]


def test_another_thing_in_the_same_words_is_none() -> None:
    truth = walk(10, (5.0, {}), (9.0, {"number": 8}))
    assert repeats(truth, callout(2.0, 3.0), callout(6.0, 3.0)) == [False, False]
    # False ones mean nothing that could have been told before.
    assert repeats(walk(10), callout(2.0, 3.0), callout(3.0, 3.0)) == [False, False]


def test_edges_and_walls_are_told_apart_by_their_places() -> None:
    truth = walk(12, (4.0, EDGE_AHEAD), (9.0, EDGE_AHEAD))
    drops = [callout(t, d, kind="drop", text="Drop-off.") for t, d in ((1.0, 3.0), (2.0, 2.0), (6.0, 3.0))]
    assert repeats(truth, *drops) == [False, True, False]


def test_a_sentence_that_adds_something_is_no_repetition() -> None:
    truth = walk(8, (5.0, {}), (5.5, {"number": 8}))
    one, other = Mention("obstacle", 1, 3.0, 0.0, 0), Mention("obstacle", 2, 3.5, 0.0, 2)
    alone = callout(1.5, 3.0, mentions=(replace(one, distance_m=3.1),))
    far = [replace(f, standing=tuple(s for s in f.standing if s.number == 7 or f.t > 1.8)) for f in truth]
    said = callout(2.0, 3.0, text="Box and box.", mentions=(replace(one, distance_m=2.6), replace(other, distance_m=4)))
    assert repeats(far, alone, said) == [False, False]
