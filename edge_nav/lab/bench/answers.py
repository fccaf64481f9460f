"""`bench answers`: whether perception keeps its pace while questions are heard and answered."""

from __future__ import annotations

import tempfile
import wave
from pathlib import Path

import numpy as np

from edge_nav.config import Profile
from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.dialogue.preferences import Preferences, write_preferences
from edge_nav.lab.bench.options import AnswersBenchOptions
from edge_nav.lab.bench.report import Row, percentiles, report
from edge_nav.listening.microphone import WavMicrophoneSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.speech.none import SilentVoice
from edge_nav.speech.sound import RATE_HZ
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice
from edge_nav.walk.app import Walk
from edge_nav.walk.build import make_loop
from edge_nav.walk.build_conversation import open_conversation, with_preferences
from edge_nav.walk.outputs import Outputs

EVERY_S = 2.5
QUESTIONS = ("what is ahead", "is the way clear", "which way is free", "describe the scene", "what is on my left")


def bench(options: AnswersBenchOptions) -> int:
    """The same walk without and with a question every two and a half seconds."""
    seconds, json_file = options.seconds, options.json_file
    with tempfile.TemporaryDirectory(prefix="edge-nav-") as folder:
        without, _ = _walk(seconds, None, Path(folder))
        asked, answers = _walk(seconds, _questions(Path(folder) / "questions.wav", seconds), Path(folder))
    baseline = percentiles(without)[1]
    rows: list[Row] = []
    for name, times in (("without questions", without), ("with questions", asked)):
        p50, p95, most = percentiles(times)
        rows.append({"walk": name, "p50_ms": p50, "p95_ms": p95, "max_ms": most, "ratio": p95 / baseline})
    report(f"a frame's decision; {len(answers)} questions answered; ratio of p95 to the walk without", rows, json_file)
    p50, p95, most = percentiles(answers or [float("nan")])
    second = json_file.with_suffix(".answers.json") if json_file is not None else None
    row: Row = {"what": "words to answer", "p50_ms": p50, "p95_ms": p95, "max_ms": most, "ratio": p95 / 300}
    report("answers; ratio to the target of 300 ms", [row], second)
    return 0


def _walk(seconds: float, questions: Path | None, folder: Path) -> tuple[list[float], list[float]]:
    """Times of the frames and of the answers, read off the log."""
    preferences, log = folder / "preferences.yaml", folder / f"{'asked' if questions else 'silent'}.jsonl"
    write_preferences(preferences, Preferences(introduced=True))
    profile, talk = Profile(), None
    if questions is not None:
        heard = DialogueSettings(microphone=WavMicrophoneSettings(path=questions), kept=preferences)
        profile, dialogue = with_preferences(profile.model_copy(update={"dialogue": heard}))
        if dialogue is not None:
            talk, _ = open_conversation(profile.dialogue, dialogue)
    Walk(
        RaycastSource(RaycastSourceSettings(seconds=seconds)),
        make_loop(profile, SensorDepth()),
        lambda **_: SilentVoice(),
        Outputs(GuidanceLog(log)),
        conversation=talk,
    ).run()
    records = read_log(log).records
    frames = [r["stage_ms"]["geometry"] + r["stage_ms"]["policy"] for r in records if r["type"] == "scene"]
    return frames, [r["first_word_ms"] for r in records if r["type"] == "answer"]


def _questions(path: Path, seconds: float) -> Path:
    import soxr

    from edge_nav.listening.sound import RATE_HZ as HEARD_HZ

    voice = Pyttsx3Voice(Pyttsx3Settings(), "en", 150)
    sound = np.random.default_rng(0).normal(0.0, 1e-3, round(seconds * HEARD_HZ))
    for n in range(int((seconds - 2.0) / EVERY_S)):
        words = 0.5 * soxr.resample(voice.synthesise(QUESTIONS[n % len(QUESTIONS)]), RATE_HZ, HEARD_HZ)
        first = round((0.5 + n * EVERY_S) * HEARD_HZ)
        sound[first : first + len(words)] += words
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HEARD_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
    return path
