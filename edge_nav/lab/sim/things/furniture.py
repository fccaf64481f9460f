"""Tables, shelves, cupboards and kitchens."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.shapes import Material, heading
from edge_nav.lab.sim.things.base import Placed
from edge_nav.lab.sim.things.parts import Parts


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
        top = parts.material("wood")
        frame = parts.material(parts.choice(("wood", "metal", "wood", "metal")))
        thick = parts.between(0.025, 0.045)
        variant = parts.choice(("legs", "legs", "trestle", "round", "legs", "foot"))
        if variant in ("round", "foot") and max(w, d) < 1.3 * min(w, d):
            parts.drum((0, 0, h - thick), min(w, d) / 2, thick, top, "table")
            parts.drum((0, 0, 0), 0.045, h - thick, frame, "table")
            parts.drum((0, 0, 0), min(w, d) / 3.5, 0.03, frame, "table")
            parts.clutter(self.objects, (0.55 * w, 0.55 * d), h)
            return
        parts.block((0, 0, h - thick), (w, d, thick), top, "table")
        inset, leg = parts.between(0.02, 0.08), parts.between(0.04, 0.07)
        x, y = w / 2 - inset - leg / 2, d / 2 - inset - leg / 2
        if variant == "trestle":
            for side in (-x, x):
                parts.block((side, 0, 0), (leg, d * 0.8, 0.05), frame, "table")
                parts.block((side, 0, 0), (leg, 0.1, h - thick), frame, "table")
            parts.box((0, 0, h * 0.45), (2 * x, 0.04, 0.08), frame, "table")
        else:
            for a in (-x, x):
                for b in (-y, y):
                    parts.block((a, b, 0), (leg, leg, h - thick), frame, "table")
            for b in (-y, y):
                parts.block((0, b, h - thick - 0.08), (2 * x, 0.02, 0.08), frame, "table")
        parts.clutter(self.objects, (w - 0.25, d - 0.25), h)


class Desk(Placed):
    """A desk with a screen; its user sits at its front."""

    kind: Literal["desk"] = Field(default="desk", description="An office desk; at: its middle.")
    width_m: float = Field(default=1.5, ge=0.8, le=3, description="Width, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, d, h = self.width_m, 0.75, parts.between(0.71, 0.76)
        top, frame, dark = parts.material("wood"), parts.material("metal"), parts.material("rubber")
        parts.block((0, 0, h - 0.03), (w, d, 0.03), top, "table")
        if parts.choice(("frame", "panel", "frame", "panel")) == "frame":
            for x in (-w / 2 + 0.05, w / 2 - 0.05):
                parts.block((x, 0, 0), (0.05, d * 0.85, 0.04), frame, "table")
                parts.block((x, -0.1, 0), (0.05, 0.08, h - 0.03), frame, "table")
        else:
            for x in (-w / 2 + 0.015, w / 2 - 0.015):
                parts.block((x, 0, 0), (0.03, d - 0.04, h - 0.03), top, "table")
            parts.block((0, -d / 2 + 0.05, 0.3), (w - 0.06, 0.02, h - 0.33), top, "table")
        if parts.chance(0.6):
            side = 1 if parts.chance(0.5) else -1
            x = side * (w / 2 - 0.28)
            parts.block((x, 0.0, 0.03), (0.4, 0.6, 0.56), parts.material("plastic"), "cabinet")
            for n in range(3):
                parts.box((x, 0.305, 0.13 + 0.18 * n), (0.14, 0.02, 0.015), frame, "cabinet")
        for n in range(1 if parts.chance(0.6) else 2):
            x = parts.between(-0.15, 0.15) + (0.5 * n if w > 1.3 else 0)
            screen = parts.inner((x, -0.15, h), heading(parts.between(-15, 15)))
            screen.block((0, 0, 0), (0.22, 0.18, 0.015), dark)
            screen.block((0, -0.03, 0), (0.04, 0.03, 0.2), dark)
            screen.block((0, 0, 0.11), (0.54, 0.03, 0.33), dark)
        parts.block((0, 0.12, h), (0.42, 0.14, 0.02), dark)
        parts.clutter(int(parts.rng.integers(1, 5)), (w - 0.3, 0.4), h)


class Shelf(Placed):
    """Shelves filled with books, goods or boxes; its open side is its front."""

    kind: Literal["shelf"] = Field(default="shelf", description="A shelf; at: the middle of its footprint.")
    width_m: float = Field(default=1.0, ge=0.3, le=6, description="Width, metres.")
    depth_m: float = Field(default=0.32, ge=0.15, le=1, description="Depth, metres.")
    height_m: float = Field(default=1.9, ge=0.5, le=3.5, description="Height, metres.")
    boards: int = Field(default=5, ge=2, le=8, description="How many boards.")
    fill: Literal["books", "goods", "boxes", "nothing"] = Field(default="books", description="What stands on it.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, d, h = self.width_m, self.depth_m, self.height_m
        frame = parts.material(parts.choice(("wood", "wood", "metal", "wood", "metal", "wood")))
        for x in (-w / 2 + 0.012, w / 2 - 0.012):
            parts.block((x, 0, 0), (0.024, d, h), frame, "shelf")
        if parts.chance(0.7):
            parts.block((0, -d / 2 + 0.006, 0), (w, 0.012, h), frame, "shelf")
        gap = (h - 0.08) / (self.boards - 1)
        for n in range(self.boards):
            z = 0.06 + n * gap
            parts.block((0, 0, z), (w - 0.04, d, 0.022), frame, "shelf")
            if n < self.boards - 1 and self.fill != "nothing":
                _row(parts, self.fill, w - 0.08, d, z + 0.022, gap - 0.06)


def _row(parts: Parts, fill: str, wide: float, deep: float, z: float, room: float) -> None:
    """One board's load from left to right: rows of the same thing as one block each."""
    x = -wide / 2
    longest = {"books": 0.32, "goods": 0.28, "boxes": 0.5}[fill]
    while x < wide / 2 - 0.08:
        w = min(parts.between(0.5, 1.0) * longest * max(1.0, wide / 1.2), wide / 2 - x)
        if parts.chance(0.85):
            tall = room * parts.between(0.55, 0.97)
            back = parts.between(0.7, 0.95) * deep
            material = parts.material("cardboard" if fill == "boxes" else "goods")
            parts.block((x + w / 2, (back - deep) / 2 + 0.02, z), (w - 0.008, back - 0.03, tall), material, "object")
        x += w


