"""Relative inverse depth -> metres, by the floor and the camera's known height above it.

A relative model gives r = a / z + b. On the floor 1 / z = -(n . ray) / H is linear in the pixel's ray, for the floor's
unit normal n and the camera height H, so r there is linear in the ray as well: r = g . ray with
g = -a n / H + (0, 0, b). Fitting g over the floor's pixels gives a and n at once if b is 0, since |n| = 1; with a known
camera pitch, which fixes n's third component, it gives b as well. The floor is searched for among the pixels below
the horizon; a wall does not fit a gravity-plausible n.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import DepthMap, Intrinsics

F64 = NDArray[np.float64]

STEADY_FRAMES, STEADY_S = 3, 0.5
"""A scale must hold for so many frames and so long before anything is spoken in metres."""
AGREE = 0.15
"""Relative difference up to which two scales agree."""
KEEP_S = 5.0
"""A scale outlives the last sight of the floor by this."""
FOLLOW = 0.2
HYPOTHESES = 64
TOLERANCE = 0.03
"""Share of r within which a pixel is on the floor."""
LEAST_SHARE = 0.10
MAX_ROLL_DEG, MIN_PITCH_DEG, MAX_PITCH_DEG = 20.0, -10.0, 60.0
RELATIVE_CERTAINTY = 0.5


class RelativeCalibrator:
    """Follows a and b over frames."""

    def __init__(self, camera_height_m: float, camera_pitch_deg: float | None = None) -> None:
        self._height_m = camera_height_m
        self._pitch = None if camera_pitch_deg is None else math.radians(camera_pitch_deg)
        self._a: float | None = None
        self._b = 0.0
        self._since = 0.0
        self._frames = 0
        self._seen_t = -math.inf
        self._metric = False

    def update(self, inverse: NDArray[np.float32], intrinsics: Intrinsics, t: float) -> DepthMap:
        """float32 [H, W] of relative inverse depth, larger is nearer -> depth map, metric once the scale is steady."""
        found = self._fit(inverse, intrinsics)
        if found is not None:
            self._follow(*found, t)
        if t - self._seen_t > KEEP_S:
            self._metric, self._frames, self._a = False, 0, None
        if self._a is None or not self._metric:
            with np.errstate(divide="ignore"):
                return DepthMap((1.0 / inverse).astype(np.float32), intrinsics, metric=False)
        below = inverse - np.float32(self._b)
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(below > 1e-6, np.float32(self._a) / below, np.float32(np.nan)).astype(np.float32)
        return DepthMap(depth, intrinsics, scale=self._a, certainty=RELATIVE_CERTAINTY)

    def _follow(self, a: float, b: float, t: float) -> None:
        agrees = self._a is not None and abs(a / self._a - 1) < AGREE
        if not agrees and not self._metric:
            self._a, self._b, self._since, self._frames = a, b, t, 1
        elif agrees and self._a is not None:
            self._a += FOLLOW * (a - self._a)
            self._b += FOLLOW * (b - self._b)
            self._frames += 1
        else:
            return  # one deviating frame moves nothing; if it lasts, the scale runs out and is found anew
        self._seen_t = t
        self._metric = self._metric or (self._frames >= STEADY_FRAMES and t - self._since >= STEADY_S)

    def _fit(self, inverse: NDArray[np.float32], k: Intrinsics) -> tuple[float, float] | None:
        stride = max(1, k.width // 64)
        v, u = np.mgrid[k.height // 3 : k.height : stride, 0 : k.width : stride]
        r = inverse[v, u].astype(np.float64).ravel()
        rays = np.stack([(u.ravel() - k.cx) / k.fx, (v.ravel() - k.cy) / k.fy, np.ones(r.size)], axis=1)
        good = np.isfinite(r) & (r > 0)
        r, rays = r[good], rays[good]
        if len(r) < 50:
            return None
        best: F64 | None = None
        best_count = max(LEAST_SHARE * len(r), 30)
        rng = np.random.default_rng(len(r))
        for some in rng.integers(0, len(r), (HYPOTHESES, 3)):
            try:
                g = np.linalg.solve(rays[some], r[some])
            except np.linalg.LinAlgError:
                continue
            if self._solve(g) is None:
                continue
            count = int((np.abs(rays @ g - r) < TOLERANCE * r).sum())
            if count > best_count:
                best, best_count = g, count
        if best is None:
            return None
        for _ in range(3):
            on = np.abs(rays @ best - r) < TOLERANCE * r
            if np.count_nonzero(on) < 30:
                return None
            best = np.linalg.lstsq(rays[on], r[on], rcond=None)[0]
        return self._solve(best)

    def _solve(self, g: F64) -> tuple[float, float] | None:
        """a and b of a fit; None where it cannot be a floor below an upright camera."""
        if g[1] <= 0 or abs(math.degrees(math.atan2(g[0], g[1]))) > MAX_ROLL_DEG:
            return None
        if self._pitch is None:
            size, b = float(np.linalg.norm(g)), 0.0
            pitch = math.degrees(math.asin(float(g[2]) / size))
            if not MIN_PITCH_DEG < pitch < MAX_PITCH_DEG:
                return None
        else:
            size = math.hypot(float(g[0]), float(g[1])) / math.cos(self._pitch)
            b = float(g[2]) - size * math.sin(self._pitch)
        return size * self._height_m, b
