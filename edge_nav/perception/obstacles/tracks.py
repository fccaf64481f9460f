"""Obstacles followed over frames: lasting ids, closing speed, confidence that grows as a thing is seen again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edge_nav.perception.egomotion.scan_matching import Step
from edge_nav.perception.obstacles.clustering import Found
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
CROSSING_MPS, CROSSING_S = (0.5, 3.0), 1.0
"""What moves across so fast, and will be in the corridor so soon, is in the way now: who crosses is met, not seen."""
MOVES_MPS = 0.4
"""What goes faster over the ground moves by itself: less, and it may be the noise of outlines."""
CROSSING_M, SLIM_M = 3.0, 1.0
"""Only so near, and only things so slim: the end of a wall that comes into view seems to move."""
DRIFT_S = 0.6


@dataclass(slots=True)
class _Track:
    id: int
    found: Found
    t: float
    frames: int = 1
    closing_mps: float = 0.0
    history: deque[tuple[float, float]] = field(default_factory=deque)
    x_m: float = 0.0
    forward_m: float = 0.0
    """Where it is expected by now."""
    expected_t: float = 0.0
    votes: dict[str, float] = field(default_factory=dict)
    """Names it was given, the older ones counting less: a name that flickers would be spoken in turns."""
    middle_m: float = 0.0
    """Where the middle of its width is expected, to the right."""
    drift_m: tuple[float, float] = (0.0, 0.0)
    drifts: deque[tuple[float, float, float]] = field(default_factory=deque)
    """How far to the right and forward it has moved over the ground, while the walker's own moves were known; forward
    is NaN where their speed was not."""

    def __post_init__(self) -> None:
        self._place()

    def _place(self) -> None:
        self.x_m, self.forward_m, self.expected_t = self.found.x_m, self.found.forward_m, self.t
        self.middle_m = _middle(self.found)

    def expect(self, step: Step | None, t: float) -> None:
        """Reckon on where it is now, by the walker's move or else by its own closing speed."""
        seconds, self.expected_t = t - self.expected_t, t
        if step is None:
            self.forward_m -= self.closing_mps * seconds
            self.drifts.clear()
            return
        places = np.array([[self.x_m, self.forward_m], [self.middle_m, self.forward_m]])
        (x, forward), (middle, _) = step.seen_after(places)
        self.x_m, self.forward_m, self.middle_m = float(x), float(forward), float(middle)

    @property
    def moves(self) -> bool:
        """Whether it surely moves by itself: whoever takes for a passer-by what stands walks into it later.

        Only slim things are asked: the nearest point of a wall slides along it.
        """
        slim = self.found.right_m - self.found.left_m < SLIM_M and self.found.band != "drop"
        return slim and _least_speed(self.drifts) > MOVES_MPS

    def crosses(self, half_m: float) -> bool:
        """Whether it moves into the corridor of a half width from aside."""
        found = self.found
        across = _slope([(t, right) for t, right, _ in self.drifts])
        edge = found.left_m if across < 0 else -found.right_m
        coming = CROSSING_MPS[0] <= abs(across) <= CROSSING_MPS[1] and edge > 0
        slim = found.right_m - found.left_m < SLIM_M and found.band in ("body", "ground")
        return coming and slim and found.distance_m < CROSSING_M and edge - half_m < CROSSING_S * abs(across)

    def take(self, found: Found, t: float, *, speed_known: bool) -> None:
        """This frame's finding of it. ``speed_known``: whether where it was expected rests on a known walking speed."""
        # Stairs stay stairs: from near by, too few of their treads are in view to tell them anew.
        if self.found.label in STAIRS and found.label not in (self.found.label, "unseen_floor"):
            found = replace(found, label=self.found.label)
        # What hung free a moment ago still does, though from near by the space beneath is out of view.
        if not self.found.footing and found.low_m >= HANGS_M:
            found = replace(found, footing=False)
        if found.held:  # remembered: nothing new is known of it
            self.found, self.t = replace(found, label=self.found.label, footing=self.found.footing), t
            self._place()
            self.closing_mps = 0.0
            self.history.clear()
            self.drifts.clear()
            return
        right, forward = self.drift_m
        right, forward = right + _middle(found) - self.middle_m, forward + found.forward_m - self.forward_m
        self.drift_m = right, forward
        self.drifts.append((t, right, forward if speed_known else math.nan))
        while t - self.drifts[0][0] > DRIFT_S:
            self.drifts.popleft()
        self.found, self.t = found, t
        self._place()
        self.vote()
        self.frames += 1
        self.history.append((t, found.distance_m))
        while t - self.history[0][0] > HISTORY_S:
            self.history.popleft()
        self.closing_mps = -_slope(self.history)

    def vote(self) -> None:
        """Count this frame's name."""
        for name in self.votes:
            self.votes[name] *= FADE
        self.votes[self.found.label or ""] = self.votes.get(self.found.label or "", 0.0) + 1.0

    @property
    def label(self) -> str | None:
        """What geometry says now; else the name it was given most."""
        if self.found.band == "drop" or self.found.label in STAIRS:
            return self.found.label
        return max(self.votes, key=lambda name: self.votes[name], default="") or None


