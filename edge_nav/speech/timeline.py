"""When everything that is said would be heard, without sound: the voice's rules at a speaking rate, in the walk's time.

Plain state: no threads, no clock, no samples. A walk without sound is told by it what a walker would have heard, so
that it is judged, and goes on, as one with sound.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_nav.speech.earcons import tone_s
from edge_nav.speech.queue import VoiceQueue
from edge_nav.types import Callout, VoiceFate, VoiceState

NOMINAL_LATENCY_S = 0.06
"""From a frame's capture to the first sample of what is said about it, the wait for the voice's turn apart: assumed
where a walk does not keep to its own pace, so that the same walk is heard the same whatever the machine does beside."""
STEP_S = 0.01
"""A sound card asks for samples about so often, and so often it is decided what is spoken next."""
TAIL_S = 5.0
"""The last words are let out after the walk's end, for so long at most."""


class VoiceTimeline:
    """A voice that takes the time of speaking and makes no sound. ``on_fate`` is told what became of each callout."""

    def __init__(
        self,
        rate_wpm: int,
        *,
        earcons: bool,
        is_current: Callable[[Callout], bool],
        on_fate: Callable[[VoiceFate], None],
    ) -> None:
        self._word_s, self._earcons, self._on_fate = 60.0 / rate_wpm, earcons, on_fate
        self._queue = VoiceQueue(is_current)
        self._now = 0.0
        self._began_s = self._ends_s = 0.0

    @property
    def speaking(self) -> bool:
        """Whether something is being said at the time that has been reached."""
        return self._queue.speaking is not None

    def say(self, callout: Callout, at_s: float) -> None:
        """Queue a callout at a time of the walk."""
        self.tick(at_s)
        for replaced in self._queue.put(callout):
            self._fate(replaced, "expired", at_s, None)
        self._decide()  # now, not at the next frame: whether it still holds is asked of the frame that led to it

    def tick(self, at_s: float) -> None:
        """The walk has come to this time."""
        while self._now < at_s:
            self._now = min(self._now + STEP_S, at_s)
            self._decide()

    def hush(self, at_s: float) -> None:
        """Cut the answer that is being said, and forget those that wait."""
        self.tick(at_s)
        for callout in self._queue.drop_answers():
            self._fate(callout, "expired", self._now, None)
        speaking = self._queue.speaking
        if speaking is not None and speaking.priority == "answer":
            self._queue.finished()
            self._fate(speaking, "interrupted", self._now, self._began_s)

    def adjust(self, rate_wpm: int) -> None:
        """Another rate, from the next callout on."""
        self._word_s = 60.0 / rate_wpm

    def close(self, at_s: float) -> None:
        """Let the last words out; whatever still waits then has met its fate."""
        self.tick(at_s)
        end = at_s + TAIL_S
        while not self._queue.idle and self._now < end:
            self.tick(min(self._now + STEP_S, end))
        for callout in self._queue.drop_all():
            self._fate(callout, "expired", self._now, None)
        speaking = self._queue.speaking
        if speaking is not None:
            self._queue.finished()
            self._fate(speaking, "interrupted", self._now, self._began_s)

    def _decide(self) -> None:
        speaking = self._queue.speaking
        if speaking is not None and self._now >= self._ends_s:
            self._queue.finished()
            self._fate(speaking, "spoken", self._ends_s, self._began_s)
        decision = self._queue.decide(self._now)
        for callout in decision.expired:
            self._fate(callout, "expired", self._now, None)
        if decision.start is None:
            return
        if decision.cut is not None:
            self._fate(decision.cut, "interrupted", self._now, self._began_s)
        tone = tone_s(decision.start.priority, decision.start.kind) if self._earcons else 0.0
        self._began_s = self._now
        self._ends_s = self._now + tone + self._word_s * len(decision.start.text.split())

    def _fate(self, callout: Callout, state: VoiceState, at_s: float, began_s: float | None) -> None:
        self._on_fate(VoiceFate(callout.id, state, at_s, None if began_s is None else began_s - callout.t))
