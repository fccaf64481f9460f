"""Which callout is spoken next: plain state, no threads, no clock, no sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_nav.types import PRIORITIES, Callout

STOP_HEARD_S = 0.8
"""By then the word "stop" and what for has been heard, and a fault may have its turn: it is to be heard in a second."""
MEASURED = "measured"
"""Kind of an answer that was true when it was measured."""
RANK = {priority: n for n, priority in enumerate(PRIORITIES)}


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now: cut the one that is speaking, start one, and which have fallen away unspoken.

    An answer that gives way to a hazard is not cut but waits again.
    """

    cut: Callout | None = None
    start: Callout | None = None
    expired: tuple[Callout, ...] = ()


class VoiceQueue:
    """Most urgent first, then oldest. STOP and faults interrupt what is less urgent, and a STOP that is about something
    else interrupts a STOP: the newer danger is the nearer one. Nothing else interrupts.

    An answer gives way to any hazard. What was read or told is begun again after it; what was measured is not: by then
    it is no longer so.

    A newer callout replaces a waiting one with its key. Expiry, and whether the hazard is still there, are asked
    when a callout is about to be spoken: late speech is dropped, not spoken late.
    """

    def __init__(self, is_current: Callable[[Callout], bool]) -> None:
        self._is_current = is_current
        self._waiting: list[Callout] = []
        self._speaking: Callout | None = None
        self._since_s = 0.0

    @property
    def speaking(self) -> Callout | None:
        """The callout that sounds now."""
        return self._speaking

    @property
    def idle(self) -> bool:
        """Nothing sounds and nothing waits."""
        return self._speaking is None and not self._waiting

    def put(self, callout: Callout) -> tuple[Callout, ...]:
        """Let a callout wait its turn; the ones it replaces."""
        replaced = tuple(c for c in self._waiting if c.key == callout.key)
        self._waiting = [c for c in self._waiting if c.key != callout.key]
        self._insert(callout)
        return replaced

    def decide(self, at_s: float) -> Decision:
        """What to do at a time. The caller does it: the state already assumes so."""
        expired = []
        while self._waiting:
            first = self._waiting[0]
            if at_s > first.expires_t or not self._is_current(first):
                expired.append(self._waiting.pop(0))
                continue
            speaking = self._speaking
            if speaking is not None and not self._interrupts(first, speaking, at_s - self._since_s):
                break
            self._speaking, self._since_s = self._waiting.pop(0), at_s
            if first.priority in ("stop", "fault"):
                expired += [c for c in self._waiting if c.kind == MEASURED]
                self._waiting = [c for c in self._waiting if c.kind != MEASURED]
            if speaking is not None and speaking.priority == "answer" and speaking.kind != MEASURED:
                self._insert(speaking)
                speaking = None
            return Decision(speaking, first, tuple(expired))
        return Decision(expired=tuple(expired))

    def finished(self) -> None:
        """What was speaking has ended."""
        self._speaking = None

    def drop_answers(self) -> tuple[Callout, ...]:
        """Forget the answers that wait: nobody wants them any more."""
        dropped = tuple(c for c in self._waiting if c.priority == "answer")
        self._waiting = [c for c in self._waiting if c.priority != "answer"]
        return dropped

    def drop_all(self) -> tuple[Callout, ...]:
        """Forget everything that waits, at the end of a walk."""
        dropped, self._waiting = tuple(self._waiting), []
        return dropped

    def _insert(self, callout: Callout) -> None:
        self._waiting.append(callout)
        self._waiting.sort(key=lambda c: (RANK[c.priority], c.t, c.id))

    @staticmethod
    def _interrupts(new: Callout, old: Callout, for_s: float) -> bool:
        if new.priority == "stop":
            return old.priority != "stop" or new.key != old.key
        if old.priority == "answer" and new.priority in ("fault", "caution"):
            return True
        if new.priority != "fault" or old.priority == "fault":
            return False
        return old.priority != "stop" or for_s >= STOP_HEARD_S
