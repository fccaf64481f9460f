"""Whether the walker stands, turns on the spot or walks, and how fast, from motion that is measured in part."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_nav.guidance.zones import STANDING_MPS
from edge_nav.types import Motion, Obstacle

MOTION_S = 0.15
"""Time constant of the walker's own speed: a STOP must not wait for it."""
TURNING_DPS = 20.0
"""Who turns so fast turns on the spot, if they stood before."""
SWAY_MPS, YAW_DPS, STILL_S = 0.015, 1.0, 0.6
"""Who walks sways and turns the trunk with every step, more than this at one of a stride's ends or in its middle (a
trunk's sway of 15 mm and turn of 1 degree, at 0.4 strides a second): who does neither for so long stands, even where
nothing tells how fast they go."""
APPROACH_MPS, AHEAD_DEG, STEADY_FRAMES = 0.15, 25.0, 5
"""Unless all that has been seen ahead for a while comes nearer faster than this: a wheelchair does not sway."""


class Pace:
    """The walker's speed, metres a second, smoothed; None where it is not known. ``turn_dps`` is 0 there."""

    def __init__(self) -> None:
        self.speed_mps: float | None = None
        self.turn_dps = 0.0
        self._still_s = 0.0

    @property
    def stands(self) -> bool:
        """Whether they stand, or turn on the spot."""
        return self.speed_mps is not None and self.speed_mps < STANDING_MPS

    @property
    def turns(self) -> bool:
        """Whether they turn faster than anyone does who walks."""
        return self.turn_dps > TURNING_DPS

    def note(self, motion: Motion, obstacles: Sequence[Obstacle], seconds: float) -> None:
        """Take note of a frame's motion and of what it shows, so many seconds after the frame before."""
        if not motion.known:
            self._still_s = 0.0
            self._lose()
            return
        turn = abs(motion.turn_dps)
        sways = math.hypot(motion.right_mps / SWAY_MPS, turn / YAW_DPS) > 1.0
        goes = motion.speed_known and motion.forward_mps >= STANDING_MPS
        self._still_s = 0.0 if goes or sways or _all_come_nearer(obstacles) else self._still_s + seconds
        if motion.speed_known:
            speed = motion.forward_mps
        elif self._still_s >= STILL_S or (self.stands and turn > TURNING_DPS):
            speed = 0.0
        else:
            self._lose()
            return
        follow = 1.0 - math.exp(-seconds / MOTION_S)
        if self.speed_mps is None:
            self.speed_mps, self.turn_dps = speed, turn
        self.speed_mps += follow * (speed - self.speed_mps)
        self.turn_dps += follow * (turn - self.turn_dps)

    def _lose(self) -> None:
        self.speed_mps, self.turn_dps = None, 0.0


def _all_come_nearer(obstacles: Sequence[Obstacle]) -> bool:
    ahead = [
        o for o in obstacles if abs(o.bearing_deg) <= AHEAD_DEG and o.seen_frames >= STEADY_FRAMES and not o.remembered
    ]
    return min((o.closing_mps for o in ahead), default=0.0) > APPROACH_MPS
