"""Depth map + floor -> counts of pixels in a voxel grid above the floor; and what is asked of cells of a floor plan.

Every pixel takes part: a pole is a few pixels wide, and taking every fourth column would lose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import Intrinsics

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
T = TypeVar("T", bound=np.generic)

CELL_M = 0.05
HALF_WIDTH_M = 3.0
STEP_M = 0.10
LOWEST_M = 0.10
LAYERS = 20
"""20 layers of 0.10 m from 0.10 m to 2.10 m: ground 0-5, body 6-12, head 13-19."""
BODY_LAYER, HEAD_LAYER = 6, 13
TOP_M = 2.05
"""Nothing above this is a hazard for any walker."""
EDGE_RATIO = 0.04
"""A pixel whose depth lies between its two neighbours', off both by more than this share, is a smear across an edge."""

ROW = 4096
"""More cells than there are across."""


@dataclass(frozen=True, slots=True, eq=False)
class VoxelGrid:
    """Pixel counts by [forward, across, layer]: cell (i, j) spans forward from i*CELL_M, x from j*CELL_M-HALF_WIDTH_M.

    ``voxel`` is the image [H, W] of each pixel's flat voxel, past the last one where a pixel is not counted.
    """

    counts: NDArray[np.intp]
    voxel: NDArray[np.int32]

    def pixels_of(self, cell: int) -> NDArray[np.intp]:
        """Flat image indices of the pixels counted in a flat cell."""
        first = cell * LAYERS
        return np.flatnonzero((self.voxel >= first) & (self.voxel < first + LAYERS))

    def pixels_in(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Flat image indices of the pixels counted in some flat cells."""
        inside = np.zeros(self.counts.size // LAYERS + 1, np.bool_)  # one more: the bin of what is not counted
        inside[cells] = True
        return np.flatnonzero(inside[self.voxel // LAYERS])


def cells(max_range_m: float) -> tuple[int, int]:
    """Grid shape [forward, across]."""
    return round(max_range_m / CELL_M), round(2 * HALF_WIDTH_M / CELL_M)


class Voxelizer:
    """Reusable buffers for one image size: nothing image-sized is allocated per frame but the compressed pixels."""

    def __init__(self, intrinsics: Intrinsics, max_range_m: float) -> None:
        shape = (intrinsics.height, intrinsics.width)
        self.intrinsics = intrinsics
        self.rays = Rays.of(intrinsics)
        self._max_range_m = max_range_m
        self._height = np.empty(shape, np.float32)
        self._ray = np.empty(shape, np.float32)
        self._near = np.empty(shape, np.float32)
        self._far = np.empty(shape, np.float32)
        self._index = np.empty(shape, np.int32)
        self._voxel = np.empty(shape, np.int32)

    def heights(self, depth: F32, axes: FloorAxes) -> F32:
        """Height above the floor of every pixel, metres, float32 [H, W] (a buffer that the next call reuses)."""
        self.rays.dot(axes.up, out=self._ray)
        np.multiply(self._ray, depth, out=self._height)
        self._height += np.float32(axes.height_m)
        return self._height

    def count(self, depth: F32, height: F32, axes: FloorAxes, ignore: NDArray[np.bool_] | None) -> VoxelGrid:
        """Obstacle pixels into voxels, without those to ``ignore``: the walker's own hand, cane or dog."""
        rows, columns = cells(self._max_range_m)
        # Comparisons with NaN are False, so unknown pixels fall out here.
        mask = _between(height, LOWEST_M, TOP_M)
        mask &= _between(depth, 0.0, self._max_range_m * 1.2)
        if ignore is not None:
            mask[ignore] = 0
        self._clear_smears(depth, mask)

        # voxel = (forward cell * columns + across cell) * LAYERS + layer, by whole-image passes: far cheaper than
        # gathering the pixels first. Whatever lies outside the grid is masked, so its overflow is never read.
        mask &= self._cell_of(depth, axes.forward, 0.0, rows)
        np.multiply(self._index, np.int32(columns * LAYERS), out=self._voxel)
        mask &= self._cell_of(depth, axes.right, HALF_WIDTH_M, columns)
        self._index *= np.int32(LAYERS)
        self._voxel += self._index
        np.multiply(np.subtract(height, np.float32(LOWEST_M), out=self._near), np.float32(1 / STEP_M), out=self._near)
        self._near_to_index()
        self._voxel += self._index
        # What is masked is counted in one bin past the grid: cheaper than picking the rest out first.
        size = rows * columns * LAYERS
        self._voxel *= mask
        np.multiply(np.subtract(1, mask, out=mask), np.int32(size), out=self._index)
        self._voxel += self._index
        counts = np.bincount(self._voxel.ravel(), minlength=size + 1)[:size]
        return VoxelGrid(counts.reshape(rows, columns, LAYERS), self._voxel)

    def position(self, pixels: NDArray[np.intp], depth: F32, axes: FloorAxes) -> tuple[F32, F32]:
        """Offset to the right and forward of some pixels, by flat index, metres."""
        v, u = np.divmod(pixels, depth.shape[1])
        z, x, y = depth.ravel()[pixels], self.rays.x[u], self.rays.y[v]
        right, forward = axes.right.astype(np.float32), axes.forward.astype(np.float32)
        return z * (right[0] * x + right[1] * y + right[2]), z * (forward[0] * x + forward[1] * y + forward[2])

    def _cell_of(self, depth: F32, axis: NDArray[np.float64], offset_m: float, number: int) -> U8:
        """Cell along a floor axis into the index buffer; mask (0 or 1) of the pixels that lie within the grid."""
        self.rays.dot(axis / CELL_M, out=self._ray)
        np.multiply(self._ray, depth, out=self._near)
        self._near += np.float32(offset_m / CELL_M)
        inside = _between(self._near, 0.0, number - 1e-3)
        self._near_to_index()
        return inside

    def _near_to_index(self) -> None:
        with np.errstate(invalid="ignore"):  # unknown depth becomes an arbitrary index, and is masked
            self._index[...] = self._near

    def _clear_smears(self, depth: F32, mask: U8) -> None:
        """Clear mask where sensors and networks smear depth between a thing and what lies behind it.

        A thin pole is nearer than both of its sides, so it stays.
        """
        for axis in (1, 0):
            before, after, middle = (_shifted(depth, axis, n) for n in (0, 4, 2))
            near, far, inner = _shifted(self._near, axis, 2), _shifted(self._far, axis, 2), _shifted(mask, axis, 2)
            np.minimum(before, after, out=near)
            np.maximum(before, after, out=far)
            near *= np.float32(1 + EDGE_RATIO)
            far *= np.float32(1 - EDGE_RATIO)
            smeared = middle > near
            smeared &= middle < far
            # Arithmetic on whole images: assigning through a mask costs twenty times as much.
            inner &= np.logical_not(smeared, out=smeared).view(np.uint8)


def any_layer(voxels: NDArray[np.bool_], layers: int = LAYERS) -> U8:
    """1 in each cell [forward, across] with any of the lowest layers occupied; several times faster than any()."""
    flat = np.flatnonzero(voxels)
    cell, layer = np.divmod(flat, voxels.shape[2])
    occupied = np.zeros(voxels.shape[:2], np.uint8)
    occupied.ravel()[cell[layer < layers]] = 1
    return occupied


def _between(values: F32, low: float, high: float) -> U8:
    """1 where low <= value <= high, else 0 (also where the value is NaN)."""
    inside: U8 = ((values >= low) & (values <= high)).astype(np.uint8)
    return inside


def _shifted(array: NDArray[T], axis: int, first: int) -> NDArray[T]:
    """All but four columns (axis 1) or rows (axis 0), beginning at ``first``: a view."""
    length = array.shape[axis] - 4
    return array[:, first : first + length] if axis == 1 else array[first : first + length]


def expected_pixels(rows: int, intrinsics: Intrinsics) -> F32:
    """How many pixels a voxel's front face would cover at each forward index: float32 [rows]."""
    forward = (np.arange(rows, dtype=np.float32) + 0.5) * np.float32(CELL_M)
    pixels: F32 = (intrinsics.fx * CELL_M / forward * intrinsics.fy * STEP_M / forward).astype(np.float32)
    return pixels


def latest_in_cell(
    places: NDArray[np.float64], cell_m: float, kind: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Which of the places [N, 2] are the last in their cell; of two kinds apart where a ``kind`` [N] is given."""
    cell = np.floor(places / cell_m).astype(np.int64)
    key = (cell[:, 0] * ROW + cell[:, 1]) * 2 + (0 if kind is None else kind)
    _, last = np.unique(key[::-1], return_index=True)
    kept = np.zeros(len(places), np.bool_)
    kept[len(places) - 1 - last] = True
    return kept


def grown(cells: NDArray[np.uint8], width_m: float, cell_m: float) -> NDArray[np.uint8]:
    """Cells, and those within half a width of them."""
    size = 2 * round(width_m / 2 / cell_m) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(cells, ellipse), dtype=np.uint8)
