"""Text to samples by eSpeak NG, through pyttsx3's binding to it, in synchronous mode.

pyttsx3's own engine is not used. Its eSpeak driver works in the background: on a busy machine it returns before the
phrase is there, it cancels what still waits in eSpeak's queue (the rate, or the phrase), and what it plays cannot be
stopped. Synchronous mode has no queue: the samples are there when the call returns.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections import OrderedDict
from typing import Any, Literal

import numpy as np
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import SpeechFault
from edge_nav.speech.sound import RATE_HZ, Mono

MEND = "sudo apt install libespeak-ng1"
KEPT = 64
"""Phrases kept as samples: the same few come again and again."""
QUIET = 0.005
"""Samples below this at either end are silence, and only delay the words."""
BUFFER_MS = 1000
RETURN_ERRORS = 0x8000
"""espeakINITIALIZE_DONT_EXIT of speak_lib.h: without it, missing voice data would end the whole process."""

_lock = threading.Lock()
"""The library holds one voice and one rate for the whole process."""


class Pyttsx3Settings(Settings):
    """pyttsx3, which drives eSpeak NG on Linux."""

    type: Literal["pyttsx3"] = "pyttsx3"
    voice: str | None = Field(default=None, description="Voice id, such as gmw/en-us; null picks one by the language.")


class Pyttsx3Voice:
    """One voice at one rate, at full volume."""

    def __init__(self, settings: Pyttsx3Settings, language: str, rate_wpm: int) -> None:
        """Raises SpeechFault where pyttsx3 or eSpeak NG is missing, or the voice unknown."""
        self._voice = settings.voice or _voice_for(language)
        self._rate_wpm = rate_wpm
        self._cache: OrderedDict[str, Mono] = OrderedDict()
        with _lock:
            self._apply(_library())

    def set_rate(self, rate_wpm: int) -> None:
        """From the next phrase on."""
        if rate_wpm != self._rate_wpm:
            self._rate_wpm = rate_wpm
            self._cache.clear()

    def synthesise(self, text: str) -> Mono:
        """float32 [n] at RATE_HZ. Raises SpeechFault where nothing comes out."""
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        with _lock:
            words = _trimmed(self._spoken(_library(), text))
        self._cache[text] = words
        if len(self._cache) > KEPT:
            self._cache.popitem(last=False)
        return words

    def _apply(self, espeak: Any) -> None:
        if espeak.SetVoiceByName(self._voice.encode()) != espeak.EE_OK:
            raise SpeechFault(f"speech voice {self._voice!r} is unknown: see `espeak-ng --voices`")
        # After the voice, which brings its own.
        espeak.SetParameter(espeak.RATE, self._rate_wpm, 0)

    def _spoken(self, espeak: Any, text: str) -> Mono:
        parts: list[bytes] = []

        def collect(samples: Any, count: int, _events: Any) -> int:
            if count > 0:
                parts.append(ctypes.string_at(samples, 2 * count))
            return 0

        self._apply(espeak)
        espeak.SetSynthCallback(collect)
        status = espeak.Synth(text, flags=espeak.CHARS_UTF8)
        if status != espeak.EE_OK:
            raise SpeechFault(f"text-to-speech failed (eSpeak NG answered {status}): {MEND}")
        spoken: Mono = (np.frombuffer(b"".join(parts), np.int16) / np.float32(32768)).astype(np.float32)
        return spoken


def voice_ids() -> list[str]:
    """What can be chosen as `speech.voice.voice`. Raises SpeechFault where pyttsx3 or eSpeak NG is missing."""
    return [v.identifier.decode().lower() for v in _library().ListVoices(None)]


@functools.cache
def _library() -> Any:
    """pyttsx3's module of eSpeak functions, initialised: once a process, which is all that eSpeak allows."""
    try:
        from pyttsx3.drivers import _espeak
    except (ImportError, RuntimeError, OSError, AttributeError) as e:
        raise SpeechFault(f"text-to-speech does not start ({_brief(e)}): {MEND}") from e
    rate_hz = _espeak.Initialize(_espeak.AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, None, RETURN_ERRORS)
    if rate_hz != RATE_HZ:
        raise SpeechFault(f"text-to-speech does not start (eSpeak NG answered {rate_hz}): {MEND}")
    return _espeak


def _voice_for(language: str) -> str:
    ids = voice_ids()
    exact = [i for i in ids if i.rpartition("/")[2] == language]
    near = [i for i in ids if i.rpartition("/")[2].startswith(f"{language}-")]
    if not exact and not near:
        raise SpeechFault(f"text-to-speech has no voice for language {language!r}: sudo apt install espeak-ng-data")
    return (exact or near)[0]


def _trimmed(samples: Mono) -> Mono:
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    if not len(loud):
        raise SpeechFault(f"text-to-speech failed (nothing but silence): {MEND}")
    trimmed: Mono = samples[loud[0] : loud[-1] + 1]
    return trimmed


def _brief(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
