"""What was said against what was there, on walks of plain data: the hazards, the record and the table."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console
from truths import RATE_WPM, TONES, callout, heard, say, walk

from edge_nav.record.debrief import Debrief, debrief, debrief_record
from edge_nav.record.debrief_hazards import find_hazards
from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.record.debrief_table import debrief_table
from edge_nav.types import EDGE, Mention, TruthFrame

DROPS = frozenset({"drop"})


def test_a_warning_before_the_stopping_distance_is_in_time() -> None:
    result = debrief(heard(callout(2.0, 3.1)), walk(5, (5.0, {})), DROPS)
    (hazard,) = result.hazards
    # 0.7 s and braking at 3 m/s2 from 1 m/s, and half a body: 1.12 m.
    assert hazard.needed_s == pytest.approx(3.9)
    assert hazard.outcome == "in time"
    # Begun at 2.1 s, a tone of 0.08 s, a word of 0.2 s.
    assert hazard.heard_s == pytest.approx(2.38)
    assert hazard.warned_m == pytest.approx(2.6, abs=0.06)
    assert hazard.lead_s == pytest.approx(3.9 - 2.38)
    assert not result.judged("false")


def test_a_warning_after_it_is_late_and_one_after_the_thing_is_none() -> None:
    late = debrief(heard(callout(4.0, 1.0)), walk(7, (5.0, {})), DROPS)
    assert [h.outcome for h in late.hazards] == ["late"]
    gone = debrief(heard(callout(6.5, 1.0)), walk(7, (5.0, {})), DROPS)
    assert [h.outcome for h in gone.hazards] == ["missed"]
    assert len(gone.judged("false")) == 1


def test_the_noun_has_to_have_been_spoken() -> None:
    truth = walk(5, (5.0, {}))
    # Needed at 3.9 s: the noun "box" has been spoken 0.28 s after the first sample.
    assert debrief(heard(callout(3.5, 1.5), latency_s=0.1), truth, DROPS).count("in time") == 1
    assert debrief(heard(callout(3.5, 1.5), latency_s=0.2), truth, DROPS).count("late") == 1


def test_a_sentence_that_was_cut_before_its_noun_warned_nobody() -> None:
    truth = walk(5, (5.0, {}))
    for cut_s, outcome in ((0.5, "missed"), (0.54, "in time")):  # 0.13 s of tone, "Stop.", "Box"
        collector = CalloutCollector(TONES, RATE_WPM)
        say(collector, callout(2.0, 3.0, priority="stop", text="Stop. Box ahead, three metres."), cut_s=cut_s)
        result = debrief(collector, truth, DROPS)
        assert [h.outcome for h in result.hazards] == [outcome]
        assert len(result.sentences) == 1


def test_a_sentence_warns_of_all_that_it_names() -> None:
    truth = walk(8, (5.0, {"kind": "table"}), (5.5, {"kind": "chair", "number": 8}))
    mentions = (Mention("obstacle", 1, 3.0, 0.0, 0), Mention("obstacle", 2, 3.5, 0.0, 2))
    both = callout(2.0, 3.0, text="Table and chair ahead, three metres.", mentions=mentions)
    result = debrief(heard(both), truth, DROPS)
    assert [(h.kind, h.outcome) for h in result.hazards] == [("table", "in time"), ("chair", "in time")]
    # One word and three after the tone, which ends at 2.18 s.
    assert [h.heard_s for h in result.hazards] == [pytest.approx(2.38), pytest.approx(2.78)]
    one = debrief(heard(callout(2.0, 3.0, text="Table ahead, three metres.", mentions=mentions[:1])), walk(8), DROPS)
    assert len(one.sentences) == 1


def test_of_two_things_named_only_the_one_in_time_was_told_in_time() -> None:
    truth = walk(8, (5.0, {"kind": "table"}), (5.2, {"kind": "chair", "number": 8}))
    mentions = (Mention("obstacle", 1, 1.4, 0.0, 0), Mention("obstacle", 2, 1.6, 0.0, 3))
    # Needed at 3.9 and 4.1 s; heard at 3.88 and 4.48 s.
    said = callout(3.5, 1.5, text="Table and wooden chair ahead.", mentions=mentions)
    result = debrief(heard(said), truth, DROPS)
    assert [(h.kind, h.outcome) for h in result.hazards] == [("table", "in time"), ("chair", "late")]


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
    result = debrief(heard(callout(8.0, 3.0, kind="drop", text="Drop-off.")), truth, DROPS)
    assert [h.outcome for h in result.hazards] == ["missed", "in time"]
    assert result.hazards[1].warned_m == pytest.approx(2.6, abs=0.1)


def test_a_drop_is_not_announced_by_a_word_about_an_obstacle() -> None:
    edge = {"number": EDGE, "kind": "drop", "band": "drop", "low_m": -0.2}
    result = debrief(heard(callout(2.0, 3.0)), walk(5, (5.0, edge)), DROPS)
    assert result.count("missed") == 1
    assert len(result.judged("false")) == 1
    result = debrief(heard(callout(2.0, 3.0, kind="drop")), walk(5, (5.0, {})), DROPS)
    assert len(result.judged("false")) == 1


def example() -> Debrief:
    spoken = heard(callout(2.0, 3.1), callout(6.0, 4.0, 60.0, text="Chair.", priority="stop"), callout(7.0, None))
    spoken.callout(callout(7.5, 2.0, text="Never had its turn."))
    return debrief(spoken, walk(9, (5.0, {}), (10.0, {"number": 8, "kind": "hanging_sign", "band": "head"})), DROPS)


def test_the_record_is_plain_json() -> None:
    record = json.loads(json.dumps(debrief_record(example(), 9.0), allow_nan=False))
    assert record["type"] == "debrief"
    assert (record["in_time"], record["late"], record["missed"], record["callouts"]) == (1, 0, 1, 3)
    assert (record["unheard"], record["words"], record["repeats"]) == (1, 7, 0)
    assert record["speaking_s"] == pytest.approx(0.28 + 0.33 + 0.28)
    assert (record["false_callouts"], record["beside_callouts"]) == ([60], [])
    assert [h["kind"] for h in record["hazards"]] == ["box", "hanging_sign"]
    assert record["hazards"][0]["callout_id"] == 20
    assert record["hazards"][0]["heard_s"] == 2.38
    assert (record["hazards"][1]["heard_m"], record["hazards"][1]["heard_s"]) == (None, None)


def shown(result: Debrief) -> list[str]:
    screen = io.StringIO()
    Console(width=160, file=screen).print(debrief_table(result))
    return screen.getvalue().splitlines()


def test_the_table_has_a_line_for_each_hazard_and_the_totals() -> None:
    lines = shown(example())
    assert any(
        "box (ground)" in line and "2.6 m, +1.5 s" in line and "in time" in line and "Box." in line for line in lines
    )
    assert any("hanging sign" in line and "missed" in line for line in lines)
    assert any("false at 6.0 s: Chair." in line for line in lines)
    assert lines[-1] == (
        "2 hazards: 1 in time, 0 late, 1 missed; 3 sentences, 1 false, 0 beside the way, 0 repeated, 1 unheard"
    )


def test_many_false_callouts_are_counted_instead_of_shown() -> None:
    lines = shown(debrief(heard(*(callout(n / 2, 2.0, text=f"Box {n}.") for n in range(1, 21))), walk(12), DROPS))
    assert sum(line.startswith("false at") for line in lines) == 12
    assert "and 8 more false, which the log names" in lines


def test_a_walk_without_frames_has_no_hazards() -> None:
    result = debrief(heard(callout(1.0, 2.0)), [], DROPS)
    assert result.hazards == ()
    assert len(result.judged("false")) == 1


def test_nothing_said_is_nothing_judged() -> None:
    result = debrief(heard(), walk(5, (5.0, {})), DROPS)
    record: dict[str, Any] = debrief_record(result, 5.0)
    assert (record["callouts"], record["words"], record["speaking_s"], record["missed"]) == (0, 0, 0.0, 1)
