"""Roads with their kerbs, and railway tracks."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.things.base import Area
from edge_nav.lab.sim.things.parts import Parts
from edge_nav.lab.sim.things.plan import Plan, Slab

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
