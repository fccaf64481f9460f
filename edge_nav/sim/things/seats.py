"""Chairs and tables."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.sim.shapes import Material
from edge_nav.sim.things.base import Placed
from edge_nav.sim.things.parts import Parts, tilt


class Chair(Placed):
    """A chair whose sitter looks to its front."""

    kind: Literal["chair"] = Field(default="chair", description="A chair.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        wood, seat = (
            parts.material("wood"),
            parts.material(parts.choice(("wood", "wood", "fabric", "fabric", "wood", "fabric"))),
        )
        wide, deep, high = parts.between(0.38, 0.46), parts.between(0.38, 0.45), parts.between(0.43, 0.48)
        tall = parts.between(0.82, 1.0)
        variant = parts.choice(("slats", "panel", "bars", "ladder", "low", "open"))
        leg = 0.04
        for x in (-wide / 2 + leg / 2, wide / 2 - leg / 2):
            parts.beam((x, deep / 2 - leg / 2, 0), (x, deep / 2 - leg / 2, high - 0.02), leg, wood, "chair")
            parts.beam((x, -deep / 2 + leg / 2, 0), (x, -deep / 2 - 0.06, tall), leg, wood, "chair")
        parts.box((0, 0, high), (wide, deep, 0.045), seat, "chair", bevel_m=0.012)
        self._back(parts, variant, wide, deep, high, tall, wood, seat)

    def _back(
        self,
        parts: Parts,
        variant: str,
        wide: float,
        deep: float,
        high: float,
        tall: float,
        wood: Material,
        seat: Material,
    ) -> None:
        back = parts.inner((0, -deep / 2 + 0.02, 0), tilt(4.5))
        span = tall - high
        if variant in ("panel", "low"):
            share = 0.9 if variant == "panel" else 0.5
            back.box((0, 0, tall - span * share / 2), (wide - 0.04, 0.025, span * share), seat, "chair", bevel_m=0.01)
        elif variant in ("slats", "ladder", "open"):
            count = {"slats": 3, "ladder": 4, "open": 1}[variant]
            for n in range(count):
                back.box((0, 0, tall - 0.05 - n * span / (count + 0.5)), (wide - 0.04, 0.018, 0.06), wood, "chair")
        else:
            back.box((0, 0, tall - 0.03), (wide - 0.04, 0.022, 0.06), wood, "chair")
            for n in range(4):
                x = (n - 1.5) * wide / 5
                back.rod((x, 0, high + 0.02), (x, 0, tall - 0.05), 0.009, wood, "chair")


class Table(Placed):
    """A table, with things on it."""

    kind: Literal["table"] = Field(default="table", description="A table; at: its middle.")
    width_m: float = Field(default=1.4, ge=0.3, le=6, description="Size to its sides, metres.")
    length_m: float = Field(default=0.8, ge=0.3, le=6, description="Size to its front, metres.")
    height_m: float = Field(default=0.74, ge=0.3, le=1.3, description="Height of its top, metres.")
    objects: int = Field(default=4, ge=0, le=12, description="How many small things lie on it.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, d, h = self.width_m, self.length_m, self.height_m
        top, frame = (
            parts.material("wood"),
            parts.material(parts.choice(("wood", "metal", "wood", "metal", "wood", "metal"))),
        )
        thick = parts.between(0.025, 0.045)
        parts.block((0, 0, h - thick), (w, d, thick), top, "table")
        inset, leg = parts.between(0.03, 0.08), parts.between(0.04, 0.07)
        for x in (-w / 2 + inset + leg / 2, w / 2 - inset - leg / 2):
            for y in (-d / 2 + inset + leg / 2, d / 2 - inset - leg / 2):
                parts.block((x, y, 0), (leg, leg, h - thick), frame, "table")
        for y in (-d / 2 + inset + leg / 2, d / 2 - inset - leg / 2):
            parts.block((0, y, h - thick - 0.08), (w - 2 * inset - leg, 0.02, 0.08), frame, "table")
        parts.clutter(self.objects, (w - 0.2, d - 0.2), h)
