"""The floor: a robust plane through a depth map, tracked over frames, and None where no floor is seen.

Random sample consensus over the points whose local surface faces up (gravity prior), refined by least squares.
The camera's height above the floor changes little while walking, so it is tracked; that is what keeps a table top,
or the road beyond a kerb, from being taken for the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays, ground_from_angles
from edge_nav.types import DepthMap, Ground

F64 = NDArray[np.float64]

NEAR_M, FAR_M = 0.3, 6.0
"""Only points in this range of z-depth take part: nearer is the walker, farther is noise."""
HYPOTHESES = 64
JUDGES = 1200
"""Points that the hypotheses are scored on; the winner is refined on all of them."""
CLOSE = 0.4
UPRIGHT = float(np.cos(np.radians(50)))
"""Local surfaces within 50 degrees of up may be floor: depth noise tilts them, walls stay out."""
MAX_ROLL_DEG = 20.0
MIN_PITCH_DEG, MAX_PITCH_DEG = -30.0, 65.0
HEIGHT_M = (0.92, 2.2)
"""Camera heights taken for a worn or hand-held camera when none is configured. A table top is nearer than that."""
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
MIN_INLIERS = 60
MIDWAY, TIGHT = 0.6, 0.75
"""Of the points near a plane so many lie close to it: fewer, and it may run midway between two floors; more, and it is
one of them."""
STRIP_SHARE, OTHER = 0.06, 1.5
"""Least share of the points on the strip of one's own floor that is left, and how many times as many as close to the
plane midway must lie on the other floor."""
RAISED_SHARE = 0.04
"""While the camera's height is still unknown, a plane with more points than this below it is a table, not the floor."""


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    points: F64
    upright: NDArray[np.bool_]


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
        fresh = t - self._last_t <= MEMORY_S
        samples = _sample(depth.depth_m, rays)
        found = self._fit(samples, t) if samples is not None else None
        if found is None:
            return None
        normal = np.asarray(found.normal)
        if self._height_m is None or self._usual is None:
            self._height_m, self._usual = found.height_m, normal
        follow = 1.0 - float(np.exp(-(t - self._last_t) / FOLLOW_S)) if fresh else 0.2
        self._height_m += follow * (found.height_m - self._height_m)
        usual = self._usual + 0.1 * (normal - self._usual)
        self._usual = usual / np.linalg.norm(usual)
        self._last, self._last_t = found, t
        return found

    def supposed(self, t: float) -> Ground:
        """The plane to reckon with while no floor is seen: the last one for a while, then the usual one, then level."""
        if self._last is not None and t - self._last_t <= MEMORY_S:
            return Ground(self._last.normal, self._last.height_m, 0.0, seen=False)
        height = self._height_m or 1.4
        if self._usual is None or self._settings.camera_pitch_deg is not None:
            return ground_from_angles(height, self._settings.camera_pitch_deg or 0.0)
        x, y, z = (float(c) for c in self._usual)
        return Ground((x, y, z), height, 0.0, seen=False)

    def _bounds(self, t: float) -> tuple[float, float]:
        known = self._settings.camera_height_m
        low, high = (known - HEIGHT_SLACK_M, known + HEIGHT_SLACK_M) if known else HEIGHT_M
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

    def _fit(self, samples: _Samples, t: float) -> Ground | None:
        fresh = t - self._last_t <= MEMORY_S
        points = samples.points
        upright = _those(points, samples.upright)
        if len(upright) < MIN_INLIERS:
            return None
        normals, heights = _hypotheses(upright)
        every_plane = normals, heights
        if fresh and self._last is not None:
            normals = np.vstack([normals, np.asarray(self._last.normal)[None]])
            heights = np.append(heights, self._last.height_m)
        low, high = self._bounds(t)
        keep = _plausible(normals) & (heights > low) & (heights < high)
        if self._settings.camera_pitch_deg is not None:
            pitch = np.degrees(np.arcsin(np.clip(-normals[:, 2], -1, 1)))
            keep &= np.abs(pitch - self._settings.camera_pitch_deg) < 20
        if not keep.any():
            return None
        normals, heights = normals[keep], heights[keep]

        # Scored on upright points only; points far below speak against a plane unless its height is well known.
        # Fitting closely counts most: a plane that runs midway between the pavement and the road fits both a little.
        judges = upright[:: max(1, len(upright) // JUDGES)]
        off = np.abs(judges @ normals.T + heights)
        loose, close = _reach(judges), CLOSE * _reach(judges)
        weight = 1.0 / judges[:, 2]  # the floor underfoot is the one that counts
        weight *= len(weight) / weight.sum()
        score = weight @ ((off < close[:, None]) + 0.5 * (off < loose[:, None]))
        if self._settings.camera_height_m is None:
            every = points[:: max(1, len(points) // JUDGES)]
            below = (every @ normals.T + heights < -0.25).sum(axis=0)
            score -= 0.7 * below * (len(judges) / len(every))
        if fresh and self._height_m is not None:
            score *= 1.0 / (1.0 + ((heights - self._height_m) / BOB_M) ** 2)
        best = int(np.argmax(score))
        plane = _refine(points, samples.upright, normals[best], float(heights[best]))
        if plane is None:
            return None
        if _midway(judges, plane[0], plane[1], *every_plane):
            strip = _strip(judges, normals, heights, score)
            plane = None if strip is None else _refine(points, samples.upright, normals[strip], float(heights[strip]))
            if plane is None:
                return None
        normal, height, share, inliers = plane
        if not (_plausible(normal[None])[0] and low <= height <= high and share >= MIN_SHARE):
            return None
        # Close to an edge only a strip of floor is left; it is known by where the floor was a moment ago.
        ahead_m = 0.15 if fresh and self._height_trusted(height) else 0.4
        if len(inliers) < MIN_INLIERS or not _spread(inliers, ahead_m) or not self._usual_enough(normal, share):
            return None
        if not self._height_trusted(height) and (points @ normal + height < -0.25).mean() > RAISED_SHARE:
            return None
        return Ground((float(normal[0]), float(normal[1]), float(normal[2])), height, share)


def _sample(depth: NDArray[np.float32], rays: Rays) -> _Samples | None:
    """Points on a coarse grid with the direction of the surface around each."""
    stride = max(1, round(depth.shape[1] / 80))
    z = depth[::stride, ::stride].astype(np.float64)
    grid = rays.strided(stride, stride)
    points = z * grid.x[None, :], z * grid.y[:, None], z
    if min(z.shape) < 5:
        return None
    # Two samples to either side; at the border one-sided, for the nearest floor lies at the picture's lower border.
    row, column = np.arange(z.shape[0]), np.arange(z.shape[1])
    before, after = np.maximum(column - 2, 0), np.minimum(column + 2, column[-1])
    above, below = np.maximum(row - 2, 0), np.minimum(row + 2, row[-1])
    across = [axis[:, after] - axis[:, before] for axis in points]
    along = [axis[above] - axis[below] for axis in points]
    # Their cross product, up-facing for a floor: away from the camera's own down axis.
    right, down, out = (along[b] * across[c] - along[c] * across[b] for b, c in ((1, 2), (2, 0), (0, 1)))
    least = UPRIGHT * np.sqrt(right * right + down * down + out * out)
    with np.errstate(invalid="ignore"):
        upright = np.abs(down) > least
        # A floor under a camera pitched far down shows as facing the camera as much as up.
        upright |= np.abs(down + 0.6 * out) / np.hypot(1, 0.6) > least
        valid = np.flatnonzero((z > NEAR_M) & (z < FAR_M))  # not where it is unknown
    if len(valid) < MIN_INLIERS:
        return None
    return _Samples(np.stack([axis.ravel()[valid] for axis in points], axis=1), upright.ravel()[valid])


def _hypotheses(points: F64) -> tuple[F64, F64]:
    """Planes through random triples: unit normals [K, 3] that point up, heights [K]; repeatable."""
    rng = np.random.default_rng(len(points))
    nearer = points[points[:, 2] <= np.median(points[:, 2])]
    triples = np.concatenate([some[rng.integers(0, len(some), size=(HYPOTHESES // 2, 3))] for some in (points, nearer)])
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    length = np.linalg.norm(normals, axis=1)
    good = length > 1e-3
    normals, triples = normals[good] / length[good, None], triples[good]
    normals = np.where(normals[:, 1:2] > 0, -normals, normals)
    return normals, -np.einsum("ij,ij->i", normals, triples[:, 0])


def _plausible(normals: F64) -> NDArray[np.bool_]:
    """Gravity prior: within the pitch and roll of a worn camera."""
    pitch = np.degrees(np.arcsin(np.clip(-normals[:, 2], -1, 1)))
    roll = np.degrees(np.arctan2(-normals[:, 0], -normals[:, 1]))
    keep: NDArray[np.bool_] = (np.abs(roll) < MAX_ROLL_DEG) & (pitch > MIN_PITCH_DEG) & (pitch < MAX_PITCH_DEG)
    return keep


def _refine(
    points: F64, upright: NDArray[np.bool_], normal: F64, height: float
) -> tuple[F64, float, float, F64] | None:
    """Least squares, grown outward from the nearest floor -> normal, height, share of inliers, inliers.

    Growing keeps the road beyond a kerb out: it never comes close to the plane that the pavement has set.
    """
    candidates = _those(points, upright)
    near = _those(candidates, np.abs(candidates @ normal + height) < 1.5 * _reach(candidates))
    if len(near) < MIN_INLIERS:
        return None
    first = max(float(np.percentile(near[:, 2], 20)), float(near[:, 2].min()) + 0.5)
    normal, height = _least_squares(_those(near, near[:, 2] <= first))
    for limit in (first + 0.4, first + 0.9, first + 1.6, FAR_M, FAR_M):
        some = _those(candidates, candidates[:, 2] <= limit)
        some = _those(some, np.abs(some @ normal + height) < CLOSE * _reach(some))
        if len(some) >= MIN_INLIERS:
            normal, height = _least_squares(some)
    off = np.abs(candidates @ normal + height)
    inliers = _those(candidates, off < _reach(candidates))
    if len(inliers) < MIN_INLIERS:
        return None
    if np.count_nonzero(off < CLOSE * _reach(candidates)) < 0.4 * len(inliers):
        normal, height = _least_squares(inliers)  # depth too wavy to be followed closely
    return normal, height, len(inliers) / len(points), inliers


def _midway(judges: F64, normal: F64, height: float, normals: F64, heights: F64) -> bool:
    """Whether a plane only runs midway between floors of two heights: another one fits much more, and more closely.

    Who stands at a kerb and turns to the road sees little of the pavement. A plane through both, tilted a little,
    would hide the edge between them.
    """
    close, loose = _support(judges, normal[None], np.array([height]))
    if close[0] >= MIDWAY * loose[0]:
        return False
    upright = _plausible(normals)
    others, loosely = _support(judges, normals[upright], heights[upright])
    return bool((others[others >= TIGHT * loosely] > OTHER * close[0]).any())


def _strip(judges: F64, normals: F64, heights: F64, score: F64) -> int | None:
    """The best of the planes that fit closely whatever is near them, None without one."""
    close, loose = _support(judges, normals, heights)
    fits = (close >= TIGHT * loose) & (close >= STRIP_SHARE * len(judges))
    return int(np.argmax(np.where(fits, score, -np.inf))) if fits.any() else None


def _support(points: F64, normals: F64, heights: F64) -> tuple[F64, F64]:
    """How many points lie close to each of [K] planes, and how many within depth noise."""
    off, reach = np.abs(points @ normals.T + heights), _reach(points)[:, None]
    return (off < CLOSE * reach).sum(axis=0).astype(np.float64), (off < reach).sum(axis=0).astype(np.float64)


def _least_squares(points: F64) -> tuple[F64, float]:
    """Plane of least weighted squared distance, nearer points counting more: unit normal that points up, height."""
    weight = 1.0 / _reach(points) ** 2
    centre = (weight @ points) / weight.sum()
    offset = points - centre
    _, axes = np.linalg.eigh((offset * weight[:, None]).T @ offset)
    normal: F64 = axes[:, 0] if axes[1, 0] < 0 else -axes[:, 0]
    return normal, -float(normal @ centre)


def _those(points: F64, which: NDArray[np.bool_]) -> F64:
    """Some of the points [N, 3]; several times faster than indexing by a mask."""
    return np.take(points, np.flatnonzero(which), axis=0)


def _reach(points: F64) -> F64:
    """How far a floor point may lie off the plane, metres: a depth camera's noise, growing with distance."""
    reach: F64 = 0.02 + 0.012 * points[:, 2]
    return reach


def _spread(inliers: F64, ahead_m: float) -> bool:
    """A floor extends ahead, and 0.4 m across: a shelf's edge or a strip of carpet is not one."""
    across, _, ahead = np.ptp(np.percentile(inliers, [5, 95], axis=0), axis=0)
    return bool(across > 0.4 and ahead > ahead_m)
