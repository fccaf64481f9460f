"""What stands near the walker and is out of the picture now: beneath it, or aside since they turned.

A worn camera sees no floor nearer than about a metre, so a low thing or an edge is lost just when it is reached, and
everything beside is lost with a turn. Places of what was seen are kept and moved along as the walker moves. What lies
within the picture is the picture's to tell: there nothing is remembered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection, band_of
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.grid import CELL_M, STEP_M, latest_in_cell
from edge_nav.perception.obstacles.clustering import FACING_M
from edge_nav.perception.obstacles.depth_lookup import DepthLookup
from edge_nav.perception.obstacles.tracks import TrackedDetection
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import Intrinsics

KEEP_S, KEEP_EDGE_S, KEEP_MOVING_S = 20.0, 180.0, 4.0
"""Whether it is still there, nobody knows by then; edges do not walk away, but where they are becomes doubtful. What
moves by itself is elsewhere soon."""
BLIND, KEEP_BLIND_S = 100.0, 3.0
"""Each second for which the walker's movement is not known takes so many off what is kept, down to these: places are
soon wrong by then. But a lapse of a frame or two makes nobody forget the hole beside them."""
DRIFT, BLIND_MPS, LOST_M = 0.1, 0.1, 0.25
"""A place is off by so much more with each metre that is walked, or that it moves when the walker turns; with each
second for which their movement is not known, or no floor is seen to measure from. What may be off by so much stands in
nobody's way any more.
"""
REACH_M, MOST = 3.0, 3000
HERE_M = 0.2
"""Where the walker stands no thing can be; but an edge may be at their feet."""
OUT_OF_SIGHT_M = 2.0
"""Farther things out of sight are not in the way yet."""
CONFIDENT = 0.4
LIKELY = 0.25
"""Of a network's own certainty. What it doubts more is most often elsewhere; but what is forgotten is walked into,
so that a needless STOP now and then is the lesser evil."""
FRAMES, STEADY_FRAMES = 3, 5
"""What was seen in fewer frames is not remembered: it may be noise. What was seen in so many stands there, however
little the network trusts itself."""
MEMORY_CONFIDENCE = 0.5
LEAST_PLACES = 2
ASIDE_M = 0.08
"""What is passed beside was seen to be beside: the corridor is narrower for what is only remembered."""
BESIDE_M, BODY_M = 0.3, 0.18
"""What is only remembered and so little ahead is being passed, unless it is in front of the body itself: half a body's
width, less what a remembered place may be off."""
HIDES_M, THROUGH_M = 0.25, 0.20
"""Depth so much nearer than a place hides it; so much farther, and there is nothing."""
SHARES = (0.2, 0.5, 0.8)
"""Of a thing's height: where it is looked for."""
SIDES = np.array([(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])
AROUND_M = 0.08
"""And so far about its place: a corner seen edge on is missed by a hair."""
ABOUT_M, LEVEL_M = 0.15, 0.05
"""Floor within this of level, so far about a place on three sides, and there is no edge."""
SAME_EDGE_M = 0.6
LINE_PLACES, LINE_M, LINE_LEAST_M, FURTHER_M = 6, 0.12, 0.5, 1.2
"""An edge is straight that so many places lie on, so closely and over such a length; and it goes on so far."""


class ObstacleMemory:
    """Places of things and of edges, by where the walker is now."""

    def __init__(self) -> None:
        self._places = np.zeros((0, 2))
        """Right and forward, metres."""
        self._heights = np.zeros((0, 2))
        """Lowest and highest point there; both below 0 for an edge."""
        self._until_t = np.zeros(0)
        """Until when it is kept."""
        self._seen_t = np.zeros(0)
        """When it was last seen."""
        self._off_m = np.zeros(0)
        """How far it may have come off its place since."""
        self._moved_t: float | None = None
        self._shown = np.zeros(0, np.bool_)
        """What the picture shows by itself."""
        self._further = np.zeros((0, 2))

    @property
    def places(self) -> NDArray[np.float64]:
        """Everything remembered [N, 2], with what edges are supposed to go on to: right and forward, metres."""
        return np.vstack([self._places, self._further])

    def move(self, ego_motion: EgoMotion, t: float, *, known: bool = True, floor: bool = True) -> None:
        """The walker has moved; what is old or far is forgotten. ``known``: the move was measured, not supposed;
        ``floor``: a floor is seen.
        """
        seconds, self._moved_t = 0.0 if self._moved_t is None else max(t - self._moved_t, 0.0), t
        if not known:
            self._until_t = np.minimum(self._until_t, np.maximum(self._until_t - BLIND * seconds, t + KEEP_BLIND_S))
        self._drift(ego_motion, 0.0 if known and floor else seconds)
        self._places = ego_motion.points_after(self._places)
        away = np.hypot(self._places[:, 0], self._places[:, 1])
        there = (away >= HERE_M) | (self._heights[:, 1] < 0)
        self._keep((self._until_t >= t) & (self._until_t <= t + KEEP_EDGE_S) & (away <= REACH_M) & there)

    def _drift(self, ego_motion: EgoMotion, blind_s: float) -> None:
        turned_m = math.radians(abs(ego_motion.turn_deg)) * np.hypot(self._places[:, 0], self._places[:, 1])
        gone_m = math.hypot(ego_motion.right_m, ego_motion.forward_m)
        self._off_m = self._off_m + DRIFT * (gone_m + turned_m) + BLIND_MPS * blind_s

    def compare(
        self,
        depth: NDArray[np.float32],
        height: NDArray[np.float32],
        axes: FloorAxes,
        intrinsics: Intrinsics,
        *,
        floor: bool = True,
    ) -> None:
        """Forget what the picture disproves: things that it sees through, and edges with level floor all about them.

        ``height`` is each pixel's above the floor; ``floor`` says whether that floor is seen.
        """
        self._further = np.zeros((0, 2))
        if not len(self._places):
            return
        lookup = DepthLookup(depth, height, axes, intrinsics)
        drop = self._heights[:, 1] < 0
        low, high = self._heights[:, 0], self._heights[:, 1]
        beyond = _beyond(lookup, self._places, low, high)
        self._shown = ~drop & (beyond > -HIDES_M).any(axis=0)
        keep = drop | ~self._seen_through(lookup, beyond)
        if floor and drop.any():
            keep[drop] &= ~self._level(lookup, self._places[drop])
        self._keep(keep)
        further = _further(self._places[self._heights[:, 1] < 0])
        self._further = further[~self._level(lookup, further)] if floor else further

    def _seen_through(self, lookup: DepthLookup, beyond: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which places the picture sees past wherever it shows them, their neighbourhood too. ``beyond`` [SHARES, N].

        Where only the upper part is in view and nothing is there, the lower part may stand: heights are cut down to it.
        """
        seen, through = np.isfinite(beyond), beyond >= THROUGH_M
        low, high = self._heights[:, 0], self._heights[:, 1]
        doubtful = np.flatnonzero(seen.any(axis=0) & (through == seen).all(axis=0) & (high > 0))
        if len(doubtful):
            around = (self._places[doubtful] + AROUND_M * SIDES[:, None]).reshape(-1, 2)
            heights = np.tile(low[doubtful], len(SIDES)), np.tile(high[doubtful], len(SIDES))
            there = _beyond(lookup, around, *heights) < THROUGH_M
            doubtful = doubtful[~there.reshape(-1, len(doubtful)).any(axis=0)]
        gone = np.zeros(len(self._places), np.bool_)
        gone[doubtful] = True
        # Heights are known to a voxel only: one look may go just beneath it.
        once = gone & (seen.sum(axis=0) < 2)
        gone &= ~once
        upper = once & through[-1]
        self._heights[upper, 1] = (low + (1 + SHARES[-1]) / 2 * (high - low))[upper] - STEP_M / 2
        return np.asarray(gone | (upper & (self._heights[:, 1] - low < STEP_M / 2)), dtype=np.bool_)

    @staticmethod
    def _level(lookup: DepthLookup, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        beyond, height = lookup.at(
            (places + ABOUT_M * SIDES[:, None]).reshape(-1, 2), np.zeros(len(SIDES) * len(places))
        )
        inside = np.isfinite(beyond).reshape(len(SIDES), -1)
        level = ~inside | (np.abs(height) < LEVEL_M).reshape(inside.shape)
        return np.asarray(level.all(axis=0) & (inside.sum(axis=0) >= 3), dtype=np.bool_)

    def add(self, tracked: Sequence[TrackedDetection], t: float) -> None:
        """Take note of what is seen; what is remembered already is not taken anew."""
        for one in tracked:
            if _worth_keeping(one):
                self._add(one.detection, t, t + _keep_s(one))
        self._shown = np.append(self._shown, np.ones(len(self._until_t) - len(self._shown), np.bool_))
        kept = latest_in_cell(self._places, CELL_M, self._heights[:, 1] < 0)
        kept[: max(0, len(kept) - MOST)] = False
        self._keep(kept)

    def _add(self, detection: Detection, t: float, until_t: float) -> None:
        near = np.hypot(detection.places[:, 0], detection.places[:, 1]) < REACH_M
        heights = np.tile((detection.low_m, detection.high_m), (len(near), 1))
        if detection.band == "drop":
            heights[:] = (-1.0, min(detection.low_m, -0.01))
        elif detection.spans is not None:
            heights = detection.spans
        number = int(np.count_nonzero(near))
        self._places = np.vstack([self._places, detection.places[near]])
        self._heights = np.vstack([self._heights, heights[near]])
        self._until_t = np.append(self._until_t, np.full(number, until_t))
        self._seen_t = np.append(self._seen_t, np.full(number, t))
        self._off_m = np.append(self._off_m, np.zeros(number))

    def in_the_way(self, detections: Sequence[Detection], corridor: Corridor) -> list[Detection]:
        """What is remembered right ahead and not detected now: the nearest thing and the nearest edge."""
        half = corridor.half_m - ASIDE_M
        further = len(self._further)
        places = self.places
        heights = np.vstack([self._heights, np.tile((-1.0, -0.1), (further, 1))])
        shown = np.append(self._shown, np.zeros(further, np.bool_))
        off_m, age_s = np.append(self._off_m, np.zeros(further)), np.append(self._age_s(), np.zeros(further))
        drop = heights[:, 1] < 0
        aside, far = corridor.along(places).T
        passing = ~drop & (far <= BESIDE_M)
        surely = np.where(passing, min(BODY_M, half), np.where(drop, half, np.maximum(half - off_m, BODY_M)))
        inside = (np.abs(aside) <= surely) & (far > 0.0) & ~shown & (drop | (off_m < LOST_M))
        inside &= (np.hypot(aside, far) < OUT_OF_SIGHT_M) & (heights[:, 0] < corridor.height_m)
        kinds = (inside & drop, inside & ~drop)
        every = (_remembered(places[kind], heights[kind], age_s[kind], corridor) for kind in kinds)
        remembered = [d for d in every if d is not None]
        edges = [d.distance_m for d in detections if d.band == "drop" and d.in_corridor]
        return [r for r in remembered if r.band != "drop" or all(abs(r.distance_m - e) > SAME_EDGE_M for e in edges)]

    def _age_s(self) -> NDArray[np.float64]:
        return (self._moved_t or 0.0) - self._seen_t

    def _keep(self, which: NDArray[np.bool_]) -> None:
        self._places, self._heights = self._places[which], self._heights[which]
        self._until_t, self._shown = self._until_t[which], self._shown[which]
        self._seen_t, self._off_m = self._seen_t[which], self._off_m[which]


def _worth_keeping(tracked: TrackedDetection) -> bool:
    """Whether it is near enough, and sure enough to stand there, to be remembered."""
    d, frames = tracked.detection, tracked.seen_frames
    sure = d.band == "drop" or d.certainty >= LIKELY or frames >= STEADY_FRAMES
    measured = not d.remembered and d.label != "unseen_floor" and d.confidence >= CONFIDENT
    return frames >= FRAMES and measured and sure and d.distance_m < REACH_M


def _keep_s(tracked: TrackedDetection) -> float:
    if tracked.detection.band == "drop":
        return KEEP_EDGE_S
    return KEEP_MOVING_S if tracked.moves else KEEP_S


def _beyond(
    lookup: DepthLookup, places: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much farther than each place the depth is at some heights there [SHARES, N], metres; NaN where not seen."""
    heights = low + np.array(SHARES)[:, None] * (high - low)
    return lookup.at(np.tile(places, (len(SHARES), 1)), heights.ravel())[0].reshape(heights.shape)


def _remembered(
    places: NDArray[np.float64], heights: NDArray[np.float64], age_s: NDArray[np.float64], corridor: Corridor
) -> Detection | None:
    """What is remembered at some places, as one thing."""
    if len(places) < LEAST_PLACES:
        return None
    away = np.hypot(*corridor.along(places).T)
    n = int(away.argmin())
    facing = away <= away[n] + FACING_M
    low, high = float(heights[facing, 0].min()), float(heights[facing, 1].max())
    drop = high < 0
    return Detection(
        distance_m=float(away[n]),
        bearing_deg=math.degrees(math.atan2(places[n, 0], places[n, 1])),
        x_m=float(places[n, 0]),
        forward_m=float(places[n, 1]),
        left_m=float(places[facing, 0].min()),
        right_m=float(places[facing, 0].max()),
        low_m=high if drop else low,
        high_m=0.0 if drop else high,
        band=band_of(low, high),
        in_corridor=True,
        confidence=MEMORY_CONFIDENCE,
        label="drop" if drop else None,
        remembered=True,
        remembered_s=float(age_s[n]),
        places=places,
    )


def _further(edge: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where an edge that was seen straight goes on, out of the picture: kerbs and platforms do."""
    if len(edge) < LINE_PLACES:
        return np.zeros((0, 2))
    middle = edge.mean(axis=0)
    _, spread, axes = np.linalg.svd(edge - middle, full_matrices=False)
    along = (edge - middle) @ axes[0]
    if spread[1] / math.sqrt(len(edge)) > LINE_M or np.ptp(along) < LINE_LEAST_M:
        return np.zeros((0, 2))
    steps = np.arange(0.1, FURTHER_M, 0.1)
    return np.asarray(middle + np.concatenate([along.min() - steps, along.max() + steps])[:, None] * axes[0])
