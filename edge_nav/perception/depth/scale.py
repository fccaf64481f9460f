"""A model's depth to true metres: the calibrated factor, then, with a known camera height, the floor's."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edge_nav.perception.floor.floor_labels import without_lower_floor
from edge_nav.perception.floor.ground import GroundTracker
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays
from edge_nav.types import DepthMap, Intrinsics

LIMITS = (0.6, 1.6)
"""A model that is off by more is not to be corrected but replaced."""
TIME_CONSTANT_S = 2.0
LEAST_SHARE = 0.05
"""Of the pixels on the floor: less is too little floor to measure by."""


class MetricScaler:
    """Scales each frame's depth by what was calibrated, and by what the floor tells. One for each walk."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._factor = settings.depth_scale
        height = settings.camera_height_m if settings.correct_scale else None
        self._corrector = None if height is None else ScaleCorrector(height)
        # Its own floor, without the height it is to be held against.
        self._ground = GroundTracker(settings.model_copy(update={"camera_height_m": None}))
        self._rays: Rays | None = None
        self._intrinsics: Intrinsics | None = None

    def apply(self, depth: DepthMap, t: float) -> DepthMap:
        """The depth map in true metres, the very same where nothing changes. ``t`` is frame time in seconds."""
        if not depth.metric:
            return depth
        factor = self._factor
        if self._corrector is not None:
            if self._rays is None or depth.intrinsics != self._intrinsics:
                self._rays, self._intrinsics = Rays.of(depth.intrinsics), depth.intrinsics
            ground = self._ground.update(without_lower_floor(scaled(depth, factor)), self._rays, t)
            factor *= self._corrector.update(
                None if ground is None else ground.height_m, 0.0 if ground is None else ground.inlier_ratio, t
            )
        return scaled(depth, factor)


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


def scaled(depth: DepthMap, factor: float) -> DepthMap:
    """The depth map times a factor; the very same where that is 1."""
    if factor == 1.0:
        return depth
    return replace(depth, depth_m=depth.depth_m * np.float32(factor), scale=depth.scale * factor)
