"""`bench hearing`: what a recogniser makes of questions, clean and in noise, and of talk that is not for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_nav.dialogue.intents import Understanding
from edge_nav.errors import SpeechFault, UsageError
from edge_nav.lab.bench.options import HearingBenchOptions
from edge_nav.lab.bench.report import Row, percentiles, report
from edge_nav.listening.grammar import THING, Vocabulary
from edge_nav.listening.microphone import Resampler, WavMicrophone, WavMicrophoneSettings
from edge_nav.listening.recognise_pocketsphinx import PocketsphinxSettings
from edge_nav.listening.recognise_whisper import WhisperSettings
from edge_nav.listening.recognised import Recogniser
from edge_nav.listening.sound import RATE_HZ, SoundSamples
from edge_nav.listening.utterances import UtteranceEnded, Utterances
from edge_nav.listening.voice_activity import VoiceActivity
from edge_nav.listening.worker import open_recogniser
from edge_nav.speech import sound
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice
from edge_nav.walk.build_conversation import vocabulary

VOICES = (("gmw/en-us", 150), ("gmw/en", 170), ("gmw/en-gb-scotland", 140))
"""eSpeak voices and words a minute."""
QUIET_S = 0.6
LEVEL = 0.5
NOISE_LEVELS_DB = (None, 20.0, 10.0, 5.0)
FOR_EVER_S = 1e9


@dataclass(slots=True)
class HearingScore:
    """Counts of one recogniser at one level of noise."""

    asked: int = 0
    heard: int = 0
    right: int = 0
    right_any: int = 0
    """Right at any confidence; after the button, very little is asked for."""
    wrong: int = 0
    ms: list[float] = field(default_factory=list)


def bench(options: HearingBenchOptions) -> int:
    """Questions by synthesised voices, and recordings of other talk."""
    settings = PocketsphinxSettings() if options.whisper is None else WhisperSettings(model=options.whisper)
    words = vocabulary("en", None)
    try:
        recogniser = open_recogniser(settings, words, "en")
    except SpeechFault as e:
        raise UsageError(f"{e}.") from e
    background = None if options.noise is None else np.concatenate(list(_blocks(options.noise)))
    rows: list[Row] = []
    for db in NOISE_LEVELS_DB if background is not None else (None,):
        s = _score(recogniser, settings.needed, words, background, db, options.every)
        p50, p95, _ = percentiles(s.ms or [float("nan")])
        rows.append(
            {
                "recogniser": settings.type,
                "noise_snr_db": "none" if db is None else db,
                "asked": s.asked,
                "heard_ratio": s.heard / s.asked,
                "right_ratio": s.right / s.asked,
                "right_ratio_any": s.right_any / s.asked,
                "wrong_ratio": s.wrong / s.asked,
                "p50_ms": p50,
                "p95_ms": p95,
            }
        )
    report(
        "questions by three synthesised voices; latency from the end of speech to its words", rows, options.json_file
    )
    if options.talk:
        row = _false_triggers(recogniser, settings.needed, options.talk)
        second = None if options.json_file is None else options.json_file.with_suffix(".talk.json")
        report("talk that is not addressed to it", [{"recogniser": settings.type, **row}], second)
    return 0


def _score(
    recogniser: Recogniser, needed: float, words: Vocabulary, noise: SoundSamples | None, db: float | None, every: int
) -> HearingScore:
    s, understanding = HearingScore(), Understanding("en")
    rng = np.random.default_rng(0)
    for voice, rate in VOICES:
        synthesiser = Pyttsx3Voice(Pyttsx3Settings(voice=voice), "en", rate)
        for n, phrase in enumerate(words.phrases[::every]):
            question = phrase.replace(THING, words.things[n % len(words.things)])
            s.asked += 1
            cut = [
                u for u in utterances(_in_noise(synthesiser.synthesise(question), noise, db, rng)) if u[1].why == "said"
            ]
            if not cut:
                continue
            s.heard += 1
            began = time.perf_counter()
            found = recogniser.recognise(cut[0][0], cut[0][1].speech_s)
            s.ms.append((time.perf_counter() - began) * 1e3)
            wanted, intent = understanding.intent(question), understanding.intent(found.text)
            if not found.whole or intent is None or wanted is None:
                continue
            right = (intent.name, intent.thing) == (wanted.name, wanted.thing)
            s.right_any += right
            s.right += right and found.confidence >= needed
            s.wrong += not right and found.confidence >= needed
    return s


def _false_triggers(recogniser: Recogniser, needed: float, talk: Sequence[Path]) -> Row:
    understanding = Understanding("en")
    seconds, count, taken = 0.0, 0, 0
    for path in sorted(p for folder in talk for p in (folder.rglob("*.wav") if folder.is_dir() else [folder])):
        whole = np.concatenate(list(_blocks(path)))
        seconds += len(whole) / RATE_HZ
        for heard, end in utterances(whole):
            if end.why != "said":
                continue
            count += 1
            found = recogniser.recognise(heard, end.speech_s)
            taken += found.whole and found.confidence >= needed and understanding.intent(found.text) is not None
    return {
        "seconds": round(seconds),
        "utterances": count,
        "false_triggers": taken,
        "false_triggers_per_hour": taken / seconds * 3600 if seconds else None,
    }


def utterances(whole: SoundSamples) -> Iterator[tuple[SoundSamples, UtteranceEnded]]:
    """A recording cut as the walk would cut it."""
    activity, cutter = VoiceActivity(), Utterances("hands_free")
    parts: list[SoundSamples] = []
    for block in Resampler(RATE_HZ).blocks(whole):
        for event in cutter.block(block, activity.probability(block)):
            if isinstance(event, UtteranceEnded):
                yield np.concatenate(parts), event
                parts = []
            else:
                parts.append(event.sound)


def _blocks(path: Path) -> Iterator[SoundSamples]:
    microphone = WavMicrophone(WavMicrophoneSettings(path=path), lambda: False)
    yield from (block.sound for block in microphone.take(FOR_EVER_S))


def _in_noise(
    words: sound.Mono, noise: SoundSamples | None, db: float | None, rng: np.random.Generator
) -> SoundSamples:
    """Words between two silences, with noise at so many decibels below them."""
    import soxr

    spoken = LEVEL * soxr.resample(words, sound.RATE_HZ, RATE_HZ)
    quiet = np.zeros(round(QUIET_S * RATE_HZ), np.float32)
    whole = np.concatenate([quiet, spoken, quiet]).astype(np.float32)
    if noise is None or db is None:
        return np.asarray(whole + rng.normal(0.0, 1e-3, len(whole)), np.float32)
    first = int(rng.integers(0, max(1, len(noise) - len(whole))))
    piece = np.resize(noise[first : first + len(whole)], len(whole))
    loudness = float(np.sqrt((spoken[np.abs(spoken) > 0.01] ** 2).mean() / max(float((piece**2).mean()), 1e-12)))
    return np.asarray(whole + piece * loudness / 10 ** (db / 20), np.float32)
