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
from edge_nav.perception.path.corridor import Corridor
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
FOOTED_M, STEM_M = 0.3, (0.3, 0.6)
"""A thing stands that reaches lower than this, no farther aside or behind the point that is told than a cane gets
before the body does: a chair on its stem.
"""
BODY_M = LOWEST_M + STEP_M * BODY_LAYER
TOP_SHARE, NEARLY_M = 0.9, 0.03
"""Of the pixels below its top; and so little lower than the body's band is a table on a floor that is a bit off."""
BORDER = 0.03
"""Of the picture's width: what reaches so near to its border goes on beyond it."""
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
    height_m: NDArray[np.float32]
    """Of each pixel above the floor [H, W]."""
    axes: FloorAxes
    intrinsics: Intrinsics
    grid: VoxelGrid
    voxelizer: Voxelizer
    appearance: Appearance
    floor_seen: bool = True
    """Or only supposed: then heights are, too, and nothing is told to hang or to be low by them."""


def find_obstacles(depth: VoxelizedDepth, occupied: Occupancy, corridor: Corridor) -> list[Detection]:
    """Connected things, nearest first. What reaches into the corridor is told by the part that does."""
    standing = any_layer(occupied.voxels, BODY_LAYER)
    near_foot = grown(standing, 2 * FOOT_M, CELL_M)
    parts = (
        part
        for cells in (occupied.any & near_foot, occupied.any & (1 - near_foot))
        for part in _components(cells, corridor)
    )
    detections = [d for part in parts if (d := _measure(part, depth, occupied, corridor)) is not None]
    return sorted(detections, key=lambda d: d.distance_m)


def _components(cells: NDArray[np.uint8], corridor: Corridor) -> list[NDArray[np.intp]]:
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
        region = np.digitize(corridor.along(_places(group, columns))[:, 0], [-corridor.half_m, corridor.half_m])
        parts.extend(group[region == r] for r in np.unique(region))
    return parts


def _places(cells: NDArray[np.intp], columns: int) -> NDArray[np.float64]:
    """Middles of flat cells [N, 2]: right and forward, metres."""
    row, column = np.divmod(cells, columns)
    return np.stack([(column + 0.5) * CELL_M - HALF_WIDTH_M, (row + 0.5) * CELL_M], axis=1)


def _measure(
    part: NDArray[np.intp], depth: VoxelizedDepth, occupied: Occupancy, corridor: Corridor
) -> Detection | None:
    """The thing by what of it the walker would meet; by its nearest point where none of it is in the way."""
    places = _places(part, occupied.any.shape[1])
    voxels = occupied.voxels.reshape(-1, LAYERS)[part]
    lowest = LOWEST_M + STEP_M * voxels.argmax(axis=1)
    within = corridor.inside(places) & (lowest < corridor.height_m)
    for inside in (True, False):
        which = np.flatnonzero(within) if inside else np.arange(len(part))
        told = _facing(part[which], places[which], voxels[which], depth, corridor)
        if told is not None:
            return _detection(told, depth, places, voxels, in_corridor=inside)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Facing:
    """The part of a thing that faces the walker, by which it is told."""

    cells: NDArray[np.intp]
    """Flat."""
    voxels: NDArray[np.bool_]
    """[N, LAYERS]"""
    distance_m: float
    """Along the corridor."""
    x_m: float
    forward_m: float
    confidence: float


