"""What stands on and beside a pavement."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.sim.things.base import Area, Placed
from edge_nav.sim.things.parts import Parts, lean, tilt
from edge_nav.sim.things.plan import Plan, Slab

KERB_M = 0.14
SLOPE_M = 0.5
"""Depth of the lowered strip behind a dropped kerb, halfway between pavement and kerb: no step is 0.10 m."""


class Road(Area):
    """A carriageway that lies lower than the ground about it, with kerb stones along its long sides."""

    kind: Literal["road"] = Field(default="road", description="A road.")
    depth_m: float = Field(default=0.12, ge=0, le=0.4, description="How much lower it lies, metres.")
    crossing_at: float | None = Field(
        default=None, ge=-200, le=200, description="Where a zebra crossing is, x or y along the road; null for none."
    )
    dropped_kerb: bool = Field(default=False, description="Kerbs lowered to the road at the crossing.")

    def lay(self, plan: Plan, parts: Parts) -> None:
        x0, y0, x1, y1 = self.rect
        plan.lay(Slab(self.rect, self.level_m - self.depth_m, parts.material("asphalt")))
        stone = parts.material("kerb")
        along_y = self._along_y
        for low in (True, False):
            if along_y:
                rect = (x0 - KERB_M, y0, x0, y1) if low else (x1, y0, x1 + KERB_M, y1)
            else:
                rect = (x0, y0 - KERB_M, x1, y0) if low else (x0, y1, x1, y1 + KERB_M)
            if plan.level((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2) is not None:
                plan.lay(Slab(rect, self.level_m, stone, "kerb"))
                if self.dropped_kerb and self.crossing_at is not None:
                    a, b = self.crossing_at - 1.5, self.crossing_at + 1.5
                    drop = max(self.depth_m - 0.03, 0.0)
                    before, after = (SLOPE_M, 0.0) if low else (0.0, SLOPE_M)
                    for lowered, more, less in ((drop / 2, before, after), (drop, 0.0, 0.0)):
                        part = (
                            (rect[0] - more, a, rect[2] + less, b)
                            if along_y
                            else (a, rect[1] - more, b, rect[3] + less)
                        )
                        plan.lay(Slab(part, self.level_m - lowered, stone, "kerb"))

    @property
    def _along_y(self) -> bool:
        x0, y0, x1, y1 = self.rect
        return y1 - y0 >= x1 - x0

    def build(self, parts: Parts) -> None:
        parts.built()
        x0, y0, x1, y1 = self.rect
        z, mark = -self.depth_m, parts.material("marking")
        wide, long = (x1 - x0, y1 - y0) if self._along_y else (y1 - y0, x1 - x0)
        start = y0 if self._along_y else x0
        middle = (x0 + x1) / 2 if self._along_y else (y0 + y1) / 2
        stripes: list[tuple[float, float, float, float]] = []
        if self.crossing_at is not None:
            count = max(2, round(wide / 1.0))
            stripes += [(-wide / 2 + (n + 0.5) * wide / count, self.crossing_at, 0.5, 2.6) for n in range(count)]
        dashes = min(10, int(long / 5))
        for n in range(dashes):
            along = start + (n + 0.5) * long / max(dashes, 1)
            if self.crossing_at is None or abs(along - self.crossing_at) > 3:
                stripes.append((0.0, along, 0.12, 2.0))
        for aside, along, w, d in stripes:
            at = (middle + aside, along) if self._along_y else (along, middle + aside)
            size = (w, d, 0.004) if self._along_y else (d, w, 0.004)
            parts.block((*at, z), size, mark, "floor", bevel_m=0)


class TrackBed(Area):
    """A railway's bed below platforms, with rails; its long sides are platform edges with a warning strip."""

    kind: Literal["track_bed"] = Field(default="track_bed", description="Railway tracks below a platform.")
    depth_m: float = Field(default=1.0, ge=0.2, le=2, description="How much lower it lies, metres.")

    def lay(self, plan: Plan, parts: Parts) -> None:
        plan.lay(Slab(self.rect, self.level_m - self.depth_m, parts.material("soil")))

    def build(self, parts: Parts) -> None:
        parts.built()
        x0, y0, x1, y1 = self.rect
        along_y = y1 - y0 >= x1 - x0
        long = y1 - y0 if along_y else x1 - x0
        bed = parts.inner(((x0 + x1) / 2, (y0 + y1) / 2, -self.depth_m), _turn(along_y))
        metal, sleeper, strip = parts.material("metal"), parts.material("wood"), parts.material("marking")
        wide = x1 - x0 if along_y else y1 - y0
        for x in (-0.72, 0.72):
            bed.block((x, 0, 0.12), (0.07, long, 0.14), metal)
        for n in range(min(16, int(long / 1.2))):
            bed.block(
                (0, (n + 0.5 - min(16, int(long / 1.2)) / 2) * long / min(16, int(long / 1.2)), 0),
                (2.4, 0.26, 0.13),
                sleeper,
            )
        for side in (-1, 1):
            bed.block((side * (wide / 2 + 0.45), 0, self.depth_m), (0.4, long, 0.005), strip, "floor", bevel_m=0)


def _turn(along_y: bool) -> tuple[float, float, float, float]:
    half = 0.0 if along_y else -math.pi / 4
    return (math.cos(half), 0.0, 0.0, math.sin(half))


