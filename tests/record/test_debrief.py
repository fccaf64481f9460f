"""What was said against what was there, on walks of plain data."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from edge_nav.record.debrief import CalloutCollector, Debrief, debrief, debrief_record, find_hazards
from edge_nav.record.debrief_table import debrief_table
from edge_nav.types import EDGE, Callout, Pose, Priority, Standing, TruthFrame

SPEED = 1.0
DROPS = frozenset({"drop"})


def thing(y: float, walker_y: float, **changes: Any) -> Standing:
    """A thing straight ahead at a place along the way."""
    gap = y - walker_y
    points = ((0, gap),) if gap > 0 else ()
    fields: dict[str, Any] = {
        "kind": "box",
        "number": 7,
        "band": "ground",
        "low_m": 0.0,
        "high_m": 0.5,
        "distance_m": abs(gap),
        "corridor_m": gap if gap > 0 else None,
        "points": points,
    }
    return Standing(**{**fields, **changes})


def walk(until: float, *things: tuple[float, dict[str, Any]], turn_at: float = 99.0) -> list[TruthFrame]:
    """A walk straight ahead past things; from ``turn_at`` seconds on, nothing is in the corridor."""
    frames = []
    for n in range(round(until * 10) + 1):
        t = n / 10
        standing = [thing(y, SPEED * t, **changes) for y, changes in things]
        if t >= turn_at:
            standing = [thing(y, SPEED * t, **{**changes, "corridor_m": None}) for y, changes in things]
        frames.append(TruthFrame(t, Pose(0.0, SPEED * t), tuple(s for s in standing if s.distance_m <= 5)))
    return frames


def heard(*callouts: Callout, latency_s: float = 0.1) -> list[Any]:
    collector = CalloutCollector({"stop": 0.13, "caution": 0.08})
    for callout in callouts:
        collector.callout(callout, latency_s)
    return collector.spoken


def callout(t: float, distance_m: float, bearing_deg: float = 0.0, **changes: Any) -> Callout:
    fields: dict[str, Any] = {"id": round(t * 10), "kind": "low_obstacle", "priority": "caution", "text": "Box."}
    return Callout(
        **{**fields, "key": "", "t": t, "expires_t": t + 2, "distance_m": distance_m, "bearing_deg": bearing_deg}
        | changes
    )


def test_a_warning_before_the_stopping_distance_is_in_time() -> None:
    result = debrief(heard(callout(2.0, 3.1)), walk(5, (5.0, {})), DROPS)
    (hazard,) = result.hazards
    # 0.7 s and braking at 3 m/s2 from 1 m/s, and half a body: 1.12 m.
    assert hazard.needed_s == pytest.approx(3.9)
    assert hazard.outcome == "in time"
    assert hazard.warned_m == pytest.approx(2.8, abs=0.06)
    assert hazard.lead_s == pytest.approx(3.9 - 2.18)
    assert not result.false


def test_a_warning_after_it_is_late_and_one_after_the_thing_is_none() -> None:
    late = debrief(heard(callout(4.0, 1.0)), walk(7, (5.0, {})), DROPS)
    assert [h.outcome for h in late.hazards] == ["late"]
    gone = debrief(heard(callout(6.5, 1.0)), walk(7, (5.0, {})), DROPS)
    assert [h.outcome for h in gone.hazards] == ["missed"]
    assert len(gone.false) == 1


def test_the_tone_has_to_have_ended() -> None:
    truth = walk(5, (5.0, {}))
    assert debrief(heard(callout(3.7, 1.3), latency_s=0.1), truth, DROPS).count("in time") == 1
    assert debrief(heard(callout(3.7, 1.3), latency_s=0.3), truth, DROPS).count("late") == 1


def test_what_never_sounded_warned_nobody() -> None:
    collector = CalloutCollector({})
    collector.callout(callout(1.0, 4.0), 0.0)
    collector.callout(callout(2.0, 3.0), 0.0)
    collector.voice(10, None)
    collector.voice(20, 0.5)
    assert [s.heard_s for s in collector.spoken] == [2.5]


@pytest.mark.parametrize(
    "changes", [{"distance_m": None}, {"bearing_deg": None}, {"priority": "info"}, {"priority": "fault"}]
)
def test_what_names_no_place_is_not_judged(changes: dict[str, Any]) -> None:
    assert heard(replace(callout(1.0, 2.0), **changes)) == []


@pytest.mark.parametrize(
    ("distance_m", "bearing_deg", "false"), [(3.0, 0, 0), (3.7, 0, 0), (3.8, 0, 1), (3.0, 20, 0), (3.0, 21, 1)]
)
def test_a_callout_is_false_where_nothing_stands(distance_m: float, bearing_deg: float, false: int) -> None:
    result = debrief(heard(callout(2.0, distance_m, bearing_deg)), walk(4, (5.0, {})), DROPS)
    assert len(result.false) == false
    assert result.count("missed") == false


def test_who_turns_away_before_has_to_know_by_then() -> None:
    truth = walk(5, (5.0, {}), turn_at=3.3)
    (hazard,) = find_hazards(truth)
    assert hazard.needed_s == pytest.approx(3.2)
    assert hazard.nearest_m == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("truth", "why"),
    [
        (walk(2.5, (5.0, {})), "never near"),
        (walk(6, (5.0, {"corridor_m": None})), "never in the way"),
        (walk(6, (5.0, {}), turn_at=2.5), "in the way for less than a second"),
        (walk(6, (5.0, {"number": 0, "kind": "wall", "band": "body"})), "a wall"),
        (walk(6, (3.0, {"number": 0, "kind": "wall", "band": "body"}), (3.5, {}))[:25], "behind a wall"),
    ],
)
def test_what_is_no_hazard(truth: list[TruthFrame], why: str) -> None:
    assert find_hazards(truth) == [], why


def test_two_edges_are_two_hazards_and_the_words_belong_to_the_right_one() -> None:
    edge = {"number": EDGE, "kind": "drop", "band": "drop", "low_m": -0.2}
    truth = walk(13, (5.0, edge), (11.0, edge))
    spoken = heard(callout(8.0, 3.0, kind="drop", text="Drop-off."))
    result = debrief(spoken, truth, DROPS)
    assert [h.outcome for h in result.hazards] == ["missed", "in time"]
    assert result.hazards[1].warned_m == pytest.approx(2.8, abs=0.1)


def test_a_drop_is_not_announced_by_a_word_about_an_obstacle() -> None:
    edge = {"number": EDGE, "kind": "drop", "band": "drop", "low_m": -0.2}
    result = debrief(heard(callout(2.0, 3.0)), walk(5, (5.0, edge)), DROPS)
    assert result.count("missed") == 1
    assert len(result.false) == 1
    result = debrief(heard(callout(2.0, 3.0, kind="drop")), walk(5, (5.0, {})), DROPS)
    assert len(result.false) == 1


def example() -> Debrief:
    spoken = heard(callout(2.0, 3.1), callout(6.0, 4.0, 60.0, text="Chair.", priority=stop()))
    return debrief(spoken, walk(9, (5.0, {}), (10.0, {"number": 8, "kind": "hanging_sign", "band": "head"})), DROPS)


def stop() -> Priority:
    return "stop"


def test_the_record_is_plain_json() -> None:
    record = json.loads(json.dumps(debrief_record(example(), 9.0), allow_nan=False))
    assert record["type"] == "debrief"
    assert (record["in_time"], record["late"], record["missed"], record["callouts"]) == (1, 0, 1, 2)
    assert record["false_callouts"] == [60]
    assert [h["kind"] for h in record["hazards"]] == ["box", "hanging_sign"]
    assert record["hazards"][0]["callout_id"] == 20
    assert record["hazards"][1]["heard_m"] is None


def test_the_table_has_a_line_for_each_hazard_and_the_totals() -> None:
    shown = io.StringIO()
    Console(width=120, file=shown).print(debrief_table(example()))
    lines = shown.getvalue().splitlines()
    assert any(
        "box (ground)" in line and "2.8 m, +1.7 s" in line and "in time" in line and "Box." in line for line in lines
    )
    assert any("hanging sign" in line and "missed" in line for line in lines)
    assert any("false at 6.0 s: Chair." in line for line in lines)
    assert lines[-1].startswith("2 hazards: 1 in time, 0 late, 1 missed; 2 callouts of a place, 1 false")


def test_many_false_callouts_are_counted_instead_of_shown() -> None:
    spoken = heard(*(callout(n / 2, 2.0, text=f"Box {n}.") for n in range(1, 21)))
    shown = io.StringIO()
    Console(width=120, file=shown).print(debrief_table(debrief(spoken, walk(12), DROPS)))
    lines = shown.getvalue().splitlines()
    assert sum(line.startswith("false at") for line in lines) == 12
    assert "and 8 more, which the log names" in lines


def test_a_walk_without_frames_has_no_hazards() -> None:
    result = debrief(heard(callout(1.0, 2.0)), [], DROPS)
    assert result.hazards == ()
    assert len(result.false) == 1
