"""Whether and how a walker can get somewhere: the shortest way on a grid, round everything and over no edge.

Frozen: figures of `bench walker` cannot be compared with older ones once this changes.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.outlines import F64, outlines
from edge_nav.lab.sim.shapes import Shape, rotation
from edge_nav.lab.sim.tops import WALKABLE, Tops

FINE_M = 0.05
"""Things and edges are drawn this finely; ways are sought on a grid of twice that."""
CELL_M = 2 * FINE_M
BODY_M = 0.25
TALL_M = 2.0
STEP_M = 0.10
BEYOND_M = 6.0
"""How far beyond start and goal a way may lead."""

Bools = NDArray[np.bool_]
Place = tuple[float, float]
Cell = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way from start to goal. ``points`` go round corners; ``length_m`` is theirs, ``straight_m`` the bird's."""

    points: tuple[Place, ...]
    length_m: float
    straight_m: float


class Grid:
    """Free places of a world's still part: row is y, column is x."""

    def __init__(
        self, shapes: tuple[Shape, ...], area: tuple[float, float, float, float], floor_m: float = 0.0
    ) -> None:
        x0, y0, x1, y1 = area
        self.x0, self.y0 = math.floor(x0 / CELL_M) * CELL_M, math.floor(y0 / CELL_M) * CELL_M
        columns, rows = (2 * math.ceil((b - a) / CELL_M) + 1 for a, b in ((self.x0, x1), (self.y0, y1)))
        self._size = (rows, columns)
        blocked = self._things(shapes, floor_m) | self._edges(shapes, floor_m)
        # How far each place is from what is in the way, metres; half a cell off at most.
        self.room_m: F64 = (
            cv2.distanceTransform((~blocked).astype(np.uint8), cv2.DIST_L2, 5).astype(np.float64) * FINE_M
        )
        self.room_m = np.round(self.room_m, 4)

    def free(self, radius_m: float = BODY_M) -> Bools:
        """Places of the coarse grid where a body of a radius has room, bool [rows, columns]."""
        return np.asarray(self.room_m[::2, ::2] >= radius_m, dtype=np.bool_)

    def cell(self, x: float, y: float) -> Cell:
        """Row and column of the place nearest to a point."""
        return round((y - self.y0) / CELL_M), round((x - self.x0) / CELL_M)

    def point(self, row: int, column: int) -> Place:
        return round(self.x0 + column * CELL_M, 4), round(self.y0 + row * CELL_M, 4)

    def room_at(self, x: float, y: float) -> float:
        """Room about a point, metres; 0 outside of the grid."""
        row, column = round((y - self.y0) / FINE_M), round((x - self.x0) / FINE_M)
        inside = 0 <= row < self._size[0] and 0 <= column < self._size[1]
        return float(self.room_m[row, column]) if inside else 0.0

    def way(self, start: Place, goal: Place, radius_m: float = BODY_M, shy: float = 0.0) -> Way | None:
        """The shortest way, None if there is none. ``shy`` > 0 makes ways longer that keep away from things."""
        cells = _search(self.free(radius_m), self.room_m[::2, ::2], self.cell(*start), self.cell(*goal), shy)
        if cells is None:
            return None
        points = self._pulled([self.point(*c) for c in cells], radius_m, shy)
        points = [start, *points[1:-1], goal] if len(points) > 1 else [start, goal]
        length = sum(math.dist(a, b) for a, b in pairwise(points))
        return Way(tuple(points), round(length, 3), round(math.dist(start, goal), 3))

    def _pulled(self, points: list[Place], radius_m: float, shy: float) -> list[Place]:
        """The way pulled tight: points left out where the straight line between others keeps its distance."""
        kept, n = [points[0]], 0
        # A shy way must not be pulled back to the things that it avoids.
        most = len(points) if shy == 0 else 15
        while n < len(points) - 1:
            m = min(n + most, len(points) - 1)
            while m > n + 1 and not self._clear(points[n], points[m], radius_m):
                m -= 1
            kept.append(points[m])
            n = m
        return kept

    def _clear(self, a: Place, b: Place, radius_m: float) -> bool:
        count = max(2, math.ceil(math.dist(a, b) / FINE_M) + 1)
        x, y = np.linspace(a[0], b[0], count), np.linspace(a[1], b[1], count)
        rows = np.rint((y - self.y0) / FINE_M).astype(int)
        columns = np.rint((x - self.x0) / FINE_M).astype(int)
        return bool((self.room_m[rows, columns] >= radius_m).all())

    def _things(self, shapes: tuple[Shape, ...], floor_m: float) -> Bools:
        """Footprints of everything between ankle and crown, ground excepted."""
        picture = np.zeros(self._size, np.uint8)
        solid = [s for s in shapes if s.label not in WALKABLE]
        for o in outlines(solid, floor_m, (0.10, 0.70, 1.40, TALL_M)):
            corners = np.rint((o.polygon - (self.x0, self.y0)) / FINE_M * 256).astype(np.int32)
            cv2.fillPoly(picture, [corners], 1, shift=8)
        return np.asarray(picture > 0)

    def _edges(self, shapes: tuple[Shape, ...], floor_m: float) -> Bools:
        """Places beside a step of 0.10 m or more, or without ground."""
        heights = self._heights(shapes, floor_m)
        lost = np.isnan(heights)
        level = np.where(lost, -100.0, heights)
        blocked = lost.copy()
        for axis in (0, 1):
            step = np.abs(np.diff(level, axis=axis)) >= STEP_M - 1e-6
            first = [slice(None), slice(None)]
            second = [slice(None), slice(None)]
            first[axis], second[axis] = slice(0, -1), slice(1, None)
            blocked[tuple(first)] |= step
            blocked[tuple(second)] |= step
        return np.asarray(blocked, dtype=np.bool_)

    def _heights(self, shapes: tuple[Shape, ...], floor_m: float) -> F64:
        """The ground at each fine place, NaN where there is none; what begins overhead is left out."""
        rows, columns = self._size
        best = np.full(self._size, -np.inf)
        xs, ys = self.x0 + np.arange(columns) * FINE_M, self.y0 + np.arange(rows) * FINE_M
        for s in shapes:
            if s.label not in WALKABLE or s.form != "box" or s.centre[2] - s.half[2] > floor_m + TALL_M:
                continue
            turn = np.abs(rotation(s.turn))
            reach = turn @ np.array(s.half)
            c0, c1 = np.searchsorted(xs, (s.centre[0] - reach[0] - 1e-6, s.centre[0] + reach[0] + 1e-6))
            r0, r1 = np.searchsorted(ys, (s.centre[1] - reach[1] - 1e-6, s.centre[1] + reach[1] + 1e-6))
            if c0 >= c1 or r0 >= r1:
                continue
            window = best[r0:r1, c0:c1]
            if np.isclose(turn.max(axis=0), 1.0, atol=1e-6).all():
                np.maximum(window, s.centre[2] + reach[2], out=window)
            else:
                np.fmax(window, Tops((s,)).heights(*np.meshgrid(xs[c0:c1], ys[r0:r1])), out=window)
        return np.where(np.isfinite(best), best, np.nan)


