"""What a conversation does with questions, step by step; the walk's side of it stands in by script."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_asking import open_files

from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.preferences import Preferences, preferences_file, read_preferences
from edge_nav.errors import UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.listening.button import Presses
from edge_nav.listening.ears import RecognisedUtterance
from edge_nav.listening.typed import TypedQuestions
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Answer, Callout, Cancelled, Fault, Frame, Intrinsics, Picture, Query, Scene
from edge_nav.walk.conversation import Acceptance, Conversation


class HostOf:
    """Stands where the walk stands, and writes down what a conversation asks of it."""

    failing: tuple[str, ...] = ()
    speaking = paused = False
    audible = True
    last_said: Callout | None = None

    def __init__(self) -> None:
        self.said: list[str] = []
        self.cues: list[str] = []
        self.answers: list[Answer] = []
        self.faults: list[Fault] = []
        self.hushed = 0
        self.changes: list[tuple[GuidanceSettings, SpeechSettings]] = []
        self.paused = False

    def now(self) -> float:
        return 10.0

    def say(self, callout: Callout) -> None:
        (self.said if callout.text else self.cues).append(callout.text or callout.kind)

    def hush(self) -> None:
        self.hushed += 1

    def adjust(self, guidance: GuidanceSettings, speech: SpeechSettings) -> None:
        self.changes.append((guidance, speech))

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def report(self, fault: Fault) -> None:
        self.faults.append(fault)

    def asked(self, query: Query) -> None:
        pass

    def answered(self, answer: Answer) -> None:
        self.answers.append(answer)


class Eyes:
    """A picture model by script: pieces of text, and gates at which it waits for the test."""

    name = "script"

    def __init__(self, *pieces: str | threading.Event) -> None:
        self.pieces, self.cancelled = pieces, threading.Event()

    def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
        for piece in self.pieces:
            if isinstance(piece, threading.Event):
                while not piece.wait(0.005):
                    if cancelled():
                        self.cancelled.set()
                        return
            else:
                yield piece


class Asked:
    """A conversation whose questions are typed by the test."""

    def __init__(self, tmp_path: Path, eyes: Eyes | None = None, preferences: Preferences | None = None) -> None:
        self.host = HostOf()
        self.path = tmp_path / "preferences.yaml"
        dialogue = Dialogue(GuidanceSettings(), SpeechSettings(), preferences or Preferences(introduced=True))
        read, write = os.pipe()
        self._out = os.fdopen(write, "w", buffering=1)
        self._in = os.fdopen(read)
        self.typed = TypedQuestions(self._in)
        self.talk = Conversation(dialogue, self.path, Acceptance(1.0), typed=self.typed, picture_model=eyes)
        self.talk.start(self.host, live=False)
        camera = Intrinsics.from_fov(64, 48, 60)
        rgb = np.full((48, 64, 3), 128, np.uint8)
        self.talk.see(Frame(0, 10.0, rgb, camera), Scene(0, 10.0, (), None, 5.0, None))

    def ask(self, *lines: str) -> HostOf:
        for line in lines:
            before = self.talk._answering.queries
            self._out.write(line + "\n")
            self.until(lambda before=before: self.talk._answering.queries > before)
        return self.host

    def until(self, done: Any) -> None:
        """Turn the conversation over until something is so; fails after ten seconds."""
        waited = threading.Event()
        for _ in range(2000):
            self.talk.tick(10.0)
            if done():
                return
            waited.wait(0.005)
        pytest.fail("it never came to that")

    def close(self) -> None:
        self._out.close()
        self.typed.wait_end(5)
        self._in.close()
        self.talk.close()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Any]:
    made: list[Asked] = []

    def make(eyes: Eyes | None = None, preferences: Preferences | None = None) -> Asked:
        made.append(Asked(tmp_path, eyes, preferences))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_without_a_picture_model_it_says_so_and_measured_answers_still_work(asked: Any) -> None:
    host = asked().ask("what colour is the door", "is the way clear")
    assert host.said == ["That needs a picture model, none is installed.", "Clear for five metres.", "Floor not seen."]
    assert [a.grounded for a in host.answers] == [False, True]


def test_what_measuring_cannot_name_is_looked_for(asked: Any) -> None:
    assert asked().ask("where is the door").said == ["I can't find things by name yet."]
    one = asked(Eyes("A blue door with a handle."))
    one.ask("where is the door")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["A blue door with a handle."]


def test_a_description_is_measured_first_and_seen_second(asked: Any) -> None:
    one = asked(Eyes("A hall with a green carpet."))
    one.ask("describe the scene")
    one.until(lambda: len(one.host.answers) == 2)
    assert one.host.said[-1] == "A hall with a green carpet."
    assert one.host.said[0] == "Nothing seen near."
    assert [a.grounded for a in one.host.answers] == [True, False]
    assert asked().ask("describe the scene").said[0] == "Nothing seen near."


def test_a_models_answer_comes_sentence_by_sentence(asked: Any) -> None:
    gate = threading.Event()
    one = asked(Eyes("A red ", "bus. It", " has", gate, " a sign."))
    one.ask("what colour is the bus")
    one.until(lambda: one.host.said == ["A red bus."])
    gate.set()
    one.until(lambda: one.host.answers)
    assert one.host.said == ["A red bus.", "It has a sign."]
    assert one.host.answers[0].text == "A red bus. It has a sign."
    assert not one.host.answers[0].grounded


def test_numbers_sides_and_safety_are_never_a_models(asked: Any) -> None:
    text = "A man in a blue coat. He is 2 metres away. The door is on your left. It is safe to cross. He wears a hat. "
    one = asked(Eyes(text))
    one.ask("who is there")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["A man in a blue coat.", "He wears a hat."]


def test_a_model_with_nothing_to_say_cannot_tell(asked: Any) -> None:
    one = asked(Eyes("It is three metres away."))
    one.ask("what is that thing called")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["I can't tell."]


def test_a_model_answers_forty_words_and_more_when_asked(asked: Any) -> None:
    sentence = "There is a small brown dog with a collar under the wooden bench. "  # 13 words
    one = asked(Eyes(sentence * 5))
    one.ask("what is the dog doing")
    one.until(lambda: one.host.answers)
    assert sum(len(s.split()) for s in one.host.said) <= 40
    assert len(one.host.said) == 3
    one.ask("tell me more")
    assert len(one.host.said) == 5


@pytest.mark.parametrize("then", ["stop talking", "is the way clear"])
def test_stop_and_a_new_question_cancel_a_model(asked: Any, then: str) -> None:
    eyes = Eyes("A bus. ", threading.Event())
    one = asked(eyes)
    one.ask("what is that over the road")
    one.until(lambda: one.host.said == ["A bus."])
    one.ask(then)
    assert eyes.cancelled.wait(5)
    assert one.host.hushed == 2
    assert one.host.answers[0].facts == {"cancelled": True}


def test_thinking_for_long_is_heard(asked: Any) -> None:
    gate = threading.Event()
    one = asked(Eyes(gate, "A bus."))
    one.ask("what is that over the road")
    one.until(lambda: "thinking" in one.host.cues)
    assert one.host.said == []
    gate.set()
    one.until(lambda: one.host.answers)


def test_a_model_that_breaks_is_a_fault_and_not_the_end(asked: Any) -> None:
    class Broken(Eyes):
        def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
            raise MemoryError("no room")
            yield ""

    one = asked(Broken())
    one.ask("what colour is the car")
    one.until(lambda: one.host.faults)
    assert one.host.faults[0].component == "answers"
    assert "MemoryError" in one.host.faults[0].message
    one.ask("is the way clear")
    assert "Clear for five metres." in one.host.said


def test_what_is_changed_by_voice_is_kept(asked: Any) -> None:
    one = asked()
    host = one.ask("use feet", "faster", "pause guidance")
    assert (host.changes[-1][0].units, host.changes[-1][1].rate_wpm) == ("feet", 360)
    assert host.paused
    assert read_preferences(one.path) == Preferences(units="feet", rate_wpm=360, introduced=True)
    one.ask("reset my settings")
    assert read_preferences(one.path) == Preferences(introduced=True)


def test_the_first_walk_begins_with_the_notice_and_no_other_does(asked: Any) -> None:
    first = asked(preferences=Preferences())
    assert first.host.said[0] == "Edge Nav helps beside a cane or a guide dog."
    assert read_preferences(first.path).introduced
    first.ask("stop talking")
    assert first.host.hushed == 1
    assert asked(preferences=read_preferences(first.path)).host.said == []


def test_damaged_settings_are_one_sentence_and_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    for text in ("units: [", "units: parsecs", "rate_wpm: 9000", "other: 1", "- 1"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="damaged"):
            read_preferences(path)
        assert path.read_text(encoding="utf-8") == text


def test_settings_lie_where_settings_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert preferences_file() == tmp_path / "edge-nav" / "settings.yaml"
    assert read_preferences(preferences_file()) == Preferences()


def test_a_disk_that_cannot_keep_settings_is_a_fault(asked: Any, tmp_path: Path) -> None:
    one = asked()
    one.talk._answering._preferences_path = Path("/dev/full/settings.yaml")
    host = one.ask("use feet")
    assert [f.component for f in host.faults] == ["settings"]
    assert host.said == ["Feet."]


def test_two_hundred_questions_leave_nothing_behind(asked: Any) -> None:
    lines = ["what is ahead", "faster", "slower", "use feet", "what colour is it", "describe the scene", "stop talking"]
    one = asked(Eyes("A bus. It is red. "))
    one.ask(*lines)
    gc.collect()
    threads, files, objects = threading.active_count(), open_files(), len(gc.get_objects())
    one.ask(*(lines * 29)[:200])
    one.until(lambda: not one.talk._answering.pictures.busy)
    host = one.host
    host.said.clear(), host.answers.clear(), host.changes.clear(), host.cues.clear()
    one.until(lambda: threading.active_count() <= threads)
    gc.collect()
    assert open_files() <= files
    assert len(gc.get_objects()) < objects + 500


def test_text_in_the_picture_is_read(asked: Any) -> None:
    pytest.importorskip("pytesseract")
    import shutil

    import cv2

    if shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed")
    one = asked()
    rgb = np.full((480, 640, 3), 255, np.uint8)
    cv2.putText(rgb, "PLATFORM 9", (60, 250), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (0, 0, 0), 6, cv2.LINE_AA)
    camera = Intrinsics.from_fov(640, 480, 60)
    one.talk.see(Frame(0, 10.0, rgb, camera), None)
    one.ask("read the sign")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["PLATFORM 9."]
    assert one.host.answers[0].backend == "reader"
    one.talk.see(Frame(0, 10.0, np.full_like(rgb, 128), camera), None)
    one.ask("read that")
    one.until(lambda: len(one.host.answers) == 2)
    assert one.host.said[-1] == "No text to make out."


class Heard:
    """Ears by script."""

    def __init__(self, *events: RecognisedUtterance) -> None:
        self.events = list(events)

    def listen(self, at_s: float, *, wait: bool = False) -> list[RecognisedUtterance]:
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        pass


def said(text: str, confidence: float = 0.9, *, pushed: bool = False, whole: bool = True) -> RecognisedUtterance:
    return RecognisedUtterance(text, confidence, pushed, whole, 0.35, 200.0)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (said("is the way clear"), "Clear for five metres."),
        (said("is the way clear", 0.2), None),  # hands-free, too unsure
        (said("is the way clear", 0.2, pushed=True), "Clear for five metres."),
        (said("is the way clear", 0.01, pushed=True), "I didn't understand."),
        (said("what colour is the bus"), None),  # other people's talk, for all it knows
        (said("what colour is the bus", pushed=True), "That needs a picture model, none is installed."),
        (said("it is not safe there"), None),
        (said("how far is the", whole=False), "Please ask again."),
    ],
)
def test_what_is_heard_and_what_is_overheard(asked: Any, words: RecognisedUtterance, answer: str | None) -> None:
    one = asked()
    one.talk._acceptance = Acceptance(0.5)
    one.talk.hear_with(Heard(words))
    one.talk.tick(10.0)
    assert one.host.said[:1] == ([] if answer is None else [answer])


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Hey Navigator! Is the way clear?", "Clear for five metres."),
        ("hey navigator what colour is the bus", "That needs a picture model, none is installed."),
        ("is the way clear", None),
        ("navigator hey is the way clear", None),
    ],
)
def test_its_name_comes_first(asked: Any, words: str, answer: str | None) -> None:
    one = asked()
    one.talk._acceptance = Acceptance(0.5, ("hey", "navigator"))
    one.talk.hear_with(Heard(said(words)))
    one.talk.tick(10.0)
    assert one.host.said[:1] == ([] if answer is None else [answer])


def test_its_name_alone_makes_it_listen(asked: Any) -> None:
    one = asked()
    one.talk._acceptance, one.talk._presses = Acceptance(0.5, ("hey", "navigator")), Presses()
    one.talk.hear_with(Heard(said("hey navigator")))
    one.talk.tick(10.0)
    assert one.host.cues == ["heard"]
    assert one.talk._presses.take() == ["push"]


def test_an_error_in_answering_is_told_once_and_ends(asked: Any) -> None:
    one = asked()

    class Broken(Heard):
        def listen(self, at_s: float, *, wait: bool = False) -> list[RecognisedUtterance]:
            raise RuntimeError("no such thing")

    one.talk.hear_with(Broken())
    one.talk.tick(10.0)
    one.host.failing = ("answers",)
    one.talk.tick(10.1)
    assert [(f.component, f.recovered) for f in one.host.faults] == [("answers", False)]
    one.talk.hear_with(Heard(said("is the way clear")))
    one.talk._acceptance = Acceptance(0.5)
    one.talk.tick(10.2)
    assert [(f.component, f.recovered) for f in one.host.faults][1:] == [("answers", True)]
