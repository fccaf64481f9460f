"""How far the corridor is free, and which direction is the widest that is seen to be passable."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.floor_scan import RANGE_M, SECTORS, FloorScan, bearing_of, floor_seen_to
from edge_nav.perception.obstacles import Found, Occupancy
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.perception.settings import PerceptionSettings
from edge_nav.perception.voxels import CELL_M, HALF_WIDTH_M, LOWEST_M, STEP_M, any_layer

BLOCKED_STEP = 8
WAY_M, WAY_HALF_M, WAY_LEAST = 3.5, 0.8, 0.05
PASSABLE_M = 2.5
"""A direction is worth naming when it is free this far; less is not a way, only a gap."""


def clearance(found: list[Found], scan: FloorScan | None) -> float | None:
    """Distance to the first thing in the corridor; else how far its floor is seen; None if neither is known."""
    blocked = [f.distance_m for f in found if f.in_corridor]
    if blocked:
        return min(blocked)
    if scan is None:
        return None
    seen = [floor_seen_to(scan, s) for s in range(SECTORS) if abs(bearing_of(s)) < 6.0]
    known = [s for s in seen if s is not None]
    return float(np.median(known)) if known and len(known) == len(seen) else None


def free_bearing(
    occupied: Occupancy, found: list[Found], scan: FloorScan | None, settings: PerceptionSettings
) -> float | None:
    """Middle of the widest run of bearings that are free and whose floor is seen; None if none is certain.

    Straight ahead wins whenever it is passable itself: nobody is sent round without need.
    """
    if scan is None:
        return None
    blocked = _inflated(occupied, found, settings)
    free = _reach(blocked, scan) >= PASSABLE_M
    if free[[SECTORS // 2 - 1, SECTORS // 2]].all():
        return 0.0
    best: tuple[int, float] | None = None
    start = None
    for s in range(SECTORS + 1):
        if s < SECTORS and free[s]:
            start = s if start is None else start
        elif start is not None:
            middle = (bearing_of(start) + bearing_of(s - 1)) / 2
            run = (s - start, middle)
            if run[0] >= 2 and (best is None or (run[0], -abs(run[1])) > (best[0], -abs(best[1]))):
                best = run
            start = None
    return None if best is None else best[1]


def blocked_share(depth: NDArray[np.float32], rays: Rays, axes: FloorAxes) -> float:
    """Share of the way's own floor, out to 3.5 m, that gives no depth at all: neither floor nor a thing before it.

    What lies beyond the sensor's range, such as the sky, says nothing; so only rays that must end within range count.
    Where the camera sees no such floor, the lower half of the picture's middle stands for it.
    """
    some = rays.strided(BLOCKED_STEP, BLOCKED_STEP)
    z = depth[::BLOCKED_STEP, ::BLOCKED_STEP]
    falling = -some.dot(axes.up)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.float32(axes.height_m) / falling
        forward, x = reach * some.dot(axes.forward), reach * some.dot(axes.right)
    way = (falling > 0) & (forward > 0) & (forward < WAY_M) & (np.abs(x) < WAY_HALF_M)
    if np.count_nonzero(way) < WAY_LEAST * way.size:
        way[:] = False
        rows, columns = way.shape
        way[rows // 2 :, columns // 3 : columns - columns // 3] = True
    return float(np.count_nonzero(np.isnan(z[way])) / np.count_nonzero(way))


def _inflated(occupied: Occupancy, found: list[Found], settings: PerceptionSettings) -> NDArray[np.uint8]:
    """Cells that the middle of a walker cannot enter."""
    layers = math.ceil((settings.corridor_height_m - LOWEST_M) / STEP_M)
    cells = any_layer(occupied.voxels[:, :, :layers])
    for f in found:
        if f.band == "drop":
            i = int(f.forward_m / CELL_M)
            left = max(0, round((f.left_m + HALF_WIDTH_M) / CELL_M))
            right = max(left + 1, round((f.right_m + HALF_WIDTH_M) / CELL_M))
            cells[max(i, 0) : i + 2, left:right] = 1
    reach = 2 * round(settings.corridor_width_m / 2 / CELL_M) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.dilate(cells, ellipse), dtype=np.uint8)


def _reach(blocked: NDArray[np.uint8], scan: FloorScan) -> NDArray[np.float64]:
    """Per sector, how far one may walk along its middle line, metres: free of things, over floor that is seen."""
    bearing = np.radians([bearing_of(s) for s in range(SECTORS)])[:, None]
    steps = np.arange(0.3, RANGE_M, CELL_M)[None, :]
    i = (steps * np.cos(bearing) / CELL_M).astype(int)
    j = ((steps * np.sin(bearing) + HALF_WIDTH_M) / CELL_M).astype(int)
    inside = (i < blocked.shape[0]) & (j >= 0) & (j < blocked.shape[1])
    hit = blocked[np.where(inside, i, 0), np.where(inside, j, 0)].astype(bool) & inside
    hit[:, -1] = True
    free = steps[0, hit.argmax(axis=1)]
    floor = np.array([floor_seen_to(scan, s) or 0.0 for s in range(SECTORS)])
    reach: NDArray[np.float64] = np.minimum(free, floor)
    return reach
