"""What a simulated walker is, knows and does: plain data."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

Question = Literal["way_clear", "free_way"]


@dataclass(frozen=True, slots=True)
class Traits:
    """Who walks. ``aided``: guided by speech, else by touch alone."""

    speed_mps: float = 1.2
    aided: bool = True
    cane: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Now:
    """What a walker knows of themselves. ``listening``: the aid is speaking."""

    t: float
    heading_deg: float
    goal_deg: float
    goal_m: float
    walked_m: float
    listening: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What they do now. Bearings and headings in degrees; a speed below 0 is backwards."""

    speed_mps: float
    heading_deg: float
    ask: Question | None = None


Plan = Generator[Act, None, None]
