"""Houses and what is built on them or about them."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.things.base import Area, Placed
from edge_nav.lab.sim.things.parts import Parts, tilt


class Facade(Area):
    """A building's front with windows and doors, seen from the way beside it; a solid block behind."""

    kind: Literal["facade"] = Field(default="facade", description="A building.")
    height_m: float = Field(default=7.0, ge=2, le=20, description="Height, metres.")
    front: Literal["left", "right", "ahead", "back"] = Field(
        default="right", description="Which of its sides has windows and doors."
    )
    bay_m: float = Field(default=2.6, ge=1.2, le=8, description="Distance of its windows, metres.")
    shop: bool = Field(default=False, description="Shop windows on the ground floor.")

    def build(self, parts: Parts) -> None:
        parts.built()
        x0, y0, x1, y1 = self.rect
        wall = parts.material("facade")
        parts.block(
            ((x0 + x1) / 2, (y0 + y1) / 2, -0.2), (x1 - x0, y1 - y0, self.height_m + 0.2), wall, "wall", bevel_m=0
        )
        turn, at, long = {
            "right": (-90.0, (x1, (y0 + y1) / 2), y1 - y0),
            "left": (90.0, (x0, (y0 + y1) / 2), y1 - y0),
            "ahead": (0.0, ((x0 + x1) / 2, y1), x1 - x0),
            "back": (180.0, ((x0 + x1) / 2, y0), x1 - x0),
        }[self.front]
        half = math.radians(turn) / 2
        # The front's own y points out of the building.
        front = parts.inner((*at, 0.0), (math.cos(half), 0.0, 0.0, math.sin(half)))
        frame, glass, leaf = parts.material("skirting"), parts.material("glass"), parts.material("door")
        front.block((0, 0.02, 0), (long, 0.04, 0.4), parts.material("kerb"), "wall", bevel_m=0)
        bays = max(1, int(long / self.bay_m))
        door = int(parts.rng.integers(bays))
        wide = 0.75 * self.bay_m if self.shop else min(1.1, 0.5 * self.bay_m)
        for n in range(bays):
            x = (n - (bays - 1) / 2) * long / bays
            if n == door:
                front.block((x, 0.01, 0), (1.1, 0.06, 2.2), frame, "door")
                front.block((x, 0.03, 0.02), (0.94, 0.06, 2.1), leaf, "door")
                front.ball((x + 0.36, 0.08, 1.05), (0.05, 0.05, 0.05), frame, "door")
            else:
                low, tall = (0.5, 1.9) if self.shop else (1.0, 1.4)
                front.block((x, 0.01, low), (wide + 0.16, 0.06, tall + 0.16), frame, "window")
                front.block((x, 0.025, low + 0.08), (wide, 0.06, tall), glass, "window")
            if self.height_m > 5 and n % 2 == 0:
                front.block((x, 0.025, 3.98), (1.04, 0.06, 1.34), glass, "window")


class Awning(Placed):
    """A shop's awning or a low canopy that stands out to its front; at: the middle of its back."""

    kind: Literal["awning"] = Field(default="awning", description="An awning at head height.")
    lift_m: float = Field(default=1.9, ge=1.2, le=3.5, description="Height of its front edge, metres.")
    width_m: float = Field(default=2.2, ge=0.5, le=8, description="Width, metres.")
    reach_m: float = Field(default=1.0, ge=0.2, le=3, description="How far it stands out, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        cloth, metal, w, out = parts.material("clothes"), parts.material("metal"), self.width_m, self.reach_m
        angle = math.degrees(math.atan2(0.45, out))
        long = math.hypot(0.45, out)
        parts.box((0, out / 2, 0.27), (w, long, 0.02), cloth, "object", tilt(-angle))
        parts.block((0, out, 0), (w, 0.015, 0.06), cloth, "object")
        for x in (-w / 2 + 0.05, w / 2 - 0.05):
            parts.rod((x, 0, 0.05), (x, out, 0.04), 0.012, metal, "object")


class Scaffold(Placed):
    """Scaffolding: standards, ledgers, braces and boards; its length runs to its front."""

    kind: Literal["scaffold"] = Field(default="scaffold", description="Scaffolding; at: its middle.")
    length_m: float = Field(default=4.0, ge=1.5, le=12, description="Length, metres.")
    width_m: float = Field(default=1.2, ge=0.6, le=3, description="Width, metres.")
    low_bar_m: float | None = Field(
        default=None, ge=1.2, le=2.0, description="Height of a bar across the way at head height; null for none."
    )

    def build(self, parts: Parts) -> None:
        parts.numbered()
        tube, board = parts.material("metal"), parts.material("wood")
        w, length = self.width_m / 2, self.length_m
        bays = max(1, round(length / 2))
        ys = [-length / 2 + n * length / bays for n in range(bays + 1)]
        for y in ys:
            for x in (-w, w):
                parts.rod((x, y, 0.02), (x, y, 4.4), 0.024, tube, "pole")
                parts.block((x, y, 0), (0.15, 0.15, 0.02), tube, "pole")
            parts.rod((-w - 0.1, y, 2.2), (w + 0.1, y, 2.2), 0.024, tube, "object")
        for x in (-w, w):
            parts.rod((x, ys[0] - 0.2, 2.15), (x, ys[-1] + 0.2, 2.15), 0.024, tube, "object")
            parts.rod((x, ys[0] - 0.2, 3.3), (x, ys[-1] + 0.2, 3.3), 0.024, tube, "object")
        parts.rod((w, ys[0], 0.2), (w, ys[1], 2.1), 0.022, tube, "object")
        for n in range(3):
            parts.block(((n - 1) * 2 * w / 3, 0, 2.23), (2 * w / 3 - 0.02, length + 0.3, 0.04), board, "object")
        if self.low_bar_m is not None:
            y = ys[len(ys) // 2]
            parts.rod((-w - 0.15, y, self.low_bar_m), (w + 0.15, y, self.low_bar_m), 0.024, tube, "object")


class Railing(Placed):
    """A railing or barrier; its length runs to its sides."""

    kind: Literal["railing"] = Field(default="railing", description="A railing; at: its middle.")
    length_m: float = Field(default=2.0, ge=0.3, le=30, description="Length, metres.")
    height_m: float = Field(default=1.0, ge=0.4, le=2, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        metal, w, h = parts.material("metal"), self.length_m, self.height_m
        variant = parts.choice(("bars", "rails", "glass", "rails", "bars"))
        posts = max(2, round(w / 1.5) + 1)
        for n in range(posts):
            parts.drum((-w / 2 + n * w / (posts - 1), 0, 0), 0.025, h, metal, "pole")
        parts.rod((-w / 2, 0, h), (w / 2, 0, h), 0.025, metal, "object")
        if variant == "glass":
            parts.block((0, 0, 0.08), (w, 0.012, h - 0.16), parts.material("glass"), "glass")
        elif variant == "rails":
            for z in (h * 0.33, h * 0.66):
                parts.rod((-w / 2, 0, z), (w / 2, 0, z), 0.012, metal, "object")
        else:
            bars = min(14, int(w / 0.22))
            for n in range(bars):
                x = -w / 2 + (n + 0.5) * w / max(bars, 1)
                parts.rod((x, 0, 0.1), (x, 0, h), 0.008, metal, "object")
            parts.rod((-w / 2, 0, 0.1), (w / 2, 0, 0.1), 0.012, metal, "object")
