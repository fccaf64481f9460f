"""Walls with doors and windows, and rooms made of them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_nav.base_settings import Settings
from edge_nav.lab.sim.shapes import Material, Point, heading
from edge_nav.lab.sim.things.base import LEAST_M, Area, Metres, SceneThing, Spot
from edge_nav.lab.sim.things.finishes import Role
from edge_nav.lab.sim.things.parts import Parts
from edge_nav.lab.sim.things.plan import Plan, Slab

Side = Literal["left", "right", "ahead", "back"]
THICK_M = 0.12
SKIRTING_M = (0.09, 0.012)
LEAST_OPEN_M = 0.1
"""Between a sill and the wall's top: room for a frame and a pane."""
ROUNDING_M = 1e-6


class Opening(Settings):
    """A door, window or gap in a wall."""

    type: Literal["door", "glass_door", "window", "gap"] = Field(default="door", description="What fills it.")
    at: Metres = Field(
        description="Where its middle is: metres from a wall's beginning; for a room, x or y in the world."
    )
    width_m: float = Field(default=0.9, ge=0.3, le=10, description="Clear width, metres.")
    height_m: float = Field(default=2.05, ge=0.3, le=6, description="Clear height, metres.")
    sill_m: float = Field(default=0.0, ge=0, le=5, description="Height of its lower edge, metres; windows have one.")
    open_deg: float = Field(default=90, ge=0, le=175, description="How far a door's leaf is open; 0 is closed.")
    hinge: Literal["left", "right"] = Field(default="left", description="Side of the hinge, seen from inside.")
    swing: Literal["in", "out"] = Field(default="out", description="To which side the leaf opens.")


class Wall(SceneThing):
    """A straight wall from one point to another; its openings are counted from its beginning."""

    kind: Literal["wall"] = Field(default="wall", description="A wall.")
    low: Spot = Field(alias="from", description="Where it begins: [x, y], metres.")
    high: Spot = Field(alias="to", description="Where it ends: [x, y], metres.")
    height_m: float = Field(default=2.6, ge=0.2, le=30, description="Height, metres.")
    level_m: float = Field(default=0.0, ge=-20, le=20, description="Height of its foot, metres.")
    look: Literal["indoor_wall", "facade"] = Field(default="indoor_wall", description="Its finish.")
    openings: tuple[Opening, ...] = Field(default=(), max_length=20, description="Doors, windows and gaps.")

    @model_validator(mode="after")
    def _fits(self) -> Wall:
        length = math.dist(self.low, self.high)
        if length < LEAST_M:
            raise ValueError(f"from {list(self.low)} to {list(self.high)} has no length; give two points")
        for o in self.openings:
            _check_fits(o, 0.0, length, self.height_m)
        return self

    def origin(self, plan: Plan) -> tuple[Point, float]:
        (x0, y0), (x1, y1) = self.low, self.high
        # The wall's own x axis runs along it; its inner face is to the right, going along.
        return (x0, y0, self.level_m), math.degrees(math.atan2(y0 - y1, x1 - x0))

    def build(self, parts: Parts) -> None:
        parts.built()
        length = math.dist(self.low, self.high)
        finish, trim = parts.material(self.look), parts.material("skirting")
        run(parts, length, self.height_m, self.openings, finish, trim, parts.material("door"))


