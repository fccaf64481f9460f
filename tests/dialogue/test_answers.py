from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.dialogue import Dialogue, Situation
from edge_nav.dialogue.intents import Intent
from edge_nav.dialogue.preferences import Preferences
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Ground, Language, Obstacle, Scene

FLOOR = Ground((0.0, -1.0, 0.0), 1.4, 0.4)
ANSWERS = SceneAnswers(Phrasebook(GuidanceSettings()))


def thing(number: int, distance_m: float, bearing_deg: float, **changes: object) -> Obstacle:
    x = distance_m * math.sin(math.radians(bearing_deg))
    base = Obstacle(distance_m, bearing_deg, x, x - 0.2, x + 0.2, 0.1, 1.6, "body", abs(x) < 0.4, id=number)
    return replace(base, **changes)  # type: ignore[arg-type]


def scene(*obstacles: Obstacle, **changes: object) -> Scene:
    clearance = min((o.distance_m for o in obstacles if o.in_corridor), default=5.0)
    return replace(Scene(7, 10.0, obstacles, FLOOR, clearance, 30.0), **changes)  # type: ignore[arg-type]


def ask(name: str, seen: Scene | None, *, thing: str | None = None, at_s: float = 10.1, last: int | None = None) -> str:
    return ANSWERS.answer(Intent(name, thing, 1.0), seen, at_s, last).text


CHAIR, POLE, WALL = thing(1, 2.0, 0.0), thing(2, 1.5, -40.0), thing(3, 3.0, 35.0)


@pytest.mark.parametrize(
    ("name", "seen", "answer"),
    [
        ("ahead", scene(CHAIR, POLE), "Obstacle ahead, two metres."),
        ("ahead", scene(POLE), "Nothing ahead for five metres."),
        ("left", scene(CHAIR, POLE), "Obstacle, eleven o'clock, one and a half metres."),
        ("left", scene(CHAIR), "Nothing seen on the left."),
        ("right", scene(WALL), "Obstacle, one o'clock, three metres."),
        ("around", scene(CHAIR, POLE), "Obstacle, eleven o'clock, one and a half metres. Obstacle ahead, two metres."),
        ("around", scene(), "Nothing seen near."),
        ("nearest", scene(CHAIR, POLE), "Obstacle, eleven o'clock, one and a half metres."),
        ("way_clear", scene(CHAIR), "Obstacle ahead, two metres."),
        ("way_clear", scene(POLE), "Clear for five metres."),
        ("way_clear", scene(ground=None), "Clear for five metres. Floor not seen."),
        ("way_clear", scene(clearance_m=None), "I can't tell."),
        ("free_way", scene(free_reach_m=2.9), "Free 30 degrees right, two and a half metres."),
        ("free_way", scene(free_bearing_deg=-1.5, free_reach_m=4.8), "Free ahead, four metres."),
        ("free_way", scene(free_reach_m=1.2, certainty=0.5), "Free 30 degrees right, about one metre."),
        (
            "free_way",
            scene(free_bearing_deg=-61.0, free_reach_m=0.7, free_onward=True),
            "Free 60 degrees left, half a metre, and on from there.",
        ),
        ("free_way", scene(free_bearing_deg=None), "No free way in view."),
        ("free_way", scene(free_bearing_deg=None, ground=None), "I can't tell which way is free."),
        ("describe", scene(POLE), "Obstacle, eleven o'clock, one and a half metres. Clear for five metres."),
        ("ahead", scene(replace(CHAIR, confidence=0.5)), "Obstacle ahead, about two metres."),
        ("ahead", scene(CHAIR, certainty=0.5), "Obstacle ahead, about two metres."),
    ],
)
def test_measured_answers(name: str, seen: Scene, answer: str) -> None:
    assert ask(name, seen) == answer


def test_how_far_is_it_means_what_was_last_spoken_of() -> None:
    seen = scene(CHAIR, POLE)
    assert ask("how_far", seen, last=2) == "Obstacle, eleven o'clock, one and a half metres."
    assert ask("how_far", seen, last=99) == "Obstacle ahead, two metres."


def test_things_are_found_by_what_measuring_can_name() -> None:
    stairs = thing(4, 3.0, 0.0, band="drop", label="stairs_down", low_m=-1.0)
    assert ask("where_thing", scene(stairs), thing="stairs") == "Stairs down ahead, three metres."
    assert ask("where_thing", scene(CHAIR), thing="stairs") == "None seen."
    assert ask("how_far_thing", scene(CHAIR), thing="door") == "I can't find things by name yet."


