"""Where the things of the small world really are, to hold perception against."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.sources.raycast_renderer import Box
from edge_nav.types import Pose

F64 = NDArray[np.float64]
CORRIDOR_M = 0.8


@dataclass(frozen=True, slots=True)
class Truth:
    """One named box as the walker has it: horizontal distance and bearing of its nearest point, heights above a floor.

    ``corridor_m`` is the distance of its nearest part within the 0.8 m corridor ahead, None if no part enters it.
    """

    name: str
    distance_m: float
    bearing_deg: float
    low_m: float
    high_m: float
    corridor_m: float | None


def truth_obstacles(boxes: list[Box], pose: Pose, floor_m: float = 0.0) -> list[Truth]:
    """Every named box, hidden ones too, nearest first. ``floor_m`` is the height of the floor the walker stands on."""
    return sorted((_truth(b, pose, floor_m) for b in boxes if b.name), key=lambda t: t.distance_m)


def _truth(b: Box, pose: Pose, floor_m: float) -> Truth:
    near_x, near_y = (min(max(at, b.low[i]), b.high[i]) - at for i, at in enumerate((pose.x, pose.y)))
    bearing_deg = (math.degrees(math.atan2(near_x, near_y)) - pose.heading_deg + 180) % 360 - 180
    heading = math.radians(pose.heading_deg)
    right = np.array([math.cos(heading), -math.sin(heading)])
    ahead = np.array([math.sin(heading), math.cos(heading)])
    corners = np.array([(x, y) for x, y in _footprint(b)]) - (pose.x, pose.y)
    inside = np.stack([corners @ right, corners @ ahead], axis=1)
    for edge in ((1.0, 0.0, CORRIDOR_M / 2), (-1.0, 0.0, CORRIDOR_M / 2), (0.0, 1.0, 0.0)):
        inside = _clip(inside, edge)
    corridor_m = None if len(inside) == 0 else _nearest(inside)
    return Truth(b.name, math.hypot(near_x, near_y), bearing_deg, b.low[2] - floor_m, b.high[2] - floor_m, corridor_m)


def _footprint(b: Box) -> list[tuple[float, float]]:
    return [(b.low[0], b.low[1]), (b.high[0], b.low[1]), (b.high[0], b.high[1]), (b.low[0], b.high[1])]


def _clip(polygon: F64, edge: tuple[float, float, float]) -> F64:
    """The part of a convex polygon where a*x + b*y + c >= 0 (Sutherland and Hodgman, 1974)."""
    kept: list[F64] = []
    for n, p in enumerate(polygon):
        before = polygon[n - 1]
        inner, was = edge[0] * p[0] + edge[1] * p[1] + edge[2], edge[0] * before[0] + edge[1] * before[1] + edge[2]
        if inner * was < 0:
            kept.append(before + (p - before) * (was / (was - inner)))
        if inner >= 0:
            kept.append(p)
    return np.array(kept).reshape(-1, 2)


def _nearest(polygon: F64) -> float:
    """Distance of a convex polygon ahead from the origin."""
    distances = []
    for n, p in enumerate(polygon):
        side = p - polygon[n - 1]
        share = float(np.clip(-(polygon[n - 1] @ side) / max(float(side @ side), 1e-12), 0, 1))
        distances.append(float(np.linalg.norm(polygon[n - 1] + share * side)))
    return min(distances)
