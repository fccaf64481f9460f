"""Blocks of sound -> utterances: where someone begins and ends to speak. Plain, without threads, clocks or devices."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from edge_nav.listening.sound import BLOCK_S, SoundSamples

BEGINS, GOES_ON = 0.5, 0.35
"""Probability of speech at which an utterance begins, and below which a block counts as silence."""
QUIETER, LOUDER, MOST_QUIETER = 0.45, 1.3, 0.8
"""In noise, the network takes long to notice an end. So a block is silence, too, when it is this much fainter than the
utterance's median, or hardly louder than what was before it (but never when it is nearly as loud as the median).
"""
BEGIN_BLOCKS = 2
PRE_ROLL_S = 0.5
"""Kept from before the beginning was noticed, so that the first syllable is never lost."""
END_S = 0.35
"""Silence that ends an utterance: shorter cuts people off between words, longer keeps them waiting."""
LEAST_S = 0.2
"""Less speech than this is a cough or a click."""
MOST_S = 8.0
"""Whoever speaks longer without a pause is talking to someone else."""
PUSH_WAIT_S = 5.0
"""After a push of the button, speech must begin within this time."""

Trigger = Literal["hands_free", "push_to_talk"]
EndReason = Literal["said", "cut_off", "too_short", "too_long"]


@dataclass(frozen=True, slots=True)
class UtteranceBegan:
    """Someone began to speak; ``sound`` is the pre-roll with the first blocks."""

    sound: SoundSamples
    pushed: bool


@dataclass(frozen=True, slots=True)
class UtteranceContinued:
    """Another block of the utterance."""

    sound: SoundSamples


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """The utterance is over. ``why`` is "said" when it may be a question, else why it is not: cut_off (Edge Nav itself
    began to speak), too_short, too_long. ``speech_s`` is the time from its first to its last word, seconds; ``ended_s``
    the time since that last word.
    """

    why: EndReason
    speech_s: float
    ended_s: float
    pushed: bool


UtteranceEvent = UtteranceBegan | UtteranceContinued | UtteranceEnded


class Utterances:
    """Holds the ring buffer and the state of the utterance that is running.

    ``hands_free`` listens all the time; ``push_to_talk`` only after :meth:`push`. A push also opens a hands-free ear
    that is deaf because of its own voice, and ends with :meth:`release` where the button tells its release.
    """

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._ring: deque[SoundSamples] = deque(maxlen=round(PRE_ROLL_S / BLOCK_S))
        self._open_s = 0.0
        self._held = False
        self._pushed = False
        self._running = False
        self._likely = 0
        self._blocks = 0
        self._loudness: list[float] = []
        self._background = 0.0
        self._last = 0
        self._wait_silence = False

    @property
    def running(self) -> bool:
        """Whether someone is speaking now."""
        return self._running

    def push(self, *, held: bool = False) -> None:
        """The button was pushed; ``held``: it will be released, too, and that ends the utterance."""
        self._open_s, self._held, self._pushed, self._wait_silence = PUSH_WAIT_S, held, True, False

    def release(self) -> list[UtteranceEvent]:
        """The button was released."""
        if not self._held:
            return []
        self._held, self._open_s = False, 0.0
        return [self._end("said")] if self._running else []

    def lost(self) -> None:
        """The microphone is gone: what was begun is forgotten."""
        self._running, self._likely, self._open_s, self._held, self._pushed = False, 0, 0.0, False, False
        self._ring.clear()

    def block(self, sound: SoundSamples, probability: float, *, own_voice: bool = False) -> list[UtteranceEvent]:
        """One block. ``own_voice``: Edge Nav itself is to be heard in it, so it is nobody's question."""
        self._ring.append(sound)
        if self._held:
            self._open_s = PUSH_WAIT_S
        elif not self._running:
            self._open_s = max(0.0, self._open_s - BLOCK_S)
        own_voice = own_voice and not (self._pushed and (self._open_s > 0 or self._running))
        if own_voice and self._running:
            self._wait_silence = True
            return [UtteranceContinued(sound), self._end("cut_off")]
        if self._running:
            return self._go_on(sound, probability)
        if self._wait_silence:  # the rest of what was cut off or too long is not a new question
            self._wait_silence = probability >= GOES_ON
        listening = not own_voice and not self._wait_silence and (self._trigger == "hands_free" or self._open_s > 0)
        self._likely = self._likely + 1 if listening and probability >= BEGINS else 0
        if self._likely < BEGIN_BLOCKS:
            return []
        self._running, self._blocks, self._last = True, 0, 0
        loudness = [_loudness(s) for s in self._ring]
        self._loudness = loudness[-self._likely :]
        self._background = median(loudness[: -self._likely] or [0.0])
        self._pushed = self._pushed and self._open_s > 0
        return [UtteranceBegan(np.concatenate(self._ring), self._pushed)]

    def _go_on(self, sound: SoundSamples, probability: float) -> list[UtteranceEvent]:
        self._blocks += 1
        loudness = _loudness(sound)
        middle = median(self._loudness)
        faint = min(max(QUIETER * middle, LOUDER * self._background), MOST_QUIETER * middle)
        if probability >= GOES_ON and loudness >= faint:
            self._last = self._blocks
        if probability >= GOES_ON:
            self._loudness.append(loudness)
        if self._blocks * BLOCK_S > MOST_S:
            self._wait_silence = True
            return [UtteranceContinued(sound), self._end("too_long")]
        silent_s = (self._blocks - self._last) * BLOCK_S
        if silent_s < END_S or (self._held and silent_s < MOST_S):
            return [UtteranceContinued(sound)]
        return [
            UtteranceContinued(sound),
            self._end("said" if len(self._loudness) * BLOCK_S >= LEAST_S else "too_short"),
        ]

    def _end(self, why: EndReason) -> UtteranceEnded:
        ended = UtteranceEnded(
            why,
            speech_s=(self._last + BEGIN_BLOCKS) * BLOCK_S,
            ended_s=(self._blocks - self._last) * BLOCK_S,
            pushed=self._pushed,
        )
        self._running, self._likely, self._open_s, self._pushed = False, 0, 0.0, False
        return ended


def _loudness(sound: SoundSamples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(sound * sound)))
