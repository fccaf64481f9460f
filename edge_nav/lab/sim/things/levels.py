"""The ground and where it changes its height: floors, roads, holes, steps, stairs, ramps."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from edge_nav.lab.sim.shapes import Point
from edge_nav.lab.sim.things.base import Area, Degrees, Grounded, Placed
from edge_nav.lab.sim.things.finishes import Role
from edge_nav.lab.sim.things.parts import Parts, tilt
from edge_nav.lab.sim.things.plan import Plan, Rect, Slab

BELOW_M = 0.3
"""How far stairs reach below their lowest landing."""


def _quarter(degrees: float) -> float:
    if degrees % 90:
        raise ValueError("must be a multiple of 90")
    return degrees


Quarter = Annotated[Degrees, AfterValidator(_quarter)]


class Floor(Area):
    """A level piece of ground."""

    kind: Literal["floor"] = Field(default="floor", description="A level piece of ground.")
    look: Role = Field(default="indoor_floor", description="Its finish.")

    def lay(self, plan: Plan, parts: Parts) -> None:
        plan.lay(Slab(self.rect, self.level_m, parts.material(self.look)))


class Hole(Grounded):
    """An open hole or pit in the ground."""

    kind: Literal["hole"] = Field(default="hole", description="A hole in the ground; at: its middle.")
    heading_deg: Quarter = Field(default=0.0, description="Where its length leads, a multiple of 90 degrees.")
    width_m: float = Field(default=0.8, ge=0.1, le=20, description="Size across, metres.")
    length_m: float = Field(default=0.8, ge=0.1, le=20, description="Size along its heading, metres.")
    depth_m: float = Field(default=1.0, ge=0.02, le=6, description="How deep, metres.")

    def lay(self, plan: Plan, parts: Parts) -> None:
        x, y = self.at
        a, b = self.width_m / 2, self.length_m / 2
        if self.heading_deg % 180:
            a, b = b, a
        top = plan.level(x, y) or 0.0
        bottom = Slab((x - a, y - b, x + a, y + b), top - self.depth_m, parts.material("soil"))
        plan.dig(bottom, parts.material("soil"))


class _Slope(Placed):
    heading_deg: Quarter = Field(default=0.0, description="Where it leads, a multiple of 90 degrees.")
    width_m: float = Field(default=1.6, ge=0.5, le=20, description="Width, metres.")
    landing_m: float = Field(default=2.0, ge=0.3, le=60, description="Length of the landing at its end, metres.")
    railings: bool = Field(default=True, description="Handrails on both sides.")

    def _area(self, start: float, end: float, margin: float = 0.0) -> Rect:
        """The rectangle that the flight covers between two distances from its beginning."""
        a = math.radians(self.heading_deg)
        sin, cos = round(math.sin(a)), round(math.cos(a))
        half = self.width_m / 2 + margin
        xs = [self.at[0] + side * cos + along * sin for side in (-half, half) for along in (start, end)]
        ys = [self.at[1] - side * sin + along * cos for side in (-half, half) for along in (start, end)]
        return (min(xs), min(ys), max(xs), max(ys))

    def _rails(self, parts: Parts, low: Point, high: Point) -> None:
        metal = parts.material("metal")
        for side in (-1, 1):
            x = side * (self.width_m / 2 - 0.06)
            parts.rod((x, low[1], low[2] + 0.92), (x, high[1], high[2] + 0.92), 0.022, metal, "object")
            posts = max(2, round(math.dist(low, high) / 1.5) + 1)
            for n in range(posts):
                s = n / (posts - 1)
                y, z = low[1] + s * (high[1] - low[1]), low[2] + s * (high[2] - low[2])
                parts.rod((x, y, z - 0.05), (x, y, z + 0.92), 0.016, metal, "object")


class _Flight(_Slope):
    steps: int = Field(default=8, ge=1, le=40, description="How many steps.")
    rise_m: float = Field(default=0.17, ge=0.05, le=0.3, description="Height of a step, metres.")
    going_m: float = Field(default=0.29, ge=0.2, le=1.0, description="Depth of a step, metres.")


class StairsDown(_Flight):
    """Stairs that lead down, into the ground."""

    kind: Literal["stairs_down"] = Field(
        default="stairs_down", description="Stairs down; at: the middle of their upper edge."
    )

    def lay(self, plan: Plan, parts: Parts) -> None:
        top = plan.level(*self.at) or 0.0
        run = (self.steps - 1) * self.going_m
        plan.cut(self._area(0, run))
        below = top - self.steps * self.rise_m
        plan.lay(Slab(self._area(run, run + self.landing_m), below, parts.material("stairs")))

    def build(self, parts: Parts) -> None:
        parts.numbered()
        tread = parts.material("stairs")
        bottom = -self.steps * self.rise_m - BELOW_M
        for n in range(1, self.steps):
            y, top = (n - 0.5) * self.going_m, -n * self.rise_m
            parts.block((0, y, bottom), (self.width_m, self.going_m, top - bottom), tread, "stairs", bevel_m=0)
        if self.railings:
            run = (self.steps - 1) * self.going_m
            self._rails(parts, (0, 0.05, 0), (0, run + 0.1, -self.steps * self.rise_m))


class StairsUp(_Flight):
    """Stairs that lead up to a landing."""

    kind: Literal["stairs_up"] = Field(
        default="stairs_up", description="Stairs up; at: the middle of their lowest edge."
    )

    def build(self, parts: Parts) -> None:
        parts.numbered()
        tread = parts.material("stairs")
        for n in range(self.steps):
            deep = self.landing_m if n == self.steps - 1 else self.going_m
            y = n * self.going_m + deep / 2
            parts.block((0, y, -0.05), (self.width_m, deep, (n + 1) * self.rise_m + 0.05), tread, "stairs", bevel_m=0)
        if self.railings:
            run = (self.steps - 1) * self.going_m
            self._rails(parts, (0, 0.05, 0.1), (0, run + 0.2, self.steps * self.rise_m))


class Ramp(_Slope):
    """An even slope up to a landing."""

    kind: Literal["ramp"] = Field(default="ramp", description="A ramp up; at: the middle of its lower edge.")
    length_m: float = Field(default=4.0, ge=0.3, le=40, description="Length along the ground, metres.")
    height_m: float = Field(default=0.4, ge=0.02, le=4, description="Rise, metres.")
    railings: bool = Field(default=False, description="Handrails on both sides.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        finish = parts.material("paving")
        angle = math.atan2(self.height_m, self.length_m)
        long, thick = math.hypot(self.length_m, self.height_m), self.height_m + 0.1
        # The slope's surface passes through its lower and upper edges; the rest of the box is in the ground.
        y = self.length_m / 2 + thick / 2 * math.sin(angle)
        z = self.height_m / 2 - thick / 2 * math.cos(angle)
        parts.box((0, y, z), (self.width_m, long, thick), finish, "floor", tilt(math.degrees(angle)), 0)
        far = self.length_m + self.landing_m / 2
        parts.block((0, far, -0.05), (self.width_m, self.landing_m, self.height_m + 0.05), finish, "floor", bevel_m=0)
        if self.railings:
            self._rails(parts, (0, 0.05, 0), (0, self.length_m, self.height_m))
