"""Planes through a depth map's points: random sample consensus over those whose local surface faces up (gravity prior),
refined by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import Rays

F64 = NDArray[np.float64]

NEAR_M, FAR_M = 0.3, 6.0
"""Only points in this range of z-depth take part: nearer is the walker, farther is noise."""
HYPOTHESES = 64
CLOSE = 0.4
"""Share of a depth camera's noise within which a point lies close to a plane."""
UPRIGHT = float(np.cos(np.radians(50)))
"""Local surfaces within 50 degrees of up may be floor: depth noise tilts them, walls stay out."""
MAX_ROLL_DEG = 20.0
MIN_PITCH_DEG, MAX_PITCH_DEG = -30.0, 65.0
MIN_INLIERS = 60
MIDWAY, TIGHT = 0.6, 0.75
"""Of the points near a plane so many lie close to it: fewer, and it may run midway between two floors; more, and it is
one of them."""
STRIP_SHARE, OTHER = 0.06, 1.5
"""Least share of the points on the strip of one's own floor that is left, and how many times as many as close to the
plane midway must lie on the other floor."""


@dataclass(frozen=True, slots=True, eq=False)
class SurfacePoints:
    """Measured points [N, 3], metres in the camera's coordinates, and about which of them [N] the surface faces up."""

    points: F64
    upright: NDArray[np.bool_]


class FittedPlane(NamedTuple):
    """A plane with the points [N, 3] on it and their share of all; the camera is so high above it, metres."""

    normal: F64
    height_m: float
    inlier_ratio: float
    inliers: F64


def surface_points(depth: NDArray[np.float32], rays: Rays) -> SurfacePoints | None:
    """Points on a coarse grid with the direction of the surface around each."""
    crossed = _crossed(depth, rays)
    if crossed is None:
        return None
    points, (right, down, out) = crossed
    least = UPRIGHT * np.sqrt(right * right + down * down + out * out)
    with np.errstate(invalid="ignore"):
        upright = np.abs(down) > least
        # A floor under a camera pitched far down shows as facing the camera as much as up.
        upright |= np.abs(down + 0.6 * out) / np.hypot(1, 0.6) > least
    valid = _in_range(points[2])
    if len(valid) < MIN_INLIERS:
        return None
    return SurfacePoints(np.stack([axis.ravel()[valid] for axis in points], axis=1), upright.ravel()[valid])


def surface_normals(depth: NDArray[np.float32], rays: Rays) -> tuple[F64, F64]:
    """Points [N, 3] on a coarse grid, metres, and the unit normal [N, 3] of the surface around each, to the camera."""
    crossed = _crossed(depth, rays)
    if crossed is None:
        return np.zeros((0, 3)), np.zeros((0, 3))
    valid = _in_range(crossed[0][2])
    points, normals = (np.stack([axis.ravel()[valid] for axis in axes], axis=1) for axes in crossed)
    length = np.linalg.norm(normals, axis=1)
    good = np.isfinite(length) & (length > 0)
    points, normals = points[good], normals[good] / length[good, None]
    return points, np.where((np.einsum("ij,ij->i", normals, points) > 0)[:, None], -normals, normals)


def _in_range(z: F64) -> NDArray[np.intp]:
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((z > NEAR_M) & (z < FAR_M))  # not where it is unknown


def _crossed(depth: NDArray[np.float32], rays: Rays) -> tuple[tuple[F64, F64, F64], tuple[F64, F64, F64]] | None:
    """Coordinates of the points on a coarse grid, and the normals of the surface there, of any length."""
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
    return points, (right, down, out)


def hypotheses(points: F64) -> tuple[F64, F64]:
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


def plausible(normals: F64) -> NDArray[np.bool_]:
    """Gravity prior: within the pitch and roll of a worn camera."""
    pitch = np.degrees(np.arcsin(np.clip(-normals[:, 2], -1, 1)))
    roll = np.degrees(np.arctan2(-normals[:, 0], -normals[:, 1]))
    keep: NDArray[np.bool_] = (np.abs(roll) < MAX_ROLL_DEG) & (pitch > MIN_PITCH_DEG) & (pitch < MAX_PITCH_DEG)
    return keep


