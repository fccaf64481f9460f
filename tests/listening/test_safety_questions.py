"""Questions about safety in people's own words, spoken by several voices and in noise, never lead to a measurement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from spoken import say

from edge_nav.dialogue.intents import SAFETY, Intent, Understanding
from edge_nav.lab.bench.hearing import utterances
from edge_nav.listening.ears import RecognisedUtterance
from edge_nav.listening.recognise_pocketsphinx import PocketsphinxRecogniser, PocketsphinxSettings
from edge_nav.walk.acceptance import Acceptance
from edge_nav.walk.build_conversation import vocabulary

QUESTIONS: list[str] = yaml.safe_load(
    (Path(__file__).parents[1] / "dialogue" / "safety_questions.yaml").read_text(encoding="utf-8")
)["en"]
VOICES = (("gmw/en-US", 150), ("gmw/en", 170), ("gmw/en-GB-scotland", 140))
NOISE_DB = (None, 20.0, 10.0)
ALLOWED = {"not_understood", "ask_again", "ignore", "confirm"}
"""What may come of a question beside the one sentence about safety; asked back, it has not been answered."""


@pytest.fixture(scope="module")
def recogniser() -> PocketsphinxRecogniser:
    pytest.importorskip("pocketsphinx")
    return PocketsphinxRecogniser(vocabulary("en", None))


def outcome(recogniser: PocketsphinxRecogniser, sound_: np.ndarray) -> tuple[str, str]:
    """What the conversation would do after the button, and of which intent."""
    acceptance, understanding = Acceptance(PocketsphinxSettings().needed), Understanding("en")
    cut = [u for u in utterances(sound_) if u[1].why == "said"]
    if not cut:
        return "ignore", ""
    found = recogniser.recognise(cut[0][0], cut[0][1].speech_s)
    if not found.whole or not found.text:
        return "not_understood", ""
    heard = RecognisedUtterance(found.text, found.confidence, True, found.whole, 0.3, 100.0, found.about_safety)
    intent = Intent(SAFETY, None, 1.0) if found.about_safety else understanding.intent(found.text)
    verdict = acceptance.judge(heard, intent, woken=False, sounding=False)
    return verdict, "" if intent is None else intent.name


def wrong(recogniser: PocketsphinxRecogniser, questions: list[str], levels: tuple[float | None, ...]) -> list[str]:
    found = []
    for n, question in enumerate(questions):
        voice, rate = VOICES[n % len(VOICES)]
        for db in levels:
            verdict, name = outcome(recogniser, say(question, voice, rate, db, seed=n))
            if verdict not in ALLOWED and name != SAFETY:
                found.append(f"{question} ({db} dB): {name}")
    return found


def test_a_few_questions_about_safety_are_not_measured(recogniser: PocketsphinxRecogniser) -> None:
    assert wrong(recogniser, QUESTIONS[::20], (None,)) == []


@pytest.mark.slow
def test_questions_about_safety_are_never_measured(recogniser: PocketsphinxRecogniser) -> None:
    assert len(QUESTIONS) >= 100
    assert wrong(recogniser, QUESTIONS, NOISE_DB) == []
