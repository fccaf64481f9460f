"""The walker's own hand, cane or dog at the bottom of the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.perception_settings import Companion
from edge_nav.perception.rays import FloorAxes

STEP = 4
ARM_M = 0.60
"""What begins within an arm's length of the camera and hangs into the picture from below belongs to the walker."""
REACH_M: dict[Companion, float] = {"none": 0.8, "cane": 1.4, "dog": 1.3}
SHARE = 0.35
"""Of the picture's width: wider things this near are obstacles, whoever holds them."""
BELOW_CAMERA_M = 0.25


def own_body(
    depth: NDArray[np.float32], height: NDArray[np.float32], axes: FloorAxes, companion: Companion
) -> NDArray[np.bool_] | None:
    """Mask [H, W] of the walker's own things, or None where there are none.

    They touch the bottom of the picture, begin within an arm's length, are narrow, and stay well below the camera.
    """
    bottom = depth[-STEP:]
    start = 1.6 if companion == "dog" else ARM_M
    near = (bottom < start) & (height[-STEP:] > 0.10)
    if not near.any():
        return None
    z, h = depth[::STEP, ::STEP], height[::STEP, ::STEP]
    close = ((z < REACH_M[companion] + 0.3) & (h > 0.10)).astype(np.uint8)
    # Depth edges part the cane from the wall it points at.
    jump = np.zeros_like(close)
    jump[:, 1:] |= (np.abs(np.diff(z, axis=1)) > 0.10).astype(np.uint8)
    close &= 1 - jump
    number, labels, stats, _ = cv2.connectedComponentsWithStats(close, connectivity=4)
    mask = np.zeros(close.shape, np.uint8)
    for label in range(1, number):
        left, top, width, tall, _ = stats[label]
        if top + tall < close.shape[0]:
            continue
        here = labels == label
        begins = float(z[-1, left : left + width][here[-1, left : left + width]].min())
        if begins > start or width > SHARE * close.shape[1]:
            continue
        ceiling = 0.85 if companion == "dog" else axes.height_m - BELOW_CAMERA_M
        if float(h[here].max()) > ceiling:
            continue
        mask |= here.astype(np.uint8)
    if not mask.any():
        return None
    grown = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    size = (depth.shape[1], depth.shape[0])
    return np.asarray(cv2.resize(grown, size, interpolation=cv2.INTER_NEAREST)) > 0
