"""How the way bends that the walker goes: the turn of the last second over the way of the last second."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from edge_nav.types import Motion

WINDOW_S, LEAST_S = 1.0, 0.5
"""About a stride's time, over which a trunk's turns to either side cancel each other."""
WALKS_MPS = 0.3
"""Who goes more slowly stands or turns on the spot: where they will go then, nothing tells."""
SMALL_PER_M = 0.05
"""So little is the gait's, and is taken off: at four metres it would be 0.4 m aside."""
SHARPEST_PER_M = 1 / 1.5
LAPSE_S = 0.6
"""Frames farther apart tell of no turn."""


class _Step(NamedTuple):
    """What a frame adds."""

    t: float
    seconds: float
    forward_m: float
    turn_deg: float


class Curvature:
    """Follows the walker's motion; one over the radius of the turn that is walked, positive to the right."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque()
        self._t: float | None = None

    def update(self, motion: Motion, t: float) -> float:
        """The curvature now, per metre; 0 where the motion is not known or the walker stands."""
        seconds, self._t = 0.0 if self._t is None else t - self._t, t
        if not (motion.known and motion.speed_known and 0 < seconds <= LAPSE_S):
            self._steps.clear()
            return 0.0
        self._steps.append(_Step(t, seconds, motion.forward_mps * seconds, motion.turn_dps * seconds))
        while t - self._steps[0].t >= WINDOW_S:
            self._steps.popleft()
        over_s, gone_m = sum(s.seconds for s in self._steps), sum(s.forward_m for s in self._steps)
        if over_s < LEAST_S or gone_m < WALKS_MPS * over_s:
            return 0.0
        bend = math.radians(sum(s.turn_deg for s in self._steps)) / gone_m
        return math.copysign(min(max(abs(bend) - SMALL_PER_M, 0.0), SHARPEST_PER_M), bend)
