"""Obstacles followed over frames: lasting ids, closing speed, confidence that grows as a thing is seen again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.grid import ROW
from edge_nav.perception.obstacles.own_motion import OwnMotion
from edge_nav.types import Obstacle

GATE_M = 0.45
"""A thing may be this far from where it was expected, plus what a brisk walk covers since it was last seen."""
GATE_MPS = 1.5
FORGET_S = 1.2
AHEAD_DEG, AHEAD_M, STEADY_FRAMES = 25.0, 1.0, 5
"""Tracks that tell how fast the walker goes: ahead, not too near, and seen for a while."""
HISTORY_S = 1.0
GOES_ON_S = 0.7
"""So long the walker is supposed to go on when nothing is seen ahead any more; then they may have stopped."""
HANGS_M = 0.3
FADE = 0.8
"""What a name given one frame ago counts against one given now."""
STAIRS = ("stairs_down", "stairs_up")
CROSSING_MPS, CROSSING_S = (0.4, 3.0), 1.0
"""What moves across so fast, and will be in the corridor so soon, is in the way now: who crosses is met, not seen."""
MOVES_MPS, WIDE_MOVES_MPS = 0.4, 1.0
"""What surely goes faster over the ground moves by itself; of what is wide, only what comes or goes so fast."""
CROSSING_M, SLIM_M = 3.0, 1.0
"""Only so near, and only things so slim: the nearest point of a wall slides along it."""
WALKED_S = 0.5
"""The walker's speed towards things is that of so long."""
CELL_M, SHARED = 0.2, 0.3
"""Things are the same that share so much of the smaller one's places, by cells of this size."""
OLDER_M, OLD_FRAMES = 0.1, 5
"""Of two tracks as near to a thing the one that is followed longer goes on with it."""

REMEMBERED_M = 0.15
"""And what is only remembered comes after what is seen."""


class _Range(NamedTuple):
    """How far a thing was at a time."""

    t: float
    distance_m: float


