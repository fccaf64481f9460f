"""Voxel counts -> connected obstacles in the bird's-eye view, with what a walker needs of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.grid import (
    BODY_LAYER,
    CELL_M,
    HALF_WIDTH_M,
    HEAD_LAYER,
    LAYERS,
    LOWEST_M,
    STEP_M,
    VoxelGrid,
    Voxelizer,
    any_layer,
    expected_pixels,
)
from edge_nav.perception.obstacles.appearance import Appearance
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import Band, Intrinsics

FILL = 0.10
"""A voxel counts as occupied when this share of its front face is: a 1.5 cm rope still is, speckle is not."""
MIN_PIXELS = 4
AREA_M2 = 0.0012
"""The smallest visible area, square metres, that is reported: a finger-thick rod of 10 cm."""
FACING_M = 0.30
"""Band and heights are those of the part that faces the walker: this deep behind the nearest point."""
FOOT_M = 0.30
"""Things this close, seen from above, to something that stands on the floor are part of it."""
WIDE_M = 1.2
"""Wider things (walls, counters) are reported apart on the left, in the corridor and on the right."""


@dataclass(frozen=True, slots=True)
class Found:
    """An obstacle of one frame, before tracking; fields as in types.Obstacle."""

    distance_m: float
    bearing_deg: float
    x_m: float
    forward_m: float
    left_m: float
    right_m: float
    low_m: float
    high_m: float
    band: Band
    in_corridor: bool
    confidence: float
    footing: bool = True
    label: str | None = None
    certainty: float = 1.0
    held: bool = False
    """Not seen now, but remembered."""
    places: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)), compare=False, repr=False)
    """Where its parts are [N, 2]: right and forward, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """Occupied voxels bool [forward, across, layer], and cells uint8 [forward, across] that hold any."""

    voxels: NDArray[np.bool_]
    any: NDArray[np.uint8]