class Cabinet(Placed):
    """A standing cupboard with doors to its front."""

    kind: Literal["cabinet"] = Field(default="cabinet", description="A cupboard; at: the middle of its footprint.")
    width_m: float = Field(default=0.9, ge=0.3, le=3, description="Width, metres.")
    depth_m: float = Field(default=0.45, ge=0.2, le=1, description="Depth, metres.")
    height_m: float = Field(default=1.2, ge=0.3, le=2.6, description="Height, metres.")
    open_deg: float = Field(default=0, ge=0, le=170, description="How far its first door is open, degrees.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        _cupboard(parts, (self.width_m, self.depth_m, self.height_m), parts.material("wood"), self.open_deg)
        parts.clutter(int(parts.rng.integers(0, 4)), (self.width_m - 0.2, self.depth_m - 0.1), self.height_m)


class WallCupboard(Placed):
    """A cupboard on the wall, whose open door is at head height; at: the middle of its back."""

    kind: Literal["wall_cupboard"] = Field(default="wall_cupboard", description="A wall cupboard.")
    lift_m: float = Field(default=1.4, ge=0.5, le=2.5, description="Height of its underside, metres.")
    width_m: float = Field(default=0.8, ge=0.3, le=3, description="Width, metres.")
    height_m: float = Field(default=0.65, ge=0.2, le=1.5, description="Height, metres.")
    open_deg: float = Field(default=90, ge=0, le=170, description="How far its first door is open, degrees.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        inner = parts.inner((0, 0.17, 0))
        _cupboard(inner, (self.width_m, 0.34, self.height_m), parts.material("wood"), self.open_deg, foot=0.0)


def _cupboard(
    parts: Parts, size: tuple[float, float, float], finish: Material, open_deg: float, foot: float = 0.07
) -> None:
    """A case with one or two doors; behind an open one it shows its boards."""
    w, d, h = size
    metal = parts.material("metal")
    if foot:
        parts.block((0, -0.02, 0), (w - 0.04, d - 0.06, foot), finish, "cabinet")
    if open_deg > 0:
        for x in (-w / 2 + 0.01, w / 2 - 0.01):
            parts.block((x, 0, foot), (0.02, d, h - foot), finish, "cabinet")
        for z in (foot, (h + foot) / 2, h - 0.02):
            parts.block((0, 0, z), (w - 0.04, d, 0.02), finish, "cabinet")
        parts.block((0, -d / 2 + 0.006, foot), (w, 0.012, h - foot), finish, "cabinet")
        parts.clutter(2, (w * 0.6, d * 0.3), foot + 0.02)
    else:
        parts.block((0, 0, foot), (w, d, h - foot), finish, "cabinet")
    doors = 2 if w > 0.6 else 1
    wide = w / doors
    handle = parts.choice(("bar", "knob", "bar", "knob"))
    for n in range(doors):
        left = n == 0
        hinge = (-w / 2 if left else w / 2, d / 2 + 0.002, foot)
        angle = open_deg if n == 0 else 0.0
        # The door's own x runs from the hinge to the handle, its front is positive y while closed.
        leaf = parts.inner(hinge, heading(-angle if left else 180 + angle))
        out = 1 if left else -1
        leaf.block((wide / 2, out * 0.01, 0.003), (wide - 0.006, 0.02, h - foot - 0.006), finish, "cabinet")
        at = (wide - 0.05, out * 0.035, (h - foot) * 0.55)
        if handle == "bar":
            leaf.rod((at[0], at[1], at[2] - 0.07), (at[0], at[1], at[2] + 0.07), 0.006, metal, "cabinet")
        else:
            leaf.ball(at, (0.03, 0.03, 0.03), metal, "cabinet")


class Counter(Placed):
    """A kitchen counter with drawers and doors, or a shop's; who uses it stands at its front."""

    kind: Literal["counter"] = Field(default="counter", description="A counter; at: the middle of its footprint.")
    width_m: float = Field(default=2.4, ge=0.5, le=8, description="Width, metres.")
    depth_m: float = Field(default=0.6, ge=0.3, le=1.5, description="Depth, metres.")
    height_m: float = Field(default=0.91, ge=0.6, le=1.3, description="Height, metres.")
    sink: bool = Field(default=False, description="A sink with its tap.")
    hob: bool = Field(default=False, description="A cooker's plates and oven.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, d, h = self.width_m, self.depth_m, self.height_m
        front, top, metal = parts.material("wood"), parts.material("worktop"), parts.material("metal")
        parts.block((0, -0.03, 0), (w, d - 0.08, 0.1), parts.material("rubber"), "cabinet")
        parts.block((0, 0, 0.1), (w, d - 0.03, h - 0.14), front, "cabinet")
        parts.block((0, 0.01, h - 0.04), (w + 0.02, d + 0.02, 0.04), top, "cabinet")
        units = max(1, round(w / 0.6))
        for n in range(units):
            x = (n - (units - 1) / 2) * w / units
            parts.box((x, d / 2 - 0.008, h * 0.46), (w / units - 0.01, 0.02, h * 0.68), front, "cabinet")
            parts.rod((x - 0.08, d / 2 + 0.02, h * 0.75), (x + 0.08, d / 2 + 0.02, h * 0.75), 0.006, metal, "cabinet")
        if self.sink:
            shiny = parts.material("shiny")
            parts.block((-w / 4, 0, h), (0.5, 0.4, 0.006), shiny)
            parts.rod((-w / 4, -d / 2 + 0.08, h), (-w / 4, -d / 2 + 0.08, h + 0.28), 0.012, shiny)
            parts.rod((-w / 4, -d / 2 + 0.08, h + 0.28), (-w / 4, -0.05, h + 0.25), 0.010, shiny)
        if self.hob:
            dark = parts.material("rubber")
            parts.block((w / 4, 0, h), (0.56, 0.5, 0.008), dark)
            parts.box((w / 4, d / 2 + 0.004, h * 0.45), (0.5, 0.012, 0.42), parts.material("shiny"), "cabinet")
            parts.drum((w / 4 + 0.12, -0.1, h + 0.01), 0.1, parts.between(0.1, 0.2), parts.material("shiny"))
        parts.clutter(max(1, round(w * 1.5)), (w - 0.2, d - 0.25), h)


class Fridge(Placed):
    """A fridge; its doors are its front."""

    kind: Literal["fridge"] = Field(default="fridge", description="A fridge.")
    open_deg: float = Field(default=0, ge=0, le=150, description="How far its upper door is open, degrees.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, d, h = 0.6, 0.6, parts.between(1.5, 2.0)
        white = parts.material(parts.choice(("shiny", "plastic", "paint", "shiny", "paint", "plastic")))
        metal = parts.material("metal")
        split = parts.choice((0.35, 0.45, 0.6, 0.4, 0.5)) * h
        parts.block((0, -0.03, 0.03), (w, d, h - 0.03), white, "cabinet", bevel_m=0.01)
        for low, high, angle in ((0.05, split, 0.0), (split + 0.01, h, self.open_deg)):
            leaf = parts.inner((-w / 2, d / 2 - 0.02, low), heading(-angle))
            leaf.block((w / 2, 0.025, 0), (w, 0.05, high - low), white, "cabinet", bevel_m=0.01)
            z = (high - low) * 0.5
            leaf.rod((w - 0.06, 0.08, z - 0.15), (w - 0.06, 0.08, z + 0.15), 0.012, metal, "cabinet")
