"""Boxes and other loose things."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.sim.things.base import Placed
from edge_nav.sim.things.parts import Parts


class Box(Placed):
    """A box or crate."""

    kind: Literal["box"] = Field(default="box", description="A box.")
    width_m: float | None = Field(default=None, ge=0.05, le=5, description="Size to its sides, metres.")
    length_m: float | None = Field(default=None, ge=0.05, le=5, description="Size to its front, metres.")
    height_m: float | None = Field(default=None, ge=0.05, le=4, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        size = (
            self.width_m or parts.between(0.25, 0.6),
            self.length_m or parts.between(0.25, 0.6),
            self.height_m or parts.between(0.15, 0.6),
        )
        parts.block((0, 0, 0), size, parts.material("cardboard"), bevel_m=0.008)


class Pole(Placed):
    """An upright pole."""

    kind: Literal["pole"] = Field(default="pole", description="A pole or column.")
    radius_m: float = Field(default=0.04, ge=0.01, le=0.6, description="Radius, metres.")
    height_m: float = Field(default=2.6, ge=0.3, le=12, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        parts.drum((0, 0, 0), self.radius_m, self.height_m, parts.material("metal"), "pole")
        if self.height_m > 1.5:
            parts.drum((0, 0, 0), self.radius_m * 1.6, 0.06, parts.material("metal"), "pole")
