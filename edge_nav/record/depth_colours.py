"""Depth in colours with a fixed metric scale, so that two pictures can be compared."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.record.canvas import BLACK, WHITE, Image, text

NEAR_M, FAR_M = 0.3, 6.0
UNKNOWN = (70, 70, 70)


def colour_depth(depth_m: NDArray[np.float32], size: tuple[int, int]) -> Image:
    """Warm is near, cold is far; unknown depth is grey, hatched."""
    depth = cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST)
    image = _colours(np.nan_to_num(depth, nan=FAR_M))
    unknown = ~np.isfinite(depth)
    rows, columns = np.indices(unknown.shape)
    image[unknown] = UNKNOWN
    image[unknown & ((rows + columns) % 12 < 2)] = (120, 120, 120)
    return image


def draw_legend(image: Image) -> None:
    """The scale in metres along the right side, and the sign for unknown depth."""
    height, width = image.shape[:2]
    top, bottom, left = 30, height - 60, width - 66
    cv2.rectangle(image, (left - 8, top - 24), (width - 4, height - 14), BLACK, -1)
    ramp = np.linspace(NEAR_M, FAR_M, bottom - top, dtype=np.float32)[::-1, None].repeat(14, axis=1)
    image[top:bottom, left : left + 14] = _colours(ramp)
    text(image, "metres", (left - 4, top - 8), WHITE, 0.42)
    for metres in (0.5, 1, 2, 3, 4, 5, 6):
        y = round(bottom - (metres - NEAR_M) / (FAR_M - NEAR_M) * (bottom - top))
        cv2.line(image, (left + 14, y), (left + 19, y), WHITE, 1)
        text(image, f"{metres:g}", (left + 23, y + 5), WHITE, 0.45)
    cv2.rectangle(image, (left, bottom + 12), (left + 14, bottom + 24), UNKNOWN, -1)
    cv2.line(image, (left, bottom + 24), (left + 14, bottom + 12), (150, 150, 150), 1)
    text(image, "none", (left + 19, bottom + 23), WHITE, 0.42)


def _colours(depth_m: NDArray[np.float32]) -> Image:
    share = np.clip((FAR_M - depth_m) / (FAR_M - NEAR_M), 0, 1)
    return np.ascontiguousarray(cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[:, :, ::-1])
