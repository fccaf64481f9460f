"""What a body of a height touches at a place: outlines of the scene, kept, so that it can be asked all the time."""

from __future__ import annotations

import numpy as np

from edge_nav.lab.sim.outlines import F64, LayerOutline, distance, outlines
from edge_nav.lab.sim.shapes import Shape, World
from edge_nav.lab.sim.tops import Tops

TALL_M = 1.8
LAYERS_M = (0.10, 0.40, 0.70, 1.05, 1.40, TALL_M)
NEAR_M = 3.0
"""Farther shapes that move are left out: their outlines cost time."""
Layers = tuple[list[LayerOutline], F64]
"""Outlines, and the box of each from above: west, south, east, north [N, 4]."""


class Surroundings:
    """The still shapes of a scene and, moment by moment, the moving ones near the body."""

    def __init__(self, world: World) -> None:
        self._shapes, self._tops = world.still, Tops(world.still)
        self._layers: dict[int, Layers] = {}
        self._moving: tuple[tuple[Shape, ...], int, Layers] | None = None

    def ground(self, x: float, y: float, below_m: float) -> float:
        """Height of the ground at a point, metres, NaN where there is none; what begins above ``below_m`` left out."""
        return self._tops.height(x, y, below_m)

    def within(self, world: World, x: float, y: float, radius_m: float, floor_m: float) -> list[LayerOutline]:
        """Everything that a cylinder as tall as the body touches."""
        key, found = round(floor_m * 100), []
        for parts, box in (self._still(key), self._movers(world, x, y, key)):
            aside = np.maximum(np.maximum(box[:, 0] - x, x - box[:, 2]), 0)
            ahead = np.maximum(np.maximum(box[:, 1] - y, y - box[:, 3]), 0)
            near = (parts[n] for n in np.flatnonzero(aside**2 + ahead**2 <= radius_m**2))
            found += [o for o in near if distance(o.polygon, x, y)[0] < radius_m]
        return found

    def _still(self, key: int) -> Layers:
        if key not in self._layers:
            self._layers[key] = _bounded(outlines(self._shapes, key / 100, LAYERS_M))
        return self._layers[key]

    def _movers(self, world: World, x: float, y: float, key: int) -> Layers:
        if self._moving is None or self._moving[0] is not world.moving or self._moving[1] != key:
            near = [s for s in world.moving if abs(s.centre[0] - x) < NEAR_M and abs(s.centre[1] - y) < NEAR_M]
            self._moving = world.moving, key, _bounded(outlines(near, key / 100, LAYERS_M))
        return self._moving[2]


def _bounded(found: list[LayerOutline]) -> Layers:
    boxes = [(*o.polygon.min(axis=0), *o.polygon.max(axis=0)) for o in found]
    return found, np.array(boxes).reshape(-1, 4)
