"""How the walker has moved between two depth maps: no sensor tells, but what stands around them does.

The range scan of what stands around (the nearest thing along each bearing, low and tall things apart) is laid over the
scan of a moment ago: point-to-line matching with projective association (Censi 2008; Rusinkiewicz and Levoy 2001),
robust against what moves by itself. Along a direction in which nothing tells (a bare corridor's), the last speed is
supposed to fade: then things are taken for nearer than they are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.ego_motion import LONGEST_S, EgoMotion, key_is_stale
from edge_nav.perception.egomotion.range_scan import BINS, RangeScan, bearing_bins, range_scan
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import Motion

F64 = NDArray[np.float64]

GATES_M = (0.4, 0.2, 0.1, 0.06, 0.05)
TURNS_DEG = (0.0, -4.0, 4.0, -8.0, 8.0, -12.0, 12.0, -18.0, 18.0)
GOOD_SHARE = 0.8
"""Other turns are not tried where so many points fit already."""
LEAST_POINTS, MOST_POINTS, LEAST_SHARE = 20, 160, 0.35
NOISE_M = 0.02
FACING, FACING_POINTS, LEAST_THINGS = 0.7, 12, 3
"""The speed is known where so many points lie on what faces the walker, or fewer in so many directions agree."""
FITS_M, AGREED, PACES_MPS = 0.02, 0.6, (0.0, 0.4, 0.8, 1.2, 1.6)
"""Where less than a share of what faces the walker fits so closely, something moves by itself: then other paces are
tried as well, and the one counts by which the most things stand."""
TRIED, SLACK = 3, 1e-2
"""So many of these paces are fitted, those by which most stands as they are; the likely move has next to no weight."""
THING_DEG, THING_M, SECTOR_DEG, MOST_SECTORS, CLEARLY = 3.0, 0.3, 7.5, 2, 2
"""Points farther apart are of two things; and a thing counts for no more than so many directions, so that someone near
by, who moves all in one, is not the world."""
LIKELY_MPS2, LIKELY_DPS = 4.0, 90.0
"""How a walker's speed changes, and how fast they turn: what nothing else decides stays about as it was."""
FASTEST_MPS = 2.5
FADE_S = np.array([0.2, 1.0, 1.0])
"""How soon a speed that nothing tells is taken for none: to the side soonest, for people sway and do not walk so."""


class ScanOdometry:
    """Follows the walker's movement from frame to frame."""

    def __init__(self) -> None:
        self._key: RangeScan | None = None
        self._since_key = EgoMotion()
        self._key_t = 0.0
        self._t: float | None = None
        self._speed = np.zeros(3)
        """Right and forward m/s, turn in degrees a second."""

    def update(
        self, depth: NDArray[np.float32], height: NDArray[np.float32], rays: Rays, axes: FloorAxes, t: float
    ) -> tuple[EgoMotion, Motion]:
        """The move since the last frame, and how the walker moves now; a move that is not known is none."""
        scan = range_scan(depth, height, rays, axes)
        before, self._t = self._t, t
        if before is None or self._key is None or not 0 < t - before <= LONGEST_S:
            self._begin(scan, t)
            self._speed = np.zeros(3)
            return EgoMotion(), Motion()
        seconds = t - before
        supposed = self._speed * np.exp(-seconds / FADE_S)
        guess = EgoMotion(*(supposed * seconds)).after(self._since_key)
        matched = match(self._key, scan, guess, self._since_key, seconds)
        if matched is None:
            self._begin(scan, t)
            self._speed = np.zeros(3)
            return EgoMotion(), Motion()
        since_key, speed_known = matched
        move = since_key.after(self._since_key.inverse())
        self._since_key = since_key
        self._speed = speed = np.array([move.right_m, move.forward_m, move.turn_deg]) / seconds
        if key_is_stale(since_key, t - self._key_t):
            self._begin(scan, t)
        right_mps, forward_mps, turn_dps = (float(v) for v in speed)
        return move, Motion(forward_mps, right_mps, turn_dps, known=True, speed_known=speed_known)

    def _begin(self, scan: RangeScan, t: float) -> None:
        self._key, self._since_key, self._key_t = scan, EgoMotion(), t