@pytest.mark.parametrize(
    ("seen", "at_s", "answer"),
    [
        (None, 10.0, "I can't tell, the picture is old."),
        (scene(CHAIR), 11.5, "I can't tell, the picture is old."),
        (scene(CHAIR, view="dark"), 10.0, "I can't tell. Camera sees nothing, too dark."),
        (scene(CHAIR, view="covered"), 10.0, "I can't tell. Camera covered."),
        (scene(CHAIR, view="blocked"), 10.0, "I can't tell. Caution. View blocked."),
        (scene(CHAIR, view="uncalibrated"), 10.0, "I can't tell. Not measuring yet."),
    ],
)
def test_what_cannot_be_told_is_not_told(seen: Scene | None, at_s: float, answer: str) -> None:
    for name in ("ahead", "left", "around", "way_clear", "free_way", "describe", "how_far", "nearest"):
        assert ask(name, seen, at_s=at_s) == answer


places = st.tuples(st.floats(0.4, 9.0), st.floats(-60, 60))


@given(st.lists(places, max_size=5), st.sampled_from(["ahead", "left", "right", "around", "way_clear", "describe"]))
def test_no_answer_ever_says_safe_and_sides_are_those_measured(found: list[tuple[float, float]], name: str) -> None:
    seen = scene(*(thing(n, d, b) for n, (d, b) in enumerate(found)))
    text = ask(name, seen)
    assert text
    assert "safe" not in text.lower()
    if name == "left":
        assert "right" not in text
        assert not re.search(r"\b(one|two|three) o'clock", text)


def situation(**changes: object) -> Situation:
    base = Situation(scene(CHAIR), 10.1, "Obstacle ahead, two metres.", 1)
    return replace(base, **changes)  # type: ignore[arg-type]


def dialogue() -> Dialogue:
    return Dialogue(GuidanceSettings(), SpeechSettings(), Preferences())


def said(d: Dialogue, *questions: str, **changes: object) -> list[str]:
    return [d.answer(d.understand(q), situation(**changes)).text for q in questions]


def test_units_and_directions_change_the_next_answer() -> None:
    d = dialogue()
    assert said(d, "use feet", "what is ahead") == ["Feet.", "Obstacle ahead, seven feet."]
    assert said(d, "use degrees", "what is on my left", scene=scene(POLE))[1] == "Obstacle, 40 degrees left, five feet."
    assert d.preferences == Preferences(units="feet", directions="degrees")


def test_speech_changes_within_limits() -> None:
    d = dialogue()
    assert said(d, "louder") == ["That is the limit."]
    assert said(d, "volume down", "faster") == ["Softer.", "Faster."]
    assert (d.speech.volume, d.speech.rate_wpm) == (0.8, 360)
    said(d, *["volume down"] * 9, *["slower"] * 20)
    assert (d.speech.volume, d.speech.rate_wpm) == (0.2, 120)
    assert said(d, "volume down", "slower") == ["That is the limit."] * 2


def test_more_and_less_change_how_much_is_said() -> None:
    d = dialogue()
    assert said(d, "talk less", "talk less", "more", "more") == [
        "Hazards only.",
        "Hazards only.",
        "Normal.",
        "Talkative.",
    ]


def test_more_after_a_cut_answer_gives_its_rest() -> None:
    d = dialogue()
    d.rest = ["And a tree.", "And a dog."]
    assert said(d, "tell me more") == ["And a tree. And a dog."]
    assert d.rest == []


def test_settings_are_read_and_reset() -> None:
    d = dialogue()
    said(d, "use feet", "slower")
    assert said(d, "what are my settings") == ["Speed 250, volume 100 percent, Feet. Clock. Normal."]
    assert said(d, "reset my settings") == ["Settings reset."]
    assert d.preferences == Preferences()
    assert said(d, "what are my settings") == ["Speed 300, volume 100 percent, Metres. Clock. Normal."]


def test_nothing_is_ever_called_safe_nor_measured_instead() -> None:
    d = dialogue()
    for question in (
        "is it safe",
        "is it safe to go on",
        "is it safe to cross the street",
        "am i safe",
        "is the road clear",
    ):
        assert said(d, question, scene=scene()) == ["I never say what is safe."]


CAR = thing(4, 3.0, 0.0, label="vehicle")


