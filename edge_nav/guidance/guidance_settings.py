"""How the walker wants to be spoken to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Language

Directions = Literal["clock", "sides", "degrees"]
Units = Literal["metres", "feet", "steps"]
Verbosity = Literal["hazards", "normal", "talkative"]


class GuidanceSettings(Settings):
    """Words, units and how much is said."""

    language: Language = Field(default="en", description="Language of the phrases and of the voice.")
    verbosity: Verbosity = Field(
        default="normal",
        description="hazards: only what is dangerous now; normal: also what comes up; talkative: also the sides.",
    )
    directions: Directions = Field(
        default="clock", description="Direction words: clock hours, left and right, or degrees."
    )
    units: Units = Field(default="metres", description="Unit of spoken distances.")
    step_length_m: float = Field(default=0.7, ge=0.3, le=1.2, description="Length of the walker's step in metres.")
    max_callouts_per_minute: int = Field(
        default=6, ge=1, le=30, description="Unasked callouts a minute; STOP and faults are never held back."
    )
    veer_advice: bool = Field(default=True, description="Say on which side the way is free, where that is certain.")
