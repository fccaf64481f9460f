"""How far the corridor is free, and which direction leads on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection, nearest_in_corridor
from edge_nav.perception.floor.floor_scan import BIN_M, HALF_FAN_DEG, RANGE_M, SECTOR_DEG, SECTORS, bearing_of
from edge_nav.perception.grid import CELL_M, HALF_WIDTH_M, LOWEST_M, STEP_M, any_layer, grown
from edge_nav.perception.obstacles.clustering import Occupancy
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.path.detour import NEAR_M, SHOULDERS_M, detour
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes, Rays

BLOCKED_STEP = 8
WAY_M, WAY_HALF_M, WAY_LEAST = 3.5, 0.8, 0.05
PASSABLE_M = 2.5
"""A direction that is free this far is a way on; of several the one nearest to ahead is taken."""
LEAST_M = 1.0
"""Less is not a way, only a gap."""
GAIN_M, ASIDE_M = 0.3, 0.015
"""Where nothing is free so far: how much farther it must be aside than ahead, and the price of a degree aside."""
NARROW_M, GAP_GAIN_M = 0.6, 1.0
"""Where no way as wide as the corridor leads on, a gap through which shoulders fit is told if it leads farther."""
DETOUR_GAIN_M = 0.5
"""So much farther ahead a way of several legs must lead than a straight one that is no way on itself."""
BESIDE = 1
"""Sectors to either side that must be free, too: nobody turns exactly."""


@dataclass(frozen=True, slots=True)
class FreeWay:
    """A direction in degrees, positive right, and how far the walker's middle can go there, metres. ``onward``: it is
    the first leg of a way that leads on.
    """

    bearing_deg: float
    reach_m: float
    onward: bool = False


def clearance(detections: list[Detection], floor: NDArray[np.float64] | None, corridor: Corridor) -> float | None:
    """Distance along the corridor to the first thing in it; else how far its floor is seen; None if neither is known.

    ``floor``: how far it is seen along each sector, metres [SECTORS], NaN where none is; None without a floor.
    """
    nearest_m = nearest_in_corridor(detections)
    if nearest_m is not None or floor is None:
        return nearest_m
    ahead = [s for s in range(SECTORS) if abs(bearing_of(s)) < 6.0]
    reach_m = float(np.median(floor[ahead]))  # NaN where one of them is
    if math.isnan(reach_m):
        return None
    return reach_m if corridor.curvature_per_m == 0.0 else _floor_along(corridor, floor)


def _floor_along(corridor: Corridor, floor: NDArray[np.float64]) -> float:
    """How far along a bent corridor's middle line the floor is seen, metres."""
    far = np.arange(BIN_M, RANGE_M, BIN_M)
    places = corridor.middle(far)
    sector = np.floor((np.degrees(np.arctan2(*places.T)) + HALF_FAN_DEG) / SECTOR_DEG).astype(np.intp)
    inside = (sector >= 0) & (sector < SECTORS)
    seen = inside & (np.hypot(*places.T) <= np.nan_to_num(floor)[np.where(inside, sector, 0)] + 1e-6)
    return float(far[: int(np.argmin(np.append(seen, False)))].max(initial=0.0))


def free_way(
    occupied: Occupancy,
    detections: list[Detection],
    remembered: NDArray[np.float64],
    floor: NDArray[np.float64] | None,
    known_floor: NDArray[np.float64],
    settings: PerceptionSettings,
) -> FreeWay | None:
    """The way on nearest to ahead, or else what leads farthest; None where that is no way.

    ``remembered``: places [N, 2] of what is out of sight; ``floor`` as for `clearance`; ``known_floor``: places [N, 2]
    where level floor is or was seen: who faces a wall closely sees none, and may know the way all the same. Straight
    ahead wins whenever it is passable itself: nobody is sent round without need.
    """
    way = None if floor is None else _straight(occupied, detections, remembered, floor, settings)
    if way is not None and way.reach_m >= PASSABLE_M:
        return way
    things = np.vstack([_things(occupied, detections, settings), remembered])
    legs = detour(things, known_floor, settings.corridor_width_m)
    ahead_m = 0.0 if way is None else way.reach_m * math.cos(math.radians(way.bearing_deg))
    if legs is None or legs.ahead_m < ahead_m + DETOUR_GAIN_M:
        return way
    return FreeWay(legs.bearing_deg, legs.leg_m, onward=legs.legs > 1)


def _straight(
    occupied: Occupancy,
    detections: list[Detection],
    remembered: NDArray[np.float64],
    floor: NDArray[np.float64],
    settings: PerceptionSettings,
) -> FreeWay | None:
    cells = _blocked_cells(occupied, detections, remembered, settings)
    floor = np.nan_to_num(floor)
    wide = _best(_reach(_inflated(cells, settings.corridor_width_m), floor), BESIDE)
    if wide is not None and wide.reach_m >= PASSABLE_M:
        return wide
    narrow = _best(_reach(_inflated(cells, NARROW_M), floor), 0)
    if wide is None or (narrow is not None and narrow.reach_m >= max(PASSABLE_M, wide.reach_m + GAP_GAIN_M)):
        return narrow
    return wide


