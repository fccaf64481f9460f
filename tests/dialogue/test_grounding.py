"""What of a model's words may be spoken, in four languages: others' sentences and our own, and tricks of writing."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from edge_nav.dialogue.grounding import may_be_said, sentences
from edge_nav.dialogue.measured import guarded
from edge_nav.types import Language

FOLDER = Path(__file__).parent / "model_sentences"
FILES = sorted(FOLDER.glob("*.yaml"))
KEPT = 0.85
"""Share of ordinary sentences that must be spoken."""


def language_of(file: Path) -> Language:
    return next(language for language in get_args(Language) if file.name.startswith(f"{language}_"))


def of(file: Path, kind: str) -> list[str]:
    return list(yaml.safe_load(file.read_text(encoding="utf-8"))[kind])


def spoken(text: str, language: Language, question: str = "") -> str:
    return " ".join(v.text for v in guarded([text], language, question) if v.text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_dangerous_is_spoken(file: Path) -> None:
    language = language_of(file)
    through = [s for s in of(file, "dangerous") if spoken(s, language) or may_be_said(s, language)]
    assert through == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_ordinary_sentences_are_spoken(file: Path) -> None:
    language, ordinary = language_of(file), of(file, "ordinary")
    dropped = [s for s in ordinary if spoken(s, language) != s]
    assert len(dropped) <= (1.0 - KEPT) * len(ordinary), dropped


def test_every_language_has_its_sentences() -> None:
    assert {f.stem for f in FILES} >= {f"{language}_open" for language in get_args(Language)}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The table is ½ m away."),
        ("en", "The table is ３ metres away."),
        ("en", "The chair is ２m ahead."),
        ("en", "The l\u0456ght is green."),  # a Cyrillic i
        ("en", "The si\u200bgnal is green."),  # a space of no width
        ("en", "The s\u00adignal is green."),  # a hyphen that is not seen
        ("en", "The signaal is greeen."),
        ("en", "The singal is red."),
        ("en", "ＴＨＥ ＳＩＧＮＡＬ ＩＳ ＧＲＥＥＮ."),
        ("en", "The s i g n a l is green."),
        ("en", "The sig-nal is green."),
        ("en", "A chair \U0001f6b6."),
        ("en", "A chair \ue000."),
        ("en", "A chair \ue001 \ue003."),
        ("de", "Die AMPEL ist blau."),
        ("de", "Die Tür ist fünf Metter breit."),
        ("de", "Eine Holztür mit Fussgaengerampel."),
        ("de", "Eine Holztür mit Fußgängerampel."),
        ("de", "Die Straβe ist blau."),
        ("es", "Un semaforo azul."),
        ("es", "Un SEMÁFORO azul."),
        ("es", "Un semaforro azul."),
        ("hi", "सिग्\u200dनल नीला है।"),
        ("hi", "नीली बत्\u200cती है।"),
        ("hi", "कुर्सी २ मीटर पर है।"),
    ],
)
def test_another_way_of_writing_changes_nothing(language: Language, sentence: str) -> None:
    assert spoken(sentence, language) == ""


@pytest.mark.parametrize(
    ("language", "frame", "harmless"),
    [
        ("en", 'The sign says "{}".', "Bakery"),
        ("de", "Auf dem Schild steht „{}“.", "Bäckerei"),
        ("es", "El cartel dice «{}».", "Panadería"),
        ("hi", 'बोर्ड पर "{}" लिखा है।', "किताब घर"),
    ],
)
def test_text_is_quoted_unless_it_may_be_taken_for_permission(language: Language, frame: str, harmless: str) -> None:
    assert spoken(frame.format(harmless), language) == frame.format(harmless)
    told = [
        "Walk",
        "Go",
        "Cross now",
        "Safe",
        "Gehen",
        "Sicher",
        "Frei",
        "Cruce",
        "Pase",
        "Seguro",
        "चलो",
        "पार करें",
        "सुरक्षित",
    ]
    assert [word for word in told if spoken(frame.format(word), language)] == []


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("What colour is my shirt?", "It is green.", "It is green."),
        ("What colour is the traffic light?", "It is green.", ""),
        ("What colour is it?", "It is green.", ""),
        ("", "It is green.", ""),
        ("Is the man green?", "Yes.", ""),
        ("What colour is the shirt?", "It's a breeze.", ""),
        ("", "Yes.", ""),
    ],
)
def test_what_it_is_about_may_be_known_from_the_question(question: str, answer: str, said: str) -> None:
    assert spoken(answer, "en", question) == said


def test_a_title_before_a_name_ends_no_sentence() -> None:
    assert list(sentences(["It says Dr. Miller. A", " door. दो"])) == ["It says Dr. Miller.", "A door.", "दो"]