class Tracker:
    """Nearest-neighbour association on the floor, in walker coordinates."""

    def __init__(self, corridor_width_m: float = 0.8) -> None:
        self._half_m = corridor_width_m / 2
        self._tracks: list[_Track] = []
        self._next_id = 1
        self.frames: list[int] = []
        """In how many frames each finding of the last update has been seen."""
        self.moving: list[bool] = []
        """And whether it moves by itself."""
        self.approach_mps = 0.0
        """The slowest approach of what is seen ahead: how fast the walker goes, where nothing better tells."""
        self._approach_t = 0.0

    def update(
        self, found: list[Found], t: float, step: Step | None = None, *, speed_known: bool = False
    ) -> tuple[Obstacle, ...]:
        """Join this frame's findings to tracks; the obstacles of this frame, nearest first.

        ``step`` is the walker's move since the last frame, None if it is not known: then each thing is expected where
        its own closing speed takes it. ``speed_known``: whether how far they went forward was told by what is seen.
        """
        self._tracks = [k for k in self._tracks if 0 <= t - k.t <= FORGET_S]
        for track in self._tracks:
            track.expect(step, t)
        pairs = sorted(
            (gap, n, m)
            for n, track in enumerate(self._tracks)
            for m, f in enumerate(found)
            if (gap := _gap(track, f, t)) is not None
        )
        taken: dict[int, _Track] = {}
        used: set[int] = set()
        for _, n, m in pairs:
            if n in used or m in taken:
                continue
            used.add(n)
            taken[m] = self._tracks[n]
            taken[m].take(found[m], t, speed_known=speed_known)
        for m, f in enumerate(found):
            if m not in taken:
                taken[m] = _Track(self._next_id, f, t, history=deque([(t, f.distance_m)]))
                taken[m].vote()
                self._next_id += 1
                self._tracks.append(taken[m])
        self.frames = [taken[m].frames for m in range(len(found))]
        self.moving = [taken[m].moves for m in range(len(found))]
        self._note_approach(t)
        obstacles = (_obstacle(taken[m], taken[m].crosses(self._half_m)) for m in range(len(found)))
        return tuple(sorted(obstacles, key=lambda o: o.distance_m))

    def _note_approach(self, t: float) -> None:
        seen = [k for k in self._tracks if k.t == t and k.frames >= STEADY_FRAMES and not k.found.held]
        ahead = [k for k in seen if k.found.distance_m > AHEAD_M and abs(k.found.bearing_deg) <= AHEAD_DEG]
        if ahead:
            self.approach_mps, self._approach_t = max(0.0, min(k.closing_mps for k in ahead)), t
        elif t - self._approach_t > GOES_ON_S:
            self.approach_mps = 0.0


def _gap(track: _Track, found: Found, t: float) -> float | None:
    """Distance between where a track should be by now and a finding, metres; None if it cannot be the same thing."""
    old = track.found
    if (old.band == "drop") != (found.band == "drop"):
        return None
    since = t - track.t
    if old.band == "drop" and (old.label == "unseen_floor") == (found.label == "unseen_floor"):
        # An edge runs across: its nearest point slides sideways.
        gap = abs(found.distance_m - math.hypot(track.x_m, track.forward_m))
    else:
        gap = math.hypot(found.x_m - track.x_m, found.forward_m - track.forward_m)
        # A wall's nearest point slides along it, too, so overlap in width and equal distance also counts.
        aside = track.x_m - old.x_m
        if found.left_m <= old.right_m + aside and old.left_m + aside <= found.right_m:
            gap = min(gap, abs(found.distance_m - math.hypot(track.x_m, track.forward_m)) + 0.1)
    return gap if gap <= GATE_M + GATE_MPS * since else None


def _middle(found: Found) -> float:
    return (found.left_m + found.right_m) / 2


def _slope(history: Sequence[tuple[float, float]]) -> float:
    """Of a length over time by least squares, metres a second; 0 until three looks span a fifth of a second."""
    if len(history) < 3 or history[-1][0] - history[0][0] < 0.2:
        return 0.0
    t, d = np.array(history).T
    t = t - t.mean()
    return float((t @ (d - d.mean())) / (t @ t))


def _least_speed(drifts: deque[tuple[float, float, float]]) -> float:
    """Over the ground, metres a second: what is left when the standard error of the line through it is taken off, since
    what flickers to and fro does not go anywhere. 0 until four looks span a fifth of a second; NaN where a look is.
    """
    if len(drifts) < 4 or drifts[-1][0] - drifts[0][0] < 0.2:
        return 0.0
    t, *drift = np.array(drifts).T
    t = t - t.mean()
    away = np.stack(drift) - np.mean(drift, axis=1, keepdims=True)
    speed = away @ t / (t @ t)
    left = away - speed[:, None] * t
    doubt = math.sqrt(float((left * left).sum()) / (len(t) - 2) / float(t @ t))
    return float(np.hypot(*speed)) - doubt


def _obstacle(track: _Track, crosses: bool) -> Obstacle:
    f = track.found
    return Obstacle(
        id=track.id,
        distance_m=f.distance_m,
        bearing_deg=f.bearing_deg,
        x_m=f.x_m,
        left_m=f.left_m,
        right_m=f.right_m,
        low_m=f.low_m,
        high_m=f.high_m,
        band=f.band,
        in_corridor=f.in_corridor or crosses,
        closing_mps=track.closing_mps,
        confidence=f.confidence * (1.0 if track.frames >= 3 else 0.6 + 0.2 * (track.frames - 1)),
        label=track.label,
        footing=f.footing,
        seen_frames=track.frames,
        certainty=f.certainty,
        held=f.held,
    )
