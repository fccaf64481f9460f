"""Reads and applies the hazard table."""

from __future__ import annotations

import importlib.resources
from functools import lru_cache
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter

from edge_nav.settings import Settings
from edge_nav.types import Band, Obstacle

Zone = Literal["stop", "caution", "notice"]
NEARNESS: dict[Zone, int] = {"stop": 3, "caution": 2, "notice": 1}
LEAVE_M = 0.3
"""A zone is left this much farther out than it was entered, so that nothing flickers at its border."""
Heed = Literal["full", "stop", "none"]


class Companions(Settings):
    """How much of a hazard is still spoken to someone with a cane or a dog."""

    cane: Heed
    dog: Heed


class Hazard(Settings):
    """One row of the table; the fields are explained there."""

    kind: str
    band: Band | None = None
    label: str | None = None
    footing: bool | None = None
    in_corridor: bool | None = None
    stop_m: float | None = Field(ge=0)
    stop_s: float | None = Field(ge=0)
    caution_m: float = Field(ge=0)
    notice_m: float | None = Field(ge=0)
    onset_frames: int = Field(ge=1)
    confidence: float = Field(ge=0, le=1)
    clear: bool
    veer: bool
    always: bool
    companion: Companions

    def fits(self, obstacle: Obstacle) -> bool:
        """Whether this row describes the obstacle."""
        return all(
            wanted is None or wanted == have
            for wanted, have in (
                (self.band, obstacle.band),
                (self.label, obstacle.label),
                (self.footing, obstacle.footing),
                (self.in_corridor, obstacle.in_corridor),
            )
        )

    def zone(self, obstacle: Obstacle, before: Zone | None) -> Zone | None:
        """The zone an obstacle is in now, given the one it was in: borders are wider on the way out."""
        slack = {z: LEAVE_M if before is not None and NEARNESS[before] >= n else 0.0 for z, n in NEARNESS.items()}
        d = obstacle.distance_m
        near = self.stop_m is not None and d < self.stop_m + slack["stop"]
        soon = self.stop_s is not None and obstacle.time_to_contact_s < self.stop_s
        if near or soon:
            return "stop"
        # Who walks faster is warned from farther: three seconds of way.
        if d < max(self.caution_m, 3.0 * obstacle.closing_mps if self.caution_m else 0.0) + slack["caution"]:
            return "caution" if self.caution_m else None
        if self.notice_m is not None and d < self.notice_m + slack["notice"]:
            return "notice"
        return None


@lru_cache(maxsize=1)
def hazard_table() -> tuple[Hazard, ...]:
    """The rows in order of danger."""
    text = importlib.resources.files("edge_nav.guidance").joinpath("hazards.yaml").read_text(encoding="utf-8")
    return tuple(TypeAdapter(list[Hazard]).validate_python(yaml.safe_load(text)))
