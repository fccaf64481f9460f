"""Nothing that Edge Nav says of itself tells that it is safe, that one may go or cross, or what colour a light has."""

from __future__ import annotations

from typing import get_args

import pytest
from golden.walks import SYNTHETIC, frames

from edge_nav.dialogue.dialogue import Dialogue, Situation
from edge_nav.dialogue.intents import THING, Intent, intent_table
from edge_nav.dialogue.preferences import Preferences
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook, phrases
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.guidance.spoken_rule import may_be_spoken, never_spoken
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Language, Scene

LANGUAGES = get_args(Language)
ALLOWED = {"not_safety", "notice", "introduction", "read_out"}
EVERY = 6
"""Of the golden walks' frames."""


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Of the golden walks, as they are perceived."""
    found: list[Scene] = []
    depth = SensorDepth()
    for name in SYNTHETIC:
        perception = Perception(PerceptionSettings())
        seen = [perception.perceive(frame, depth.infer(frame)) for frame in frames(name)]
        found += seen[::EVERY]
    return found


def test_the_phrases_that_may_use_such_words_are_these_alone() -> None:
    assert set(never_spoken().may_say) == ALLOWED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_of_every_language_keeps_the_rule(language: Language) -> None:
    p = phrases(language)
    tables = (p.messages, p.answers, p.what, p.names, {"veer": p.veer.left}, {"veer": p.veer.right})
    broken = [(k, t) for table in tables for k, t in table.items() if not may_be_spoken(k, t, language)]
    assert broken == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_to_every_intent_in_every_scene_keeps_the_rule(language: Language, scenes: list[Scene]) -> None:
    table, refusal = intent_table(language), phrases(language).answers["not_safety"]
    intents = [
        Intent(name, thing, 1.0)
        for name, phrasings in table.intents.items()
        for thing in (table.things if any(THING in p for p in phrasings.core) else (None,))
    ]
    told = 0
    for scene in scenes:
        for intent in intents:
            dialogue = Dialogue(GuidanceSettings(language=language), SpeechSettings(), Preferences())
            outcome = dialogue.answer(intent, Situation(scene, scene.t, "", None))
            for text in (outcome.text, outcome.otherwise):
                told += bool(text)
                refuses = text == refusal or intent.name == "introduction"
                assert refuses or may_be_spoken(intent.name, text, language), text
    assert told > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_callout_in_every_scene_keeps_the_rule(language: Language, scenes: list[Scene]) -> None:
    policy = GuidancePolicy(GuidanceSettings(language=language, verbosity="talkative"))
    texts = [c.text for scene in scenes for c in policy.update(scene)]
    assert texts
    assert [t for t in texts if not may_be_spoken("", t, language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_put_into_a_phrase_cannot_break_the_rule(language: Language) -> None:
    book = Phrasebook(GuidanceSettings(language=language))
    refusal = phrases(language).answers["not_safety"]
    assert book.answer("not_safety") == refusal
    assert book.answer("failing", what=refusal) == phrases(language).answers["cannot_tell"]


def test_what_was_read_is_said_to_be_read() -> None:
    assert Phrasebook(GuidanceSettings()).answer("read_out", text="WALK NOW") == "It says: WALK NOW"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The light is green."),
        ("en", "It is safe."),
        ("en", "You can cross."),
        ("en", "Go ahead."),
        ("de", "Es ist sicher."),
        ("de", "Die Ampel ist grün."),
        ("de", "Sie dürfen gehen."),
        ("es", "Puede cruzar."),
        ("es", "Es seguro."),
        ("hi", "सुरक्षित है।"),
        ("hi", "पार कीजिए।"),
    ],
)
def test_the_rule_catches_what_it_is_for(language: Language, text: str) -> None:
    assert not may_be_spoken("describe", text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Obstacle ahead, one metre."),
        ("en", "The cargo is heavy."),
        ("de", "Frei auf drei Meter."),
        ("es", "Libre."),
    ],
)
def test_the_rule_lets_the_rest_be_said(language: Language, text: str) -> None:
    assert may_be_spoken("", text, language)
