"""Directions to the goal as a map gives them: round the building's walls, knowing nothing of what stands in them."""

from __future__ import annotations

import math

from edge_nav.lab.sim.planner import Grid, area_of
from edge_nav.lab.sim.shapes import LABELS, Material, Shape
from edge_nav.lab.sim.tops import WALKABLE

ROOM_M = 0.4
ARRIVED_M = 0.8
AGAIN_S = 2.0


class Route:
    """Where to head for. The ground is taken for level: a map shows no kerbs and no holes."""

    def __init__(self, still: tuple[Shape, ...], start: tuple[float, float], goal: tuple[float, float]) -> None:
        self.goal = goal
        walls = tuple(s for s in still if s.instance == 0 and s.label not in WALKABLE and _stands(s))
        area = area_of([start, goal])
        middle = ((area[0] + area[2]) / 2, (area[1] + area[3]) / 2, -0.5)
        half = ((area[2] - area[0]) / 2 + 2, (area[3] - area[1]) / 2 + 2, 0.5)
        ground = Shape("box", middle, half, Material("plaster", (0.5, 0.5, 0.5)), LABELS.index("floor"))
        self._grid = Grid((ground, *walls), area)
        self._points: list[tuple[float, float]] = [goal]
        self._asked_t = -math.inf

    def towards(self, x: float, y: float, t: float) -> tuple[float, float]:
        """The bearing in degrees (clockwise from y) to head for, and the distance to the goal as the bird flies."""
        if not self._straight(x, y, self._points[0]) and t - self._asked_t > AGAIN_S:
            self._asked_t = t
            self._points = self._way(x, y)
        while len(self._points) > 1 and (
            math.dist((x, y), self._points[0]) < ARRIVED_M or self._straight(x, y, self._points[1])
        ):
            self._points.pop(0)
        px, py = self._points[0]
        return math.degrees(math.atan2(px - x, py - y)), math.dist((x, y), self.goal)

    def _way(self, x: float, y: float) -> list[tuple[float, float]]:
        for room in (ROOM_M, 0.25, 0.1):
            way = self._grid.way((x, y), self.goal, room)
            if way is not None:
                return list(way.points[1:])
        return [self.goal]

    def _straight(self, x: float, y: float, to: tuple[float, float]) -> bool:
        steps = max(2, math.ceil(math.dist((x, y), to) / 0.1))
        return all(
            self._grid.room_at(x + (to[0] - x) * n / steps, y + (to[1] - y) * n / steps) >= 0.2
            for n in range(1, steps + 1)
        )


def _stands(shape: Shape) -> bool:
    """Whether it is more than a line on a plan: not a lintel, a ceiling or a skirting."""
    low, high = shape.centre[2] - shape.half[2], shape.centre[2] + shape.half[2]
    return low < 1.0 and high > 0.5