def occupancy(grid: VoxelGrid, intrinsics: Intrinsics, floor_noise_m: float) -> Occupancy:
    """Which voxels hold something. ``floor_noise_m`` is the spread of the floor's pixels about its plane at 3 m."""
    rows = grid.counts.shape[0]
    full = expected_pixels(rows, intrinsics)
    needed = np.ceil(np.maximum(full * FILL, MIN_PIXELS)).astype(np.intp)
    voxels = (grid.counts.reshape(rows, -1) >= needed[:, None]).reshape(grid.counts.shape)
    # Noise grows with distance: where the floor itself reaches the lowest layer, that layer alone proves nothing.
    forward = (np.arange(rows) + 0.5) * CELL_M
    unsure = 3.0 * floor_noise_m * np.maximum(forward / 3.0, 0.3) ** 2 > LOWEST_M
    voxels[unsure, :, 0] &= voxels[unsure, :, 1]
    return Occupancy(voxels, any_layer(voxels))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame as the search for obstacles needs it: the depth map, the floor's axes, the pixels' voxels and names."""

    depth: NDArray[np.float32]
    axes: FloorAxes
    intrinsics: Intrinsics
    grid: VoxelGrid
    voxelizer: Voxelizer
    appearance: Appearance


def find_obstacles(look: Look, occupied: Occupancy, settings: PerceptionSettings) -> list[Found]:
    """Connected things, nearest first."""
    standing = any_layer(occupied.voxels, BODY_LAYER)
    reach = 2 * round(FOOT_M / CELL_M) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    near_foot = np.asarray(cv2.dilate(standing, ellipse), dtype=np.uint8)
    found: list[Found] = []
    for cells in (occupied.any & near_foot, occupied.any & (1 - near_foot)):
        for part in _components(cells, settings.corridor_width_m / 2):
            one = _measure(part, look, occupied, settings)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda f: f.distance_m)


def _components(cells: NDArray[np.uint8], half_m: float) -> list[NDArray[np.intp]]:
    """Connected cells as arrays of flat indices; wide things cut at the corridor's borders."""
    joined = cv2.morphologyEx(cells, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(joined, connectivity=8)
    flat = np.flatnonzero(cells)
    label = labels.ravel()[flat]
    order = np.argsort(label, kind="stable")
    flat, label = flat[order], label[order]
    groups = np.split(flat, np.flatnonzero(np.diff(label)) + 1) if len(flat) else []
    columns = cells.shape[1]
    parts: list[NDArray[np.intp]] = []
    for group in groups:
        column = group % columns
        if (column.max() - column.min() + 1) * CELL_M <= WIDE_M:
            parts.append(group)
            continue
        region = _regions(columns, half_m)[column]
        parts.extend(group[region == r] for r in np.unique(region))
    return parts


def _regions(columns: int, half_m: float) -> NDArray[np.int8]:
    """Per column of cells: 0 left of the corridor, 1 in it, 2 right of it."""
    centre = (np.arange(columns) + 0.5) * CELL_M - HALF_WIDTH_M
    return np.asarray(np.digitize(centre, [-half_m, half_m]), dtype=np.int8)


def _measure(part: NDArray[np.intp], look: Look, occupied: Occupancy, settings: PerceptionSettings) -> Found | None:
    columns = occupied.any.shape[1]
    row, column = np.divmod(part, columns)
    x = (column + 0.5) * CELL_M - HALF_WIDTH_M
    forward = (row + 0.5) * CELL_M
    distance = np.hypot(x, forward)
    nearest = int(np.argmin(distance))
    # To the millimetre within the nearest cell, not to the cell: closing speed hangs on it.
    places = look.voxelizer.position(look.grid.pixels_of(int(part[nearest])), look.depth, look.axes)
    nearest_x, nearest_forward = np.median(places, axis=1).tolist()
    range_m = math.hypot(nearest_x, nearest_forward)

    counts = look.grid.counts.reshape(-1, LAYERS)[part]
    facing = distance <= range_m + FACING_M
    layers = np.flatnonzero(occupied.voxels.reshape(-1, LAYERS)[part[facing]].any(axis=0))
    pixels = int(counts[facing][:, layers].sum())
    least = AREA_M2 * look.intrinsics.fx * look.intrinsics.fy / max(range_m, 0.3) ** 2
    if pixels < least:
        return None
    low = LOWEST_M + STEP_M * int(layers[0])
    high = LOWEST_M + STEP_M * (int(layers[-1]) + 1)
    footing = low < 0.3 or not _seen_beneath(nearest_x, nearest_forward, low, look)
    half = settings.corridor_width_m / 2
    within = np.abs(x) <= half
    seen = look.grid.pixels_in(part[facing]) if look.appearance.known else np.empty(0, np.intp)
    return Found(
        distance_m=range_m,
        bearing_deg=math.degrees(math.atan2(nearest_x, nearest_forward)),
        x_m=nearest_x,
        forward_m=nearest_forward,
        left_m=float(column.min() * CELL_M - HALF_WIDTH_M),
        right_m=float((column.max() + 1) * CELL_M - HALF_WIDTH_M),
        low_m=low,
        high_m=high,
        band=_band(int(layers[0]), int(layers[-1])),
        in_corridor=bool(within.any() and low < settings.corridor_height_m),
        confidence=float(min(1.0, 0.5 + 0.5 * pixels / (8 * least))),
        footing=footing,
        label=look.appearance.name(seen),
        certainty=look.appearance.certainty(seen),
        places=np.stack([x, forward], axis=1),
    )


def _band(lowest: int, highest: int) -> Band:
    if lowest >= HEAD_LAYER:
        return "head"
    return "body" if highest >= BODY_LAYER else "ground"


def _seen_beneath(x_m: float, forward_m: float, low_m: float, look: Look) -> bool:
    """Whether the camera sees past below the thing: then it hangs. Space out of view proves nothing."""
    seen = 0
    for height in (low_m - 0.15, low_m / 2):
        u, v, z = look.axes.project(x_m, forward_m, height, look.intrinsics)
        if not (z > 0 and 0 <= u < look.intrinsics.width and 0 <= v < look.intrinsics.height):
            return False
        row, column = int(v), int(u)
        patch = look.depth[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        seen += int(np.count_nonzero(patch > z + 0.15) > patch.size // 2)
    return seen == 2