def refine(samples: SurfacePoints, normal: F64, height: float) -> FittedPlane | None:
    """Least squares, grown outward from the nearest floor; None where too few points lie on it.

    Growing keeps the road beyond a kerb out: it never comes close to the plane that the pavement has set.
    """
    candidates = select(samples.points, samples.upright)
    near = select(candidates, np.abs(candidates @ normal + height) < 1.5 * noise_m(candidates))
    if len(near) < MIN_INLIERS:
        return None
    first = max(float(np.percentile(near[:, 2], 20)), float(near[:, 2].min()) + 0.5)
    normal, height = _least_squares(select(near, near[:, 2] <= first))
    for limit in (first + 0.4, first + 0.9, first + 1.6, FAR_M, FAR_M):
        some = select(candidates, candidates[:, 2] <= limit)
        some = select(some, np.abs(some @ normal + height) < CLOSE * noise_m(some))
        if len(some) >= MIN_INLIERS:
            normal, height = _least_squares(some)
    off = np.abs(candidates @ normal + height)
    inliers = select(candidates, off < noise_m(candidates))
    if len(inliers) < MIN_INLIERS:
        return None
    if np.count_nonzero(off < CLOSE * noise_m(candidates)) < 0.4 * len(inliers):
        normal, height = _least_squares(inliers)  # depth too wavy to be followed closely
    return FittedPlane(normal, height, len(inliers) / len(samples.points), inliers)


def runs_midway(judges: F64, plane: FittedPlane, normals: F64, heights: F64) -> bool:
    """Whether a plane only runs midway between floors of two heights: another one fits much more, and more closely.

    Who stands at a kerb and turns to the road sees little of the pavement. A plane through both, tilted a little,
    would hide the edge between them.
    """
    close, loose = _support(judges, plane.normal[None], np.array([plane.height_m]))
    if close[0] >= MIDWAY * loose[0]:
        return False
    upright = plausible(normals)
    others, loosely = _support(judges, normals[upright], heights[upright])
    return bool((others[others >= TIGHT * loosely] > OTHER * close[0]).any())


def best_strip(judges: F64, normals: F64, heights: F64, score: F64) -> int | None:
    """The best of the planes that fit closely whatever is near them, None without one."""
    close, loose = _support(judges, normals, heights)
    fits = (close >= TIGHT * loose) & (close >= STRIP_SHARE * len(judges))
    return int(np.argmax(np.where(fits, score, -np.inf))) if fits.any() else None


def _support(points: F64, normals: F64, heights: F64) -> tuple[F64, F64]:
    """How many points lie close to each of [K] planes, and how many within depth noise."""
    off, reach = np.abs(points @ normals.T + heights), noise_m(points)[:, None]
    return (off < CLOSE * reach).sum(axis=0).astype(np.float64), (off < reach).sum(axis=0).astype(np.float64)


def _least_squares(points: F64) -> tuple[F64, float]:
    """Plane of least weighted squared distance, nearer points counting more: unit normal that points up, height."""
    weight = 1.0 / noise_m(points) ** 2
    centre = (weight @ points) / weight.sum()
    offset = points - centre
    _, axes = np.linalg.eigh((offset * weight[:, None]).T @ offset)
    normal: F64 = axes[:, 0] if axes[1, 0] < 0 else -axes[:, 0]
    return normal, -float(normal @ centre)


def select(points: F64, which: NDArray[np.bool_]) -> F64:
    """Some of the points [N, 3]; several times faster than indexing by a mask."""
    return np.take(points, np.flatnonzero(which), axis=0)


def noise_m(points: F64) -> F64:
    """How far a floor point may lie off the plane, metres: a depth camera's noise, growing with distance."""
    reach: F64 = 0.02 + 0.012 * points[:, 2]
    return reach


def spreads(inliers: F64, ahead_m: float) -> bool:
    """A floor extends ahead, and 0.4 m across: a shelf's edge or a strip of carpet is not one."""
    across, _, ahead = np.ptp(np.percentile(inliers, [5, 95], axis=0), axis=0)
    return bool(across > 0.4 and ahead > ahead_m)
