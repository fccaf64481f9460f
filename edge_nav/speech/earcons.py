"""Short tones, one pattern per priority, placed left to right by the bearing; heard before the words are ready."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from edge_nav.speech.sound import RATE_HZ, Mono, Stereo
from edge_nav.types import Priority

# (frequency Hz, seconds) one after the other; 0 Hz is a rest. High and twice is STOP, falling is a fault.
PATTERNS: dict[Priority, tuple[tuple[float, float], ...]] = {
    "stop": ((1760.0, 0.055), (0.0, 0.020), (1760.0, 0.055)),
    "fault": ((880.0, 0.06), (587.0, 0.06), (392.0, 0.08)),
    "caution": ((1047.0, 0.08),),
    "notice": ((698.0, 0.05),),
    "info": (),
    "answer": (),
}
CUES: dict[str, tuple[tuple[float, float], ...]] = {
    "heard": ((523.0, 0.05), (784.0, 0.05)),
    "thinking": ((392.0, 0.04), (0.0, 0.08), (392.0, 0.04)),
}
"""Sounds that are no callouts: a question was heard (rising), the answer takes a while (two low ticks)."""
FADE_S = 0.004
LEVEL = 0.5
FULL_LEFT_RIGHT_DEG = 60.0
"""At this bearing and beyond, the tone comes from one side alone."""


def earcon(priority: Priority, bearing_deg: float | None, kind: str = "") -> Stereo:
    """float32 [n, 2]; empty for info and answers. A ``kind`` that is a cue has its own pattern.

    Constant-power panning: sin and cos keep loudness the same at every bearing.
    """
    mono = _tone(CUES.get(kind, PATTERNS[priority]))
    share = 0.0 if bearing_deg is None else min(max(bearing_deg / FULL_LEFT_RIGHT_DEG, -1.0), 1.0)
    angle = (share + 1.0) * math.pi / 4
    gains = np.array([math.cos(angle), math.sin(angle)], np.float32)
    return (mono[:, None] * gains[None, :]).astype(np.float32)


def tone_s(priority: Priority, kind: str = "") -> float:
    """How long a callout's tone is, seconds; 0 where it has none."""
    return sum(seconds for _, seconds in CUES.get(kind, PATTERNS[priority]))


@lru_cache
def _tone(pattern: tuple[tuple[float, float], ...]) -> Mono:
    parts = [np.zeros(0, np.float32)]
    for frequency, seconds in pattern:
        t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        fade = np.minimum(1.0, np.minimum(t, t[::-1]) / FADE_S)
        # A fifth of the third harmonic makes it carry through street noise and small open-ear transducers.
        wave = np.sin(2 * np.pi * frequency * t) + 0.2 * np.sin(6 * np.pi * frequency * t)
        parts.append((LEVEL / 1.2 * wave * fade).astype(np.float32))
    return np.concatenate(parts)
