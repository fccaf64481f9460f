from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_answers import CHAIR, POLE, WALL, scene, thing

from edge_nav.dialogue.claims import claims_of
from edge_nav.dialogue.grounding import may_be_said
from edge_nav.dialogue.measured import Measured, guarded
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.types import Language, Scene

SIDES = GuidanceSettings(directions="sides")
ALL = scene(CHAIR, POLE, WALL)
"""Ahead at 2 m; on the left, 11 o'clock, at 1.5 m; on the right, 1 o'clock, at 3 m."""
ONE = scene(CHAIR)


def check(sentence: str, seen: Scene = ALL, settings: GuidanceSettings = SIDES) -> str:
    return Measured(seen, settings).check(sentence).text


@pytest.mark.parametrize(
    "sentence",
    [
        "A red chair stands two metres ahead.",
        "A chair is in front of you.",
        "There is a chair about 2 m in front of you.",
        "There is a chair 6.5 feet ahead of you.",
        "The chair is 200 cm ahead.",
        "A chair is three steps ahead.",
        "There is a pole on your left.",
        "On the left there is a pole, one and a half metres away.",
        "There is a pole to your left, 5 feet away.",
        "The pole is a metre and a half away, to the left.",
        "The pole is between one and two metres away on the left-hand side.",
        "A wall is at one o'clock, 3 metres away.",
        "A pole is at 11 o'clock.",
        "There is a wall at 35 degrees to the right.",
        "A wall is on the right side of the image.",
        "A pole is on the left, and a wall is on the right.",
        "A pole is 1.5 metres away on the left and a wall is three metres away on the right.",
        "The pole on the left is less than two metres away.",
        "The wall on the right is at least two metres away.",
        "There is a pole very close to you on the left.",
        "A chair made of wood.",
        "The pole is no more than two metres away on your left.",
        "On your left, one and a half metres away, is a door; ahead is a chair.",
    ],
)
def test_what_was_measured_stands(sentence: str) -> None:
    assert check(sentence) == sentence


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("A chair stands five metres ahead.", "A chair stands two metres ahead."),
        ("There is a chair 4.5 m in front of you.", "There is a chair two metres in front of you."),
        ("The pole on the left is 10 feet away.", "The pole on the left is one and a half metres away."),
        ("The pole is ten steps away, on your left.", "The pole is one and a half metres away, on your left."),
        ("A wall on the right is about ten metres away.", "A wall on the right is about three metres away."),
        ("The wall on the right is less than a metre away.", "The wall on the right is three metres away."),
        ("A wall at one o'clock is 20 to 30 metres away.", "A wall at one o'clock is three metres away."),
        ("The pole on the left is a few metres away.", "The pole on the left is one and a half metres away."),
        (
            "On your left, two metres away, is a door; ahead is a chair.",
            "On your left, one and a half metres away, is a door; ahead is a chair.",
        ),
        (
            "A door is on the left, about 2 metres, and on the right a window at 5 meters.",
            "A door is on the left, about one and a half metres, and on the right a window at three metres.",
        ),
        ("Chair ahead, two metres; pole left, 4 metres.", "Chair ahead, two metres; pole left, one and a half metres."),
        ("A few metres ahead is a chair.", "Two metres ahead is a chair."),
        (
            "A pole is 5 metres away on the left and a wall is 9 metres away on the right.",
            "A pole is one and a half metres away on the left and a wall is three metres away on the right.",
        ),
        ("A wall is at ten o'clock, 3 metres away.", "A wall is at one o'clock, 3 metres away."),
        ("A wall three metres away on the left.", "A wall one and a half metres away on the left."),
    ],
)
def test_a_wrong_number_gives_way_to_the_measured_one(sentence: str, said: str) -> None:
    assert check(sentence) == said


@pytest.mark.parametrize(
    ("sentence", "seen", "said"),
    [
        ("The door is six metres away.", ONE, "The door is two metres away."),
        ("The door is six metres away.", ALL, ""),
        ("A car is on the left.", ONE, ""),
        ("A wall three metres away on the left.", scene(CHAIR, WALL), "A wall three metres away on the right."),
        ("On the right is a chair, two metres away.", ONE, "Ahead is a chair, two metres away."),
        ("A car is at nine o'clock.", ALL, ""),
        ("A car is 90 degrees to the left.", ALL, ""),
        ("A car is near you.", scene(WALL), ""),
        ("A chair is five metres ahead.", scene(replace(CHAIR, confidence=0.5)), "A chair is about two metres ahead."),
        ("A chair is five metres ahead.", scene(CHAIR, certainty=0.3), "A chair is about two metres ahead."),
        ("A chair is two metres ahead.", scene(replace(CHAIR, confidence=0.1)), ""),
        ("A chair is two metres ahead.", scene(CHAIR, view="dark"), ""),
        ("A red chair.", scene(CHAIR, view="dark"), "A red chair."),
        ("There is a chair ahead.", scene(), ""),
        ("Two of them are five metres ahead.", scene(CHAIR, thing(4, 4.0, 5.0)), ""),
        ("It is five metres ahead and nine metres ahead.", scene(CHAIR, thing(4, 4.0, 5.0)), ""),
    ],
)
def test_which_thing_is_meant_must_be_certain(sentence: str, seen: Scene, said: str) -> None:
    assert check(sentence, seen) == said


