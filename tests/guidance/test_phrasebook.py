from __future__ import annotations

import itertools
from typing import get_args

import pytest

from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook, phrases
from edge_nav.guidance.wording import MAX_WORDS
from edge_nav.types import Language

LANGUAGES = get_args(Language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alert_has_its_phrase_and_no_phrase_is_without_an_alert(language: Language) -> None:
    p, english = phrases(language), phrases("en")
    assert p.language == language
    assert set(p.what) == {h.kind for h in alerts().hazards}
    assert set(p.messages) == {m.kind for m in alerts().messages}
    assert set(p.names) == set(english.names)
    assert set(p.answers) == set(english.answers)
    assert all(text.strip() for text in (*p.what.values(), *p.messages.values(), *p.numbers))


@pytest.mark.parametrize("language", LANGUAGES)
def test_patterns_have_the_same_blanks_in_every_language(language: Language) -> None:
    def blanks(node: object) -> object:
        if isinstance(node, dict):
            return {k: blanks(v) for k, v in node.items() if k not in ("what", "messages", "numbers", "language")}
        return sorted(word for word in ("{what}", "{where}", "{distance}", "{rest}", "{n}") if word in str(node))

    assert blanks(phrases(language).model_dump()) == blanks(phrases("en").model_dump())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_callout_is_longer_than_twelve_words(language: Language) -> None:
    for directions, units in itertools.product(("clock", "sides", "degrees"), ("metres", "feet", "steps")):
        book = Phrasebook(GuidanceSettings(language=language, directions=directions, units=units))
        for alert, bearing, distance in itertools.product(
            alerts().hazards, (-170, -80, -31, 0, 20, 62), (0.2, 1.0, 1.5, 2.4, 3.4, 5.9)
        ):
            text = book.hazard(alert.kind, bearing, distance, urgent=True, hedged=True, veer=None)
            assert len(text.split()) <= MAX_WORDS, text
    for message in phrases(language).messages.values():
        assert len(message.split()) <= MAX_WORDS


def test_the_grammar_of_the_design() -> None:
    book = Phrasebook(GuidanceSettings())
    assert book.hazard("drop", 3, 1.1, urgent=True, hedged=False, veer=None) == "Stop. Drop-off ahead, one metre."
    assert (
        book.hazard("head", 32, 2.1, urgent=False, hedged=False, veer=None) == "Head height, one o'clock, two metres."
    )


@pytest.mark.parametrize(
    ("metres", "words"),
    [
        (0.1, "half a metre"),
        (0.6, "half a metre"),
        (0.8, "one metre"),
        (1.3, "one and a half metres"),
        (2.0, "two metres"),
        (2.6, "two and a half metres"),
        (2.9, "three metres"),
        (3.4, "three metres"),
        (5.6, "six metres"),
    ],
)
def test_distances_round_to_half_metres_below_three(metres: float, words: str) -> None:
    assert Phrasebook(GuidanceSettings()).distance(metres) == words


def test_units_and_directions() -> None:
    feet = Phrasebook(GuidanceSettings(units="feet"))
    steps = Phrasebook(GuidanceSettings(units="steps", step_length_m=0.7))
    assert (feet.distance(0.31), feet.distance(1.83)) == ("one foot", "six feet")
    assert (steps.distance(0.5), steps.distance(2.1)) == ("one step", "three steps")
    clock, sides, degrees = (Phrasebook(GuidanceSettings(directions=d)) for d in ("clock", "sides", "degrees"))
    assert [clock.where(b) for b in (-14.9, 1, 16, -16, 46, -62)] == [
        "ahead",
        "ahead",
        "one o'clock",
        "eleven o'clock",
        "two o'clock",
        "ten o'clock",
    ]
    assert [sides.where(b) for b in (-40, 0, 40)] == ["left", "ahead", "right"]
    assert degrees.where(-38) == "40 degrees left"


@pytest.mark.parametrize("language", LANGUAGES)
def test_left_and_right_are_never_the_same_words(language: Language) -> None:
    for directions in ("clock", "sides", "degrees"):
        book = Phrasebook(GuidanceSettings(language=language, directions=directions))
        for bearing in (20, 35, 50, 80):
            assert book.where(bearing) != book.where(-bearing)
    assert phrases(language).veer.left != phrases(language).veer.right
