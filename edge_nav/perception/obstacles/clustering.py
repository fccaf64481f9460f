"""Voxel counts -> connected obstacles in the bird's-eye view, with what a walker needs of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection, band_of
from edge_nav.perception.grid import (
    BODY_LAYER,
    CELL_M,
    HALF_WIDTH_M,
    LAYERS,
    LOWEST_M,
    STEP_M,
    VoxelGrid,
    Voxelizer,
    any_layer,
    expected_pixels,
    grown,
)
from edge_nav.perception.obstacles.appearance import Appearance
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import Intrinsics

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
class VoxelizedDepth:
    """A frame's depth map [H, W] sorted into the grid above the floor, with what its network calls the pixels."""

    depth_m: NDArray[np.float32]
    axes: FloorAxes
    intrinsics: Intrinsics
    grid: VoxelGrid
    voxelizer: Voxelizer
    appearance: Appearance


def find_obstacles(depth: VoxelizedDepth, occupied: Occupancy, settings: PerceptionSettings) -> list[Detection]:
    """Connected things, nearest first."""
    standing = any_layer(occupied.voxels, BODY_LAYER)
    near_foot = grown(standing, 2 * FOOT_M, CELL_M)
    half_m = settings.corridor_width_m / 2
    parts = (
        part
        for cells in (occupied.any & near_foot, occupied.any & (1 - near_foot))
        for part in _components(cells, half_m)
    )
    detections = [d for part in parts if (d := _measure(part, depth, occupied, settings)) is not None]
    return sorted(detections, key=lambda d: d.distance_m)


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


def _measure(
    part: NDArray[np.intp], depth: VoxelizedDepth, occupied: Occupancy, settings: PerceptionSettings
) -> Detection | None:
    columns = occupied.any.shape[1]
    row, column = np.divmod(part, columns)
    x = (column + 0.5) * CELL_M - HALF_WIDTH_M
    forward = (row + 0.5) * CELL_M
    distance = np.hypot(x, forward)
    nearest = int(np.argmin(distance))
    # To the millimetre within the nearest cell, not to the cell: closing speed hangs on it.
    places = depth.voxelizer.position(depth.grid.pixels_of(int(part[nearest])), depth.depth_m, depth.axes)
    nearest_x, nearest_forward = np.median(places, axis=1).tolist()
    range_m = math.hypot(nearest_x, nearest_forward)

    counts = depth.grid.counts.reshape(-1, LAYERS)[part]
    facing = distance <= range_m + FACING_M
    layers = np.flatnonzero(occupied.voxels.reshape(-1, LAYERS)[part[facing]].any(axis=0))
    pixels = int(counts[facing][:, layers].sum())
    least = AREA_M2 * depth.intrinsics.fx * depth.intrinsics.fy / max(range_m, 0.3) ** 2
    if pixels < least:
        return None
    low = LOWEST_M + STEP_M * int(layers[0])
    high = LOWEST_M + STEP_M * (int(layers[-1]) + 1)
    footing = low < 0.3 or not _seen_beneath(nearest_x, nearest_forward, low, depth)
    half = settings.corridor_width_m / 2
    within = np.abs(x) <= half
    facing_pixels = depth.grid.pixels_in(part[facing]) if depth.appearance.known else np.empty(0, np.intp)
    return Detection(
        distance_m=range_m,
        bearing_deg=math.degrees(math.atan2(nearest_x, nearest_forward)),
        x_m=nearest_x,
        forward_m=nearest_forward,
        left_m=float(column.min() * CELL_M - HALF_WIDTH_M),
        right_m=float((column.max() + 1) * CELL_M - HALF_WIDTH_M),
        low_m=low,
        high_m=high,
        band=band_of(low, high),
        in_corridor=bool(within.any() and low < settings.corridor_height_m),
        confidence=float(min(1.0, 0.5 + 0.5 * pixels / (8 * least))),
        footing=footing,
        label=depth.appearance.name(facing_pixels),
        certainty=depth.appearance.certainty(facing_pixels),
        places=np.stack([x, forward], axis=1),
    )


def _seen_beneath(x_m: float, forward_m: float, low_m: float, depth: VoxelizedDepth) -> bool:
    """Whether the camera sees past below the thing: then it hangs. Space out of view proves nothing."""
    seen = 0
    for height in (low_m - 0.15, low_m / 2):
        u, v, z = depth.axes.project(x_m, forward_m, height, depth.intrinsics)
        if not (z > 0 and 0 <= u < depth.intrinsics.width and 0 <= v < depth.intrinsics.height):
            return False
        row, column = int(v), int(u)
        patch = depth.depth_m[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        seen += int(np.count_nonzero(patch > z + 0.15) > patch.size // 2)
    return seen == 2
