"""A model's depth to true metres: the calibrated factor, then, with a known camera height, the floor's."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.floor.floor_labels import without_lower_floor
from edge_nav.perception.floor.ground import GroundTracker
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays
from edge_nav.types import DepthMap, Intrinsics

Direction = tuple[float, float, float]

LIMITS = (0.6, 1.6)
"""A model that is off by more is not to be corrected but replaced."""
TIME_CONSTANT_S = 2.0
LEAST_SHARE = 0.05
"""Of the pixels on the floor: less is too little floor to measure by."""
USUAL = 1.2
"""By this factor a model may be off and the first floor that is seen correct it; a table or a landing asks for more."""
SURE_S, SURE_LOOKS, SURE_SHARE = 3.0, 8, 0.12
"""What asks for more must be so large a part of the picture, and ask alike for so long in so many frames."""
ALIKE, ALIKE_DEG = 1.08, 8.0
"""How far factors may differ, and planes be tilted against each other, to be alike."""


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
            if ground is not None:
                self._corrector.update(ground.height_m, ground.inlier_ratio, t, ground.normal)
            factor *= self._corrector.scale
        return scaled(depth, factor)


class ScaleCorrector:
    """Follows camera height / measured height: bounded, and smoothed over frame time.

    A factor that is far from 1 is followed only when one plane, of the same height and tilt, has asked for it for
    seconds: a table or a landing is taken for the floor more often than a model is off by so much.
    """

    def __init__(self, camera_height_m: float, *, at_once: bool = False) -> None:
        """``at_once`` follows every floor: of stills, which show none for seconds."""
        self._height_m, self._at_once = camera_height_m, at_once
        self._t: float | None = None
        self._asked: tuple[float, NDArray[np.float64]] | None = None
        self._asked_t, self._asked_looks = 0.0, 0
        self.scale = 1.0
        """The factor that brings depth to metres."""

    def update(
        self, measured_height_m: float | None, inlier_ratio: float, t: float, normal: Direction = (0.0, -1.0, 0.0)
    ) -> float:
        """The factor, after a floor was seen at a distance below the camera, in the depth as it comes, with that
        ``normal``; None where none was seen: then the last factor stays.
        """
        if measured_height_m is None or inlier_ratio < LEAST_SHARE or measured_height_m <= 0:
            return self.scale
        wanted = min(max(self._height_m / measured_height_m, LIMITS[0]), LIMITS[1])
        usual = self._at_once or _alike(wanted, 1.0, USUAL)
        if not usual and not self._is_sure(wanted, inlier_ratio, np.asarray(normal, np.float64), t):
            return self.scale
        if self._t is None:
            self.scale = wanted
        else:
            follow = 1.0 - math.exp(-max(t - self._t, 0.0) / TIME_CONSTANT_S)
            self.scale *= (wanted / self.scale) ** follow
        self._t = t
        return self.scale

    def _is_sure(self, wanted: float, inlier_ratio: float, normal: NDArray[np.float64], t: float) -> bool:
        """Whether an unusual factor has been asked for by one plane for long enough."""
        if inlier_ratio < SURE_SHARE:
            return False
        asked = self._asked
        if asked is None or not (
            _alike(wanted, asked[0], ALIKE) and float(normal @ asked[1]) > math.cos(math.radians(ALIKE_DEG))
        ):
            self._asked, self._asked_t, self._asked_looks = (wanted, normal), t, 0
        self._asked_looks += 1
        return self._asked_looks >= SURE_LOOKS and t - self._asked_t >= SURE_S


def _alike(a: float, b: float, by: float) -> bool:
    return 1 / by <= a / b <= by


def scaled(depth: DepthMap, factor: float) -> DepthMap:
    """The depth map times a factor; the very same where that is 1."""
    if factor == 1.0:
        return depth
    return replace(depth, depth_m=depth.depth_m * np.float32(factor), scale=depth.scale * factor)
