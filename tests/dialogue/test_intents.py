"""What people say is understood. phrasings.yaml was written without knowledge of the intent tables."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
import yaml

from edge_nav.dialogue.intents import (
    ABOUT_A_THING,
    ABOUT_THE_WAY,
    COMMANDS,
    SAFETY,
    THING,
    Intent,
    Understanding,
    intent_table,
)
from edge_nav.types import Language

TABLE = yaml.safe_load(Path(__file__).with_name("phrasings.yaml").read_text(encoding="utf-8"))
SAFETY_QUESTIONS = yaml.safe_load(Path(__file__).with_name("safety_questions.yaml").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_about_safety_is_measured_or_changes_anything(language: Language) -> None:
    understanding, says = Understanding(language), SAFETY_QUESTIONS[language]
    assert len(says) >= (160 if language == "en" else 25)
    found = [understanding.intent(say) for say in says]
    # How far a vehicle is that can be seen may be told; that none is, is never (see test_answers.py).
    other = [
        (say, intent)
        for say, intent in zip(says, found, strict=True)
        if intent is not None and intent.name != SAFETY and (intent.name, intent.thing) not in VEHICLES
    ]
    assert other == []
    assert sum(intent is not None and intent.name == SAFETY for intent in found) >= 0.84 * len(says)


VEHICLES = {(name, thing) for name in ABOUT_A_THING for thing in ("car", "bicycle")}


@pytest.mark.parametrize(
    ("language", "say", "name"),
    [
        ("en", "is it safe", "safety"),
        ("en", "is it safe to cross the road now", "safety"),
        ("en", "can i go on", "way_clear"),
        ("en", "can i go", "safety"),
        ("en", "is the road clear", "safety"),
        ("en", "is the road ahead clear", "safety"),
        ("en", "is the light green", "safety"),
        ("en", "is the light on in here", None),
        ("en", "what colour is the car", None),
        ("en", "where is the car", "where_thing"),
        ("en", "describe the traffic", None),
        ("en", "describe the street", "describe"),
        ("en", "read the street sign", "read"),
        ("en", "play the safety notice", "introduction"),
        ("en", "is it clear on my left", "left"),
        ("en", "is the path on the right clear", "right"),
        ("en", "what is on my left and right", "around"),
        ("en", "is there a step", None),
        ("en", "it is nine o'clock", None),
        ("de", "ist die straße frei", "safety"),
        ("de", "ist der weg frei", "way_clear"),
        ("de", "gibt es eine gefahr vor mir", "safety"),
        ("de", "lies das schild an der straße", "read"),
        ("de", "was ist links und rechts", "around"),
        ("es", "está libre la calle", "safety"),
        ("es", "está libre el camino", "way_clear"),
        ("es", "lee el cartel de la calle", "read"),
        ("hi", "क्या सड़क खाली है", "safety"),
        ("hi", "क्या रास्ता खाली है", "way_clear"),
        ("hi", "सड़क का बोर्ड पढ़ो", "read"),
    ],
)
def test_safety_roads_and_sides(language: Language, say: str, name: str | None) -> None:
    found = Understanding(language).intent(say)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("language", "say", "name"),
    [
        ("en", "don't stop", None),
        ("en", "please do not pause", None),
        ("en", "don't be so quiet", None),
        ("en", "never use feet", None),
        ("en", "don't speak faster", None),
        ("en", "don't undo that", None),
        ("en", "don't talk so much", "less"),
        ("en", "not so loud", "softer"),
        ("en", "not so fast", "slower"),
        ("en", "use metres, not feet", "metres"),
        ("en", "i don't want to hear it", "stop_talking"),
        ("de", "nicht anhalten", None),
        ("de", "stopp nicht", None),
        ("de", "sprich nicht lauter", None),
        ("de", "sei nicht so ruhig", None),
        ("de", "rede nicht so viel", "less"),
        ("es", "no pare", None),
        ("es", "no cambies a pies", None),
        ("es", "no hables tanto", "less"),
        ("es", "no hables tan rápido", "slower"),
        ("hi", "मार्गदर्शन मत रोको", None),
        ("hi", "फुट मत इस्तेमाल करो", None),
        ("hi", "आवाज़ मत बढ़ाओ", None),
        ("hi", "इतना मत बोलो", "less"),
    ],
)
def test_a_command_that_is_denied_is_none(language: Language, say: str, name: str | None) -> None:
    found = Understanding(language).intent(say)
    assert (found and found.name) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_core_phrases_are_whole_and_remarks_are_not(language: Language) -> None:
    table, understanding = intent_table(language), Understanding(language)
    assert set(table.intents) >= COMMANDS | ABOUT_THE_WAY | {SAFETY}
    for name in COMMANDS:
        assert [p for p in table.intents[name].core if not understanding.intent(p).whole] == []
    remarks = {remark: understanding.intent(remark) for remark in table.remarks}
    assert [r for r, intent in remarks.items() if intent is None or intent.name not in COMMANDS or intent.whole] == []


@pytest.mark.parametrize(
    ("language", "say"),
    [
        *(
            ("en", say)
            for say in ("Mind your feet!", "Hurry up!", "Let's take a break.", "No.", "Slow down, would you?")
        ),
        *(
            ("en", say)
            for say in ("Not so loud, please.", "Undo it.", "Be quiet!", "Anything else?", "Too fast!", "Wake up!")
        ),
        *(("en", say) for say in ("Stop the car", "Pause the film, I need the loo.", "Faster, Daddy, faster!")),
        *(
            ("de", say)
            for say in ("Beeil dich!", "Warte!", "Nicht so laut!", "Pass auf deine Füße auf!", "Langsam!", "Weiter!")
        ),
        *(
            ("es", say)
            for say in (
                "¡Date prisa!",
                "¡Espera!",
                "¡Sigue!",
                "¡Vamos!",
                "¡Más fuerte, papá!",
                "¡Cuidado con los pies!",
            )
        ),
        *(("hi", say) for say in ("रुको!", "जल्दी करो!", "चलो!", "धीरे धीरे!", "आगे बढ़ो!", "आराम से!")),
    ],
)
def test_what_people_say_to_each_other_is_no_whole_command(language: Language, say: str) -> None:
    found = Understanding(language).intent(say)
    assert found is None or found.name not in COMMANDS or not found.whole


@pytest.mark.parametrize(
    ("say", "whole"),
    [("use feet", True), ("could you please use feet now", True), ("louder please", True), ("use feet at home", False)],
)
def test_a_command_is_whole_or_not(say: str, whole: bool) -> None:
    found = Understanding("en").intent(say)
    assert found is not None
    assert (found.name in COMMANDS, found.whole) == (True, whole)


@pytest.mark.parametrize(
    ("language", "say", "phrase"),
    [
        ("en", "am i clear", "is the way clear"),
        ("en", "where's the loo", "where is the toilet"),
        ("en", "fewer messages", "talk less"),
        ("de", "etwas lauter bitte", "lauter"),
        ("es", "en pies", "usa pies"),
        ("hi", "फुट", "फुट में बताओ"),
    ],
)
def test_the_canonical_phrase_is_the_first_of_the_intent(language: Language, say: str, phrase: str) -> None:
    understanding = Understanding(language)
    found = understanding.intent(say)
    assert found is not None
    assert understanding.canonical(found) == phrase


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