def match(
    key: RangeScan, now: RangeScan, guess: EgoMotion, before: EgoMotion, seconds: float
) -> tuple[EgoMotion, bool] | None:
    """The move from where ``key`` was seen to where ``now`` is, and whether the scans tell how far forward it went;
    None where too little fits. ``guess`` supposes that the walker goes on, ``before`` is the move of a frame ago.
    """
    band, bins = np.nonzero(np.isfinite(now.normals[:, :, 0]))
    some = slice(None, None, max(1, len(band) // MOST_POINTS))
    band, bins = band[some], bins[some]
    points = now.points[band, bins]
    if len(points) < LEAST_POINTS:
        return None
    best, most = guess, -1
    for turn in TURNS_DEG:
        if most > GOOD_SHARE * len(points):
            break
        tried = EgoMotion(guess.right_m, guess.forward_m, guess.turn_deg + turn)
        fits = int(np.count_nonzero(np.abs(_associated(key, band, points, tried).off) < 0.1))
        if fits > most * (1.05 if turn else 1.0):  # the guess stays where others are no better
            best, most = tried, fits
    seconds = max(seconds, 0.05)
    shift = LIKELY_MPS2 * seconds**2
    prior = np.diag((NOISE_M / np.array([shift, shift, math.radians(LIKELY_DPS) * seconds])) ** 2)
    likely = EgoMotion(guess.right_m, guess.forward_m, best.turn_deg)
    move, used, met, facing = _fitted(key, band, points, likely, GATES_M, prior)
    fits = used >= max(LEAST_POINTS, LEAST_SHARE * met)
    fits &= math.hypot(move.right_m - likely.right_m, move.forward_m - likely.forward_m) <= FASTEST_MPS * seconds
    paced = [EgoMotion(0.0, pace * seconds, 0.0).after(before) for pace in PACES_MPS]
    others = [guess, *(EgoMotion(s.right_m, s.forward_m, guess.turn_deg) for s in paced)]
    move, agreed = _agreed(key, band, points, move if fits else guess, others)
    return (move, facing >= FACING_POINTS or agreed >= LEAST_THINGS) if fits or agreed >= LEAST_THINGS else None


def _agreed(
    key: RangeScan, band: NDArray[np.intp], points: F64, move: EgoMotion, others: list[EgoMotion]
) -> tuple[EgoMotion, int]:
    """The move, or one near to others by which more of the things that face the walker stand where they stood; and in
    how many directions they do, 0 where no other is clearly better.
    """
    met = _associated(key, band, points, move)
    most = _standing(points, met, FITS_M)
    enough = AGREED * _standing(points, met, math.inf)
    if most >= enough:
        return move, 0
    agreed = 0
    likely = sorted(others, key=lambda other: -_standing(points, _associated(key, band, points, other), GATES_M[2]))
    for other in likely[:TRIED]:
        tried, *_ = _fitted(key, band, points, other, GATES_M[2:], SLACK * np.eye(3))
        standing = _standing(points, _associated(key, band, points, tried), FITS_M)
        if standing >= max(most + CLEARLY, enough):
            move, most, agreed = tried, standing, standing
    return move, agreed


def _fitted(
    key: RangeScan, band: NDArray[np.intp], points: F64, likely: EgoMotion, gates_m: tuple[float, ...], prior: F64
) -> tuple[EgoMotion, int, int, int]:
    """The move near a likely one that fits best, by least squares over points ever closer to their lines; and of how
    many points, of how many that meet a scan, how many of which face the walker. ``prior`` [3, 3] is how much
    weight the likely move has itself, with (right, forward, turn) in metres and radians."""
    start = np.array([likely.right_m, likely.forward_m, math.radians(likely.turn_deg)])
    state, here = start, likely
    used = number = facing = 0
    for gate in gates_m:
        met = _associated(key, band, points, here)
        near = np.abs(met.off) < gate
        used, number = int(np.count_nonzero(near)), len(near)
        if used < LEAST_POINTS:
            break
        # A turn to the right by a moves a seen point p to R p + t, with dR/da p = (y', -x') for p' = R p.
        turned = here.points_before(points[met.which[near]]) - state[:2]
        off, across, ahead = met.off[near], met.across[near], met.ahead[near]
        facing = int(np.count_nonzero(np.abs(ahead) > FACING))
        slope = np.empty((used, 3))
        slope[:, 0], slope[:, 1], slope[:, 2] = across, ahead, across * turned[:, 1] - ahead * turned[:, 0]
        weighted = slope / (1.0 + (off / (0.3 * gate)) ** 2)[:, None]
        state = state - np.linalg.solve(weighted.T @ slope + prior, weighted.T @ off + prior @ (state - start))
        here = EgoMotion(float(state[0]), float(state[1]), math.degrees(state[2]))
    return here, used, number, facing


class _Association(NamedTuple):
    """Points that meet a scan: which, how far off its line (metres), and the line's normal (right, forward)."""

    which: NDArray[np.intp]
    off: F64
    across: F64
    ahead: F64


def _associated(key: RangeScan, band: NDArray[np.intp], points: F64, move: EgoMotion) -> _Association:
    """What of the points meets the other scan, supposing a move."""
    then = move.points_before(points)
    bins = bearing_bins(then)
    which = np.flatnonzero(bins >= 0)
    line = band[which] * BINS + bins[which]
    there, normal = key.points.reshape(-1, 2)[line], key.normals.reshape(-1, 2)[line]
    across, ahead = normal[:, 0], normal[:, 1]
    x, y = then[which, 0] - there[:, 0], then[which, 1] - there[:, 1]
    fine = np.flatnonzero(np.isfinite(across) & (x * x + y * y < 0.5))
    across, ahead = across[fine], ahead[fine]
    return _Association(which[fine], x[fine] * across + y[fine] * ahead, across, ahead)


def _standing(points: F64, met: _Association, gate_m: float) -> int:
    """In how many directions something that faces the walker is where a move would bring it."""
    there = points[met.which[(np.abs(met.off) < gate_m) & (np.abs(met.ahead) > FACING)]]
    if not len(there):
        return 0
    degrees, away = np.degrees(np.arctan2(there[:, 0], there[:, 1])), np.hypot(there[:, 0], there[:, 1])
    order = np.argsort(degrees)
    degrees, away = degrees[order], away[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (degrees[1:] - degrees[:-1] > THING_DEG) | (np.abs(away[1:] - away[:-1]) > THING_M)
    ends = np.flatnonzero(last)
    begins = np.empty_like(ends)
    begins[0], begins[1:] = 0, ends[:-1] + 1
    return int(np.minimum(1 + (degrees[ends] - degrees[begins]) // SECTOR_DEG, MOST_SECTORS).sum())
