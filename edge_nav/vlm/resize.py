"""Antialiased resizing equal to Pillow's, which the vision towers were trained with; OpenCV's has no antialiasing.

Pillow's Resample.c is followed to the bit: the filter is stretched by the scale where a side shrinks, weights are
normalised at the borders and rounded to 22 bits, along rows first, then along columns, rounded to 8 bits after each.
Its integers are whole numbers in float64 here, where every product and sum of them is exact. (Pillow 13 goes along the
columns first for some shapes; the towers were trained with earlier versions, which never do.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Picture = NDArray[np.uint8]
Interpolation = Literal["bicubic", "bilinear"]
Fit = Literal["squash", "pad", "crop"]
BAND = 16
ONE = float(1 << 22)


def resize(rgb: Picture, height: int, width: int, interpolation: Interpolation) -> Picture:
    """uint8 [H, W, 3] -> uint8 [height, width, 3]."""
    rows, columns = rgb.shape[:2]
    resized: NDArray[Any] = rgb
    if columns != width:
        resized = cv2.transpose(_rows_resized(cv2.transpose(rgb), width, interpolation))
    if rows != height:
        resized = _rows_resized(resized, height, interpolation)
    return np.asarray(resized, dtype=np.uint8)


def _rows_resized(rgb: NDArray[Any], height: int, interpolation: Interpolation) -> Picture:
    """uint8 [H, W, 3] -> uint8 [height, W, 3]."""
    source = rgb.reshape(len(rgb), -1).astype(np.float64)
    weights = _weights(len(rgb), height, interpolation)
    resized = np.empty((height, source.shape[1]), np.float64)
    for n in range(0, height, BAND):  # a band of new rows rests on a band of old ones
        band = weights[n : n + BAND]
        used = np.flatnonzero(band.any(axis=0))
        first, last = used[0], used[-1] + 1
        np.matmul(band[:, first:last], source[first:last], out=resized[n : n + BAND])
    resized += ONE / 2
    resized /= ONE
    np.floor(resized, out=resized)
    return np.clip(resized, 0, 255, out=resized).astype(np.uint8).reshape(height, -1, 3)


def fit_square(
    rgb: Picture, side: int, fit: Fit, interpolation: Interpolation, mean: tuple[float, float, float]
) -> Picture:
    """uint8 [H, W, 3] -> uint8 [side, side, 3].

    "squash" stretches; "pad" first centres the picture on a square of the mean colour (0..1), as LLaVA does; "crop"
    scales the shorter side and keeps the middle, as CLIP does.
    """
    rows, columns = rgb.shape[:2]
    if fit == "pad" and rows != columns:
        longer = max(rows, columns)
        square = np.empty((longer, longer, 3), np.uint8)
        square[:] = [int(255 * m) for m in mean]
        top, left = (longer - rows) // 2, (longer - columns) // 2
        square[top : top + rows, left : left + columns] = rgb
        rgb = square
    if fit == "crop":
        shorter = min(rows, columns)
        height, width = side * rows // shorter, side * columns // shorter
        rgb = resize(rgb, height, width, interpolation)
        top, left = (height - side) // 2, (width - side) // 2
        return np.ascontiguousarray(rgb[top : top + side, left : left + side])
    return resize(rgb, side, side, interpolation)


@lru_cache(maxsize=8)
def _weights(length: int, wanted: int, interpolation: Interpolation) -> F64:
    """[wanted, length]: what each old pixel gives to each new one, in 2**-22."""
    kernel, reach = KERNELS[interpolation]
    scale = length / wanted
    stretch = max(scale, 1.0)
    weights = np.zeros((wanted, length), np.float64)
    for n in range(wanted):
        centre = (n + 0.5) * scale
        first = max(int(centre - reach * stretch + 0.5), 0)
        last = min(int(centre + reach * stretch + 0.5), length)
        w = kernel((np.arange(first, last, dtype=np.float64) - centre + 0.5) / stretch)
        weights[n, first:last] = w / w.sum()
    return np.trunc(weights * ONE + np.copysign(0.5, weights))


def _cubic(x: F64) -> F64:
    """Keys' cubic with a = -0.5."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _triangle(x: F64) -> F64:
    return np.maximum(1.0 - np.abs(x), 0.0)


KERNELS: dict[Interpolation, tuple[Callable[[F64], F64], float]] = {
    "bicubic": (_cubic, 2.0),
    "bilinear": (_triangle, 1.0),
}
"""Each filter and how far it reaches, in pixels of the coarser picture."""