class Car(Placed):
    """A parked car; its heading is where it would drive."""

    kind: Literal["car"] = Field(default="car", description="A parked car; at: its middle.")
    type: Literal["any", "saloon", "hatchback", "van"] = Field(default="any", description="Its shape.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        body = (
            self.type
            if self.type != "any"
            else parts.choice(("saloon", "hatchback", "van", "suv", "hatchback", "saloon"))
        )
        paint, glass, tyre = parts.material("paint"), parts.material("glass"), parts.material("rubber")
        rim, light, dark = parts.material("shiny"), parts.material("lamp"), parts.material("plastic")
        length = {"saloon": 4.5, "hatchback": 3.9, "van": 5.0, "suv": 4.5}[body] * parts.between(0.95, 1.05)
        wide = {"saloon": 1.78, "hatchback": 1.70, "van": 1.95, "suv": 1.86}[body]
        waist, tall = {"saloon": (0.88, 1.45), "hatchback": (0.92, 1.50), "van": (1.15, 2.15), "suv": (1.02, 1.70)}[
            body
        ]
        wheel = 0.36 if body in ("van", "suv") else 0.31
        parts.block((0, 0, 0.2), (wide, length, waist - 0.32), paint, "vehicle", bevel_m=0.08)
        parts.block((0, 0, 0.45), (wide - 0.06, length - 0.16, waist - 0.45), paint, "vehicle", bevel_m=0.08)
        front, back = {"saloon": (0.9, -1.75), "hatchback": (0.75, -1.85), "van": (1.5, -2.4), "suv": (0.85, -2.1)}[
            body
        ]
        middle, cabin = (front + back) / 2, front - back
        roof, rise = 0.31 * cabin, tall - waist
        side = paint if body == "van" else glass
        parts.block((0, middle, waist - 0.02), (wide - 0.16, cabin * 0.8, rise * 0.5), side, "vehicle", bevel_m=0.05)
        parts.block((0, middle, waist - 0.02), (wide - 0.18, 2 * roof, rise), side, "vehicle", bevel_m=0.06)
        parts.block((0, middle, tall - 0.06), (wide - 0.22, 2 * roof, 0.08), paint, "vehicle", bevel_m=0.03)
        for low, high, pane in ((front, middle + roof, glass), (back, middle - roof, side)):
            mid, angle = (low + high) / 2, math.degrees(math.atan2(rise, high - low))
            size = (wide - 0.18, math.hypot(rise, high - low), 0.03)
            parts.box((0, mid, (waist + tall) / 2 - 0.02), size, pane, "vehicle", tilt(angle))
        for x in (-wide / 2 + 0.09, wide / 2 - 0.09):
            for y in (length * 0.31, -length * 0.30):
                parts.rod((x - 0.1, y, wheel), (x + 0.1, y, wheel), wheel, tyre, "vehicle")
                out = math.copysign(0.105, x)
                parts.rod((x, y, wheel), (x + out, y, wheel), wheel * 0.62, rim, "vehicle")
            parts.ball((x * 0.82, length / 2 - 0.02, waist * 0.72), (0.32, 0.12, 0.16), light, "vehicle")
            parts.box((x * 0.86, -length / 2 + 0.01, waist * 0.75), (0.26, 0.06, 0.16), dark, "vehicle")
            parts.ball((x * 1.14, front - 0.32, waist + 0.08), (0.2, 0.1, 0.14), paint, "vehicle")


class Bicycle(Placed):
    """A bicycle, on its stand or leaning; its heading is where it would ride."""

    kind: Literal["bicycle"] = Field(default="bicycle", description="A bicycle.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        frame, tyre, seat = parts.material("paint"), parts.material("rubber"), parts.material("plastic")
        bike = parts.inner((0, 0, 0), lean(parts.between(4, 9)))
        r, ring = 0.34, 6
        for y in (-0.52, 0.52):
            for n in range(ring):
                a, b = 2 * math.pi * n / ring, 2 * math.pi * (n + 1) / ring
                bike.rod(
                    (0, y + r * math.sin(a), r + r * math.cos(a)),
                    (0, y + r * math.sin(b), r + r * math.cos(b)),
                    0.018,
                    tyre,
                    "vehicle",
                )
            bike.rod((-0.03, y, r), (0.03, y, r), 0.03, seat, "vehicle")
        joints = {
            "crank": (0.0, -0.08, 0.3),
            "saddle": (0.0, -0.26, 0.86),
            "head": (0.0, 0.36, 0.88),
            "rear": (0.0, -0.52, r),
            "fork": (0.0, 0.52, r),
            "bar": (0.0, 0.33, 1.02),
        }
        step_through = parts.choice((False, True, False, True)) is True
        tubes = [("crank", "saddle"), ("crank", "head"), ("rear", "crank"), ("rear", "saddle"), ("fork", "bar")]
        if not step_through:
            tubes.append(("saddle", "head"))
        for one, other in tubes:
            bike.rod(joints[one], joints[other], 0.017, frame, "vehicle")
        bike.rod((-0.28, 0.28, 1.04), (0.28, 0.28, 1.04), 0.014, seat, "vehicle")
        bike.ball((0, -0.28, 0.93), (0.16, 0.26, 0.08), seat, "vehicle")
        bike.rod((-0.12, -0.08, 0.3), (0.12, -0.08, 0.3), 0.02, seat, "vehicle")
        if parts.chance(0.4):
            bike.block((0, 0.5, 0.8), (0.34, 0.26, 0.24), seat, "vehicle")


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


class TrafficSign(Placed):
    """A sign on a post, read from its front."""

    kind: Literal["traffic_sign"] = Field(default="traffic_sign", description="A road sign on its post.")
    lift_m: float = Field(default=0.0, ge=0, le=0, description="It stands on the ground.")
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
