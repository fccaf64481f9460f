"""Answers on their way to the voice: sentence by sentence, so that a hazard interrupts no more than one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_nav.dialogue.grounding import sentences
from edge_nav.speech.queue import MEASURED
from edge_nav.types import Callout
from edge_nav.walk.host import Host

FIRST_ID = 1_000_000
"""Answers are numbered from here, so that they never share a number with the policy's callouts."""
EXPIRES_S, MEASURED_EXPIRES_S = 60.0, 2.0
"""An answer waits so long behind hazards before it is dropped; a measured one is soon no longer true."""


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What was answered last, when, and the obstacle that it was about, or the one before it."""

    t: float = -1.0
    text: str = ""
    obstacle_id: int | None = None


class AnswerVoice:
    """Numbers the sentences, and remembers the last answer for "repeat" and "how far is it"."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._next_id = FIRST_ID
        self.last = LastAnswer()

    def say(self, text: str, at_s: float, obstacle_id: int | None = None, *, measured: bool = False) -> None:
        """Queue an answer. ``measured``: what it tells of is soon no longer true."""
        for n, sentence in enumerate(sentences([text])):
            # The second sentence waits for the first.
            waits_s = MEASURED_EXPIRES_S * (n + 1) if measured else EXPIRES_S
            self._host.say(self._callout(MEASURED if measured else "answer", sentence, at_s, waits_s))
        if text:
            self.last = LastAnswer(at_s, text, obstacle_id if obstacle_id is not None else self.last.obstacle_id)

    def cue(self, kind: str, at_s: float) -> None:
        """Sound a tone: "heard" or "thinking"."""
        self._host.say(self._callout(kind, "", at_s, MEASURED_EXPIRES_S))

    def said_in_all(self, text: str) -> None:
        """The sentences since the question are one answer."""
        self.last = replace(self.last, text=text)

    def _callout(self, kind: str, text: str, at_s: float, waits_s: float) -> Callout:
        self._next_id += 1
        return Callout(self._next_id, kind, "answer", text, f"{kind}:{self._next_id}", at_s, at_s + waits_s)
