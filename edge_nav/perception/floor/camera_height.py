"""How high the camera is worn above the walker's own feet, so that a lower floor is not taken for theirs.

Whoever steps down takes the camera along: above the floor they stand on it stays as high as it was. A floor that is
seen farther beneath it lies lower than their feet, though the edge between may be out of the picture.
"""

from __future__ import annotations

import math

LOWER_M = 0.09
"""A floor so much farther beneath the camera than usual is another one: gait and posture make up less."""
FOLLOW_M, FOLLOW_S = 0.06, 10.0
ADOPT_S, ADOPT_M = 20.0, 4.0
"""What is seen for so long, over so much way, is the walker's own floor after all: they wear the camera differently."""


class CameraHeight:
    """Follows the usual height of the camera above the walker's own feet."""

    def __init__(self, height_m: float | None) -> None:
        self._usual_m = height_m
        self._begun = False
        self._t: float | None = None
        self._other_s = self._other_m = 0.0

    def floor_is_lower(self, height_m: float, forward_mps: float, t: float) -> bool:
        """Whether a floor seen so far beneath the camera lies lower than the walker's feet."""
        seconds = 0.0 if self._t is None else max(0.0, t - self._t)
        self._t = t
        if self._usual_m is None or (not self._begun and abs(height_m - self._usual_m) < 2 * LOWER_M):
            self._usual_m = height_m
        self._begun = True
        off = height_m - self._usual_m
        if abs(off) < FOLLOW_M:
            self._usual_m += (1.0 - math.exp(-seconds / FOLLOW_S)) * off
            self._other_s = self._other_m = 0.0
        elif abs(off) >= LOWER_M:
            self._other_s += seconds
            self._other_m += max(0.0, forward_mps) * seconds
            if self._other_s > ADOPT_S and self._other_m > ADOPT_M:
                self._usual_m, off = height_m, 0.0
        return off > LOWER_M
