"""How the walker has moved between two depth maps: no sensor tells, but what stands around them does.

The outline of what stands around (the nearest thing along each bearing, low and tall things apart) is laid over the
outline of a moment ago: point-to-line matching with projective association (Censi 2008; Rusinkiewicz and Levoy 2001),
robust against what moves by itself. Along a direction in which nothing tells (a bare corridor's), the last speed is
supposed to fade: then things are taken for nearer than they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import Motion

F64 = NDArray[np.float64]

COLUMNS = 240
BANDS_M = ((0.15, 0.50), (0.50, 1.00), (1.00, 2.00))
REACH_M = 16.0
"""To the other side of a street: on an open pavement little stands nearer, and a turn on the spot would go untold."""
CUT_ROWS = 3
BIN_DEG, HALF_DEG = 0.75, 60.0
BINS = round(2 * HALF_DEG / BIN_DEG)
GAP = 0.08
"""Neighbours on an outline whose ranges differ by more than this share belong to two things."""
BASES = (1, 4)
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
KEY_M, KEY_DEG, KEY_S = 0.25, 12.0, 2.0
"""After so much movement the outline to compare with is taken anew: seldom, so that errors add up slowly."""
LONGEST_S = 0.6
"""Outlines farther apart in time are not compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Per band and bearing bin: points [2, BINS, 2] (right, forward; NaN where nothing) and line normals alike."""

    points: F64
    normals: F64


@dataclass(frozen=True, slots=True)
class Step:
    """A move on the floor: first so far to the right and forward, metres, then a turn to the right, degrees."""

    right_m: float = 0.0
    forward_m: float = 0.0
    turn_deg: float = 0.0

    def after(self, first: Step) -> Step:
        """This move, made after another one."""
        a = math.radians(first.turn_deg)
        return Step(
            first.right_m + self.right_m * math.cos(a) + self.forward_m * math.sin(a),
            first.forward_m - self.right_m * math.sin(a) + self.forward_m * math.cos(a),
            (first.turn_deg + self.turn_deg + 180) % 360 - 180,
        )

    def back(self) -> Step:
        """The move that undoes it."""
        a = math.radians(self.turn_deg)
        return Step(
            -(self.right_m * math.cos(a) - self.forward_m * math.sin(a)),
            -(self.right_m * math.sin(a) + self.forward_m * math.cos(a)),
            -self.turn_deg,
        )

    def seen_after(self, points: F64) -> F64:
        """Where points [N, 2] (right, forward) lie for a walker who has made the move."""
        a = math.radians(self.turn_deg)
        x, y = points[:, 0] - self.right_m, points[:, 1] - self.forward_m
        after = np.empty_like(points)
        after[:, 0] = x * math.cos(a) - y * math.sin(a)
        after[:, 1] = x * math.sin(a) + y * math.cos(a)
        return after

    def seen_before(self, points: F64) -> F64:
        """Where points that are seen after the move lay before it."""
        return self.back().seen_after(points)


class MotionEstimator:
    """Follows the walker's movement from frame to frame."""

    def __init__(self) -> None:
        self._key: Outline | None = None
        self._since_key = Step()
        self._key_t = 0.0
        self._t: float | None = None
        self._speed = np.zeros(3)
        """Right and forward m/s, turn in degrees a second."""

    def update(
        self, depth: NDArray[np.float32], height: NDArray[np.float32], rays: Rays, axes: FloorAxes, t: float
    ) -> tuple[Step, Motion]:
        """The move since the last frame, and how the walker moves now; a move that is not known is none."""
        outline = outline_of(depth, height, rays, axes)
        before, self._t = self._t, t
        if before is None or self._key is None or not 0 < t - before <= LONGEST_S:
            self._begin(outline, t)
            self._speed = np.zeros(3)
            return Step(), Motion()
        seconds = t - before
        supposed = self._speed * np.exp(-seconds / FADE_S)
        guess = Step(*(supposed * seconds)).after(self._since_key)
        found = match(self._key, outline, guess, self._since_key, seconds)
        if found is None:
            self._begin(outline, t)
            self._speed = np.zeros(3)
            return Step(), Motion()
        move, told = found
        step = move.after(self._since_key.back())
        self._since_key = move
        now = np.array([step.right_m, step.forward_m, step.turn_deg]) / seconds
        self._speed = now
        if math.hypot(move.right_m, move.forward_m) > KEY_M or abs(move.turn_deg) > KEY_DEG or t - self._key_t > KEY_S:
            self._begin(outline, t)
        return step, Motion(float(now[1]), float(now[0]), float(now[2]), known=True, speed_known=told)

    def _begin(self, outline: Outline, t: float) -> None:
        self._key, self._since_key, self._key_t = outline, Step(), t


