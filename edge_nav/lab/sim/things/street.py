"""What stands on and beside a pavement."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.things.base import Grounded, Placed
from edge_nav.lab.sim.things.parts import Parts


class Bollard(Placed):
    """A low post."""

    kind: Literal["bollard"] = Field(default="bollard", description="A bollard.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        h, r = parts.between(0.75, 1.05), parts.between(0.05, 0.11)
        look = parts.material(parts.choice(("metal", "kerb", "metal", "kerb")))
        parts.drum((0, 0, 0), r, h, look, "pole")
        cap = parts.choice(("ball", "flat", "band", "ball", "band"))
        if cap == "ball":
            parts.ball((0, 0, h + 0.02), (2.4 * r, 2.4 * r, 2.4 * r), look, "pole")
        elif cap == "band":
            parts.drum((0, 0, h * 0.75), r * 1.03, 0.1, parts.material("marking"), "pole")


class StreetLamp(Placed):
    """A street lamp; its arm points to its front. Lit at dusk and night."""

    kind: Literal["street_lamp"] = Field(default="street_lamp", description="A street lamp.")
    height_m: float = Field(default=5.0, ge=2.5, le=9, description="Height, metres.")
    lit: bool = Field(default=True, description="Whether it is on; in daylight it does not show.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        metal, bulb, h = parts.material("metal"), parts.material("lamp"), self.height_m
        parts.drum((0, 0, 0), 0.10, 0.9, metal, "pole")
        parts.drum((0, 0, 0.9), 0.06, h - 0.9, metal, "pole")
        arm = parts.choice((1.0, 0.6, 0.0, 0.8, 0.0))
        if arm:
            parts.rod((0, 0, h), (0, arm, h + 0.15), 0.035, metal, "pole")
            parts.block((0, arm + 0.2, h + 0.06), (0.24, 0.6, 0.1), metal, "pole")
            parts.block((0, arm + 0.2, h + 0.03), (0.18, 0.5, 0.03), bulb, "object")
        else:
            parts.ball((0, 0, h + 0.14), (0.4, 0.4, 0.4), bulb, "object")
        if self.lit:
            parts.lamp((0, arm + 0.2 if arm else 0.35, h - 0.12), (0.4, 0.4), 120, bulb.colour)


class TrafficSign(Grounded):
    """A sign on a post, read from its front."""

    kind: Literal["traffic_sign"] = Field(default="traffic_sign", description="A road sign on its post.")
    low_m: float = Field(default=2.1, ge=0.8, le=4, description="Height of the plate's lower edge, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        metal, face = parts.material("metal"), parts.material("sign")
        top = self.low_m + 0.65
        parts.drum((0, 0, 0), 0.035, top, metal, "pole")
        z = self.low_m + 0.32
        if parts.choice(("disc", "plate", "disc", "plate")) == "disc":
            parts.rod((0, 0.036, z), (0, 0.05, z), 0.3, face, "sign")
        else:
            parts.box((0, 0.045, z), (0.5, 0.014, 0.6), face, "sign")


class Tree(Placed):
    """A tree; an overhanging branch, if any, points to its front."""

    kind: Literal["tree"] = Field(default="tree", description="A tree.")
    height_m: float = Field(default=4.5, ge=1.5, le=10, description="Height, metres.")
    branch_low_m: float | None = Field(
        default=None, ge=1.0, le=3, description="Height of the underside of an overhanging branch; null for none."
    )
    branch_m: float = Field(default=1.4, ge=0.3, le=3, description="How far the branch reaches, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        bark, leaf, h = parts.material("bark"), parts.material("leaves"), self.height_m
        r, crown = parts.between(0.08, 0.18), max(h * 0.45, 2.0)
        top = (parts.between(-0.15, 0.15), parts.between(-0.15, 0.15), min(crown + 0.4, h - 0.2))
        parts.rod((0, 0, -0.02), top, r, bark, "vegetation")
        shape = parts.choice(("round", "tall", "wide", "round", "tall"))
        spread = {"round": 0.32, "tall": 0.2, "wide": 0.42}[shape] * h
        for n in range(8):
            a = 2.4 * n
            out = spread * parts.between(0.25, 0.7)
            low = min(crown + 0.55, h - 0.3)
            z = parts.between(low, max(h - 0.3, low + 0.1))
            size = spread * parts.between(0.75, 1.2)
            size = min(size, 2 * (z - crown + 0.3))
            parts.ball((out * math.sin(a), out * math.cos(a), z), (size, size, size * 0.8), leaf, "vegetation")
        if self.branch_low_m is not None:
            z, end = self.branch_low_m, self.branch_m
            parts.rod((0, 0, z + 0.35), (0, end, z + 0.12), 0.03, bark, "vegetation")
            parts.rod((0, end * 0.6, z + 0.2), (0.25, end * 0.95, z + 0.12), 0.015, bark, "vegetation")
            for n in range(4):
                y, x = end * (0.55 + 0.15 * n), parts.between(-0.2, 0.25)
                tall = parts.between(0.24, 0.4)
                parts.ball((x, y, z + tall / 2), (0.42, 0.42, tall), leaf, "vegetation")


class Hedge(Placed):
    """A clipped hedge; its length runs to its front and back."""

    kind: Literal["hedge"] = Field(default="hedge", description="A hedge; at: its middle.")
    length_m: float = Field(default=3.0, ge=0.3, le=30, description="Length, metres.")
    width_m: float = Field(default=0.6, ge=0.2, le=3, description="Width, metres.")
    height_m: float = Field(default=1.1, ge=0.3, le=3, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        leaf, w, h = parts.material("leaves"), self.width_m, self.height_m
        parts.block((0, 0, 0.05), (w, self.length_m, h - 0.05), leaf, "vegetation", bevel_m=0.06)
        # Its top is not quite straight.
        count = min(6, max(2, round(self.length_m / 0.9)))
        long = self.length_m / count
        for n in range(count):
            size = (w * parts.between(0.95, 1.12), long * 1.5, parts.between(0.2, 0.36))
            parts.ball((parts.between(-0.04, 0.04), (n + 0.5) * long - self.length_m / 2, h), size, leaf, "vegetation")
