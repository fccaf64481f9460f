"""Questions and answers end to end: the real recogniser, dialogue and voice over the walk that comes along."""

from __future__ import annotations

import gc
import os
import threading
import wave
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from edge_nav.app import Outputs, Walk
from edge_nav.commands.questions import open_conversation, with_kept
from edge_nav.commands.run import make_loop
from edge_nav.config import Profile, parse_profile
from edge_nav.conversation import FIRST_ID, Acceptance, Conversation
from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.kept import Kept, kept_file, read_kept, write_kept
from edge_nav.dialogue.thinking import Cancelled, Picture
from edge_nav.errors import SpeechFault, UsageError
from edge_nav.guidance.settings import GuidanceSettings
from edge_nav.listening.button import Presses
from edge_nav.listening.ears import Said
from edge_nav.listening.typed import TypedQuestions
from edge_nav.perception.depth_sensor import SensorDepth
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.walk import WalkSource, WalkSourceSettings
from edge_nav.speech.settings import SpeechSettings
from edge_nav.speech.sound import RATE_HZ
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice
from edge_nav.speech.voice import open_voice
from edge_nav.speech.wav import WavOutputSettings
from edge_nav.types import Answer, Callout, Fault, Frame, Intrinsics, Query, Scene

HEARD_HZ = 16000
KITCHEN = Path(__file__).parents[2] / "shared" / "data" / "speech" / "kitchen_noise.wav"


def microphone_wav(
    path: Path,
    questions: list[tuple[float, str]],
    seconds: float,
    voice: tuple[str, int] = ("gmw/en-us", 150),
    noise_db: float | None = None,
) -> Path:
    """A recording of questions at given seconds, over a little noise, or a kitchen's at so many dB below the words."""
    sound = np.random.default_rng(0).normal(0, 1e-3, round(seconds * HEARD_HZ))
    for at_s, text in questions:
        try:
            spoken = Pyttsx3Voice(Pyttsx3Settings(voice=voice[0]), "en", voice[1]).synthesise(text)
        except SpeechFault as e:
            pytest.skip(str(e))
        words = 0.5 * soxr.resample(spoken, RATE_HZ, HEARD_HZ)
        first = round(at_s * HEARD_HZ)
        sound[first : first + len(words)] += words
    if noise_db is not None:
        with wave.open(str(KITCHEN), "rb") as file:
            data = np.frombuffer(file.readframes(file.getnframes()), np.int16)[20 * HEARD_HZ :] / 32768
        kitchen = data[: len(sound)]
        loudness = np.sqrt((sound[np.abs(sound) > 0.01] ** 2).mean() / (kitchen**2).mean())
        sound += kitchen * loudness / 10 ** (noise_db / 20)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HEARD_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
    return path