@pytest.mark.parametrize("question", ["are there any cars", "how far is the car", "is there a bicycle"])
def test_that_no_vehicle_is_seen_is_never_said(question: str) -> None:
    d = dialogue()
    for seen in (scene(), scene(CHAIR), scene(names=("vehicle", "bicycle"))):
        outcome = d.answer(d.understand(question), situation(scene=seen))
        assert (outcome.text, outcome.needs) == ("I never say what is safe.", "nothing")
    assert "three metres" in said(d, "how far is the car", scene=scene(CAR, names=("vehicle",)))[0]


def test_undo_takes_back_the_last_change_only() -> None:
    d = dialogue()
    assert said(d, "undo") == ["Nothing to take back."]
    said(d, "use feet", "use degrees", "slower", "talk less")
    assert said(d, "undo", "undo that", "undo the last change") == [
        "Taken back. Normal.",
        "Taken back.",
        "Taken back. Clock.",
    ]
    assert (d.guidance.units, d.guidance.directions, d.speech.rate_wpm) == ("feet", "clock", 300)
    assert d.preferences == Preferences(units="feet")
    assert said(d, "undo", "undo") == ["Taken back. Metres.", "Nothing to take back."]
    assert d.preferences == Preferences()


def test_undo_after_a_reset_and_after_a_change_that_changed_nothing() -> None:
    d = dialogue()
    said(d, "use feet", "reset my settings", "use metres")  # metres they are already
    d.preferences = d.preferences.model_copy(update={"introduced": True})
    outcome = d.answer(d.understand("undo"), situation())
    assert (outcome.text, outcome.changed) == ("Taken back. Feet.", True)
    assert d.preferences == Preferences(units="feet", introduced=True)


def test_yes_and_no_answer_nothing_by_themselves() -> None:
    assert said(dialogue(), "yes please", "no thanks") == ["I didn't understand."] * 2


@pytest.mark.parametrize(
    ("language", "say", "asked"),
    [
        ("en", "am i clear", "Did you say: is the way clear?"),
        ("de", "weg frei", "Hast du gesagt: ist der weg frei?"),
        ("es", "camino libre", "¿Ha dicho: el camino está libre?"),
        ("hi", "रास्ता साफ", "क्या आपने कहा: क्या रास्ता साफ है?"),
    ],
)
def test_asking_back_quotes_a_phrase(language: Language, say: str, asked: str) -> None:
    d = Dialogue(GuidanceSettings(language=language), SpeechSettings(), Preferences())
    intent = d.understand(say)
    assert intent is not None
    assert d.book.answer("did_you_say", phrase=d.canonical(intent)) == asked


def test_status_tells_battery_and_what_fails() -> None:
    d = dialogue()
    assert said(d, "battery status", battery=62) == ["Battery 62 percent. Camera and distances work."]
    assert said(d, "battery status", failing=("camera",)) == ["No battery found. Something fails: camera."]


def test_repeat_pause_resume_help_and_stop() -> None:
    d = dialogue()
    assert said(d, "say that again") == ["Obstacle ahead, two metres."]
    assert said(d, "repeat", last_said="") == ["Nothing said yet."]
    assert d.answer(d.understand("pause"), situation()).paused is True
    assert d.answer(d.understand("resume"), situation()).paused is False
    assert d.answer(d.understand("stop talking"), situation()).hush
    assert said(d, "help")[0].startswith("Ask: what is ahead")
    assert said(d, "play the introduction")[0].startswith("Edge Nav helps beside a cane")


@pytest.mark.parametrize("language", ["en", "de", "es", "hi"])
def test_every_answer_exists_in_every_language(language: str) -> None:
    d = Dialogue(GuidanceSettings(language=language), SpeechSettings(), Preferences())  # type: ignore[arg-type]
    for name in ("ahead", "left", "right", "around", "nearest", "way_clear", "free_way", "describe", "status", "help"):
        for seen in (scene(), scene(CHAIR, POLE, WALL), scene(CHAIR, view="dark"), None):
            text = d.answer(Intent(name, None, 1.0), situation(scene=seen)).text
            assert text
            assert "{" not in text
    for name in (
        "more",
        "less",
        "louder",
        "softer",
        "faster",
        "slower",
        "feet",
        "steps",
        "clock",
        "sides",
        "degrees",
        "undo",
    ):
        assert d.answer(Intent(name, None, 1.0), situation()).text


def test_the_introduction_takes_about_twenty_seconds() -> None:
    words = len(dialogue().introduction().split())
    assert words / 300 * 60 < 26  # at 300 words a minute, the notice included
