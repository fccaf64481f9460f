"""The floor: a robust plane through a depth map, tracked over frames, and None where no floor is seen.

The camera's height above the floor changes little while walking, so it is tracked; that is what keeps a table top,
or the road beyond a kerb, from being taken for the floor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.floor import low_floor
from edge_nav.perception.floor.plane_fit import (
    CLOSE,
    MIN_INLIERS,
    FittedPlane,
    SurfacePoints,
    best_strip,
    hypotheses,
    noise_m,
    plausible,
    refine,
    runs_midway,
    select,
    spreads,
    surface_points,
)
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays, ground_from_angles
from edge_nav.types import DepthMap, Ground

F64 = NDArray[np.float64]

JUDGES = 1200
"""Points that the hypotheses are scored on; the winner is refined on all of them."""
HEIGHT_M = (0.92, 2.2)
"""Camera heights taken for a worn or hand-held camera when none is configured. A table top is nearer than that; so may
be the floor of who sits, which `low_floor` tells from a table."""
HEIGHT_SLACK_M = 0.25
"""Around a configured camera height: bobbing, bending, shoes."""
TRACK_SLACK_M = 0.18
"""Around the tracked height: gait bob and fit error, less than a stair's rise and a half."""
FOLLOW_S = 0.5
"""Time constant of the tracked height."""
BOB_M = 0.06
"""A floor this far from the tracked height is half as likely: the road beyond a kerb is not what one stands on."""
STEP_SLACK_M, CLIMB_MPS = 0.06, 0.15
"""From one frame to the next less still: when the pavement leaves the picture, the road is not yet the floor."""
STALE_SLACK_M = 0.30
"""Below the tracked height once the floor has been out of view: a camera is worn, so no table becomes the floor."""
MEMORY_S = 2.0
"""How long the tracked height binds closely, and the last plane stands in, after the floor was last seen."""
MIN_SHARE = 0.03
"""Least share of the points that lie on a floor oriented as before; without such a past, ``FIRST_SHARE``."""
FIRST_SHARE = 0.08
USUAL_DEG = 25.0
"""A worn camera's floor does not turn by more than this from what it usually is."""
RAISED_SHARE = 0.04
"""While the camera's height is still unknown, a plane with more points than this below it is a table, not the floor."""


