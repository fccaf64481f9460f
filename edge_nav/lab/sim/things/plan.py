"""The ground seen from above: level rectangles, of which later ones cut earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_nav.lab.sim.shapes import LABELS, Material, Shape

Rect = tuple[float, float, float, float]
"""Lowest x, lowest y, highest x, highest y."""

SMALLEST_M = 1e-4
CRUST_M, LINING_M = 0.06, 0.005
"""Thickness of what a ground is finished with, and of the earth that shows beneath it on a hole's sides."""


@dataclass(frozen=True, slots=True)
class Slab:
    """A piece of ground by its top."""

    rect: Rect
    top_m: float
    material: Material
    label: str = "floor"
    instance: int = 0


class Plan:
    """Slabs that do not overlap."""

    def __init__(self) -> None:
        self.slabs: list[Slab] = []
        self._sides: list[Shape] = []

    def lay(self, slab: Slab) -> None:
        """Put a slab in place of whatever ground was there."""
        self.cut(slab.rect)
        self.slabs.append(slab)

    def dig(self, slab: Slab, sides: Material) -> None:
        """Put a slab beneath the ground that is there, whose sides are earth.

        Paved like the ground, they could not be told from it: from afar nothing but the far side is seen of a hole.
        """
        x0, y0, x1, y1 = slab.rect
        crust = (self.level((x0 + x1) / 2, (y0 + y1) / 2) or 0.0) - CRUST_M
        self.lay(slab)
        if crust - slab.top_m < SMALLEST_M:
            return
        for rect in (
            (x0, y0, x0 + LINING_M, y1),
            (x1 - LINING_M, y0, x1, y1),
            (x0, y0, x1, y0 + LINING_M),
            (x0, y1 - LINING_M, x1, y1),
        ):
            self._sides.append(_box(Slab(rect, crust, sides, slab.label), slab.top_m))

    def cut(self, rect: Rect) -> None:
        """Take the ground out of a rectangle."""
        self.slabs = [piece for slab in self.slabs for piece in _without(slab, rect)]

    def level(self, x: float, y: float) -> float | None:
        """Height of the ground at a point, None where there is none."""
        for slab in reversed(self.slabs):
            x0, y0, x1, y1 = slab.rect
            if x0 <= x <= x1 and y0 <= y <= y1:
                return slab.top_m
        return None

    def shapes(self, bottom_m: float) -> list[Shape]:
        """The slabs as boxes that all reach down to one depth, so that cuts have sides."""
        return [*(_box(slab, bottom_m) for slab in self.slabs), *self._sides]


def _without(slab: Slab, hole: Rect) -> list[Slab]:
    x0, y0, x1, y1 = slab.rect
    hx0, hy0, hx1, hy1 = max(x0, hole[0]), max(y0, hole[1]), min(x1, hole[2]), min(y1, hole[3])
    if hx1 - hx0 < SMALLEST_M or hy1 - hy0 < SMALLEST_M:
        return [slab]
    pieces = [(x0, y0, x1, hy0), (x0, hy1, x1, y1), (x0, hy0, hx0, hy1), (hx1, hy0, x1, hy1)]
    return [replace(slab, rect=r) for r in pieces if r[2] - r[0] >= SMALLEST_M and r[3] - r[1] >= SMALLEST_M]


def _box(slab: Slab, bottom_m: float) -> Shape:
    x0, y0, x1, y1 = (round(v, 6) for v in slab.rect)
    top, low = round(slab.top_m, 6), min(bottom_m, slab.top_m - 0.1)
    centre = (round((x0 + x1) / 2, 6), round((y0 + y1) / 2, 6), round((top + low) / 2, 6))
    half = (round((x1 - x0) / 2, 6), round((y1 - y0) / 2, 6), round((top - low) / 2, 6))
    return Shape("box", centre, half, slab.material, LABELS.index(slab.label), slab.instance)
