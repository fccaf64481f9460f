"""Samples of the one utterance that sounds now. Driven alike by a sound card and by a file, so both behave the same."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from edge_nav.speech.sound import RATE_HZ, Stereo, silence

FADE = round(0.005 * RATE_HZ)
"""A cut is faded over 5 ms: no click, and over within any audio buffer."""


@dataclass(frozen=True, slots=True)
class MixerEvent:
    """An utterance began, or ended by itself; ``sample`` counts from the mixer's start."""

    utterance: int
    began: bool
    sample: int


class Mixer:
    """At most one utterance: an earcon at once, its words when they are there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._utterance: int | None = None
        self._queue: list[Stereo] = []
        self._waiting = False
        self._begun = False
        self._tail = silence(0)
        self._events: list[MixerEvent] = []
        self.sample = 0

    def start(self, utterance: int, first: Stereo, *, more: bool) -> None:
        """Begin an utterance, cutting whatever sounds. ``more``: its words will follow."""
        with self._lock:
            self._cut()
            self._utterance, self._waiting, self._begun = utterance, more, False
            self._queue = [first] if len(first) else []

    def add(self, utterance: int, words: Stereo) -> None:
        """The words of the utterance that was begun; dropped if it was cut meanwhile."""
        with self._lock:
            if self._utterance == utterance:
                self._queue.append(words)
                self._waiting = False

    def cut(self) -> None:
        """Silence now, but for a fade of 5 ms."""
        with self._lock:
            self._cut()

    @property
    def busy(self) -> bool:
        """Whether an utterance sounds or waits for its words."""
        with self._lock:
            return self._utterance is not None

    def render(self, samples: int) -> Stereo:
        """The next samples, [samples, 2]."""
        out = silence(samples)
        with self._lock:
            self._take_tail(out)
            done = 0
            while done < samples and self._queue:
                part = self._queue[0]
                n = min(len(part), samples - done)
                if n and not self._begun and self._utterance is not None:
                    self._begun = True
                    self._events.append(MixerEvent(self._utterance, True, self.sample + done))
                out[done : done + n] += part[:n]
                done += n
                if n == len(part):
                    self._queue.pop(0)
                else:
                    self._queue[0] = part[n:]
            if self._utterance is not None and not self._queue and not self._waiting:
                self._events.append(MixerEvent(self._utterance, False, self.sample + done))
                self._utterance = None
            self.sample += samples
        return np.clip(out, -1.0, 1.0)

    def events(self) -> list[MixerEvent]:
        """What began and ended since the last call."""
        with self._lock:
            events, self._events = self._events, []
            return events

    def _cut(self) -> None:
        if self._queue:
            tail = self._queue[0][:FADE].copy()
            tail *= np.linspace(1.0, 0.0, len(tail), dtype=np.float32)[:, None]
            self._tail = tail
        self._utterance, self._queue, self._waiting = None, [], False

    def _take_tail(self, out: Stereo) -> None:
        n = min(len(self._tail), len(out))
        out[:n] += self._tail[:n]
        self._tail = self._tail[n:]
