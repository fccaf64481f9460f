"""What a recogniser answers, and what it must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_nav.listening.sound import SoundSamples


@dataclass(frozen=True, slots=True)
class Recognised:
    """Words, and how sure they are, 0..1. Empty text: nothing that was meant for Edge Nav. ``whole`` is False for the
    beginning of a known sentence.
    """

    text: str
    confidence: float
    whole: bool = True


NOTHING = Recognised("", 0.0)


class Recogniser(Protocol):
    """Sound to words."""

    def recognise(self, sound: SoundSamples, speech_s: float) -> Recognised:
        """One utterance, float32 [n] at 16 kHz; ``speech_s`` is the time from its first to its last word."""
        ...
