"""A move of the walker on the floor, as both kinds of odometry tell it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEY_M, KEY_DEG, KEY_S = 0.25, 12.0, 2.0
"""After so much movement the frame to compare with is taken anew: seldom, so that errors add up slowly."""
LONGEST_S = 0.6
"""Frames farther apart in time are not compared."""


@dataclass(frozen=True, slots=True)
class EgoMotion:
    """A move on the floor: first so far to the right and forward, metres, then a turn to the right, degrees."""

    right_m: float = 0.0
    forward_m: float = 0.0
    turn_deg: float = 0.0

    def after(self, first: EgoMotion) -> EgoMotion:
        """This move, made after another one."""
        a = math.radians(first.turn_deg)
        return EgoMotion(
            first.right_m + self.right_m * math.cos(a) + self.forward_m * math.sin(a),
            first.forward_m - self.right_m * math.sin(a) + self.forward_m * math.cos(a),
            (first.turn_deg + self.turn_deg + 180) % 360 - 180,
        )

    def inverse(self) -> EgoMotion:
        """The move that undoes it."""
        a = math.radians(self.turn_deg)
        return EgoMotion(
            -(self.right_m * math.cos(a) - self.forward_m * math.sin(a)),
            -(self.right_m * math.sin(a) + self.forward_m * math.cos(a)),
            -self.turn_deg,
        )

    def points_after(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points [N, 2] (right, forward) lie for a walker who has made the move."""
        a = math.radians(self.turn_deg)
        x, y = points[:, 0] - self.right_m, points[:, 1] - self.forward_m
        after = np.empty_like(points)
        after[:, 0] = x * math.cos(a) - y * math.sin(a)
        after[:, 1] = x * math.sin(a) + y * math.cos(a)
        return after

    def points_before(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points that are seen after the move lay before it."""
        return self.inverse().points_after(points)


def key_is_stale(since_key: EgoMotion, age_s: float) -> bool:
    """Whether the frame to compare with is to be taken anew after such a move and time."""
    far = math.hypot(since_key.right_m, since_key.forward_m) > KEY_M
    return far or abs(since_key.turn_deg) > KEY_DEG or age_s > KEY_S
