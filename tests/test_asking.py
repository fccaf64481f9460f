"""Questions and answers end to end: the real recogniser, dialogue and voice over the walk that comes along."""

from __future__ import annotations

import gc
import os
import threading
import wave
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from edge_nav.config import Profile, parse_profile
from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.preferences import Preferences, write_preferences
from edge_nav.errors import SpeechFault
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.listening.typed import TypedQuestions
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.speech.sound import RATE_HZ
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice
from edge_nav.speech.voice import open_voice
from edge_nav.speech.wav import WavOutputSettings
from edge_nav.walk.answer_voice import FIRST_ID
from edge_nav.walk.app import Walk
from edge_nav.walk.build import make_loop
from edge_nav.walk.build_conversation import open_conversation, with_preferences
from edge_nav.walk.conversation import Acceptance, Conversation
from edge_nav.walk.outputs import Outputs

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
    write_preferences(tmp_path / "kept.yaml", Preferences(introduced=True))
    mic = microphone_wav(tmp_path / "mic.wav", questions, seconds, **(sound or {}))
    profile = parse_profile(
        {
            "source": {"type": "raycast", "seconds": seconds},
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
    profile, questions = with_preferences(profile)
    assert questions is not None
    talk, fault = open_conversation(profile.dialogue, questions)
    assert fault is None
    assert profile.source.type == "raycast"
    log = tmp_path / "walk.jsonl"
    made = Walk(
        RaycastSource(profile.source),
        make_loop(profile, SensorDepth()),
        partial(open_voice, profile.speech, language="en"),
        Outputs(GuidanceLog(log)),
        conversation=talk,
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
    records, sound = ask_by_voice(tmp_path, [(0.4, "what is ahead"), (5.6, "is the way clear")], 9)
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
    asked = [(0.3, "what is ahead"), (5.6, "is the way clear")]
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
        write_preferences(folder / "kept.yaml", Preferences(introduced=True))
        read, write = os.pipe()
        os.write(write, ("\n".join(questions) + "\n").encode())
        os.close(write)
        dialogue = Dialogue(GuidanceSettings(), SpeechSettings(), Preferences(introduced=True))
        with os.fdopen(read) as stream:
            talk = Conversation(dialogue, folder / "kept.yaml", Acceptance(1.0), typed=TypedQuestions(stream))
            made = Walk(
                RaycastSource(RaycastSourceSettings(seconds=3)),
                make_loop(Profile(), SensorDepth()),
                partial(open_voice, into_wav(folder / "voice.wav"), language="en"),
                Outputs(GuidanceLog(folder / "walk.jsonl")),
                conversation=talk,
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


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_stop_cuts_an_answer_and_the_answer_goes_on_after_it(tmp_path: Path) -> None:
    records, sound = ask_by_voice(tmp_path, [(5.5, "what can i say")], 20)
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
