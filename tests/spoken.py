"""Sentences by a synthesised voice, as a microphone would give them."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from edge_nav.errors import SpeechFault
from edge_nav.listening.sound import RATE_HZ
from edge_nav.speech import sound
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice

HUSH = 1e-3
"""Of a quiet room, as a share of full scale."""


def say(
    text: str, voice: str = "gmw/en-us", rate: int = 150, noise_db: float | None = None, seed: int = 0
) -> np.ndarray:
    """A sentence with half a second of quiet before and after it, float32 at 16 kHz; ``noise_db``: how far white noise
    lies below the words, None for a quiet room. Skips the test where there is no such voice.
    """
    try:
        words = Pyttsx3Voice(Pyttsx3Settings(voice=voice), "en", rate).synthesise(text)
    except SpeechFault as e:
        pytest.skip(str(e))
    words = 0.5 * soxr.resample(words, sound.RATE_HZ, RATE_HZ)
    noise = HUSH if noise_db is None else float(np.sqrt((words**2).mean())) * 10 ** (-noise_db / 20)
    quiet = np.zeros(RATE_HZ // 2, np.float32)
    whole = np.concatenate([quiet, words, quiet])
    return np.asarray(whole + np.random.default_rng(seed).normal(0.0, noise, len(whole)), np.float32)
