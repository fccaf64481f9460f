"""The floor as it ought to be seen, ray by ray: where it is level, where it is lower, where it is missing.

Each pixel below the horizon should show the floor at a range that the plane predicts. Sorting pixels by that range
and by bearing tells what stands in place of the floor, walking outward along each bearing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import FloorAxes, Rays

SECTOR_DEG = 3.0
HALF_FAN_DEG = 45.0
BIN_M = 0.10
RANGE_M = 5.0
SECTORS = round(2 * HALF_FAN_DEG / SECTOR_DEG)
BINS = round(RANGE_M / BIN_M)
ROWS_USED, COLUMNS_USED = 240, 107
"""Of a large picture not every pixel is asked; of a small one all are, or the bins far away would hold none."""
LEVEL_M = 0.06
"""Within this of the plane, more with distance, a pixel is level floor."""
DROP_M = 0.10

LEVEL, BELOW, MISSING, ABOVE = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class FloorScan:
    """Per [sector, range bin]: share of pixels that are level, below, missing, above; mean height of those below;
    mean brightness 0-255 of those missing; and the number of pixels.
    """

    share: NDArray[np.float64]
    """[SECTORS, BINS, 4]"""
    pixels: NDArray[np.int64]
    below_m: NDArray[np.float64]
    level_m: NDArray[np.float64]
    missing_brightness: NDArray[np.float64]
    lower: NDArray[np.float32]
    """[N, 3] sector, true horizontal distance, height of every pixel below the floor."""
    camera_m: float
    """The camera's height above the floor."""


def bearing_of(sector: int) -> float:
    """Middle of a sector, degrees, positive right."""
    return (sector + 0.5) * SECTOR_DEG - HALF_FAN_DEG


def scan_floor(
    depth: NDArray[np.float32],
    height: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    rays: Rays,
    axes: FloorAxes,
    ignore: NDArray[np.bool_] | None,
) -> FloorScan:
    """Sort the pixels below the horizon. ``height`` is each pixel's height above the plane, metres, NaN unknown."""
    # Off the first pixel, so that the middle of each block is taken and a mirrored frame takes the mirrored pixels.
    rows, columns = (
        slice(step // 2, None, step)
        for step in (max(1, round(n / used)) for n, used in zip(depth.shape, (ROWS_USED, COLUMNS_USED), strict=True))
    )
    rays, ignore = Rays(rays.x[columns], rays.y[rows]), None if ignore is None else ignore[rows, columns]
    pixel, sector, expected = _floor_pixels(rays, axes, ignore)
    h = height[rows, columns].ravel()[pixel]
    cell = sector * BINS + (expected / BIN_M).astype(np.int32)

    slack = LEVEL_M + 0.015 * np.maximum(expected - 1.5, 0)
    below, level, above = h < -slack, np.abs(h) <= slack, h > slack
    missing = ~(below | level | above)
    state = BELOW * below + MISSING * missing + ABOVE * above
    size = SECTORS * BINS
    counts = np.bincount(cell * 4 + state, minlength=size * 4).reshape(SECTORS, BINS, 4)
    pixels = counts.sum(axis=2)

    colour = rgb[rows, columns].reshape(-1, 3)[pixel[missing]]
    brightness = colour.mean(axis=1) if len(colour) else np.zeros(0)
    return FloorScan(
        counts / np.maximum(pixels, 1)[:, :, None],
        pixels,
        _mean(cell[below], h[below], size),
        _mean(cell[level], h[level], size),
        _mean(cell[missing], brightness, size),
        # The ray that should have met the floor goes on, and meets the lower ground this much farther.
        np.stack([sector[below], expected[below] * (1 - h[below] / axes.height_m), h[below]], axis=1).astype(
            np.float32
        ),
        axes.height_m,
    )


def _floor_pixels(
    rays: Rays, axes: FloorAxes, ignore: NDArray[np.bool_] | None
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float32]]:
    """Pixels that should show the floor within range, by flat index; the sector of each, and at what range, metres."""
    falling = -rays.dot(axes.up)
    with np.errstate(divide="ignore"):
        z = np.float32(axes.height_m) / falling
    forward, x = z * rays.dot(axes.forward), z * rays.dot(axes.right)
    expected = np.hypot(forward, x)
    use = (falling > 0.02) & (expected < RANGE_M) & (forward > 0)
    if ignore is not None:
        use &= ~ignore
    pixel = np.flatnonzero(use)  # taking by index is several times faster than by a mask
    x, forward = x.ravel()[pixel], forward.ravel()[pixel]
    sector = ((np.degrees(np.arctan2(x, forward)) + HALF_FAN_DEG) / SECTOR_DEG).astype(np.int32)
    inside = (sector >= 0) & (sector < SECTORS)
    pixel = pixel[inside]
    return pixel, sector[inside], expected.ravel()[pixel]


def _mean(cell: NDArray[np.int32], value: NDArray[np.generic], size: int) -> NDArray[np.float64]:
    number = np.bincount(cell, minlength=size)
    return (np.bincount(cell, weights=value, minlength=size) / np.maximum(number, 1)).reshape(SECTORS, BINS)


def floor_seen_to(scan: FloorScan) -> NDArray[np.float64]:
    """How far the floor is seen without a break along each sector, metres [SECTORS]; NaN where none is seen."""
    seen = scan.pixels > 0
    order = np.argsort(~seen, axis=1, kind="stable")  # bins without a pixel break nothing: they come last
    level = np.take_along_axis(seen & (scan.share[:, :, LEVEL] >= 0.5), order, axis=1)
    # Two bins that are not level in a row are bridged, three are a break.
    broken = ~(level[:, :-2] | level[:, 1:-1] | level[:, 2:])
    until = np.where(broken.any(axis=1), broken.argmax(axis=1), BINS)
    reached = level & (np.arange(BINS) < until[:, None])
    last = BINS - 1 - reached[:, ::-1].argmax(axis=1)
    return np.where(reached.any(axis=1), (order[np.arange(SECTORS), last] + 1) * BIN_M, np.nan)


def sector_x(sector: int, range_m: float) -> float:
    """Offset to the right of a point on a sector's middle line, metres."""
    return range_m * math.sin(math.radians(bearing_of(sector)))
