"""What people say is understood. phrasings.yaml was written without knowledge of the intent tables."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
import yaml

from edge_nav.dialogue.intents import THING, Intent, Understanding, intent_table
from edge_nav.types import Language

TABLE = yaml.safe_load(Path(__file__).with_name("phrasings.yaml").read_text(encoding="utf-8"))
LANGUAGES = get_args(Language)


def understood(understanding: Understanding, row: dict[str, str]) -> bool:
    found = understanding.intent(row["say"])
    if row["intent"] == "open":
        return found is None
    return found is not None and found.name == row["intent"] and found.thing == row.get("thing")


def test_the_table_is_large_and_covers_every_intent() -> None:
    assert len(TABLE["en"]) >= 300
    counts = Counter(row["intent"] for row in TABLE["en"])
    assert set(counts) == {*intent_table("en").intents, "open"}
    assert min(counts.values()) >= 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrasings_are_understood(language: Language) -> None:
    understanding = Understanding(language)
    wrong = [row["say"] for row in TABLE[language] if not understood(understanding, row)]
    assert len(wrong) <= 0.02 * len(TABLE[language]), wrong


@pytest.mark.parametrize(
    ("say", "name", "safety"),
    [
        ("is it safe", "way_clear", True),
        ("is it safe to cross the road now", "safety", True),
        ("is it clear on my left", "left", False),
        ("is the path on the right clear", "right", False),
        ("is there a step", None, False),
        ("it is nine o'clock", None, False),
    ],
)
def test_safety_and_sides_are_not_lost(say: str, name: str | None, safety: bool) -> None:
    found = Understanding("en").intent(say)
    assert (found and found.name, bool(found and found.safety)) == (name, safety)


def test_no_open_question_is_answered_as_a_known_one() -> None:
    understanding = Understanding("en")
    taken = {r["say"]: understanding.intent(r["say"]) for r in TABLE["en"] if r["intent"] == "open"}
    assert [say for say, intent in taken.items() if intent] == []


def test_other_peoples_talk_is_no_question() -> None:
    understanding = Understanding("en")
    assert [say for say in TABLE["not_addressed"] if understanding.intent(say)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_the_same_intents_and_its_own_phrases(language: Language) -> None:
    table, english = intent_table(language), intent_table("en")
    assert set(table.intents) == set(english.intents)
    assert set(table.things) == set(english.things)
    understanding = Understanding(language)
    for name, phrasings in table.intents.items():
        for phrase in phrasings.core:
            thing = next(iter(table.things)) if THING in phrase else None
            said = phrase.replace(THING, table.things[thing][0]) if thing else phrase
            assert understanding.intent(said) is not None, said
            assert understanding.intent(said).name == name, said


@pytest.mark.parametrize(
    ("say", "name", "thing"),
    [
        ("WHAT'S AHEAD?!", "ahead", None),
        ("what\u2019s ahead", "ahead", None),
        ("where is the staircse", "where_thing", "stairs"),  # a slip
        ("feet instead of metres please", "feet", None),
        ("use metres, not feet", "metres", None),
        ("how far is the elevator", "how_far_thing", "lift"),
        (unicodedata.normalize("NFD", "what's ahead"), "ahead", None),
    ],
)
def test_spelling_order_and_slips_change_nothing(say: str, name: str, thing: str | None) -> None:
    found = Understanding("en").intent(say)
    assert found is not None
    assert (found.name, found.thing) == (name, thing)


def test_hindi_with_its_full_stop_is_the_same_question() -> None:
    assert Understanding("hi").intent("मेरे सामने क्या है।") == Understanding("hi").intent("मेरे सामने क्या है")


@pytest.mark.parametrize("say", ["", "   ", "?!", "the of to", "\u0000", "xyzzy plugh"])
def test_nothing_is_no_question(say: str) -> None:
    assert Understanding("en").intent(say) is None


def test_certainty_is_full_for_a_known_phrase() -> None:
    assert Understanding("en").intent("what is ahead") == Intent("ahead", None, 1.0)
