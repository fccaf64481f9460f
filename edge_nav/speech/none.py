"""No sound at all."""

from __future__ import annotations

from typing import Literal

from edge_nav.base_settings import Settings
from edge_nav.speech.timeline import VoiceTimeline
from edge_nav.types import Callout


class NoneOutputSettings(Settings):
    """Guidance goes to the log alone."""

    type: Literal["none"] = "none"


class SilentVoice:
    """Takes every callout and makes no sound. With a ``timeline`` it takes the time of saying them, too."""

    def __init__(self, timeline: VoiceTimeline | None = None) -> None:
        self._timeline = timeline

    def say(self, callout: Callout, at_s: float) -> None:
        """Nothing is heard."""
        if self._timeline is not None:
            self._timeline.say(callout, at_s)

    def hush(self, at_s: float) -> None:
        """Forget the answers."""
        if self._timeline is not None:
            self._timeline.hush(at_s)

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Another rate; there is no loudness."""
        if self._timeline is not None:
            self._timeline.adjust(rate_wpm)

    @property
    def speaking(self) -> bool:
        """Never: nothing is to be heard."""
        return False

    def tick(self, at_s: float) -> None:
        """The walk has come to this time."""
        if self._timeline is not None:
            self._timeline.tick(at_s)

    def close(self, at_s: float) -> None:
        """The walk is over."""
        if self._timeline is not None:
            self._timeline.close(at_s)