class Room(Area):
    """Four walls, a floor, a ceiling with lamps."""

    kind: Literal["room"] = Field(default="room", description="A room.")
    height_m: float = Field(default=2.6, ge=2.0, le=12, description="Height of the ceiling, metres.")
    floor: Annotated[Role, Field(description="Finish of the floor.")] = "indoor_floor"
    open_sides: tuple[Side, ...] = Field(default=(), max_length=4, description="Sides without a wall of their own.")
    openings: dict[Side, tuple[Opening, ...]] = Field(
        default_factory=dict, description="Doors, windows and gaps of each side; at: the world's x or y."
    )
    lamps: int | None = Field(default=None, ge=0, le=6, description="Ceiling lamps; null: by its size.")
    lit: bool = Field(default=True, description="Whether the lamps are on.")

    @model_validator(mode="after")
    def _fits(self) -> Room:
        x0, y0, x1, y1 = self.rect
        for side, openings in self.openings.items():
            for o in openings:
                _check_fits(o, *((x0, x1) if side in ("ahead", "back") else (y0, y1)), self.height_m)
        return self

    def lay(self, plan: Plan, parts: Parts) -> None:
        x0, y0, x1, y1 = self.rect
        t = THICK_M
        plan.lay(Slab((x0 - t, y0 - t, x1 + t, y1 + t), self.level_m, parts.material(self.floor)))

    def build(self, parts: Parts) -> None:
        parts.built()
        x0, y0, x1, y1 = self.rect
        h, t = self.height_m, THICK_M
        finish, trim, leaf = parts.material("indoor_wall"), parts.material("skirting"), parts.material("door")
        ceiling = parts.material("ceiling")
        parts.block(
            ((x0 + x1) / 2, (y0 + y1) / 2, h), (x1 - x0 + 2 * t, y1 - y0 + 2 * t, 0.2), ceiling, "ceiling", bevel_m=0
        )
        # Seen from inside, each wall runs to the right, so that "left" of an opening is left for who looks at it.
        corners: dict[Side, tuple[Spot, float, float]] = {
            "ahead": ((x0, y1), 0.0, x1 - x0),
            "right": ((x1, y1), 90.0, y1 - y0),
            "back": ((x1, y0), 180.0, x1 - x0),
            "left": ((x0, y0), 270.0, y1 - y0),
        }
        for side, (corner, facing, length) in corners.items():
            if side in self.open_sides:
                continue
            along = [(o, _along(o.at, side, corner)) for o in self.openings.get(side, ())]
            placed = tuple(o.model_copy(update={"at": s}) for o, s in along)
            inner = parts.inner((*corner, 0.0), heading(facing))
            run(inner, length, h, placed, finish, trim, leaf)
        self._lamps(parts)

    def _lamps(self, parts: Parts) -> None:
        x0, y0, x1, y1 = self.rect
        wide, deep = x1 - x0, y1 - y0
        count = self.lamps if self.lamps is not None else max(1, min(3, round(wide * deep / 14)))
        panel, body = parts.material("lamp"), parts.material("skirting")
        style = parts.choice(("panel", "pendant", "tube", "round", "strip", "bowl"))
        for n in range(count):
            share = (n + 0.5) / count
            x = x0 + wide * (share if wide > deep else 0.5)
            y = y0 + deep * (0.5 if wide > deep else share)
            _ceiling_lamp(parts, (x, y, self.height_m), style, panel, body)
            if self.lit:
                colour = panel.colour
                parts.lamp((x, y, self.height_m - 0.12), (0.5, 0.5), min(20 + 5.0 * wide * deep / count, 90), colour)


def _check_fits(o: Opening, begin: float, end: float, height_m: float) -> None:
    """ValueError where an opening reaches beyond a wall from ``begin`` to ``end``, metres as ``at`` counts them."""
    half = o.width_m / 2
    if o.width_m > end - begin + ROUNDING_M:
        raise ValueError(f"openings width_m {o.width_m:g} is wider than the wall; give at most {end - begin:.2f}")
    if not begin - ROUNDING_M <= o.at - half <= o.at + half <= end + ROUNDING_M:
        raise ValueError(
            f"openings at {o.at:g} lies beyond the wall; give {begin + half:.2f} to {end - half:.2f}, or less width_m"
        )
    if o.sill_m > height_m - LEAST_OPEN_M:
        raise ValueError(f"openings sill_m {o.sill_m:g} is too high; give at most {height_m - LEAST_OPEN_M:.2f}")


def _along(at: float, side: Side, corner: Spot) -> float:
    return {"ahead": at - corner[0], "right": corner[1] - at, "back": corner[0] - at, "left": at - corner[1]}[side]


def _ceiling_lamp(parts: Parts, at: Point, style: str, panel: Material, body: Material) -> None:
    x, y, z = at
    if style in ("panel", "strip"):
        size = (0.6, 0.6) if style == "panel" else (1.2, 0.18)
        parts.block((x, y, z - 0.05), (*size, 0.05), panel, "ceiling")
    elif style == "tube":
        parts.block((x, y, z - 0.05), (0.14, 1.2, 0.05), body, "ceiling")
        parts.rod((x, y - 0.56, z - 0.08), (x, y + 0.56, z - 0.08), 0.02, panel, "ceiling")
    elif style == "round":
        parts.drum((x, y, z - 0.09), 0.2, 0.09, panel, "ceiling")
    else:
        parts.rod((x, y, z - 0.34), (x, y, z), 0.006, body, "object")
        parts.ball((x, y, z - 0.36), (0.36, 0.36, 0.2 if style == "bowl" else 0.3), panel, "object")


