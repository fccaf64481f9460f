"""The floor corrects the scale of a model's depth, where the camera's true height above it is known."""

from __future__ import annotations

import math

LIMITS = (0.6, 1.6)
"""A model that is off by more is not to be corrected but replaced."""
TIME_CONSTANT_S = 2.0
LEAST_SHARE = 0.05
"""Of the pixels on the floor: less is too little floor to measure by."""


class ScaleCorrector:
    """Follows camera height / measured height: bounded, and smoothed over frame time."""

    def __init__(self, camera_height_m: float) -> None:
        self._height_m = camera_height_m
        self._scale = 1.0
        self._t: float | None = None

    def update(self, measured_height_m: float | None, inlier_ratio: float, t: float) -> float:
        """The factor that brings depth to metres. ``measured_height_m`` is the floor's distance below the camera in
        the depth as it comes, None where no floor was seen: then the last factor stays.
        """
        if measured_height_m is None or inlier_ratio < LEAST_SHARE or measured_height_m <= 0:
            return self._scale
        wanted = min(max(self._height_m / measured_height_m, LIMITS[0]), LIMITS[1])
        if self._t is None:
            self._scale = wanted
        else:
            follow = 1.0 - math.exp(-max(t - self._t, 0.0) / TIME_CONSTANT_S)
            self._scale *= (wanted / self._scale) ** follow
        self._t = t
        return self._scale
