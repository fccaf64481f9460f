"""What people sit and lie on."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.shapes import Material
from edge_nav.lab.sim.things.base import Placed
from edge_nav.lab.sim.things.parts import Parts, tilt


class Chair(Placed):
    """A chair whose sitter looks to its front."""

    kind: Literal["chair"] = Field(default="chair", description="A chair.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        wood = parts.material("wood")
        seat = parts.material(parts.choice(("wood", "fabric", "wood", "fabric")))
        wide, deep, high = parts.between(0.38, 0.46), parts.between(0.38, 0.45), parts.between(0.43, 0.48)
        tall = parts.between(0.82, 1.0)
        variant = parts.choice(("slats", "panel", "bars", "low", "steel", "ladder", "open"))
        if variant == "steel":
            wood = parts.material("metal")
        leg = 0.025 if variant == "steel" else 0.04
        join = parts.rod if variant == "steel" else parts.beam
        for x in (-wide / 2 + leg / 2, wide / 2 - leg / 2):
            join((x, deep / 2 - leg / 2, 0), (x, deep / 2 - leg / 2, high - 0.02), leg, wood, "chair")
            join((x, -deep / 2 + leg / 2, 0), (x, -deep / 2 - 0.06, tall), leg, wood, "chair")
        parts.box((0, 0, high), (wide, deep, 0.045), seat, "chair", bevel_m=0.012)
        _back(parts.inner((0, -deep / 2 + 0.02, 0), tilt(4.5)), variant, (wide, high, tall), wood, seat)


def _back(back: Parts, variant: str, size: tuple[float, float, float], wood: Material, seat: Material) -> None:
    wide, high, tall = size
    span = tall - high
    if variant in ("panel", "low", "steel"):
        share = 0.5 if variant == "low" else 0.85
        back.box((0, 0, tall - span * share / 2), (wide - 0.04, 0.025, span * share), seat, "chair", bevel_m=0.01)
    elif variant == "bars":
        back.box((0, 0, tall - 0.03), (wide - 0.04, 0.022, 0.06), wood, "chair")
        for n in range(4):
            x = (n - 1.5) * wide / 5
            back.rod((x, 0, high + 0.02), (x, 0, tall - 0.05), 0.009, wood, "chair")
    else:
        count = {"slats": 3, "ladder": 4, "open": 1}[variant]
        for n in range(count):
            back.box((0, 0, tall - 0.05 - n * span / (count + 0.5)), (wide - 0.04, 0.018, 0.06), wood, "chair")


class OfficeChair(Placed):
    """A swivel chair on five castors."""

    kind: Literal["office_chair"] = Field(default="office_chair", description="An office chair.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        cover, frame = parts.material("fabric"), parts.material(parts.choice(("plastic", "metal", "plastic")))
        rubber = parts.material("rubber")
        high = parts.between(0.44, 0.52)
        for n in range(5):
            a = math.radians(72 * n + 10)
            x, y = 0.29 * math.sin(a), 0.29 * math.cos(a)
            parts.rod((0, 0, 0.11), (x, y, 0.075), 0.02, frame, "chair")
            parts.ball((x, y, 0.03), (0.06, 0.06, 0.06), rubber, "chair")
        parts.rod((0, 0, 0.1), (0, 0, high - 0.03), 0.028, frame, "chair")
        parts.box((0, 0.02, high + 0.03), (0.48, 0.47, 0.09), cover, "chair", bevel_m=0.03)
        back = parts.inner((0, -0.22, high + 0.05), tilt(8))
        tall = parts.between(0.42, 0.68)
        back.rod((0, -0.03, -0.06), (0, -0.03, 0.25), 0.02, frame, "chair")
        variant = parts.choice(("box", "round", "head", "box", "round", "mesh"))
        if variant == "round":
            back.ball((0, 0, 0.1 + tall / 2), (0.46, 0.10, tall), cover, "chair")
        else:
            thick = 0.03 if variant == "mesh" else 0.07
            back.box((0, 0, 0.1 + tall / 2), (0.44, thick, tall), cover, "chair", bevel_m=0.02)
        if variant == "head":
            back.box((0, 0.01, tall + 0.2), (0.26, 0.07, 0.14), cover, "chair", bevel_m=0.02)
        if parts.chance(0.7):
            for x in (-0.27, 0.27):
                parts.rod((x, 0, high), (x, 0, high + 0.2), 0.015, frame, "chair")
                parts.box((x, 0.02, high + 0.21), (0.06, 0.26, 0.03), frame, "chair")


class Stool(Placed):
    """A bar stool."""

    kind: Literal["stool"] = Field(default="stool", description="A stool.")
    height_m: float = Field(default=0.66, ge=0.3, le=1.0, description="Height of its seat, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        seat, frame = parts.material("wood"), parts.material("metal")
        h = self.height_m
        parts.drum((0, 0, h - 0.04), 0.17, 0.04, seat, "chair")
        if parts.choice(("legs", "legs", "foot", "legs", "foot")) == "legs":
            for n in range(4):
                a = math.radians(90 * n + 45)
                x, y = math.sin(a), math.cos(a)
                parts.rod((0.20 * x, 0.20 * y, 0), (0.12 * x, 0.12 * y, h - 0.03), 0.014, frame, "chair")
        else:
            parts.drum((0, 0, 0), 0.2, 0.03, frame, "chair")
            parts.rod((0, 0, 0), (0, 0, h - 0.03), 0.03, frame, "chair")


class Sofa(Placed):
    """A sofa or armchair; its sitters look to its front."""

    kind: Literal["sofa"] = Field(default="sofa", description="A sofa.")
    seats: int = Field(default=2, ge=1, le=4, description="How many can sit on it; 1 is an armchair.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        cover, foot = parts.material("fabric"), parts.material("wood")
        one, arm = parts.between(0.58, 0.68), parts.choice((0.12, 0.18, 0.22, 0.08, 0.15))
        wide, deep, high = self.seats * one + 2 * arm, parts.between(0.82, 0.95), parts.between(0.36, 0.42)
        legs = parts.between(0.05, 0.14)
        parts.block((0, 0, legs), (wide, deep, high - legs - 0.1), cover, "chair", bevel_m=0.02)
        for n in range(self.seats):
            x = (n - (self.seats - 1) / 2) * one
            parts.block((x, 0.08, high - 0.1), (one - 0.01, deep - 0.2, 0.14), cover, "chair", bevel_m=0.035)
            parts.box((x, -deep / 2 + 0.22, high + 0.24), (one - 0.02, 0.15, 0.42), cover, "chair", tilt(12), 0.04)
        parts.block((0, -deep / 2 + 0.09, legs), (wide, 0.18, high + 0.33), cover, "chair", bevel_m=0.03)
        for x in (-wide / 2 + arm / 2, wide / 2 - arm / 2):
            parts.block((x, 0, legs), (arm, deep, high + 0.14), cover, "chair", bevel_m=0.03)
            for y in (-deep / 2 + 0.06, deep / 2 - 0.06):
                parts.drum((x, y, 0), 0.025, legs, foot, "chair")
        if parts.chance(0.6):
            parts.box(
                (0.2 * wide, 0.0, high + 0.2), (0.4, 0.12, 0.38), parts.material("fabric"), "object", tilt(25), 0.04
            )


class Bed(Placed):
    """A bed; its foot is its front."""

    kind: Literal["bed"] = Field(default="bed", description="A bed.")
    width_m: float = Field(default=1.4, ge=0.7, le=2.2, description="Width, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        frame, sheet = parts.material("wood"), parts.material("fabric")
        cover, pillow = parts.material("fabric"), parts.material("clothes")
        w, length = self.width_m, 2.02
        for x in (-w / 2 + 0.04, w / 2 - 0.04):
            parts.block((x, 0, 0.16), (0.04, length, 0.18), frame, "object")
            for y in (-length / 2 + 0.05, length / 2 - 0.05):
                parts.block((x, y, 0), (0.06, 0.06, 0.3), frame, "object")
        parts.block((0, -length / 2, 0.1), (w, 0.05, parts.between(0.7, 1.0)), frame, "object")
        parts.block((0, length / 2, 0.16), (w, 0.05, 0.25), frame, "object")
        parts.block((0, 0, 0.28), (w - 0.06, length - 0.06, 0.2), sheet, "object", bevel_m=0.04)
        parts.block((0, 0.3, 0.34), (w + 0.02, length - 0.62, 0.17), cover, "object", bevel_m=0.04)
        count = 2 if w > 1.2 else 1
        for n in range(count):
            x = (n - (count - 1) / 2) * 0.65
            parts.ball((x, -length / 2 + 0.3, 0.52), (0.6, 0.38, 0.16), pillow, "object")


class Bench(Placed):
    """A park bench."""

    kind: Literal["bench"] = Field(default="bench", description="A bench.")
    length_m: float = Field(default=1.6, ge=0.6, le=4, description="Length from side to side, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        wood, iron = parts.material("wood"), parts.material("metal")
        w = self.length_m
        back = parts.choice(("slats", "slats", "none", "slats", "none"))
        for n in range(4):
            parts.box((0, -0.18 + 0.12 * n, 0.44), (w, 0.10, 0.035), wood, "chair")
        if back == "slats":
            for n in range(3):
                parts.box((0, -0.27 - 0.02 * n, 0.58 + 0.12 * n), (w, 0.03, 0.09), wood, "chair", tilt(8))
        for x in (-w / 2 + 0.15, w / 2 - 0.15):
            parts.beam((x, 0.18, 0), (x, 0.18, 0.42), 0.05, iron, "chair")
            parts.beam((x, -0.2, 0), (x, -0.24, 0.42), 0.05, iron, "chair")
            parts.box((x, 0, 0.41), (0.05, 0.46, 0.03), iron, "chair")
            if back == "slats":
                parts.beam((x, -0.24, 0.42), (x, -0.33, 0.86), 0.04, iron, "chair")