def _search(free: Bools, room_m: F64, start: Cell, goal: Cell, shy: float) -> list[Cell] | None:
    """A* over eight neighbours (Hart, Nilsson and Raphael, 1968)."""
    rows, columns = free.shape
    for r, c in (start, goal):
        if not (0 <= r < rows and 0 <= c < columns and free[r, c]):
            return None
    price = (1 + shy * np.clip(0.8 - room_m, 0, None)).tolist() if shy else None
    open_, passable = [(0.0, 0, start)], free.tolist()
    cost: dict[Cell, float] = {start: 0.0}
    came: dict[Cell, Cell] = {}
    closed: set[Cell] = set()
    order = 0
    moves = [(dr, dc, math.hypot(dr, dc)) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc]
    while open_:
        _, _, here = heapq.heappop(open_)
        if here == goal:
            way = [here]
            while here in came:
                here = came[here]
                way.append(here)
            return way[::-1]
        if here in closed:
            continue
        closed.add(here)
        r, c = here
        for dr, dc, length in moves:
            nr, nc = r + dr, c + dc
            if not (0 <= nr < rows and 0 <= nc < columns and passable[nr][nc]):
                continue
            if dr and dc and not (passable[r][nc] and passable[nr][c]):
                continue
            total = cost[here] + length * (price[nr][nc] if price else 1.0)
            if total < cost.get((nr, nc), math.inf) - 1e-12:
                cost[nr, nc], came[nr, nc] = total, here
                order += 1
                a, b = abs(nr - goal[0]), abs(nc - goal[1])
                heapq.heappush(open_, (total + max(a, b) + (math.sqrt(2) - 1) * min(a, b), order, (nr, nc)))
    return None


def area_of(points: list[Place], beyond_m: float = BEYOND_M) -> tuple[float, float, float, float]:
    """The rectangle that a way between points is sought in."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs) - beyond_m, min(ys) - beyond_m, max(xs) + beyond_m, max(ys) + beyond_m
