"""What was asked back, and is carried out where the answer is yes."""

from __future__ import annotations

from edge_nav.dialogue.intents import NO, YES, Intent

VALID_S = 10.0
"""Who was asked says yes within so long, the question itself included."""


class Confirmation:
    """Holds one intent that waits for a yes."""

    def __init__(self) -> None:
        self._intent: Intent | None = None
        self._until_s = 0.0

    def ask(self, intent: Intent, at_s: float) -> None:
        """It was asked whether this is meant."""
        self._intent, self._until_s = intent, at_s + VALID_S

    def waits(self, at_s: float) -> bool:
        """Whether a yes would mean something now."""
        return self._intent is not None and at_s <= self._until_s

    def resolve(self, intent: Intent | None, at_s: float) -> Intent | None:
        """What is to be answered: what was asked back after a yes, nothing after a no, else what was said now."""
        waiting = self._intent if self.waits(at_s) else None
        self._intent = None
        if waiting is None or intent is None or intent.name not in (YES, NO):
            return intent
        return waiting if intent.name == YES else intent
