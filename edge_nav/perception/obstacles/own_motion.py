"""How a thing moves over the ground by itself, as far as that is proven: what stands must never seem to cross."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

LOOKS_S, LEAST_LOOKS, LEAST_S = 0.6, 4, 0.25
"""A speed is told by the looks of so long, if there are so many over so long at least."""
DOUBTS = 2.0
"""So many standard errors are taken off: what flickers to and fro does not go anywhere."""
STEADY = 0.25
"""Either half of the looks shows this share of the way at least: what jumped once does not move."""


class Drift:
    """How far one coordinate of a thing has moved over the ground since it is followed, metres."""

    def __init__(self) -> None:
        self._way_m = 0.0
        self._looks: deque[tuple[float, float]] = deque()

    def add(self, step_m: float | None, t: float) -> None:
        """So much farther than where a standing thing would be; None where that is not known."""
        if step_m is None:
            self._looks.clear()
            return
        self._way_m += step_m
        self._looks.append((t, self._way_m))
        while t - self._looks[0][0] > LOOKS_S:
            self._looks.popleft()

    @property
    def speed_mps(self) -> float | None:
        """What is sure of its speed, signed: 0 where it may stand, None where too little is known."""
        looks = self._looks
        if len(looks) < LEAST_LOOKS or looks[-1][0] - looks[0][0] < LEAST_S:
            return None
        t, way = np.array(looks).T
        middle = len(way) // 2
        total = float(way[-1] - way[0])
        if min((way[middle] - way[0]) * total, (way[-1] - way[middle]) * total) < STEADY * total**2:
            return 0.0
        t, off = t - t.mean(), way - way.mean()
        speed = float(off @ t / (t @ t))
        left = off - speed * t
        doubt = DOUBTS * math.sqrt(float(left @ left) / (len(t) - 2) / float(t @ t))
        return math.copysign(max(abs(speed) - doubt, 0.0), speed)


class OwnMotion:
    """Drift of a thing's left and right edges, which both move with it, and of its nearest point forward."""

    def __init__(self) -> None:
        self._left, self._right, self._forward = Drift(), Drift(), Drift()

    def add(self, left_m: float | None, right_m: float | None, forward_m: float | None, t: float) -> None:
        """How much farther they are than where a standing thing's would be, metres; None where that is not known."""
        self._left.add(left_m, t)
        self._right.add(right_m, t)
        self._forward.add(forward_m, t)

    @property
    def across_mps(self) -> float:
        """To the right: what both edges prove, or the one that is known. An edge alone moves where a thing comes out
        from behind another.
        """
        known = [s for s in (self._left.speed_mps, self._right.speed_mps) if s is not None]
        if not known or min(known) * max(known) <= 0:
            return 0.0
        return min(known, key=abs)

    @property
    def forward_mps(self) -> float:
        """Away from the walker."""
        return self._forward.speed_mps or 0.0
