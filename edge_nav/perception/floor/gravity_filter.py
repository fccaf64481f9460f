"""Which way is up and how large the world is, for depth that a network tells: its floor tilts and swells from frame to
frame as no floor does.

A plane fitted to such a floor is off by ten degrees and more, and then a wall's foot is floor or the floor an obstacle.
But the camera's turns are known by the picture's points (`visual_odometry.py`), so that up is carried along with them
and follows the fitted planes slowly: a complementary filter (Mahony, Hamel and Pflimlin 2008), with planes for the
accelerometer. With up known, the height of the camera above the floor tells by how much a frame's depth is too large or
too small as a whole.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import Rays
from edge_nav.types import DepthMap, Ground

F64 = NDArray[np.float64]

FOLLOW_S, BLIND_S = 2.0, 0.7
"""Time constants of what follows the planes: where the camera's turns are known, and where they are not."""
USUAL_DEG = 2.0
"""A plane that is tilted by more than this pulls no more than one that is tilted so much."""
SHARE = 0.4
"""Of the picture on the floor: the less there is of it, the less its plane pulls, as the square of that."""
FIRST = 5
"""Of so many frames the mean counts at first."""
STRIDE, NEAR_M, CLOSE_M = 2, 2.5, 0.15
"""The floor's height is that of its points so near, and so close to the plane that was fitted."""
HEIGHT_S = 6.0
"""Time constant of a height that nobody has told."""
LARGEST = 1.1
"""A frame's depth is corrected by at most this factor: what asks for more is no floor."""


class GravityFilter:
    """The floor's normal in the camera's coordinates, and the camera's height above it, steadied."""

    def __init__(self, height_m: float | None) -> None:
        """``height_m`` is the camera's above the floor, None where nobody has told it."""
        self._height_is_known, self._height_m = height_m is not None, height_m
        self._normal: F64 | None = None
        self._t = 0.0
        self._frames = 0

    def update(
        self, measured: Ground | None, rotation: F64 | None, depth: DepthMap, rays: Rays, t: float
    ) -> tuple[Ground | None, float]:
        """The floor, steadied, and the factor that brings the frame's depth to it; None and 1 where none is measured.

        ``rotation`` [3, 3] takes directions from the camera's coordinates of the frame before to those of now; None
        where it is not known.
        """
        seconds, self._t = max(t - self._t, 0.0), t
        if self._normal is not None and rotation is not None:
            self._normal = rotation @ self._normal
        if measured is None:
            return None, 1.0
        normal = np.asarray(measured.normal, np.float64)
        if self._normal is None:
            self._normal = normal
        self._frames += 1
        if rotation is None:  # the camera may look elsewhere by now
            follow = 1.0 - math.exp(-seconds / BLIND_S)
        else:
            off_deg = math.degrees(math.acos(float(np.clip(normal @ self._normal, -1.0, 1.0))))
            trust = min(1.0, USUAL_DEG / max(off_deg, 1e-6)) * min(1.0, measured.inlier_ratio / SHARE) ** 2
            follow = trust * (1.0 - math.exp(-seconds / FOLLOW_S))
        if self._frames <= FIRST:
            follow = max(follow, 1.0 / self._frames)
        mixed = self._normal + follow * (normal - self._normal)
        self._normal = mixed / np.linalg.norm(mixed)
        height = self._height(measured, depth, rays)
        if self._height_m is None:
            self._height_m = height
        if not self._height_is_known:
            self._height_m += (1.0 - math.exp(-seconds / HEIGHT_S)) * (height - self._height_m)
        scale = min(max(self._height_m / max(height, 0.1), 1 / LARGEST), LARGEST)
        x, y, z = (float(c) for c in self._normal)
        return replace(measured, normal=(x, y, z), height_m=self._height_m), scale

    def supposed(self, ground: Ground) -> Ground:
        """A plane to reckon with while no floor is seen, with the normal that is known by then."""
        if self._normal is None:
            return ground
        x, y, z = (float(c) for c in self._normal)
        return replace(ground, normal=(x, y, z))

    def _height(self, measured: Ground, depth: DepthMap, rays: Rays) -> float:
        """Of the camera above the points of the floor, with the steadied normal, metres."""
        z, some = depth.depth_m[::STRIDE, ::STRIDE], rays.strided(STRIDE, STRIDE)
        off = some.dot(np.asarray(measured.normal, np.float64)) * z + np.float32(measured.height_m)
        floor = (np.abs(off) < CLOSE_M) & (z < NEAR_M)
        if not floor.any():
            return measured.height_m
        assert self._normal is not None
        return -float(np.median((some.dot(self._normal) * z)[floor]))