@dataclass(slots=True)
class _ObstacleTrack:
    id: int
    detection: Detection
    """The last one."""
    t: float
    frames: int = 1
    closing_mps: float = 0.0
    ranges: deque[_Range] = field(default_factory=deque)
    x_m: float = 0.0
    forward_m: float = 0.0
    """Where it is expected by now."""
    expected_t: float = 0.0
    votes: dict[str, float] = field(default_factory=dict)
    """Names it was given, the older ones counting less: a name that flickers would be spoken in turns."""
    places: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    """Where its parts are expected [N, 2]."""
    edges: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 2)))
    """Where its left and right edges are expected [2, 2]."""
    own: OwnMotion = field(default_factory=OwnMotion)

    def __post_init__(self) -> None:
        self._place()

    def _place(self) -> None:
        last = self.detection
        self.x_m, self.forward_m, self.expected_t = last.x_m, last.forward_m, self.t
        self.places = last.places
        self.edges = np.array([[last.left_m, last.forward_m], [last.right_m, last.forward_m]])

    def expect(self, ego_motion: EgoMotion | None, t: float) -> None:
        """Reckon on where it is now, by the walker's move or else by its own closing speed."""
        seconds, self.expected_t = t - self.expected_t, t
        if ego_motion is None:
            ego_motion = EgoMotion(forward_m=self.closing_mps * seconds)
            self.own = OwnMotion()
        (x, forward), *edges = ego_motion.points_after(np.vstack([[[self.x_m, self.forward_m]], self.edges]))
        self.x_m, self.forward_m, self.edges = float(x), float(forward), np.array(edges)
        self.places = ego_motion.points_after(self.places)

    @property
    def moves(self) -> bool:
        """Whether it surely moves by itself: whoever takes for a passer-by what stands walks into it later."""
        last = self.detection
        if last.band == "drop":
            return False
        if last.right_m - last.left_m < SLIM_M:
            return math.hypot(self.own.across_mps, self.own.forward_mps) > MOVES_MPS
        return abs(self.own.forward_mps) > WIDE_MOVES_MPS

    def crosses(self, half_m: float) -> bool:
        """Whether it moves into the corridor of a half width from aside."""
        last, across = self.detection, self.own.across_mps
        edge = last.left_m if across < 0 else -last.right_m
        coming = CROSSING_MPS[0] <= abs(across) <= CROSSING_MPS[1] and edge > 0
        slim = last.right_m - last.left_m < SLIM_M and last.band in ("body", "ground")
        return coming and slim and last.distance_m < CROSSING_M and edge - half_m < CROSSING_S * abs(across)

    def take(self, detection: Detection, t: float, walked_mps: tuple[float, float] | None) -> None:
        """This frame's detection of it. ``walked_mps``: how fast the walker goes to the right and forward, None where
        that is not known.
        """
        # Stairs stay stairs: from near by, too few of their treads are in view to tell them anew.
        last = self.detection
        if last.label in STAIRS and detection.label not in (last.label, "unseen_floor"):
            detection = replace(detection, label=last.label)
        # What hung free a moment ago still does, though from near by the space beneath is out of view.
        if not last.footing and detection.low_m >= HANGS_M:
            detection = replace(detection, footing=False)
        if detection.remembered:  # nothing new is known of it
            self.detection, self.t = replace(detection, label=last.label, footing=last.footing), t
            self._place()
            self.closing_mps = 0.0
            self.ranges.clear()
            self.own = OwnMotion()
            return
        self._note_drift(detection, t, speed_known=walked_mps is not None)
        self.detection, self.t = detection, t
        self._place()
        self.vote()
        self.frames += 1
        self.ranges.append(_Range(t, detection.distance_m))
        while t - self.ranges[0].t > HISTORY_S:
            self.ranges.popleft()
        self.closing_mps = -_slope(self.ranges)
        if walked_mps is not None and not self.moves:  # what stands comes nearer by the walker's steps alone
            away = max(math.hypot(detection.x_m, detection.forward_m), 0.1)
            self.closing_mps = (walked_mps[0] * detection.x_m + walked_mps[1] * detection.forward_m) / away

    def _note_drift(self, detection: Detection, t: float, *, speed_known: bool) -> None:
        last, cut = self.detection, detection.cut_left or detection.cut_right
        left = None if detection.cut_left or last.cut_left else detection.left_m - float(self.edges[0, 0])
        right = None if detection.cut_right or last.cut_right else detection.right_m - float(self.edges[1, 0])
        forward = detection.forward_m - self.forward_m if speed_known and not cut else None
        self.own.add(left, right, forward, t)

    def vote(self) -> None:
        """Count this frame's name."""
        for name in self.votes:
            self.votes[name] *= FADE
        self.votes[self.detection.label or ""] = self.votes.get(self.detection.label or "", 0.0) + 1.0

    @property
    def label(self) -> str | None:
        """What geometry says now; else the name it was given most."""
        if self.detection.band == "drop" or self.detection.label in STAIRS:
            return self.detection.label
        return max(self.votes, key=lambda name: self.votes[name], default="") or None

    def obstacle(self, half_m: float) -> Obstacle:
        """The thing as it is told, by its last detection; ``half_m`` is half the corridor's width."""
        last = self.detection
        told = replace(
            last,
            label=self.label,
            in_corridor=last.in_corridor or self.crosses(half_m),
            confidence=last.confidence * (1.0 if self.frames >= 3 else 0.6 + 0.2 * (self.frames - 1)),
        )
        return told.as_obstacle(self.id, self.closing_mps, self.frames)


@dataclass(frozen=True, slots=True, eq=False)
class TrackedDetection:
    """A detection of this frame with what is known of the thing by the frames before."""

    detection: Detection
    obstacle: Obstacle
    moves: bool
    """Whether it surely moves by itself."""

    @property
    def seen_frames(self) -> int:
        return self.obstacle.seen_frames


