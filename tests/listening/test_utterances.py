from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_nav.listening.sound import BLOCK, BLOCK_S
from edge_nav.listening.utterances import (
    END_S,
    MOST_S,
    UtteranceBegan,
    UtteranceContinued,
    UtteranceEnded,
    UtteranceEvent,
    Utterances,
)


def blocks(seconds: float) -> int:
    return round(seconds / BLOCK_S)


def hear(
    u: Utterances, *parts: tuple[float, float], own: tuple[float, float] = (9e9, 9e9)
) -> list[tuple[float, UtteranceEvent]]:
    """Seconds of a probability, one after the other; ``own``: when its own voice is heard."""
    found, n = [], 0
    for seconds, probability in parts:
        for _ in range(blocks(seconds)):
            t = n * BLOCK_S
            sound = np.full(BLOCK, n, np.float32)
            found += [(t, e) for e in u.block(sound, probability, own_voice=own[0] <= t < own[1])]
            n += 1
    return found


def ends(events: list[tuple[float, UtteranceEvent]]) -> list[str]:
    return [e.why for _, e in events if isinstance(e, UtteranceEnded)]


def sound_of(events: list[tuple[float, UtteranceEvent]]) -> np.ndarray:
    return np.concatenate([e.sound for _, e in events if isinstance(e, UtteranceBegan | UtteranceContinued)])


def test_the_first_syllable_is_in_the_sound() -> None:
    events = hear(Utterances("hands_free"), (1.0, 0.0), (1.0, 0.9), (1.0, 0.0))
    sound = sound_of(events)
    first_spoken = blocks(1.0)
    assert sound[0] <= first_spoken - blocks(0.4)
    assert set(range(first_spoken, first_spoken + blocks(1.0))) <= {int(v) for v in sound[::BLOCK]}
    assert list(np.diff(sound[::BLOCK])) == [1.0] * (len(sound) // BLOCK - 1)  # no block lost or twice


def test_the_end_of_speech_is_noticed_within_half_a_second() -> None:
    events = hear(Utterances("hands_free"), (0.5, 0.0), (1.0, 0.9), (1.0, 0.0))
    t, end = next((t, e) for t, e in events if isinstance(e, UtteranceEnded))
    assert end.why == "said"
    assert t - 1.5 < 0.5
    assert end.ended_s < 0.5
    assert end.speech_s == pytest.approx(1.0, abs=0.1)


def test_a_pause_between_words_does_not_end_the_question() -> None:
    assert ends(hear(Utterances("hands_free"), (0.5, 0.9), (END_S - 0.1, 0.0), (0.5, 0.9), (1.0, 0.0))) == ["said"]


def test_a_cough_is_too_short_and_a_speech_too_long() -> None:
    assert ends(hear(Utterances("hands_free"), (0.1, 0.9), (1.0, 0.0))) == ["too_short"]
    assert ends(hear(Utterances("hands_free"), (MOST_S + 4.0, 0.9), (1.0, 0.0))) == ["too_long"]


def test_what_follows_a_speech_without_a_pause_is_not_a_question_either() -> None:
    u = Utterances("hands_free")
    assert ends(hear(u, (MOST_S + 1.0, 0.9), (0.1, 0.0), (1.0, 0.9), (1.0, 0.0))) == ["too_long", "said"]


def test_push_to_talk_hears_nothing_before_the_push_and_one_question_after_it() -> None:
    u = Utterances("push_to_talk")
    assert hear(u, (2.0, 0.9), (1.0, 0.0)) == []
    u.push()
    events = hear(u, (0.5, 0.0), (1.0, 0.9), (1.0, 0.0), (1.0, 0.9), (1.0, 0.0))
    assert ends(events) == ["said"]
    assert next(e for _, e in events if isinstance(e, UtteranceEnded)).pushed


def test_a_push_runs_out() -> None:
    u = Utterances("push_to_talk")
    u.push()
    assert hear(u, (6.0, 0.0), (1.0, 0.9), (1.0, 0.0)) == []


def test_a_held_button_ends_with_its_release() -> None:
    u = Utterances("push_to_talk")
    u.push(held=True)
    hear(u, (0.3, 0.0), (1.0, 0.9), (1.5, 0.0), (0.5, 0.9))  # a long pause within
    assert u.running
    (end,) = u.release()
    assert isinstance(end, UtteranceEnded)
    assert (end.why, end.pushed) == ("said", True)
    assert u.release() == []


def test_its_own_voice_is_nobodys_question() -> None:
    assert hear(Utterances("hands_free"), (2.0, 0.9), (1.0, 0.0), own=(0.0, 2.0)) == []


def test_a_question_under_its_own_voice_is_cut_off_and_its_rest_is_no_question() -> None:
    events = hear(Utterances("hands_free"), (2.0, 0.9), (0.5, 0.0), own=(0.8, 1.2))
    assert ends(events) == ["cut_off"]


def test_a_lost_microphone_forgets_what_was_begun() -> None:
    u = Utterances("hands_free")
    hear(u, (0.5, 0.9))
    assert u.running
    u.lost()
    assert hear(u, (1.0, 0.0)) == []


@given(st.lists(st.tuples(st.floats(0.05, 3.0), st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.95])), max_size=12))
def test_every_beginning_has_one_end_and_lasts_no_longer_than_allowed(parts: list[tuple[float, float]]) -> None:
    events = [e for _, e in hear(Utterances("hands_free"), *parts, (12.0, 0.0))]
    kinds = [type(e) for e in events if not isinstance(e, UtteranceContinued)]
    assert kinds == [UtteranceBegan, UtteranceEnded] * (len(kinds) // 2)
    for e in events:
        if isinstance(e, UtteranceEnded):
            assert e.speech_s <= MOST_S + 0.2
