"""What perception is held against: every pixel a point, no tracking, no voxels, no smear filter. Slow and plain.

Shares no code with edge_nav.perception, so that a mistake there is not repeated here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Ground, Intrinsics

Column = NDArray[np.float64]

CELL_M = 0.02
JOIN_M = 0.10
"""Points within this of each other belong to one thing."""
SLICE_M = 0.05
ASIDE_M = 3.0
"""So far to either side of the walker."""


@dataclass(frozen=True, slots=True)
class ReferenceObstacle:
    """The part of a thing that lies in the corridor: how far along it that begins, its bearing, its heights, and its
    visible area.
    """

    distance_m: float
    bearing_deg: float
    low_m: float
    high_m: float
    area_m2: float


def point_cloud(depth: NDArray[np.float32], k: Intrinsics) -> NDArray[np.float64]:
    """Camera points of all known pixels, metres, float64 [N, 3]."""
    v, u = np.nonzero(np.isfinite(depth) & (depth > 0))
    z = depth[v, u].astype(np.float64)
    return np.stack([(u - k.cx) / k.fx * z, (v - k.cy) / k.fy * z, z], axis=1)


def reference_ground(depth: NDArray[np.float32], k: Intrinsics, height_m: tuple[float, float]) -> Ground | None:
    """The plane below the camera, within a range of heights, that holds most points; exhaustive sampling."""
    points = point_cloud(depth, k)
    points = points[(points[:, 2] < 5.0) & (points[:, 1] > -0.5)]
    if len(points) < 500:
        return None
    rng = np.random.default_rng(0)
    some = points[rng.choice(len(points), min(len(points), 20000), replace=False)]
    best, best_count = None, 0
    for _ in range(600):
        a, b, c = some[rng.integers(0, len(some), 3)]
        n = np.cross(b - a, c - a)
        length = float(np.linalg.norm(n))
        if length < 1e-4:
            continue
        n = n / length
        n = -n if n[1] > 0 else n
        h = -float(n @ a)
        tilt = math.degrees(math.acos(float(np.clip(-n[1], -1, 1))))
        if not (height_m[0] <= h <= height_m[1]) or tilt > 55 or abs(math.degrees(math.atan2(-n[0], -n[1]))) > 20:
            continue
        count = int((np.abs(some @ n + h) < 0.02 + 0.01 * some[:, 2]).sum())
        below = int((some @ n + h < -0.2).sum())
        if count - below > best_count:
            best, best_count = (n, h), count - below
    if best is None or best_count < 0.05 * len(some):
        return None
    n, h = best
    for _ in range(3):
        near = points[np.abs(points @ n + h) < 0.02 + 0.01 * points[:, 2]]
        centre = near.mean(axis=0)
        n = np.linalg.svd(near - centre, full_matrices=False)[2][2]
        n = -n if n[1] > 0 else n
        h = -float(n @ centre)
    if not height_m[0] <= h <= height_m[1]:
        return None
    share = len(near) / len(points)
    return Ground((float(n[0]), float(n[1]), float(n[2])), h, share)


def reference_obstacles(
    depth: NDArray[np.float32],
    k: Intrinsics,
    ground: Ground,
    *,
    width_m: float,
    height_m: float,
    max_m: float,
    curvature_per_m: float = 0.0,
) -> list[ReferenceObstacle]:
    """Connected things that reach into the walking corridor, nearest first. The corridor is bent to the right by
    ``curvature_per_m``, one over its radius; distances are along it.
    """
    h, f, x, area = _above_floor(depth, k, ground)
    use = (h > 0.10) & (h < height_m) & (f > 0) & (f < max_m + 0.5) & (np.abs(x) < ASIDE_M)
    h, f, x, area = h[use], f[use], x[use], area[use]
    i, j = (f / CELL_M).astype(int), ((x + ASIDE_M) / CELL_M).astype(int)
    grid = np.zeros((int((max_m + 0.5) / CELL_M) + 1, int(2 * ASIDE_M / CELL_M) + 1), np.uint8)
    grid[i, j] = 1
    reach = round(JOIN_M / CELL_M)
    _, labels = cv2.connectedComponents(np.asarray(cv2.dilate(grid, np.ones((reach, reach), np.uint8))))
    label = labels[i, j]
    along, aside = _walked(f, x, curvature_per_m)
    inside = (np.abs(aside) <= width_m / 2) & (along > 0)
    found = []
    for one in np.unique(label):
        mine = (label == one) & inside
        near = _nearest(np.hypot(along, aside)[mine], f[mine], x[mine], area[mine])
        if near is None or near[0] > max_m:
            continue
        distance, bearing = near
        facing = mine & (np.hypot(along, aside) < distance + 0.3)
        found.append(
            ReferenceObstacle(
                distance, bearing, float(h[facing].min()), float(h[facing].max()), float(area[mine].sum())
            )
        )
    return sorted(found, key=lambda o: o.distance_m)


def _above_floor(depth: NDArray[np.float32], k: Intrinsics, ground: Ground) -> tuple[Column, Column, Column, Column]:
    """Height, forward, right (metres) and area (square metres) of every known pixel."""
    points = point_cloud(depth, k)
    up = np.asarray(ground.normal)
    forward = np.array([0.0, 0.0, 1.0]) - up * up[2]
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, up)
    return points @ up + ground.height_m, points @ forward, points @ right, points[:, 2] ** 2 / (k.fx * k.fy)


def _walked(f: Column, x: Column, curvature_per_m: float) -> tuple[Column, Column]:
    """How far along a way that bends, and how far to the right of it, each point lies: walked in small steps for a
    quarter turn, then straight on.
    """
    if curvature_per_m == 0.0:
        return f, x
    steps = np.arange(0.0, 8.0, 0.05)
    heading = np.clip(steps * curvature_per_m, -math.pi / 2, math.pi / 2)
    right, forward = np.cumsum(np.sin(heading)) * 0.05, np.cumsum(np.cos(heading)) * 0.05
    along, aside, least = np.full_like(f, -1.0), np.full_like(f, np.inf), np.full_like(f, np.inf)
    for s, a, r, g in zip(steps, heading, right, forward, strict=True):
        on, off = (x - r) * math.sin(a) + (f - g) * math.cos(a), (x - r) * math.cos(a) - (f - g) * math.sin(a)
        nearer = (np.hypot(on, off) < least) & (np.abs(on) < 0.1)
        least[nearer], along[nearer], aside[nearer] = np.hypot(on, off)[nearer], s + on[nearer], off[nearer]
    return along, aside


def _nearest(distance: Column, f: Column, x: Column, area: Column) -> tuple[float, float] | None:
    """Distance and bearing of the nearest slice of 5 cm that shows at least 5 cm2."""
    order = np.argsort(distance)
    distance, total = distance[order], np.cumsum(area[order])
    start = np.searchsorted(distance, distance - SLICE_M)
    shown = total - np.where(start > 0, total[start - 1], 0.0)
    enough = np.flatnonzero(shown >= 0.0005)
    if not len(enough):
        return None
    end = int(enough[0])
    chosen = order[start[end] : end + 1]
    return float(np.median(distance[start[end] : end + 1])), math.degrees(
        math.atan2(float(np.median(x[chosen])), float(np.median(f[chosen])))
    )


def point_support(
    depth: NDArray[np.float32], k: Intrinsics, ground: Ground, distance_m: float, bearing_deg: float
) -> float:
    """Area in square metres of the points above the floor within 0.15 m of a place: what speaks for a claim there."""
    h, f, x, area = _above_floor(depth, k, ground)
    bearing = math.radians(bearing_deg)
    away = np.hypot(f - distance_m * math.cos(bearing), x - distance_m * math.sin(bearing))
    return float(area[(away < 0.15) & (h > 0.08) & (h < 2.1)].sum())
