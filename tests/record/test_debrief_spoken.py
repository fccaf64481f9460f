"""When nouns were heard, by the voice's fates."""

from __future__ import annotations

import pytest
from truths import RATE_WPM, TONES, callout, heard, say

from edge_nav.guidance.guidance_settings import GuidanceSettings, Language
from edge_nav.guidance.phrasebook import Phrasebook, phrases
from edge_nav.record.debrief_spoken import CalloutCollector, mentions_of, spoken_seconds
from edge_nav.types import Mention, VoiceFate


def test_what_never_sounded_was_not_heard() -> None:
    collector = CalloutCollector(TONES, RATE_WPM)
    for t in (1.0, 2.0, 3.0):
        collector.callout(callout(t, 4.0))
    collector.fate(VoiceFate(10, "expired", 2.5, None))
    collector.fate(VoiceFate(20, "spoken", 2.78, 0.5))
    collector.fate(VoiceFate(99, "spoken", 2.78, 0.5))  # an answer, which was asked for
    assert [(s.callout.id, s.began_s, s.ended_s) for s in collector.spoken] == [(20, 2.5, 2.78)]
    assert len(collector.decided) == 3


def test_a_noun_is_heard_at_its_share_of_the_words() -> None:
    collector = CalloutCollector(TONES, RATE_WPM)
    one = callout(1.0, 2.0, text="Low obstacle ahead, two metres.")
    collector.callout(one)
    collector.fate(VoiceFate(one.id, "spoken", 1.1 + 0.08 + 2.5, 0.1))  # a slow voice: half a second a word
    assert collector.spoken[0].heard_s == (pytest.approx(1.1 + 0.08 + 1.0),)


@pytest.mark.parametrize(("cut_s", "heard_at"), [(0.47, None), (0.48, 1.58), (5.0, 1.58)])
def test_of_a_sentence_that_was_cut_the_rate_tells(cut_s: float, heard_at: float | None) -> None:
    collector = CalloutCollector(TONES, RATE_WPM)
    say(collector, callout(1.0, 2.0, text="Low obstacle ahead, two metres."), cut_s=cut_s)
    assert collector.spoken[0].heard_s == (None if heard_at is None else pytest.approx(heard_at),)


def test_each_noun_of_a_sentence_has_its_own_time() -> None:
    mentions = (Mention("obstacle", 1, 2.0, 0.0, 0), Mention("obstacle", 2, 2.0, 0.0, 2))
    (spoken,) = heard(callout(1.0, 2.0, text="Table and chair ahead, two metres.", mentions=mentions)).spoken
    assert spoken.heard_s == (pytest.approx(1.1 + 0.08 + 0.2), pytest.approx(1.1 + 0.08 + 0.6))
    assert spoken.words == 6


def test_what_overlaps_was_spoken_once() -> None:
    one, two = callout(1.0, 2.0, text="One two three four."), callout(1.4, 2.0, text="Five.")
    assert spoken_seconds(heard(one, two).spoken) == pytest.approx(0.88)
    assert spoken_seconds([]) == 0.0


@pytest.mark.parametrize("language", ["en", "de", "es", "hi"])
@pytest.mark.parametrize("bearing_deg", [0.0, 40.0])
@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("kind", ["obstacle", "stairs_down", "head"])
def test_the_noun_of_a_sentence_is_found(language: Language, bearing_deg: float, urgent: bool, kind: str) -> None:
    book = Phrasebook(GuidanceSettings(language=language))
    text = book.hazard(kind, bearing_deg, 1.5, urgent=urgent, hedged=False, veer="left")
    priority = "stop" if urgent else "caution"
    (mention,) = mentions_of(callout(1.0, 1.5, bearing_deg, kind=kind, text=text, priority=priority))
    said = text.split()[urgent : mention.noun_word + 1]
    assert " ".join(said).rstrip(",") == phrases(language).what[kind]


@pytest.mark.parametrize("priority", ["info", "fault"])
def test_messages_name_nothing(priority: str) -> None:
    assert mentions_of(callout(1.0, 2.0, priority=priority)) == ()
    assert mentions_of(callout(1.0, None)) == ()
    assert mentions_of(callout(1.0, 2.0, None)) == ()
