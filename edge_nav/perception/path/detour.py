"""A way of several legs, over floor that is or was seen: its first leg, for that is what can be told and walked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.grid import grown

CELL_M = 0.10
AHEAD_M, BEHIND_M, ASIDE_M = 4.0, 1.5, 4.0
SHOULDERS_M, BODY_M, NEAR_M = 0.7, 0.5, 0.8
"""Who stands beside a thing can turn and go along it: within ``NEAR_M`` of the walker a way as wide as shoulders is
enough; or one that comes no nearer to things than they stand now, and leaves room for a body.
"""
HERE_M = 0.4
"""So near they stand on floor, seen or not."""
FEET_M = 0.4
"""So wide a strip of floor must be known all along the way."""
PRICE, ASIDE = 0.3, 0.05
"""A place is worth its distance ahead, less so much for each metre of the way to it, and of how far it is aside."""
LEAST_M = 1.5
"""Less far ahead, and it is not a way on."""
WAVES = 120
"""Steps of a cell, after which the wave ends: a longer way costs about what any place on the plan is worth."""
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = np.ones((3, 3), np.uint8)

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Detour:
    """First leg: direction in degrees, positive right, and length in metres; how far ahead the whole way leads, and
    how many legs it has.
    """

    bearing_deg: float
    leg_m: float
    ahead_m: float
    legs: int


def detour(things: NDArray[np.float64], floor: NDArray[np.float64], width_m: float) -> Detour | None:
    """The way that leads farthest on ahead; None where none leads on. Places [N, 2] are right and forward, metres.

    Ways are found by a wave that spreads over free cells, with every other step along diagonals as well (the octagonal
    distance of Rosenfeld and Pfaltz 1968: short by up to a ninth), and pulled straight where nothing stands between.
    """
    free = _free(things, floor, width_m)
    start = _cell(0.0, 0.0)
    free[start] = 1
    when = _wave(free, start)
    ahead, right = _axes(when.shape)
    price = PRICE * when * CELL_M + ASIDE * np.abs(right)
    worth = np.where((when >= 0) & (ahead >= LEAST_M), ahead - price, -np.inf)
    best = np.unravel_index(int(worth.argmax()), worth.shape)
    target = (int(best[0]), int(best[1]))
    if not np.isfinite(worth[target]) or worth[target] <= 0.0:
        return None
    corners = _straightened(_back(when, target), free)
    x, y = float(right[0, corners[0][1]]), float(ahead[corners[0][0], 0])
    return Detour(math.degrees(math.atan2(x, y)), math.hypot(x, y), float(ahead[target[0], 0]), len(corners))


def _free(things: NDArray[np.float64], floor: NDArray[np.float64], width_m: float) -> U8:
    """1 where the middle of a walker who needs so wide a way may be."""
    shape = _shape()
    away = np.hypot(*_axes(shape))
    # Small gaps are between rays; where feet would be beside the middle, floor must be known as well.
    unknown = (cv2.dilate(_drawn(floor, shape), _SQUARE) == 0) & (away > HERE_M)
    room = np.asarray(cv2.distanceTransform(1 - _drawn(things, shape), cv2.DIST_L2, 5)) * CELL_M
    here = min(SHOULDERS_M / 2, max(BODY_M / 2, float(np.hypot(*things.T).min(initial=np.inf))))
    blocked = room < np.where(away < NEAR_M, min(here, width_m / 2), width_m / 2) - 1e-3
    return np.asarray((grown(unknown.astype(np.uint8), FEET_M, CELL_M) == 0) & ~blocked, dtype=np.uint8)


def _wave(free: U8, start: Cell) -> NDArray[np.int32]:
    """At which step the wave reaches each cell; -1 where it does not."""
    when = np.full(free.shape, -1, np.int32)
    front = np.zeros(free.shape, np.uint8)
    front[start], when[start] = 1, 0
    for step in range(1, WAVES):
        further = cv2.bitwise_and(cv2.dilate(front, _SQUARE if step % 2 else _CROSS), free)
        new = (further > 0) & (when < 0)
        if step > 2 and not new.any():
            break
        when[new] = step
        front = np.asarray(further, dtype=np.uint8)
    return when


def _back(when: NDArray[np.int32], target: Cell) -> list[Cell]:
    """Cells from beside the start to the target."""
    way = [target]
    while when[way[-1]] > 0:
        i, j = way[-1]
        i0, j0 = max(i - 1, 0), max(j - 1, 0)
        near = when[i0 : i + 2, j0 : j + 2]
        n = int(np.where(near >= 0, near, WAVES).argmin())
        way.append((i0 + n // near.shape[1], j0 + n % near.shape[1]))
    return way[::-1]


def _straightened(way: list[Cell], free: U8) -> list[Cell]:
    """The corners of the way, without those that can be cut."""
    corners, at = [], 0
    while at < len(way) - 1:
        further = next(n for n in range(len(way) - 1, at, -1) if n == at + 1 or _sees(way[at], way[n], free))
        corners.append(way[further])
        at = further
    return corners or [way[-1]]


def _sees(a: Cell, b: Cell, free: U8) -> bool:
    steps = 2 * max(abs(b[0] - a[0]), abs(b[1] - a[1])) + 1
    i = np.rint(np.linspace(a[0], b[0], steps)).astype(int)
    j = np.rint(np.linspace(a[1], b[1], steps)).astype(int)
    return bool(free[i, j].all())


def _shape() -> Cell:
    return round((AHEAD_M + BEHIND_M) / CELL_M), round(2 * ASIDE_M / CELL_M)


def _cell(right_m: float, forward_m: float) -> Cell:
    return math.floor((forward_m + BEHIND_M) / CELL_M), math.floor((right_m + ASIDE_M) / CELL_M)


def _axes(shape: tuple[int, ...]) -> tuple[F64, F64]:
    """How far ahead [rows, 1] and to the right [1, columns] the middles of cells are, metres."""
    rows, columns = np.arange(shape[0], dtype=np.float64), np.arange(shape[1], dtype=np.float64)
    return (rows[:, None] + 0.5) * CELL_M - BEHIND_M, (columns[None, :] + 0.5) * CELL_M - ASIDE_M


def _drawn(places: NDArray[np.float64], shape: Cell) -> U8:
    picture = np.zeros(shape, np.uint8)
    i = np.floor((places[:, 1] + BEHIND_M) / CELL_M).astype(int)
    j = np.floor((places[:, 0] + ASIDE_M) / CELL_M).astype(int)
    inside = (i >= 0) & (i < shape[0]) & (j >= 0) & (j < shape[1])
    picture[i[inside], j[inside]] = 1
    return picture