class GroundTracker:
    """Finds the floor in each depth map; holds the tracked height and the last plane, and nothing else."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._last: Ground | None = None
        self._last_t = -np.inf
        self._height_m = settings.camera_height_m
        self._usual: F64 | None = None

    def update(self, depth: DepthMap, rays: Rays, t: float) -> Ground | None:
        """The floor seen in this frame, or None. ``t`` is frame time in seconds."""
        samples = surface_points(depth.depth_m, rays)
        ground = self._fit(samples, t) if samples is not None else None
        if ground is None:
            return None
        normal = np.asarray(ground.normal)
        if self._height_m is None or self._usual is None:
            self._height_m, self._usual = ground.height_m, normal
        follow = 1.0 - float(np.exp(-(t - self._last_t) / FOLLOW_S)) if self._fresh(t) else 0.2
        self._height_m += follow * (ground.height_m - self._height_m)
        usual = self._usual + 0.1 * (normal - self._usual)
        self._usual = usual / np.linalg.norm(usual)
        self._last, self._last_t = ground, t
        return ground

    def supposed(self, t: float) -> Ground:
        """The plane to reckon with while no floor is seen: the last one for a while, then the usual one, then level."""
        if self._last is not None and self._fresh(t):
            return Ground(self._last.normal, self._last.height_m, 0.0, seen=False)
        height = self._height_m or 1.4
        if self._usual is None or self._settings.camera_pitch_deg is not None:
            return ground_from_angles(height, self._settings.camera_pitch_deg or 0.0)
        x, y, z = (float(c) for c in self._usual)
        return Ground((x, y, z), height, 0.0, seen=False)

    def _fresh(self, t: float) -> bool:
        """Whether the floor was seen a moment ago."""
        return t - self._last_t <= MEMORY_S

    def _bounds(self, t: float) -> tuple[float, float]:
        known = self._settings.camera_height_m
        low, high = (known - HEIGHT_SLACK_M, known + HEIGHT_SLACK_M) if known else HEIGHT_M
        if known is None and self._height_m is not None and self._height_m < low:
            low = low_floor.LOW_M[0]  # once it was found there
        if self._height_m is None:
            return low, high
        since = t - self._last_t
        if since <= MEMORY_S:
            slack = min(TRACK_SLACK_M, STEP_SLACK_M + CLIMB_MPS * since)
            return max(low, self._height_m - slack), min(high, self._height_m + slack)
        return max(low, self._height_m - STALE_SLACK_M), high

    def _height_trusted(self, height: float) -> bool:
        """Known to be the walker's own floor by its height, so that lower points are a drop and not the real floor."""
        if self._settings.camera_height_m is not None:
            return True
        return self._height_m is not None and abs(height - self._height_m) <= TRACK_SLACK_M

    def _usual_enough(self, normal: F64, share: float) -> bool:
        if self._usual is None:
            return share >= FIRST_SHARE
        if share >= 3 * FIRST_SHARE:
            return True
        turn = USUAL_DEG if share >= FIRST_SHARE else USUAL_DEG / 2.5  # the less is seen of it, the less it may differ
        return bool(normal @ self._usual > np.cos(np.radians(turn)))

    def _fit(self, samples: SurfacePoints, t: float) -> Ground | None:
        points = samples.points
        upright = select(points, samples.upright)
        if len(upright) < MIN_INLIERS:
            return None
        every_plane = hypotheses(upright)
        plane = self._best(samples, upright, every_plane, self._bounds(t), t)
        if plane is not None and not self._believable(plane, points, t):
            plane = None
        if plane is None and self._height_m is None:
            plane = self._best(samples, upright, every_plane, low_floor.LOW_M, t)
            if plane is not None and not low_floor.is_floor(plane, points):
                plane = None
        if plane is None:
            return None
        x, y, z = (float(c) for c in plane.normal)
        return Ground((x, y, z), plane.height_m, plane.inlier_ratio)

    def _best(
        self, samples: SurfacePoints, upright: F64, planes: tuple[F64, F64], bounds: tuple[float, float], t: float
    ) -> FittedPlane | None:
        """The plane for which most speaks of those with the camera so high above them, fitted to all its points."""
        normals, heights = self._possible(*planes, bounds, t)
        if not len(heights):
            return None
        judges = upright[:: max(1, len(upright) // JUDGES)]
        score = self._score(samples.points, judges, normals, heights, t)
        best = int(np.argmax(score))
        plane = refine(samples, normals[best], float(heights[best]))
        if plane is not None and runs_midway(judges, plane, *planes):
            strip = best_strip(judges, normals, heights, score)
            plane = None if strip is None else refine(samples, normals[strip], float(heights[strip]))
        return plane

    def _possible(self, normals: F64, heights: F64, bounds: tuple[float, float], t: float) -> tuple[F64, F64]:
        """Of the planes [K], and the one of a moment ago, those that a worn camera may have beneath it."""
        if self._fresh(t) and self._last is not None:
            normals = np.vstack([normals, np.asarray(self._last.normal)[None]])
            heights = np.append(heights, self._last.height_m)
        keep = plausible(normals) & (heights > bounds[0]) & (heights < bounds[1])
        if self._settings.camera_pitch_deg is not None:
            pitch = np.degrees(np.arcsin(np.clip(-normals[:, 2], -1, 1)))
            keep &= np.abs(pitch - self._settings.camera_pitch_deg) < 20
        return normals[keep], heights[keep]

    def _score(self, points: F64, judges: F64, normals: F64, heights: F64, t: float) -> F64:
        """How much speaks for each of the planes [K]: ``judges``, of the upright points, lying on it.

        Points far below speak against a plane unless its height is well known. Fitting closely counts most: a plane
        that runs midway between the pavement and the road fits both a little.
        """
        off = np.abs(judges @ normals.T + heights)
        loose, close = noise_m(judges), CLOSE * noise_m(judges)
        weight = 1.0 / judges[:, 2]  # the floor underfoot is the one that counts
        weight *= len(weight) / weight.sum()
        score: F64 = weight @ ((off < close[:, None]) + 0.5 * (off < loose[:, None]))
        if self._settings.camera_height_m is None:
            every = points[:: max(1, len(points) // JUDGES)]
            below = (every @ normals.T + heights < -0.25).sum(axis=0)
            score -= 0.7 * below * (len(judges) / len(every))
        if self._fresh(t) and self._height_m is not None:
            score *= 1.0 / (1.0 + ((heights - self._height_m) / BOB_M) ** 2)
        return score

    def _believable(self, plane: FittedPlane, points: F64, t: float) -> bool:
        """Whether a plane fitted to the points is the floor that the walker stands on."""
        normal, height, share, inliers = plane
        low, high = self._bounds(t)
        if not (plausible(normal[None])[0] and low <= height <= high and share >= MIN_SHARE):
            return False
        trusted = self._height_trusted(height)
        # Close to an edge only a strip of floor is left; it is known by where the floor was a moment ago.
        ahead_m = 0.15 if self._fresh(t) and trusted else 0.4
        if len(inliers) < MIN_INLIERS or not spreads(inliers, ahead_m) or not self._usual_enough(normal, share):
            return False
        return trusted or bool((points @ normal + height < -0.25).mean() <= RAISED_SHARE)