def ask_by_voice(
    tmp_path: Path,
    questions: list[tuple[float, str]],
    seconds: float,
    sound: dict[str, Any] | None = None,
    **dialogue: Any,
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Walk the first seconds with questions from a recording: the log, and what was heard, float [n, 2]."""
    pytest.importorskip("pocketsphinx")
    write_kept(tmp_path / "kept.yaml", Kept(introduced=True))
    mic = microphone_wav(tmp_path / "mic.wav", questions, seconds, **(sound or {}))
    profile = parse_profile(
        {
            "source": {"type": "walk", "seconds": seconds},
            "speech": {"output": {"type": "wav", "path": str(tmp_path / "voice.wav")}},
            "dialogue": {
                "microphone": {"type": "wav", "path": str(mic)},
                "kept": str(tmp_path / "kept.yaml"),
                **dialogue,
            },
        },
        "of the test",
    )
    return walk(profile, tmp_path), heard(tmp_path / "voice.wav")


def walk(profile: Profile, tmp_path: Path) -> list[dict[str, Any]]:
    profile, questions = with_kept(profile)
    assert questions is not None
    talk, fault = open_conversation(profile.dialogue, questions)
    assert fault is None
    assert profile.source.type == "walk"
    log = tmp_path / "walk.jsonl"
    made = Walk(
        WalkSource(profile.source),
        make_loop(profile, SensorDepth()),
        partial(open_voice, profile.speech, language="en"),
        Outputs(GuidanceLog(log)),
        talk=talk,
        every_frame=True,
    )
    assert made.run() == 0
    return read_log(log).records


def heard(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2) / 32768


def of(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [r for r in records if r["type"] == kind]


def test_spoken_questions_get_measured_answers_in_log_and_sound(tmp_path: Path) -> None:
    records, sound = ask_by_voice(tmp_path, [(0.4, "what is ahead"), (5.2, "is the way clear")], 9)
    queries, answers = of(records, "query"), of(records, "answer")
    assert [q["text"] for q in queries] == ["what is ahead", "is the way clear"]
    assert [a["intent"] for a in answers] == ["ahead", "way_clear"]
    scenes = {r["frame"]: r for r in of(records, "scene")}
    for answer in answers:
        scene = scenes[answer["facts"]["frame"]]
        assert answer["grounded"]
        if "obstacles" in answer["facts"] and answer["facts"]["obstacles"]:
            told = answer["facts"]["obstacles"][0]
            assert told["distance_m"] == pytest.approx(
                next(o["distance_m"] for o in scene["obstacles"] if o["id"] == told["id"]), abs=0.01
            )
        else:
            assert answer["facts"]["clearance_m"] == pytest.approx(scene["clearance_m"], abs=0.01)
        assert answer["first_word_ms"] < 300
    voices = [v for v in of(records, "voice") if v["callout_id"] > FIRST_ID]
    hazards = [c["t"] for c in of(records, "callout")]
    # A measured answer is spoken, unless a hazard comes: the hazard is the newer answer.
    assert all(v["state"] == "spoken" or min(abs(v["t"] - t) for t in hazards) < 0.1 for v in voices)
    begin = queries[0]["t"]
    assert np.abs(sound[round(begin * RATE_HZ) : round((begin + 0.3) * RATE_HZ)]).max() > 0.05  # acknowledged at once


@pytest.mark.parametrize(
    ("voice", "noise_db"),
    [
        (("gmw/en", 170), 20),
        pytest.param(("gmw/en-us", 130), 20, marks=pytest.mark.slow),
        pytest.param(("gmw/en-gb-scotland", 150), 20, marks=pytest.mark.slow),
        pytest.param(("gmw/en-us", 150), 10, marks=pytest.mark.slow),
        pytest.param(("gmw/en", 170), 10, marks=pytest.mark.slow),
        pytest.param(("gmw/en-us", 150), 5, marks=pytest.mark.slow),
    ],
)
def test_questions_in_a_kitchens_noise(tmp_path: Path, voice: tuple[str, int], noise_db: float) -> None:
    if not KITCHEN.is_file():
        pytest.skip("real recordings are not here")
    asked = [(0.3, "what is ahead"), (5.1, "is the way clear")]
    records, _ = ask_by_voice(tmp_path, asked, 9, {"voice": voice, "noise_db": noise_db})
    intents = [a["intent"] for a in of(records, "answer")]
    assert set(intents) <= {"ahead", "way_clear"}  # in noise it may not hear, but it must not mishear
    if noise_db >= 20:
        assert intents


@pytest.mark.slow
def test_two_hundred_questions_in_a_walk_leave_nothing_behind(tmp_path: Path) -> None:
    lines = ["what is ahead", "faster", "slower", "use feet", "what colour is it", "describe the scene", "stop talking"]

    def once(number: int, questions: list[str]) -> int:
        folder = tmp_path / str(number)
        folder.mkdir()
        write_kept(folder / "kept.yaml", Kept(introduced=True))
        read, write = os.pipe()
        os.write(write, ("\n".join(questions) + "\n").encode())
        os.close(write)
        dialogue = Dialogue(GuidanceSettings(), SpeechSettings(), Kept(introduced=True))
        with os.fdopen(read) as stream:
            talk = Conversation(dialogue, folder / "kept.yaml", Acceptance(1.0), typed=TypedQuestions(stream))
            made = Walk(
                WalkSource(WalkSourceSettings(seconds=3)),
                make_loop(Profile(), SensorDepth()),
                partial(open_voice, into_wav(folder / "voice.wav"), language="en"),
                Outputs(GuidanceLog(folder / "walk.jsonl")),
                talk=talk,
                every_frame=True,
            )
            assert made.run() == 0
        return len(of(read_log(folder / "walk.jsonl").records, "answer"))

    assert once(0, lines) == len(lines)
    gc.collect()
    threads, files, memory = threading.active_count(), open_files(), resident_mb()
    assert once(1, (lines * 29)[:200]) == 200
    gc.collect()
    assert threading.active_count() <= threads
    assert open_files() <= files
    assert resident_mb() < memory + 15


def into_wav(path: Path) -> SpeechSettings:
    return SpeechSettings(output=WavOutputSettings(path=path))


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_stop_cuts_an_answer_and_the_answer_goes_on_after_it(tmp_path: Path) -> None:
    records, sound = ask_by_voice(tmp_path, [(9.9, "what can i say")], 20)
    (answer,) = of(records, "answer")
    assert answer["intent"] == "help"
    stop = next(c for c in of(records, "callout") if c["priority"] == "stop" and c["t"] > answer["t"])
    fate = next(v for v in of(records, "voice") if v["callout_id"] == stop["id"])
    assert fate["latency_ms"] < 150
    after = [v for v in of(records, "voice") if v["callout_id"] > FIRST_ID and v["t"] > stop["t"]]
    told = [v for v in after if v["state"] == "spoken"]
    assert len(told) >= 3  # the sentences that were still to come
    assert len(sound) > (told[-1]["t"] - 1.0) * RATE_HZ


def test_its_own_voice_is_not_taken_for_a_question_and_a_cut_one_is_asked_for_again(tmp_path: Path) -> None:
    # "Low obstacle ahead" is spoken from 2.3 s on, into the question.
    records, _ = ask_by_voice(tmp_path, [(1.7, "how far is the nearest obstacle")], 6)
    assert of(records, "query") == []
    assert len([v for v in of(records, "voice") if v["callout_id"] > FIRST_ID]) == 1  # "Please ask again."


def test_with_headphones_a_question_is_heard_through_its_own_voice(tmp_path: Path) -> None:
    records, _ = ask_by_voice(tmp_path, [(1.7, "is the way clear")], 6, deaf_while_speaking=False)
    assert [a["intent"] for a in of(records, "answer")] == ["way_clear"]


def test_a_wake_phrase_is_needed_where_one_is_set(tmp_path: Path) -> None:
    asked = [(0.4, "what is ahead"), (5.2, "hello computer what is ahead")]
    records, _ = ask_by_voice(tmp_path, asked, 9, wake_phrase="hello computer", deaf_while_speaking=False)
    assert [(q["text"], q["t"] > 5) for q in of(records, "query")] == [("what is ahead", True)]


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

    def __init__(self, tmp_path: Path, eyes: Eyes | None = None, kept: Kept | None = None) -> None:
        self.host = HostOf()
        self.path = tmp_path / "kept.yaml"
        dialogue = Dialogue(GuidanceSettings(), SpeechSettings(), kept or Kept(introduced=True))
        read, write = os.pipe()
        self._out = os.fdopen(write, "w", buffering=1)
        self._in = os.fdopen(read)
        self.typed = TypedQuestions(self._in)
        self.talk = Conversation(dialogue, self.path, Acceptance(1.0), typed=self.typed, eyes=eyes)
        self.talk.start(self.host, live=False)
        camera = Intrinsics.from_fov(64, 48, 60)
        rgb = np.full((48, 64, 3), 128, np.uint8)
        self.talk.see(Frame(0, 10.0, rgb, camera), Scene(0, 10.0, (), None, 5.0, None))

    def ask(self, *lines: str) -> HostOf:
        for line in lines:
            before = self.talk._queries
            self._out.write(line + "\n")
            self.until(lambda before=before: self.talk._queries > before)
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

    def make(eyes: Eyes | None = None, kept: Kept | None = None) -> Asked:
        made.append(Asked(tmp_path, eyes, kept))
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
    text = "A man in a blue coat. He is 2 metres away. The door is on your left. It is safe to cross. He waves. "
    one = asked(Eyes(text))
    one.ask("who is there")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["A man in a blue coat.", "He waves."]


def test_a_model_with_nothing_to_say_cannot_tell(asked: Any) -> None:
    one = asked(Eyes("It is three metres away."))
    one.ask("what is that thing called")
    one.until(lambda: one.host.answers)
    assert one.host.said == ["I can't tell."]


def test_a_model_answers_forty_words_and_more_when_asked(asked: Any) -> None:
    sentence = "There is a small brown dog sleeping under the old wooden bench today. "  # 13 words
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
    assert read_kept(one.path) == Kept(units="feet", rate_wpm=360, introduced=True)
    one.ask("reset my settings")
    assert read_kept(one.path) == Kept(introduced=True)


def test_the_first_walk_begins_with_the_notice_and_no_other_does(asked: Any) -> None:
    first = asked(kept=Kept())
    assert first.host.said[0] == "Edge Nav helps beside a cane or a guide dog."
    assert read_kept(first.path).introduced
    first.ask("stop talking")
    assert first.host.hushed == 1
    assert asked(kept=read_kept(first.path)).host.said == []


def test_damaged_settings_are_one_sentence_and_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    for text in ("units: [", "units: parsecs", "rate_wpm: 9000", "other: 1", "- 1"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="damaged"):
            read_kept(path)
        assert path.read_text(encoding="utf-8") == text


def test_settings_lie_where_settings_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert kept_file() == tmp_path / "edge-nav" / "settings.yaml"
    assert read_kept(kept_file()) == Kept()


def test_a_disk_that_cannot_keep_settings_is_a_fault(asked: Any, tmp_path: Path) -> None:
    one = asked()
    one.talk._kept_path = Path("/dev/full/settings.yaml")
    host = one.ask("use feet")
    assert [f.component for f in host.faults] == ["settings"]
    assert host.said == ["Feet."]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_two_hundred_questions_leave_nothing_behind(asked: Any) -> None:
    lines = ["what is ahead", "faster", "slower", "use feet", "what colour is it", "describe the scene", "stop talking"]
    one = asked(Eyes("A bus. It is red. "))
    one.ask(*lines)
    gc.collect()
    threads, files, objects = threading.active_count(), open_files(), len(gc.get_objects())
    one.ask(*(lines * 29)[:200])
    one.until(lambda: one.talk._thought is None)
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

    def __init__(self, *events: Said) -> None:
        self.events = list(events)

    def listen(self, at_s: float, *, wait: bool = False) -> list[Said]:
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        pass


def said(text: str, confidence: float = 0.9, *, pushed: bool = False, whole: bool = True) -> Said:
    return Said(text, confidence, pushed, whole, 0.35, 200.0)


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
def test_what_is_heard_and_what_is_overheard(asked: Any, words: Said, answer: str | None) -> None:
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
        def listen(self, at_s: float, *, wait: bool = False) -> list[Said]:
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