class Tracker:
    """Nearest-neighbour association on the floor, in walker coordinates."""

    def __init__(self, corridor_width_m: float = 0.8) -> None:
        self._half_m = corridor_width_m / 2
        self._tracks: list[_ObstacleTrack] = []
        self._next_id = 1
        self.approach_mps = 0.0
        """The slowest approach of what is seen ahead: how fast the walker goes, where nothing better tells."""
        self._approach_t = 0.0
        self._walked_t = 0.0
        self._walked: deque[tuple[float, float, float]] = deque()
        """When, and how far to the right and forward the walker went then, while their speed is known."""

    def update(
        self, detections: list[Detection], t: float, ego_motion: EgoMotion | None = None, *, speed_known: bool = False
    ) -> list[TrackedDetection]:
        """Join this frame's detections to tracks; each detection, in their order, with what its track tells.

        ``ego_motion`` is the walker's move since the last frame, None if it is not known: then each thing is expected
        where its own closing speed takes it. ``speed_known``: whether how far they went forward was told by what is
        seen.
        """
        self._tracks = [k for k in self._tracks if 0 <= t - k.t <= FORGET_S]
        for track in self._tracks:
            track.expect(ego_motion, t)
        taken = self._associated(detections, t)
        walked = self._walked_mps(ego_motion if speed_known else None, t)
        for m, track in taken.items():
            track.take(detections[m], t, walked)
        tracks = [taken[m] if m in taken else self._begin(d, t) for m, d in enumerate(detections)]
        self._note_approach(t)
        return [
            TrackedDetection(detection, track.obstacle(self._half_m), track.moves)
            for detection, track in zip(detections, tracks, strict=True)
        ]

    def _associated(self, detections: list[Detection], t: float) -> dict[int, _ObstacleTrack]:
        """Which track goes on with which detection, by its index: the nearest pairs first."""
        cells = [_cells(d.places) for d in detections]
        pairs = sorted(
            (gap - OLDER_M * min(track.frames / OLD_FRAMES, 1.0), n, m)
            for n, track in enumerate(self._tracks)
            for expected in (_cells(track.places),)
            for m, detection in enumerate(detections)
            if (gap := _gap(track, detection, _shared(expected, cells[m]), t)) is not None
        )
        taken: dict[int, _ObstacleTrack] = {}
        used: set[int] = set()
        for _, n, m in pairs:
            if n not in used and m not in taken:
                used.add(n)
                taken[m] = self._tracks[n]
        return taken

    def _begin(self, detection: Detection, t: float) -> _ObstacleTrack:
        track = _ObstacleTrack(self._next_id, detection, t, ranges=deque([_Range(t, detection.distance_m)]))
        track.vote()
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _walked_mps(self, ego_motion: EgoMotion | None, t: float) -> tuple[float, float] | None:
        """How fast the walker goes to the right and forward, of late; None where it is not known."""
        if ego_motion is None:
            self._walked.clear()
            self._walked_t = t
            return None
        if not self._walked:
            self._walked.append((self._walked_t, 0.0, 0.0))
        self._walked.append((t, ego_motion.right_m, ego_motion.forward_m))
        while t - self._walked[0][0] > WALKED_S and len(self._walked) > 2:
            self._walked.popleft()
        steps, seconds = list(self._walked)[1:], max(t - self._walked[0][0], 1e-3)
        return sum(s[1] for s in steps) / seconds, sum(s[2] for s in steps) / seconds

    def _note_approach(self, t: float) -> None:
        steady = [k for k in self._tracks if k.t == t and k.frames >= STEADY_FRAMES and not k.detection.remembered]
        ahead = [k for k in steady if k.detection.distance_m > AHEAD_M and abs(k.detection.bearing_deg) <= AHEAD_DEG]
        if ahead:
            self.approach_mps, self._approach_t = max(0.0, min(k.closing_mps for k in ahead)), t
        elif t - self._approach_t > GOES_ON_S:
            self.approach_mps = 0.0


def _cells(places: NDArray[np.float64]) -> NDArray[np.int64]:
    cell = np.floor(places / CELL_M).astype(np.int64)
    return np.unique(cell[:, 0] * ROW + cell[:, 1])


def _shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[float, float]:
    """What share of the smaller one's cells are the other's too, and what share of the larger one's."""
    if not len(a) or not len(b) or a[0] > b[-1] or b[0] > a[-1]:
        return 0.0, 0.0
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / min(len(a), len(b)), both / max(len(a), len(b))


def _gap(track: _ObstacleTrack, detection: Detection, shared: tuple[float, float], t: float) -> float | None:
    """Distance between where a track should be by now and a detection, metres; None if it cannot be the same thing.

    A thing of which other parts are seen, that is joined with another one or split, lies where it lay: ``shared``.
    """
    old = track.detection
    if (old.band == "drop") != (detection.band == "drop"):
        return None
    since = t - track.t
    if old.band == "drop" and (old.label == "unseen_floor") == (detection.label == "unseen_floor"):
        # An edge runs across: its nearest point slides sideways.
        gap = abs(detection.distance_m - math.hypot(track.x_m, track.forward_m))
    else:
        gap = math.hypot(detection.x_m - track.x_m, detection.forward_m - track.forward_m)
        # A wall's nearest point slides along it, too, so overlap in width and equal distance also counts.
        aside = track.x_m - old.x_m
        if detection.left_m <= old.right_m + aside and old.left_m + aside <= detection.right_m:
            gap = min(gap, abs(detection.distance_m - math.hypot(track.x_m, track.forward_m)) + 0.1)
    of_smaller, of_larger = shared
    if of_smaller >= SHARED:
        gap = min(gap, GATE_M * (1.0 - of_larger))  # a scrap of a thing does not take its number from the rest
    if detection.remembered and not old.remembered:
        gap += REMEMBERED_M
    return gap if gap <= GATE_M + GATE_MPS * since else None


def _slope(history: Sequence[tuple[float, float]]) -> float:
    """Of a length over time by least squares, metres a second; 0 until three looks span a fifth of a second."""
    if len(history) < 3 or history[-1][0] - history[0][0] < 0.2:
        return 0.0
    t, d = np.array(history).T
    t = t - t.mean()
    return float((t @ (d - d.mean())) / (t @ t))
