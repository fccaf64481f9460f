"""The worn camera's way: along a path at a speed, with the bob, sway and nod of a gait."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings

F64 = NDArray[np.float64]
LOOK_AHEAD_M = 0.6
"""The walker faces the point of the path this far ahead, so that turns take time."""
GLANCE_S = 0.05
STEP_M = 0.64
"""Length of a step at 1.15 m/s (1.8 steps a second)."""


class Gait(Settings):
    """How much a walking camera moves. Amplitudes, from the middle."""

    bob_m: float = Field(default=0.018, ge=0, le=0.1, description="Up and down, once a step, metres.")
    sway_m: float = Field(default=0.015, ge=0, le=0.1, description="Left and right, once in two steps, metres.")
    pitch_deg: float = Field(default=1.2, ge=0, le=10, description="Nod, once a step, degrees.")
    roll_deg: float = Field(default=0.8, ge=0, le=10, description="Roll, once in two steps, degrees.")
    yaw_deg: float = Field(default=1.0, ge=0, le=15, description="Turn of the trunk, once in two steps, degrees.")


class TimedPath:
    """A path by its length, walked at a speed in metres a second, or with each point at its own time in seconds."""

    def __init__(
        self, points: Sequence[tuple[float, float]], speed_mps: float = 1.0, times_s: Sequence[float] = ()
    ) -> None:
        self._points: F64 = np.array(points, np.float64).reshape(-1, 2)
        steps = np.hypot(*np.diff(self._points, axis=0).T) if len(self._points) > 1 else np.zeros(0)
        self._ends = np.concatenate([[0.0], np.cumsum(steps)])
        self._speed_mps, self._times_s = speed_mps, np.array(times_s)

    @property
    def length_m(self) -> float:
        return float(self._ends[-1])

    @property
    def seconds(self) -> float:
        """How long the walk takes; at less than 0.05 m/s as long as at that."""
        return float(self._times_s[-1]) if len(self._times_s) else self.length_m / max(self._speed_mps, 0.05)

    def walked_m(self, t: float) -> float:
        """How far along the path the walker is at a time, seconds."""
        if len(self._times_s):
            return float(np.interp(t, self._times_s, self._ends))
        return min(max(t, 0.0) * self._speed_mps, self.length_m)

    def walks(self, t: float) -> bool:
        """Whether they walk then; else they stand."""
        if len(self._times_s):
            return self.walked_m(t + GLANCE_S) > self.walked_m(t - GLANCE_S)
        return 0 < self.walked_m(t) < self.length_m

    def at(self, s: float) -> tuple[float, float]:
        """The point after so many metres; its ends hold beyond."""
        x, y = (float(np.interp(s, self._ends, self._points[:, i])) for i in (0, 1))
        return x, y

    def heading_deg(self, s: float) -> float:
        """Where a walker faces who looks a little ahead along the path; 0 for a path of one point."""
        if self.length_m < 1e-6:
            return 0.0
        s = min(s, self.length_m)
        behind = max(0.0, min(s, self.length_m - LOOK_AHEAD_M / 4))
        (x0, y0), (x1, y1) = self.at(behind), self.at(min(s + LOOK_AHEAD_M, self.length_m))
        return math.degrees(math.atan2(x1 - x0, y1 - y0))


def motion(gait: Gait, walked_m: float, walking: float) -> tuple[float, float, float, float, float]:
    """Bob and sway in metres, pitch, roll and yaw in degrees; ``walking`` 0 is standing, 1 full stride."""
    phase = 2 * math.pi * walked_m / STEP_M
    return (
        walking * gait.bob_m * math.sin(phase),
        walking * gait.sway_m * math.sin(phase / 2),
        walking * gait.pitch_deg * math.sin(phase + 0.6),
        walking * gait.roll_deg * math.sin(phase / 2 + 0.3),
        walking * gait.yaw_deg * math.sin(phase / 2 + 1.1),
    )
