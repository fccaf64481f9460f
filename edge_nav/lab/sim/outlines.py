"""Shapes seen from above, in layers: the convex outline of what lies between two heights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import Shape, rotation
from edge_nav.types import Band

F64 = NDArray[np.float64]

LAYERS_M = (0.10, 0.40, 0.70, 1.05, 1.40, 1.72, 2.05)
"""Heights above the floor between which outlines are taken: two layers to each band."""
ROUND = 32
"""Corners of a circle: its outline lies within 0.5 % of the radius; that of a ball, with rings 10 degrees apart,
within 0.9 %."""


class LayerOutline(NamedTuple):
    """What one shape has in one layer. ``polygon``: convex, counter-clockwise, [N, 2]; heights above the floor."""

    shape: Shape
    polygon: F64
    low_m: float
    high_m: float

    @property
    def band(self) -> Band:
        return band_of(self.low_m, self.high_m)


def band_of(low_m: float, high_m: float) -> Band:
    """The band of a part by its heights above the floor: what hangs at head height; what stands; what lies."""
    if low_m >= 1.40 - 1e-6:
        return "head"
    return "body" if high_m > 0.70 + 1e-6 else "ground"


def outlines(shapes: Sequence[Shape], floor_m: float, layers_m: Sequence[float] = LAYERS_M) -> list[LayerOutline]:
    """Every shape's outline in every layer that it reaches into."""
    found: list[LayerOutline] = []
    for shape in shapes:
        points, edges = _frame(shape)
        z = points[:, 2] - floor_m
        if z.min() >= layers_m[-1] or z.max() <= layers_m[0]:
            continue
        for low, high in pairwise(layers_m):
            # A hair's breadth inside the layer: a tread that ends at its border is not in it.
            part = _slice(points, edges, z, low + 1e-4, high - 1e-4)
            if len(part):
                polygon = hull(part[:, :2])
                heights = part[:, 2] - floor_m
                found.append(LayerOutline(shape, polygon, float(heights.min()), float(heights.max())))
    return found


def hull(points: F64) -> F64:
    """Convex hull [N, 2], counter-clockwise; corners to within 4 micrometres in a scene of 60 m."""
    if len(points) < 3:
        return points
    order = cv2.convexHull(points.astype(np.float32), clockwise=False, returnPoints=False)
    return np.asarray(points[order.ravel()])


def distance(polygon: F64, x: float, y: float) -> tuple[float, float, float]:
    """From a point to a convex polygon: distance, 0 inside, and the nearest point's x and y."""
    at = np.array([x, y])
    start, end = polygon, np.roll(polygon, -1, axis=0)
    side = end - start
    share = np.clip(((at - start) * side).sum(axis=1) / np.maximum((side * side).sum(axis=1), 1e-18), 0, 1)
    nearest = start + share[:, None] * side
    cross = side[:, 0] * (y - start[:, 1]) - side[:, 1] * (x - start[:, 0])
    if len(polygon) >= 3 and (cross >= 0).all():
        return 0.0, x, y
    gaps = np.hypot(nearest[:, 0] - x, nearest[:, 1] - y)
    n = int(gaps.argmin())
    return float(gaps[n]), float(nearest[n, 0]), float(nearest[n, 1])


def clip(polygon: F64, edge: tuple[float, float, float]) -> F64:
    """The part of a convex polygon where a*x + b*y + c >= 0 (Sutherland and Hodgman, 1974)."""
    value = polygon @ np.array(edge[:2]) + edge[2]
    kept: list[F64] = []
    for n, p in enumerate(polygon):
        was, now = value[n - 1], value[n]
        if was * now < 0:
            kept.append(polygon[n - 1] + (p - polygon[n - 1]) * (was / (was - now)))
        if now >= 0:
            kept.append(p)
    return np.array(kept).reshape(-1, 2)


def _slice(points: F64, edges: NDArray[np.intp], z: F64, low: float, high: float) -> F64:
    """Corners of the part between two heights: corners inside, and where edges cross its top and bottom."""
    parts = [points[(z >= low) & (z <= high)]]
    a, b = edges[:, 0], edges[:, 1]
    for level in (low, high):
        crossing = (z[a] - level) * (z[b] - level) < 0
        i, j = a[crossing], b[crossing]
        share = (level - z[i]) / (z[j] - z[i])
        parts.append(points[i] + share[:, None] * (points[j] - points[i]))
    return np.concatenate(parts)


def _frame(shape: Shape) -> tuple[F64, NDArray[np.intp]]:
    """Corners [N, 3] in the world, and edges as pairs of their numbers."""
    half = np.array(shape.half)
    if shape.form == "box":
        local, edges = _CUBE * half, _CUBE_EDGES
    elif shape.form == "cylinder":
        local, edges = _DRUM * half, _DRUM_EDGES
    else:
        local, edges = _BALL * (half if shape.form == "ellipsoid" else half[0]), _BALL_EDGES
        if shape.form == "capsule":
            local = local + np.where(_BALL[:, 2:] >= 0, 1.0, -1.0) * np.array([0.0, 0.0, half[2]])
    return local @ rotation(shape.turn).T + np.array(shape.centre), edges


def _rings(levels: Sequence[float], radii: Sequence[float]) -> tuple[F64, NDArray[np.intp]]:
    """Rings of a solid of revolution, with the edges along and across."""
    angle = 2 * np.pi * np.arange(ROUND) / ROUND
    points = [
        np.column_stack([r * np.cos(angle), r * np.sin(angle), np.full(ROUND, z)])
        for z, r in zip(levels, radii, strict=True)
    ]
    n = np.arange(ROUND)
    edges = [np.column_stack([k * ROUND + n, k * ROUND + (n + 1) % ROUND]) for k in range(len(levels))]
    edges += [np.column_stack([k * ROUND + n, (k + 1) * ROUND + n]) for k in range(len(levels) - 1)]
    return np.concatenate(points), np.concatenate(edges).astype(np.intp)


_CUBE = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
_CUBE_EDGES = np.array([(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit], np.intp)
_DRUM, _DRUM_EDGES = _rings((-1, 1), (1, 1))
_TILTS = np.radians([*range(-90, 0, 10), -1e-6, 1e-6, *range(10, 91, 10)])
_BALL, _BALL_EDGES = _rings(list(np.sin(_TILTS)), list(np.cos(_TILTS)))