def run(
    parts: Parts,
    length: float,
    height: float,
    openings: tuple[Opening, ...],
    finish: Material,
    trim: Material,
    leaf: Material,
) -> None:
    """A wall along the own x axis; its inner face lies at y = 0, its THICK_Mness beyond."""
    # Corners: walls reach past both ends, so that no gap shows between them.
    at = -THICK_M / 2
    for o in sorted(openings, key=lambda o: o.at):
        left, right = o.at - o.width_m / 2, o.at + o.width_m / 2
        _piece(parts, at, left, 0.0, height, finish, trim)
        top = min(o.sill_m + o.height_m, height)
        _piece(parts, left, right, top, height, finish, None)
        _piece(parts, left, right, 0.0, o.sill_m, finish, trim)
        _fill(parts, o, left, right, top, trim, leaf)
        parts.built()
        at = right
    _piece(parts, at, length + THICK_M / 2, 0.0, height, finish, trim)


def _piece(parts: Parts, a: float, b: float, low: float, high: float, finish: Material, trim: Material | None) -> None:
    if b - a < 1e-3 or high - low < 1e-3:
        return
    parts.block(((a + b) / 2, THICK_M / 2, low), (b - a, THICK_M, high - low), finish, "wall", bevel_m=0)
    tall, deep = SKIRTING_M
    if trim is not None and high - low > 3 * tall:
        parts.block(((a + b) / 2, -deep / 2, low), (b - a, deep, tall), trim, "wall")


def _fill(parts: Parts, o: Opening, left: float, right: float, top: float, trim: Material, leaf: Material) -> None:
    if o.type == "gap":
        return
    label = "window" if o.type == "window" else "door"
    frame, deep = 0.05, THICK_M + 0.04
    for x in (left + frame / 2, right - frame / 2):
        parts.block((x, THICK_M / 2, o.sill_m), (frame, deep, top - o.sill_m), trim, label)
    wide = right - left - 2 * frame
    middle = (left + right) / 2
    parts.block((middle, THICK_M / 2, top - frame), (wide, deep, frame), trim, label)
    if o.type == "window":
        _window(parts, middle, wide, o.sill_m, top - frame, trim)
    else:
        _leaf(parts, o, left + frame, right - frame, top - frame, leaf)


def _window(parts: Parts, middle: float, wide: float, low: float, high: float, trim: Material) -> None:
    parts.block((middle, THICK_M / 2, low), (wide, THICK_M + 0.12, 0.04), trim, "window")
    parts.box((middle, THICK_M / 2, (low + high) / 2), (wide, 0.012, high - low), parts.material("glass"), "window")
    if wide > 0.9:
        parts.block((middle, THICK_M / 2, low + 0.04), (0.05, 0.05, high - low - 0.04), trim, "window")


def _leaf(parts: Parts, o: Opening, left: float, right: float, top: float, finish: Material) -> None:
    """The leaf, turned about its hinge; a number of its own, since it is in the way."""
    parts.numbered(o.type)
    wide, tall = right - left - 0.01, top - 0.015
    way = 1.0 if o.swing == "out" else -1.0
    hinge_y = THICK_M - 0.02 if o.swing == "out" else 0.02
    hinge = (left, hinge_y, 0.01) if o.hinge == "left" else (right, hinge_y, 0.01)
    # The leaf's own x runs from the hinge to the handle.
    open_deg = -way * o.open_deg if o.hinge == "left" else 180 + way * o.open_deg
    door = parts.inner(hinge, heading(open_deg))
    metal = door.material("metal")
    if o.type == "glass_door":
        door.box((wide / 2, 0, tall / 2), (wide, 0.012, tall), door.material("glass"), "glass")
        door.rod((wide - 0.08, 0.05, 0.8), (wide - 0.08, 0.05, 1.3), 0.015, metal, "door")
        door.rod((wide - 0.08, -0.05, 0.8), (wide - 0.08, -0.05, 1.3), 0.015, metal, "door")
        door.box((wide / 2, 0, 0.05), (wide, 0.03, 0.1), metal, "door")
    else:
        door.box((wide / 2, 0, tall / 2), (wide, 0.04, tall), finish, "door")
        for y in (0.05, -0.05):
            door.rod((wide - 0.07, y, 1.02), (wide - 0.19, y, 1.02), 0.011, metal, "door")
