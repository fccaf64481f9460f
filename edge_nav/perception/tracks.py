"""Obstacles followed over frames: lasting ids, closing speed, confidence that grows as a thing is seen again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from edge_nav.perception.obstacles import Found
from edge_nav.types import Obstacle

GATE_M = 0.45
"""A thing may be this far from where it was expected, plus what a brisk walk covers since it was last seen."""
GATE_MPS = 1.5
FORGET_S = 1.2
HOLD_S = 10.0
"""A thing that went out of sight beneath the picture may still be there: nobody knows whether the walker went on."""
HIDING_M = 0.35
"""What may be covered between two looks: a thing this much nearer than when last seen counts as hidden, too."""
HELD_CERTAINTY = 0.5
PASSED_M = 0.5
"""A hidden thing is behind the walker when they have gone its distance and this much more."""
AHEAD_DEG, AHEAD_M, STEADY_FRAMES = 25.0, 1.0, 5
"""Tracks that tell how fast the walker goes: ahead, not too near, and seen for a while."""
HISTORY_S = 1.0
UNDERFOOT_M = 2.0
HANGS_M = 0.3
FADE = 0.8
"""What a name given one frame ago counts against one given now."""
STAIRS = ("stairs_down", "stairs_up")


@dataclass(slots=True)
class _Track:
    id: int
    found: Found
    t: float
    frames: int = 1
    closing_mps: float = 0.0
    walked_m: float = 0.0
    """How far the walker has gone since it was last seen, as far as other tracks tell."""
    history: deque[tuple[float, float]] = field(default_factory=deque)
    votes: dict[str, float] = field(default_factory=dict)
    """Names it was given, the older ones counting less: a name that flickers would be spoken in turns."""

    def _closing(self) -> float:
        """Slope of distance over the last second by least squares; 0 until three looks span a fifth of a second."""
        if len(self.history) < 3 or self.history[-1][0] - self.history[0][0] < 0.2:
            return 0.0
        t, d = np.array(self.history).T
        t = t - t.mean()
        return float(-(t @ (d - d.mean())) / (t @ t))

    def take(self, found: Found, t: float) -> None:
        # Stairs stay stairs: from near by, too few of their treads are in view to tell them anew.
        if self.found.label in STAIRS and found.label not in (self.found.label, "unseen_floor"):
            found = replace(found, label=self.found.label)
        # What hung free a moment ago still does, though from near by the space beneath is out of view.
        if not self.found.footing and found.low_m >= HANGS_M:
            found = replace(found, footing=False)
        self.found, self.t, self.walked_m = found, t, 0.0
        self.vote()
        self.frames += 1
        self.history.append((t, found.distance_m))
        while t - self.history[0][0] > HISTORY_S:
            self.history.popleft()
        self.closing_mps = self._closing()

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
    """Nearest-neighbour association on the floor, in walker coordinates: everything approaches alike as one walks."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._t: float | None = None

    def update(
        self, found: list[Found], t: float, lowest_m: Callable[[float], float] = lambda _: 0.0
    ) -> tuple[Obstacle, ...]:
        """Join this frame's findings to tracks; the obstacles of this frame, nearest first.

        ``lowest_m`` gives the height above the floor of the lowest point that the picture shows at a distance ahead.
        """
        self._tracks = [k for k in self._tracks if 0 <= t - k.t <= (HOLD_S if _hidden(k, lowest_m) else FORGET_S)]
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
            taken[m].take(found[m], t)
        for m, f in enumerate(found):
            if m not in taken:
                taken[m] = _Track(self._next_id, f, t, history=deque([(t, f.distance_m)]))
                taken[m].vote()
                self._next_id += 1
                self._tracks.append(taken[m])
        seen = [_obstacle(taken[m]) for m in range(len(found))]
        passing = [o for k in self._tracks if k.t < t and (o := _underfoot(k, t)) is not None]
        told = {o.id for o in passing}
        self._walk_on(t)
        held = [_held(k) for k in self._tracks if k.t < t and k.id not in told and _hidden(k, lowest_m)]
        return tuple(sorted([*seen, *passing, *held], key=lambda o: o.distance_m))

    def _walk_on(self, t: float) -> None:
        """Note how far the walker has gone, by the slowest approach of what is seen ahead: none if it stands still."""
        seen = [k for k in self._tracks if k.t == t and k.frames >= STEADY_FRAMES and k.found.distance_m > AHEAD_M]
        speed = min((k.closing_mps for k in seen if abs(k.found.bearing_deg) <= AHEAD_DEG), default=0.0)
        for track in self._tracks:
            if track.t < t and self._t is not None:
                track.walked_m += max(0.0, speed) * (t - self._t)
        self._t = t


def _hidden(track: _Track, lowest_m: Callable[[float], float]) -> bool:
    """Whether a thing that is not seen any more lies beneath the picture, ahead."""
    f = track.found
    if track.frames < 3 or not f.in_corridor or f.label == "unseen_floor" or f.distance_m > UNDERFOOT_M:
        return False
    if track.walked_m > f.forward_m + PASSED_M:
        return False
    return f.high_m < lowest_m(f.distance_m - HIDING_M)


def _held(track: _Track) -> Obstacle:
    """A hidden thing, as far away as it was when it was last seen."""
    return replace(_obstacle(track), held=True, closing_mps=0.0, confidence=HELD_CERTAINTY * track.found.confidence)


def _underfoot(track: _Track, t: float) -> Obstacle | None:
    """A low thing that has left the picture at its bottom because the walker nears it, reckoned on for a moment."""
    f, since = track.found, t - track.t
    closing = track.closing_mps
    if since > FORGET_S:
        return None
    low = f.band == "drop" or f.high_m < 0.5
    if not low or f.label == "unseen_floor" or track.frames < 3 or f.distance_m > UNDERFOOT_M or closing < 0.2:
        return None
    ahead = f.distance_m - closing * since
    if ahead <= 0.1:
        return None
    return replace(_obstacle(track), distance_m=ahead, confidence=0.8 * f.confidence)


def _gap(track: _Track, found: Found, t: float) -> float | None:
    """Distance between where a track should be by now and a finding, metres; None if it cannot be the same thing."""
    old = track.found
    if (old.band == "drop") != (found.band == "drop"):
        return None
    since = t - track.t
    if since > FORGET_S:  # held: it must be where it was
        gap = math.hypot(found.x_m - old.x_m, found.forward_m - old.forward_m)
        return gap if gap <= GATE_M else None
    ahead = old.distance_m - track.closing_mps * since
    if old.band == "drop" and (old.label == "unseen_floor") == (found.label == "unseen_floor"):
        gap = abs(found.distance_m - ahead)  # an edge runs across: its nearest point slides sideways
    else:
        expected_forward = old.forward_m - track.closing_mps * since
        gap = math.hypot(found.x_m - old.x_m, found.forward_m - expected_forward)
        # A wall's nearest point slides along it, too, so overlap in width and equal distance also counts.
        if found.left_m <= old.right_m and old.left_m <= found.right_m:
            gap = min(gap, abs(found.distance_m - ahead) + 0.1)
    return gap if gap <= GATE_M + GATE_MPS * since else None


def _obstacle(track: _Track) -> Obstacle:
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
        in_corridor=f.in_corridor,
        closing_mps=track.closing_mps,
        confidence=f.confidence * (1.0 if track.frames >= 3 else 0.6 + 0.2 * (track.frames - 1)),
        label=track.label,
        footing=f.footing,
        seen_frames=track.frames,
        certainty=f.certainty,
    )