def outline_of(depth: NDArray[np.float32], height: NDArray[np.float32], rays: Rays, axes: FloorAxes) -> Outline:
    """The nearest thing of each band along each bearing. ``height`` is each pixel's above the floor, metres."""
    stride = max(1, round(depth.shape[1] / COLUMNS))
    z, h, grid = depth[:: 2 * stride, ::stride], height[:: 2 * stride, ::stride], rays.strided(2 * stride, stride)
    right, forward = z * grid.dot(axes.right), z * grid.dot(axes.forward)
    away = right * right + forward * forward
    points = np.full((len(BANDS_M), BINS, 2), np.nan)
    column = np.arange(z.shape[1])
    for band, (low, high) in enumerate(BANDS_M):
        inside = (h > low) & (h < high) & (away < REACH_M**2)  # unknown depth compares as False
        ranges = np.where(inside, away, np.inf)
        row = ranges.argmin(axis=0)
        # What the picture's lower border cuts off would seem to go along with the walker.
        there = np.isfinite(ranges[row, column]) & (row < len(z) - CUT_ROWS)
        x, y = right[row, column][there], forward[row, column][there]
        bins = _bins(np.stack([x, y], axis=1))
        ok = bins >= 0
        order = np.argsort(-(x[ok] ** 2 + y[ok] ** 2))  # the nearest last, so that it stays
        points[band, bins[ok][order]] = np.stack([x[ok], y[ok]], axis=1)[order]
    return Outline(points, _normals(points))


def match(key: Outline, now: Outline, guess: Step, before: Step, seconds: float) -> tuple[Step, bool] | None:
    """The move from where ``key`` was seen to where ``now`` is, and whether the outlines tell how far forward it went;
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
        tried = Step(guess.right_m, guess.forward_m, guess.turn_deg + turn)
        fits = int(np.count_nonzero(np.abs(_met(key, band, points, tried).off) < 0.1))
        if fits > most * (1.05 if turn else 1.0):  # the guess stays where others are no better
            best, most = tried, fits
    seconds = max(seconds, 0.05)
    shift = LIKELY_MPS2 * seconds**2
    prior = np.diag((NOISE_M / np.array([shift, shift, math.radians(LIKELY_DPS) * seconds])) ** 2)
    likely = Step(guess.right_m, guess.forward_m, best.turn_deg)
    move, used, met, facing = _fitted(key, band, points, likely, GATES_M, prior)
    fits = used >= max(LEAST_POINTS, LEAST_SHARE * met)
    fits &= math.hypot(move.right_m - likely.right_m, move.forward_m - likely.forward_m) <= FASTEST_MPS * seconds
    paced = [Step(0.0, pace * seconds, 0.0).after(before) for pace in PACES_MPS]
    others = [guess, *(Step(s.right_m, s.forward_m, guess.turn_deg) for s in paced)]
    move, agreed = _agreed(key, band, points, move if fits else guess, others)
    return (move, facing >= FACING_POINTS or agreed >= LEAST_THINGS) if fits or agreed >= LEAST_THINGS else None


def _agreed(key: Outline, band: NDArray[np.intp], points: F64, move: Step, others: list[Step]) -> tuple[Step, int]:
    """The move, or one near to others by which more of the things that face the walker stand where they stood; and in
    how many directions they do, 0 where no other is clearly better.
    """
    met = _met(key, band, points, move)
    most = _standing(points, met, FITS_M)
    enough = AGREED * _standing(points, met, math.inf)
    if most >= enough:
        return move, 0
    agreed = 0
    likely = sorted(others, key=lambda other: -_standing(points, _met(key, band, points, other), GATES_M[2]))
    for other in likely[:TRIED]:
        tried, *_ = _fitted(key, band, points, other, GATES_M[2:], SLACK * np.eye(3))
        standing = _standing(points, _met(key, band, points, tried), FITS_M)
        if standing >= max(most + CLEARLY, enough):
            move, most, agreed = tried, standing, standing
    return move, agreed


def _fitted(
    key: Outline, band: NDArray[np.intp], points: F64, likely: Step, gates_m: tuple[float, ...], prior: F64
) -> tuple[Step, int, int, int]:
    """The move near a likely one that fits best, by least squares over points ever closer to their lines; and of how
    many points, of how many that meet an outline, how many of which face the walker. ``prior`` [3, 3] is how much
    weight the likely move has itself, with (right, forward, turn) in metres and radians."""
    start = np.array([likely.right_m, likely.forward_m, math.radians(likely.turn_deg)])
    state, here = start, likely
    used = number = facing = 0
    for gate in gates_m:
        met = _met(key, band, points, here)
        near = np.abs(met.off) < gate
        used, number = int(np.count_nonzero(near)), len(near)
        if used < LEAST_POINTS:
            break
        # A turn to the right by a moves a seen point p to R p + t, with dR/da p = (y', -x') for p' = R p.
        turned = here.seen_before(points[met.which[near]]) - state[:2]
        off, across, ahead = met.off[near], met.across[near], met.ahead[near]
        facing = int(np.count_nonzero(np.abs(ahead) > FACING))
        slope = np.empty((used, 3))
        slope[:, 0], slope[:, 1], slope[:, 2] = across, ahead, across * turned[:, 1] - ahead * turned[:, 0]
        weighted = slope / (1.0 + (off / (0.3 * gate)) ** 2)[:, None]
        state = state - np.linalg.solve(weighted.T @ slope + prior, weighted.T @ off + prior @ (state - start))
        here = Step(float(state[0]), float(state[1]), math.degrees(state[2]))
    return here, used, number, facing


class _Met(NamedTuple):
    """Points that meet an outline: which, how far off its line (metres), and the line's normal (right, forward)."""

    which: NDArray[np.intp]
    off: F64
    across: F64
    ahead: F64


