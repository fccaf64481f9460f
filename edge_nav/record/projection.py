"""From places on the floor to pixels, for drawing."""

from __future__ import annotations

import math

import numpy as np

from edge_nav.types import Ground, Intrinsics, Obstacle


class Projection:
    """A camera over a floor plane."""

    def __init__(self, intrinsics: Intrinsics, ground: Ground) -> None:
        self._k = intrinsics
        self._height_m = ground.height_m
        self._up = np.asarray(ground.normal)
        forward = np.array([0.0, 0.0, 1.0]) - self._up * self._up[2]
        self._forward = forward / max(float(np.linalg.norm(forward)), 1e-6)
        self._right = np.cross(self._forward, self._up)

    def pixel(self, x_m: float, forward_m: float, height_m: float) -> tuple[int, int] | None:
        """Pixel of a place, None behind the camera or far outside the picture."""
        p = self._right * x_m + self._forward * forward_m + self._up * (height_m - self._height_m)
        if p[2] < 0.05:
            return None
        u, v = self._k.fx * p[0] / p[2] + self._k.cx, self._k.fy * p[1] / p[2] + self._k.cy
        return (round(u), round(v)) if abs(u) < 4 * self._k.width and abs(v) < 4 * self._k.height else None

    def box(self, o: Obstacle) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Corners of the upright rectangle that faces the walker, upper left and lower right."""
        away = math.sqrt(max(o.distance_m**2 - o.x_m**2, 0.01))
        a, b = self.pixel(o.left_m, away, o.high_m), self.pixel(o.right_m, away, max(o.low_m, -0.3))
        if a is None or b is None:
            return None
        return (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))