def _best(reach: NDArray[np.float64], beside: int) -> FreeWay | None:
    """Of the ways that the sectors tell, where so many to either side are free as well."""
    free = np.min([np.roll(reach, n) for n in range(-beside, beside + 1)], axis=0)
    free[:1] = free[-1:] = 0.0
    ahead = float(reach[SECTORS // 2 - 1 : SECTORS // 2 + 1].min())
    if ahead >= PASSABLE_M:
        return FreeWay(0.0, ahead)
    bearings = np.array([bearing_of(s) for s in range(SECTORS)])
    value = np.where(free >= PASSABLE_M, 100.0, free) - ASIDE_M * np.abs(bearings)
    best = int(value.argmax())
    if free[best] >= PASSABLE_M or free[best] > ahead + GAIN_M:
        return FreeWay(float(bearings[best]), float(free[best])) if free[best] >= LEAST_M else None
    return FreeWay(0.0, ahead) if ahead >= LEAST_M else None


def blocked_share(depth: NDArray[np.float32], rays: Rays, axes: FloorAxes, corridor: Corridor) -> float:
    """Share of the corridor's and its sides' own floor, out to 3.5 m, that gives no depth at all: neither floor nor a
    thing before it.

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
        if corridor.curvature_per_m != 0.0:
            aside, far = corridor.along(np.stack([x.ravel(), forward.ravel()], axis=1).astype(np.float64)).T
            bent = (falling > 0).ravel() & (far > 0) & (far < WAY_M) & (np.abs(aside) < WAY_HALF_M)
            way = bent.reshape(way.shape)
    if np.count_nonzero(way) < WAY_LEAST * way.size:
        way[:] = False
        rows, columns = way.shape
        way[rows // 2 :, columns // 3 : columns - columns // 3] = True
    return float(np.count_nonzero(np.isnan(z[way])) / np.count_nonzero(way))


def _blocked_cells(
    occupied: Occupancy, detections: list[Detection], remembered: NDArray[np.float64], settings: PerceptionSettings
) -> NDArray[np.uint8]:
    """Cells with something in them that a walker of this height would touch, or with an edge."""
    cells = _visible_cells(occupied, detections, settings)
    near = remembered[(remembered[:, 1] > 0) & (np.abs(remembered[:, 0]) < HALF_WIDTH_M)]
    rows, columns = (near[:, 1] / CELL_M).astype(int), ((near[:, 0] + HALF_WIDTH_M) / CELL_M).astype(int)
    kept = rows < cells.shape[0]
    cells[rows[kept], columns[kept]] = 1
    return cells


def _visible_cells(occupied: Occupancy, detections: list[Detection], settings: PerceptionSettings) -> NDArray[np.uint8]:
    """Cells with what the picture shows of this."""
    layers = math.ceil((settings.corridor_height_m - LOWEST_M) / STEP_M)
    cells = any_layer(occupied.voxels, layers)
    for d in detections:
        if d.band == "drop" and not d.remembered:
            edge = np.stack([d.places[:, 0] + HALF_WIDTH_M, d.places[:, 1]], axis=1) / CELL_M
            cv2.polylines(cells, [edge.astype(np.int32)], isClosed=False, color=1)
    return cells


def _things(occupied: Occupancy, detections: list[Detection], settings: PerceptionSettings) -> NDArray[np.float64]:
    """The same as places [N, 2], right and forward, metres."""
    rows, columns = np.nonzero(_visible_cells(occupied, detections, settings))
    return np.stack([(columns + 0.5) * CELL_M - HALF_WIDTH_M, (rows + 0.5) * CELL_M], axis=1)


def _inflated(cells: NDArray[np.uint8], width_m: float) -> NDArray[np.uint8]:
    """Cells that the middle of a walker cannot enter who needs a way of a width."""
    wide = grown(cells, width_m, CELL_M)
    close = round(NEAR_M / CELL_M)
    wide[:close] = grown(cells, min(SHOULDERS_M, width_m), CELL_M)[:close]
    return wide


def _reach(blocked: NDArray[np.uint8], floor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per sector, how far one may walk along its middle line, metres: free of things, over floor seen so far."""
    bearing = np.radians([bearing_of(s) for s in range(SECTORS)])[:, None]
    steps = np.arange(0.3, RANGE_M, CELL_M)[None, :]
    i = (steps * np.cos(bearing) / CELL_M).astype(int)
    j = ((steps * np.sin(bearing) + HALF_WIDTH_M) / CELL_M).astype(int)
    inside = (i < blocked.shape[0]) & (j >= 0) & (j < blocked.shape[1])
    hit = blocked[np.where(inside, i, 0), np.where(inside, j, 0)].astype(bool) & inside
    hit[:, -1] = True
    reach: NDArray[np.float64] = np.minimum(steps[0, hit.argmax(axis=1)], floor)
    return reach
