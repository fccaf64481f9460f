"""What the picture shows where something is remembered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import FloorAxes
from edge_nav.types import Intrinsics

BORDER = 0.04
"""Of the picture's size: so near its border things are seen in part only."""


class DepthLookup:
    """What the picture shows at places on the floor plan."""

    def __init__(
        self, depth: NDArray[np.float32], height: NDArray[np.float32], axes: FloorAxes, camera: Intrinsics
    ) -> None:
        self._depth, self._height, self._axes, self._camera = depth, height, axes, camera

    def at(
        self, places: NDArray[np.float64], height_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much farther than each place the depth is there, and how high what is seen there lies, metres; NaN
        outside of the picture, and where nothing is known.
        """
        axes, camera = self._axes, self._camera
        right, forward, up = places[:, 0], places[:, 1], height_m - axes.height_m
        x, y, z = (right * axes.right[n] + forward * axes.forward[n] + up * axes.up[n] for n in range(3))
        ahead = z > 0.05
        safe = np.where(ahead, z, 1.0)
        u = camera.fx * x / safe + camera.cx
        v = camera.fy * y / safe + camera.cy
        across, along = BORDER * camera.width, BORDER * camera.height
        inside = ahead & (u >= across) & (u < camera.width - across) & (v >= along) & (v < camera.height - along)
        column = np.where(inside, u, 0).astype(np.intp)
        row = np.where(inside, v, 0).astype(np.intp)
        return (
            np.where(inside, self._depth[row, column] - z, np.nan),
            np.where(inside, self._height[row, column], np.nan),
        )
