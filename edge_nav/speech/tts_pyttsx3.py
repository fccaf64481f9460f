"""Text to samples by pyttsx3 and eSpeak NG. Playing is not left to pyttsx3: what it plays cannot be stopped."""

from __future__ import annotations

import builtins
import sys
import tempfile
import wave
from collections import OrderedDict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from edge_nav.errors import SpeechFault
from edge_nav.settings import Settings
from edge_nav.speech.sound import RATE_HZ, Mono

MEND = "sudo apt install libespeak-ng1"
KEPT = 64
"""Phrases kept as samples: the same few come again and again."""
QUIET = 0.005
"""Samples below this at either end are silence, and only delay the words."""


class Pyttsx3Settings(Settings):
    """pyttsx3, which drives eSpeak NG on Linux."""

    type: Literal["pyttsx3"] = "pyttsx3"
    voice: str | None = Field(default=None, description="Voice id, such as gmw/en-us; null picks one by the language.")


class Pyttsx3Voice:
    """One engine. To be used from one thread at a time."""

    def __init__(self, settings: Pyttsx3Settings, language: str, rate_wpm: int, volume: float) -> None:
        """Raises SpeechFault where pyttsx3 or eSpeak NG is missing, or the voice unknown."""
        try:
            import pyttsx3

            self._engine: Any = pyttsx3.init()
        except (ImportError, RuntimeError, OSError, AttributeError) as e:
            raise SpeechFault(f"text-to-speech does not start ({_brief(e)}): {MEND}") from e
        _silence_driver()
        voice = settings.voice or self._voice_for(language)
        try:
            self._engine.setProperty("voice", voice)
        except ValueError as e:
            raise SpeechFault(f"speech voice {voice!r} is unknown: see `espeak-ng --voices`") from e
        # After the voice, which brings its own.
        self._engine.setProperty("rate", rate_wpm)
        self._engine.setProperty("volume", volume)
        self._cache: OrderedDict[str, Mono] = OrderedDict()

    def synthesise(self, text: str) -> Mono:
        """float32 [n] at RATE_HZ. Raises SpeechFault where nothing comes out."""
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        try:
            with tempfile.TemporaryDirectory(prefix="edge-nav-") as folder:
                path = Path(folder) / "phrase.wav"
                self._engine.save_to_file(text, str(path))
                self._engine.runAndWait()
                words = _trimmed(_read(path))
        except (RuntimeError, OSError, wave.Error, EOFError) as e:
            raise SpeechFault(f"text-to-speech failed ({_brief(e)}): {MEND}") from e
        self._cache[text] = words
        if len(self._cache) > KEPT:
            self._cache.popitem(last=False)
        return words

    def _voice_for(self, language: str) -> str:
        ids = [str(v.id) for v in self._engine.getProperty("voices")]
        exact = [i for i in ids if i.rpartition("/")[2] == language]
        near = [i for i in ids if i.rpartition("/")[2].startswith(f"{language}-")]
        if not exact and not near:
            raise SpeechFault(f"text-to-speech has no voice for language {language!r}: sudo apt install espeak-ng-data")
        return (exact or near)[0]


def _silence_driver() -> None:
    """The driver prints a line for every phrase; its own module gets a print that does not."""
    driver = sys.modules.get("pyttsx3.drivers.espeak")
    if driver is not None:
        setattr(driver, builtins.print.__name__, lambda *_: None)


def _read(path: Path) -> Mono:
    with wave.open(str(path), "rb") as file:
        if file.getframerate() != RATE_HZ or file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise wave.Error(f"{file.getframerate()} Hz, {file.getnchannels()} channels")
        data = file.readframes(file.getnframes())
    samples: Mono = (np.frombuffer(data, np.int16) / np.float32(32768)).astype(np.float32)
    return samples


def _trimmed(samples: Mono) -> Mono:
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    if not len(loud):
        raise wave.Error("nothing but silence")
    trimmed: Mono = samples[loud[0] : loud[-1] + 1]
    return trimmed


def _brief(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