def _met(key: Outline, band: NDArray[np.intp], points: F64, move: Step) -> _Met:
    """What of the points meets the other outline, supposing a move."""
    then = move.seen_before(points)
    bins = _bins(then)
    which = np.flatnonzero(bins >= 0)
    line = band[which] * BINS + bins[which]
    there, normal = key.points.reshape(-1, 2)[line], key.normals.reshape(-1, 2)[line]
    across, ahead = normal[:, 0], normal[:, 1]
    x, y = then[which, 0] - there[:, 0], then[which, 1] - there[:, 1]
    fine = np.flatnonzero(np.isfinite(across) & (x * x + y * y < 0.5))
    across, ahead = across[fine], ahead[fine]
    return _Met(which[fine], x[fine] * across + y[fine] * ahead, across, ahead)


def _standing(points: F64, met: _Met, gate_m: float) -> int:
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


def _bins(points: F64) -> NDArray[np.intp]:
    """Bearing bin of each point, -1 outside."""
    degrees = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
    bins = np.floor((degrees + HALF_DEG) / BIN_DEG).astype(np.intp)
    bins[(bins < 0) | (bins >= BINS)] = -1
    return bins


def _normals(points: F64) -> F64:
    """Normal of the line through each point's neighbours on the outline; NaN at a thing's ends.

    Through neighbours some way off where they are of the same thing, for noise turns short lines.
    """
    normals = np.full_like(points, np.nan)
    x, y = points[:, :, 0], points[:, :, 1]
    away = np.sqrt(x * x + y * y)
    for apart in BASES:
        before, here, after = slice(None, -2 * apart), slice(apart, -apart), slice(2 * apart, None)
        right, forward = x[:, after] - x[:, before], y[:, after] - y[:, before]
        length = np.sqrt(right * right + forward * forward)
        gap = GAP * max(1.0, apart / 2) * away[:, here]
        with np.errstate(invalid="ignore"):
            one = (np.abs(away[:, before] - away[:, here]) < gap) & (np.abs(away[:, after] - away[:, here]) < gap)
            one &= length > 1e-4
            # The point itself lies between the two, or they are of a corner.
            aside = right * (y[:, here] - y[:, before]) - forward * (x[:, here] - x[:, before])
            length = np.maximum(length, 1e-4)
            one &= np.abs(aside) / length < 0.02 + 0.01 * away[:, here]
        normals[:, here, 0] = np.where(one, forward / length, normals[:, here, 0])
        normals[:, here, 1] = np.where(one, -right / length, normals[:, here, 1])
    return normals