@pytest.mark.parametrize(
    ("sentence", "seen", "said"),
    [
        ("There is nothing on your left.", ALL, "Obstacle, left, one and a half metres."),
        ("There is nothing on your left.", ONE, "Nothing seen on the left."),
        ("I don't see anything on the right.", ALL, "Obstacle, right, three metres."),
        ("No, there is no chair in front of you.", ALL, "Obstacle ahead, two metres."),
        ("The chair isn't on the left.", ONE, "Nothing seen on the left."),
        ("The path is clear.", ALL, "Obstacle ahead, two metres."),
        ("The way ahead looks completely clear.", scene(POLE), "Nothing ahead for five metres."),
        ("Zero obstacles.", ONE, "Obstacle ahead, two metres."),
        ("The path leads straight on.", ONE, "Obstacle ahead, two metres."),
        ("There are no obstacles.", scene(POLE), "Nothing ahead for five metres."),
        ("There are no obstacles.", scene(clearance_m=None), "I can't tell."),
        ("Nothing is ahead.", ONE, "Obstacle ahead, two metres."),
        (
            "There is nobody on the left and nothing on the right.",
            ALL,
            "Obstacle, left, one and a half metres. Obstacle, right, three metres.",
        ),
        ("The pole on the left is not five metres away.", ALL, "Obstacle, left, one and a half metres."),
        ("It is not five metres away.", ALL, ""),
        ("The wall on the right is green, not white.", ALL, "Obstacle, right, three metres."),
    ],
)
def test_what_is_said_not_to_be_gives_way_to_what_was_measured(sentence: str, seen: Scene, said: str) -> None:
    assert check(sentence, seen) == said


@pytest.mark.parametrize(
    "sentence",
    [
        "It is safe to cross.",
        "It is alright.",
        "The door is open right now.",
        "There is a step up in front of you.",
        "Someone left a bag on the chair.",
        "You can go.",
        "Turn left.",
        "Go straight ahead.",
        "The path bends, so keep to the right.",
        "You should walk two metres ahead.",
        "There is a chair ahead, then turn right.",
        "There are three steps going down.",
        "It costs 5 euros.",
        "Bus number 42.",
        "The man is two metres tall.",
        "A 2-metre wall stands there.",
        "The branch hangs two metres above the ground.",
        "The chair is to the left of the table.",
        "A bicycle stands in front of the house.",
        "A dog is behind you.",
        "The chair is two metres from the wall.",
        "He holds a cane in his left hand.",
        "The room is 20 square metres.",
        "It is far away.",
        "The clock shows 10:10.",
        "The distance is small.",
        "A chair is 2.5 light years ahead.",
        "The chairs are two metres apart.",
        "On both sides there are houses.",
    ],
)
def test_what_was_not_measured_is_removed(sentence: str) -> None:
    assert check(sentence) == ""


def test_a_name_that_was_measured_tells_which_thing_is_meant() -> None:
    door, person = thing(5, 4.0, 5.0, label="door"), thing(6, 2.0, -5.0, label="person")
    seen = scene(door, person)
    assert check("A door is one metre ahead.", seen) == "A door is four metres ahead."
    assert check("A person is nine metres ahead.", seen) == "A person is two metres ahead."
    assert check("A cat is nine metres ahead.", seen) == ""
    assert check("A door is on the right.", scene(WALL, replace(CHAIR, label="door"))) == ""


def test_the_words_are_the_walkers() -> None:
    feet = GuidanceSettings(units="feet", directions="clock")
    assert check("The chair is 4 metres ahead.", ALL, feet) == "The chair is seven feet ahead."
    assert check("There is nothing on the left.", ALL, feet) == "Obstacle, eleven o'clock, five feet."


