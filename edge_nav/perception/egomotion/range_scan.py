"""What stands around as a range scan: the nearest thing along each bearing, low and tall things apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import FloorAxes, Rays

F64 = NDArray[np.float64]

COLUMNS = 240
BANDS_M = ((0.15, 0.50), (0.50, 1.00), (1.00, 2.00))
REACH_M = 16.0
"""To the other side of a street: on an open pavement little stands nearer, and a turn on the spot would go untold."""
CUT_ROWS = 3
BIN_DEG, HALF_DEG = 0.75, 60.0
BINS = round(2 * HALF_DEG / BIN_DEG)
GAP = 0.08
"""Neighbours on a scan whose ranges differ by more than this share belong to two things."""
BASES = (1, 4)


@dataclass(frozen=True, slots=True, eq=False)
class RangeScan:
    """Per band and bearing bin: points [bands, BINS, 2] (right, forward; NaN where nothing) and line normals alike."""

    points: F64
    normals: F64


def range_scan(depth: NDArray[np.float32], height: NDArray[np.float32], rays: Rays, axes: FloorAxes) -> RangeScan:
    """The nearest thing of each band along each bearing. ``height`` is each pixel's above the floor, metres."""
    stride = max(1, round(depth.shape[1] / COLUMNS))
    z, h, grid = depth[:: 2 * stride, ::stride], height[:: 2 * stride, ::stride], rays.strided(2 * stride, stride)
    right, forward = z * grid.dot(axes.right), z * grid.dot(axes.forward)
    away = right * right + forward * forward
    points = np.full((len(BANDS_M), BINS, 2), np.nan)
    column = np.arange(z.shape[1])
    for band, (low, high) in enumerate(BANDS_M):
        inside = (h > low) & (h < high) & (away < REACH_M**2)  # unknown depth compares as False
        ranges = np.where(inside, away, np.inf)
        row = ranges.argmin(axis=0)
        # What the picture's lower border cuts off would seem to go along with the walker.
        there = np.isfinite(ranges[row, column]) & (row < len(z) - CUT_ROWS)
        x, y = right[row, column][there], forward[row, column][there]
        bins = bearing_bins(np.stack([x, y], axis=1))
        ok = bins >= 0
        order = np.argsort(-(x[ok] ** 2 + y[ok] ** 2))  # the nearest last, so that it stays
        points[band, bins[ok][order]] = np.stack([x[ok], y[ok]], axis=1)[order]
    return RangeScan(points, _normals(points))


def bearing_bins(points: F64) -> NDArray[np.intp]:
    """Bearing bin of each point, -1 outside."""
    degrees = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
    bins = np.floor((degrees + HALF_DEG) / BIN_DEG).astype(np.intp)
    bins[(bins < 0) | (bins >= BINS)] = -1
    return bins


def _normals(points: F64) -> F64:
    """Normal of the line through each point's neighbours on the scan; NaN at a thing's ends.

    Through neighbours some way off where they are of the same thing, for noise turns short lines.
    """
    normals = np.full_like(points, np.nan)
    x, y = points[:, :, 0], points[:, :, 1]
    away = np.sqrt(x * x + y * y)
    for apart in BASES:
        before, here, after = slice(None, -2 * apart), slice(apart, -apart), slice(2 * apart, None)
        right, forward = x[:, after] - x[:, before], y[:, after] - y[:, before]
        length = np.sqrt(right * right + forward * forward)
        gap = GAP * max(1.0, apart / 2) * away[:, here]
        with np.errstate(invalid="ignore"):
            one = (np.abs(away[:, before] - away[:, here]) < gap) & (np.abs(away[:, after] - away[:, here]) < gap)
            one &= length > 1e-4
            # The point itself lies between the two, or they are of a corner.
            aside = right * (y[:, here] - y[:, before]) - forward * (x[:, here] - x[:, before])
            length = np.maximum(length, 1e-4)
            one &= np.abs(aside) / length < 0.02 + 0.01 * away[:, here]
        normals[:, here, 0] = np.where(one, forward / length, normals[:, here, 0])
        normals[:, here, 1] = np.where(one, -right / length, normals[:, here, 1])
    return normals
