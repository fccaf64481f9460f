"""The strip of ground that the walker is about to go over: straight ahead, or bent along the turn that they walk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.perception_settings import PerceptionSettings

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corridor:
    """As wide and high as the walker needs; an arc for a quarter turn at most, and straight on from there."""

    half_m: float
    height_m: float
    curvature_per_m: float = 0.0
    """One over the radius, positive where it bends to the right; 0 is straight."""

    @classmethod
    def of(cls, settings: PerceptionSettings, curvature_per_m: float = 0.0) -> Corridor:
        return cls(settings.corridor_width_m / 2, settings.corridor_height_m, curvature_per_m)

    def along(self, places: F64) -> F64:
        """Of places [N, 2] (right and forward, metres): how far to the right of its middle line, and how far along it
        [N, 2]. Both are what was given where it is straight; the second is negative behind the walker.
        """
        if self.curvature_per_m == 0.0:
            return places
        radius, side = 1 / abs(self.curvature_per_m), math.copysign(1.0, self.curvature_per_m)
        # Seen from the middle of the arc, inward being the side to which it bends.
        inward, forward = side * places[:, 0] - radius, places[:, 1]
        onward = inward > 0
        aside = np.where(onward, radius - forward, radius - np.hypot(inward, forward))
        far = np.where(onward, radius * math.pi / 2 + inward, radius * np.arctan2(forward, -inward))
        behind = forward <= 0
        behind &= ~onward
        return np.stack(
            [np.where(behind, places[:, 0], side * aside), np.where(behind, forward, far)],
            axis=1,
        )

    def inside(self, places: F64) -> NDArray[np.bool_]:
        """Which of the places [N, 2] lie in it, ahead of the walker."""
        aside, far = self.along(places).T
        return np.asarray((np.abs(aside) <= self.half_m) & (far > 0), dtype=np.bool_)

    def middle(self, far_m: F64) -> F64:
        """Places [N, 2] on its middle line, so far along it [N]."""
        if self.curvature_per_m == 0.0:
            return np.stack([np.zeros_like(far_m), far_m], axis=1)
        radius, side = 1 / abs(self.curvature_per_m), math.copysign(1.0, self.curvature_per_m)
        turned = np.minimum(far_m / radius, math.pi / 2)
        onward = np.maximum(far_m - radius * math.pi / 2, 0.0)
        return np.stack([side * (radius * (1 - np.cos(turned)) + onward), radius * np.sin(turned)], axis=1)