@pytest.mark.parametrize(
    ("language", "sentence", "said"),
    [
        ("de", "Rote Tür aus Holz.", "Rote Tür aus Holz."),
        ("de", "Der Stuhl steht zwei Meter vor dir.", "Der Stuhl steht zwei Meter vor dir."),
        ("de", "Der Stuhl steht fünf Meter vor dir.", "Der Stuhl steht zwei Meter vor dir."),
        ("de", "Links ist eine Tür.", ""),
        ("de", "Der Stuhl steht links vom Tisch.", ""),
        ("de", "Vor dir ist nichts.", "Hindernis voraus, zwei Meter."),
        ("es", "La puerta roja.", "La puerta roja."),
        ("es", "La silla está a dos metros.", "La silla está a dos metros."),
        ("es", "La silla está a nueve metros.", "La silla está a dos metros."),
        ("es", "La silla está a la izquierda.", ""),
        ("es", "La silla está a la izquierda de la mesa.", ""),
        ("es", "No hay nada delante.", "Obstáculo delante, dos metros."),
        ("hi", "लाल दरवाज़ा।", "लाल दरवाज़ा।"),
        ("hi", "कुर्सी दो मीटर पर है।", "कुर्सी दो मीटर पर है।"),
        ("hi", "कुर्सी पाँच मीटर पर है।", "कुर्सी दो मीटर पर है।"),
        ("hi", "कुर्सी बाईं ओर है।", ""),
        ("hi", "सामने कुर्सी है।", "सामने कुर्सी है।"),
        ("hi", "सामने कुछ नहीं है।", "रुकावट सामने, दो मीटर।"),
    ],
)
def test_every_language_is_judged_by_what_was_measured(language: Language, sentence: str, said: str) -> None:
    measured = Measured(ONE, GuidanceSettings(language=language, directions="sides"))
    assert measured.check(sentence).text == said
    assert measured.facts() in measured.prompt("?")
    assert measured.prompt("?").endswith("?")


def test_facts_are_metres_and_sides_whatever_the_walker_hears() -> None:
    measured = Measured(ALL, GuidanceSettings(units="steps", directions="clock"))
    assert measured.facts() == (
        "Obstacle, left, one and a half metres. Obstacle ahead, two metres. Obstacle, right, three metres."
    )
    assert measured.prompt("What is it?") == f"Measured from here: {measured.facts()} What is it?"
    assert measured.instead() == f"Measured: {measured.facts()}"


def test_an_answer_is_checked_as_it_comes_and_says_nothing_twice() -> None:
    pieces = iter(
        ["A red", " chair. The path is", " clear. There are no obstacles. It is safe.\nA door is 9 m ah", "ead"]
    )
    found = list(Measured(ALL, SIDES).checked(pieces))
    assert [v.text for v in found] == ["A red chair.", "Obstacle ahead, two metres.", "", "A door is two metres ahead"]
    assert [v.changed for v in found] == [False, True, True, True]


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("Is there a chair on the left?", "Yes.", "Obstacle, left, one and a half metres."),
        ("Is there a chair on the left?", "No, there isn't.", "Obstacle, left, one and a half metres."),
        ("Is the way free, can I go?", "Yes, you can.", "Obstacle ahead, two metres."),
        ("Is the path clear?", "Yes, it is.", "Obstacle ahead, two metres."),
        ("Is it three metres away?", "Yes", "Obstacle ahead, two metres."),
        ("Is the chair red?", "Yes.", "Yes."),
        ("Is the path clear?", "Yes, it is red.", "Obstacle ahead, two metres."),
        ("Is the chair red?", "No, it is blue.", "No, it is blue."),
        ("Is the chair red?", "No.", ""),
        ("Who is it?", "Yes.", ""),
    ],
)
def test_a_bare_yes_claims_what_was_asked(question: str, answer: str, said: str) -> None:
    assert [v.text for v in Measured(ALL, SIDES).checked([answer], question)] == [said]


def test_a_bare_yes_says_nothing_where_nothing_was_measured() -> None:
    assert [v.text for v in guarded(["Yes."], "en", "Is there a chair on the left?")] == [""]
    assert [v.text for v in guarded(["Yes."], "en", "Is the chair red?")] == ["Yes."]
    assert [v.text for v in Measured(scene(view="dark"), SIDES).checked(["Yes."], "Is it near?")] == [""]


UNSAFE = [
    "It is not dangerous.",
    "There is no danger.",
    "No problem.",
    "All good.",
    "Nothing to worry about.",
    "It's walkable.",
    "It's fine to walk.",
    "No cars are coming.",
    "I don't see any cars.",
    "There is no traffic.",
    "Nobody is around.",
    "There are no steps.",
    "The crosswalk is free.",
    "You can proceed.",
    "The light is green so you can proceed.",
    "Avoid the chair by passing left.",
    "Use the left door.",
    "You'd better veer right.",
    "Bus stop, half a block away.",
    "The door is within reach.",
    "It is an arm's length off.",
    "It is a mile.",
    "A car comes from the west.",
]


