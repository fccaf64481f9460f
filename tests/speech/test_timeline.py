"""The voice's rules in the walk's time, without sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge_nav.speech.timeline import VoiceTimeline
from edge_nav.types import Callout, VoiceFate

fates: list[VoiceFate] = []


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    fates.clear()
    yield


def timeline(is_current: Callable[[Callout], bool] = lambda _: True, **changes: Any) -> VoiceTimeline:
    return VoiceTimeline(300, **{"earcons": True, "is_current": is_current, "on_fate": fates.append, **changes})


def callout(number: int, t: float, **changes: Any) -> Callout:
    fields: dict[str, Any] = {"kind": "obstacle", "priority": "caution", "text": "Box ahead, two metres."}
    return Callout(**{"id": number, "t": t, "expires_t": t + 2.0, "key": f"k{number}", **fields, **changes})


def told() -> list[tuple[int, str, float, float | None]]:
    return [(f.callout_id, f.state, round(f.t, 3), f.latency_s and round(f.latency_s, 3)) for f in fates]


def test_a_sentence_takes_its_tone_and_its_words() -> None:
    voice = timeline()
    voice.say(callout(1, 1.0), 1.06)
    voice.tick(1.9)
    assert voice.speaking
    assert told() == []
    voice.tick(2.0)
    assert told() == [(1, "spoken", 1.94, 0.06)]  # 0.08 s of tone and four words of 0.2 s
    assert not voice.speaking


def test_the_next_waits_its_turn_and_the_stop_does_not() -> None:
    voice = timeline()
    voice.say(callout(1, 1.0), 1.06)
    voice.say(callout(2, 1.2), 1.26)
    voice.say(callout(3, 2.2, priority="stop", text="Stop. Box."), 2.26)
    voice.close(3.0)
    assert told() == [(1, "spoken", 1.94, 0.06), (2, "interrupted", 2.26, 0.74), (3, "spoken", 2.79, 0.06)]


def test_what_comes_too_late_is_never_said() -> None:
    voice = timeline()
    voice.say(callout(1, 1.0, text="one " * 20), 1.0)
    voice.say(callout(2, 1.1), 1.1)
    voice.say(callout(3, 3.5, key="k"), 3.5)
    voice.say(callout(4, 3.6, key="k"), 3.6)  # it takes the other's place
    voice.close(5.0)
    assert [(n, state) for n, state, *_ in told()] == [
        (2, "expired"),
        (3, "expired"),
        (1, "spoken"),
        (4, "spoken"),
    ]


def test_what_no_longer_holds_is_not_said() -> None:
    holds = {1: True, 2: True}
    voice = timeline(lambda c: holds[c.id])
    voice.say(callout(1, 1.0), 1.0)
    voice.say(callout(2, 1.2), 1.2)
    holds[2] = False
    voice.tick(1.3)
    assert told() == [(2, "expired", 1.21, None)]


def test_a_slower_voice_without_tones() -> None:
    voice = timeline(earcons=False)
    voice.adjust(120)
    voice.say(callout(1, 0.0), 0.5)
    voice.close(1.0)
    assert told() == [(1, "spoken", 2.5, 0.5)]


def test_hushing_ends_answers_and_no_warnings() -> None:
    voice = timeline()
    voice.say(callout(1, 1.0, priority="answer"), 1.0)
    voice.say(callout(2, 1.1, priority="answer"), 1.1)
    voice.hush(1.2)
    assert told() == [(2, "expired", 1.2, None), (1, "interrupted", 1.2, 0.0)]
    voice.say(callout(3, 1.3), 1.3)
    voice.hush(1.4)
    assert voice.speaking


def test_the_end_of_a_walk_is_everything_s_end() -> None:
    voice = timeline()
    voice.say(callout(1, 1.0, text="one " * 40), 1.0)
    voice.say(callout(2, 1.1, expires_t=99.0), 1.1)
    voice.close(2.0)
    assert told() == [(2, "expired", 7.0, None), (1, "interrupted", 7.0, 0.0)]


def test_the_same_words_are_heard_the_same_however_often_the_walk_looks() -> None:
    for step in (0.03, 0.1, 0.5):
        fates.clear()
        voice = timeline()
        at = 0.0
        for number in range(1, 6):
            voice.say(callout(number, number * 0.5), number * 0.5)
            while at < number * 0.5 + 0.5:
                at += step
                voice.tick(min(at, number * 0.5 + 0.5))
        voice.close(4.0)
        assert [(n, state) for n, state, *_ in told()] == [
            (1, "spoken"),
            (2, "spoken"),
            (3, "spoken"),
            (4, "spoken"),
            (5, "spoken"),
        ], step