def _facing(
    cells: NDArray[np.intp],
    places: NDArray[np.float64],
    voxels: NDArray[np.bool_],
    depth: VoxelizedDepth,
    corridor: Corridor,
) -> _Facing | None:
    """What faces the walker of some cells; None where too little of them is seen to be reported."""
    if not len(cells):
        return None
    away = np.hypot(*corridor.along(places).T)
    order = np.argsort(away, kind="stable")
    away = away[order]
    layers = np.flatnonzero(voxels.any(axis=0))
    shown = np.cumsum(depth.grid.counts.reshape(-1, LAYERS)[cells[order]][:, layers].sum(axis=1))
    # The nearest cell with enough to be seen of it and close behind it: specks before it are nothing.
    until = np.searchsorted(away, away + FACING_M, side="right")
    pixels = shown[until - 1] - np.append(0, shown[:-1])
    least = AREA_M2 * depth.intrinsics.fx * depth.intrinsics.fy / np.maximum(away, 0.3) ** 2
    first = int(np.argmax(pixels >= least))
    if pixels[first] < least[first]:
        return None
    # To the millimetre within the nearest cell, not to the cell: closing speed hangs on it.
    at = depth.voxelizer.position(depth.grid.pixels_of(int(cells[order[first]])), depth.depth_m, depth.axes)
    nearest = np.median(at, axis=1).astype(np.float64)
    facing = order[first : until[first]]
    return _Facing(
        cells[facing],
        voxels[facing],
        distance_m=float(np.hypot(*corridor.along(nearest[None])[0])),
        x_m=float(nearest[0]),
        forward_m=float(nearest[1]),
        confidence=float(min(1.0, 0.5 + 0.5 * pixels[first] / (8 * least[first]))),
    )


def _detection(
    told: _Facing,
    depth: VoxelizedDepth,
    places: NDArray[np.float64],
    voxels: NDArray[np.bool_],
    *,
    in_corridor: bool,
) -> Detection:
    layers = np.flatnonzero(told.voxels.any(axis=0))
    low, high = LOWEST_M + STEP_M * int(layers[0]), LOWEST_M + STEP_M * (int(layers[-1]) + 1)
    pixels = depth.grid.pixels_in(told.cells) if depth.appearance.known else np.empty(0, np.intp)
    return Detection(
        distance_m=told.distance_m,
        bearing_deg=math.degrees(math.atan2(told.x_m, told.forward_m)),
        x_m=told.x_m,
        forward_m=told.forward_m,
        left_m=float(places[:, 0].min()) - CELL_M / 2,
        right_m=float(places[:, 0].max()) + CELL_M / 2,
        low_m=low,
        high_m=high,
        band=_band(told, low, high, depth),
        in_corridor=in_corridor,
        confidence=told.confidence,
        footing=not depth.floor_seen or _stands(told, low, places, voxels, depth),
        label=depth.appearance.name(pixels),
        certainty=depth.appearance.certainty(pixels),
        places=places,
        spans=_spans(voxels),
        cut_left=_at_border(places[places[:, 0].argmin()], low, depth),
        cut_right=_at_border(places[places[:, 0].argmax()], low, depth),
    )


def _band(told: _Facing, low_m: float, high_m: float, depth: VoxelizedDepth) -> Band:
    """The band; as high as a table is what may be as high but for the floor's own error."""
    if not depth.floor_seen:
        return "body"
    band = band_of(low_m, high_m)
    if band == "ground" and abs(high_m - BODY_M) < 1e-6:
        top = depth.height_m.ravel()[depth.grid.pixels_in(told.cells)]
        if np.quantile(top, TOP_SHARE) > BODY_M - NEARLY_M:
            return "body"
    return band


def _stands(
    told: _Facing, low_m: float, places: NDArray[np.float64], voxels: NDArray[np.bool_], depth: VoxelizedDepth
) -> bool:
    """Whether a cane finds it: there or close by it reaches down to the floor, or may do so out of view."""
    if low_m < FOOTED_M:
        return True
    close = (np.abs(places - (told.x_m, told.forward_m)) < STEM_M).all(axis=1)
    layers = round((FOOTED_M - LOWEST_M) / STEP_M)
    return bool(voxels[close, :layers].any()) or not _seen_beneath(told.x_m, told.forward_m, low_m, depth)


def _at_border(place: NDArray[np.float64], height_m: float, depth: VoxelizedDepth) -> bool:
    """Whether a place is seen at the left or right border of the picture."""
    u, _, _ = depth.axes.project(float(place[0]), float(place[1]), height_m, depth.intrinsics)
    aside = BORDER * depth.intrinsics.width
    return not aside <= u < depth.intrinsics.width - aside  # NaN is out of the picture


def _spans(voxels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Lowest and highest point in each of some cells [N, 2], metres above the floor."""
    low, high = voxels.argmax(axis=1), LAYERS - voxels[:, ::-1].argmax(axis=1)
    return LOWEST_M + STEP_M * np.stack([low, high], axis=1)


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