@pytest.mark.parametrize("sentence", UNSAFE)
def test_safety_advice_and_absence_are_removed_measured_or_not(sentence: str) -> None:
    assert check(sentence) == ""
    assert check(sentence, scene(view="dark")) == ""
    assert [v.text for v in guarded([sentence], "en")] == [""]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("You won't hit anything.", "Obstacle ahead, two metres."),
        ("I see nothing.", "Obstacle ahead, two metres."),
        ("There is an opening between the cars.", "Obstacle ahead, two metres."),
        ("Left is free.", "Obstacle, left, one and a half metres."),
        ("The right side is open.", "Obstacle, right, three metres."),
        ("A wide gap is on the right.", "Obstacle, right, three metres."),
        ("The chair is 2 to 9 metres ahead.", "The chair is two metres ahead."),
        ("A man is in the middle of the way.", "A man is in the middle of the way."),
    ],
)
def test_room_to_pass_is_measured(sentence: str, said: str) -> None:
    assert check(sentence) == said
    if "metres" not in sentence:
        assert [v.text for v in guarded([sentence], "en")] == [""]


@pytest.mark.parametrize(
    "sentence",
    [
        "There are no obstacles.",
        "Nothing blocks the way.",
        "Continue straight.",
        "Turn around.",
        "Both sides have shops.",
        "The person is straight in the path.",
        "The chair is beside you.",
        "A dog sits close by.",
    ],
)
def test_the_way_and_places_are_told_by_measuring_alone(sentence: str) -> None:
    assert [v.text for v in guarded([sentence], "en")] == [""]


@pytest.mark.parametrize(
    "sentence",
    [
        "A red chair made of wood.",
        "The sign says exit.",
        "It is a kitchen with white cupboards.",
        "The bus is yellow.",
        "There are two chairs.",
        "A pair of chairs.",
    ],
)
def test_names_and_looks_stand_without_measuring(sentence: str) -> None:
    assert [v.text for v in guarded([sentence], "en")] == [sentence]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Das Auto steht auf der linken Seite."),
        ("de", "Vor dir steht das Auto."),
        ("de", "Es ist ungefährlich."),
        ("de", "Keine Autos kommen."),
        ("es", "El coche está en el lado izquierdo."),
        ("es", "Enfrente hay coches."),
        ("es", "No hay peligro."),
        ("es", "El camino está despejado."),
        ("hi", "कुर्सी सामने है।"),
        ("hi", "कोई खतरा नहीं है।"),
    ],
)
def test_other_languages_lose_places_and_safety(language: str, sentence: str) -> None:
    assert [v.text for v in guarded([sentence], language)] == [""]  # type: ignore[arg-type]


def test_without_measuring_no_number_and_no_side_is_given() -> None:
    found = list(guarded(["A red chair. It is two metres away. On the left. A door."], "en"))
    assert [v.text for v in found] == ["A red chair.", "", "", "A door."]


NUMBERS = ["1", "2.5", "three", "a few", "half a", "one and a half", "12", "twenty five", "two to three"]
UNITS = ["metres", "m", "feet", "steps", "inches", "yards", "km"]
WHERE = ["on the left", "to your right", "ahead", "in front of you", "at two o'clock", "behind you", ""]
SHAPES = ["There is a car {n} {u} away {w}.", "{w}, {n} {u} away, is a car.", "A car {w} is {n} {u} off."]


@given(*map(st.sampled_from, (SHAPES, NUMBERS, UNITS, WHERE)))
def test_no_number_or_side_gets_past_unmeasured(shape: str, n: str, u: str, w: str) -> None:
    """Where nothing was measured nothing of the kind is left; where something was, only what fits it."""
    sentence = shape.format(n=n, u=u, w=w)
    assert check(sentence, scene()) == ""
    left = check(sentence)
    for claim in claims_of("en").find(left, SIDES.step_length_m):
        if claim.kind == "distance":
            assert any(claim.low_m - 0.6 <= o.distance_m <= claim.high_m + 0.6 for o in ALL.obstacles)


@given(st.text(max_size=60))
def test_any_text_is_checked_without_falling_over(text: str) -> None:
    for seen in (ALL, scene()):
        kept = check(text, seen)
        if kept and kept == text:
            assert may_be_said(text, "en") or claims_of("en").find(text, SIDES.step_length_m)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The traffic light is green."),
        ("en", "The walk signal is on."),
        ("en", "The cars have stopped."),
        ("de", "Die Ampel ist grün."),
        ("es", "El semáforo está verde."),
        ("hi", "सिग्नल हरा है।"),
    ],
)
def test_no_model_says_what_a_traffic_light_shows(language: str, text: str) -> None:
    assert not may_be_said(text, language)  # type: ignore[arg-type]
