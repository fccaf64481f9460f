"""The walk, as far as questions and answers need it."""

from __future__ import annotations

from typing import Protocol

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Answer, Callout, Fault, Query


class Host(Protocol):
    """What a conversation asks of the walk; any thread may."""

    def now(self) -> float:
        """Seconds of the walk."""
        ...

    def say(self, callout: Callout) -> None:
        """Put a sentence of an answer into the voice's queue."""
        ...

    def hush(self) -> None:
        """Cut the answer that is being spoken."""
        ...

    def adjust(self, guidance: GuidanceSettings, speech: SpeechSettings) -> None:
        """Other words and another voice from now on."""
        ...

    def pause(self, paused: bool) -> None:
        """Speak of nothing but STOP and faults."""
        ...

    def report(self, fault: Fault) -> None:
        """Log a fault and say it."""
        ...

    def asked(self, query: Query) -> None:
        """Log a question."""
        ...

    def answered(self, answer: Answer) -> None:
        """Log an answer."""
        ...

    @property
    def failing(self) -> tuple[str, ...]:
        """Components that do not work now."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether the voice is to be heard now."""
        ...

    @property
    def paused(self) -> bool:
        """Whether only STOP and faults are spoken."""
        ...

    @property
    def audible(self) -> bool:
        """Whether there is a voice at all."""
        ...

    @property
    def last_said(self) -> Callout | None:
        """The last callout that is no answer."""
        ...
