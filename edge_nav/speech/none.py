"""No sound at all."""

from __future__ import annotations

from typing import Literal

from edge_nav.base_settings import Settings
from edge_nav.types import Callout


class NoneOutputSettings(Settings):
    """Guidance goes to the log alone."""

    type: Literal["none"] = "none"


class SilentVoice:
    """Takes every callout and says nothing."""

    def say(self, callout: Callout, at_s: float) -> None:
        """Nothing."""

    def hush(self, at_s: float) -> None:
        """Nothing."""

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Nothing."""

    @property
    def speaking(self) -> bool:
        """Never."""
        return False

    def tick(self, at_s: float) -> None:
        """Nothing."""

    def close(self, at_s: float) -> None:
        """Nothing."""
