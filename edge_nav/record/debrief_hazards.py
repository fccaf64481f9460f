"""The hazards of a walk whose truth is known: what the walker headed for, and by when they had to know of it.

A hazard is a thing, a kerb, or an edge that falls away, that stays in the 0.8 m corridor ahead for FACED_S within
FACED_M and comes nearer than NEAR_M. It has to be known before the walker is as near as they need to stop, or before
they have turned away from it, whichever comes first.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge_nav.record.debrief_spoken import SpokenCallout
from edge_nav.types import EDGE, Standing, TruthFrame

FACED_S, FACED_M, NEAR_M = 1.0, 3.3, 2.2
REACTION_S, BRAKING_MPS2, BODY_M = 0.7, 3.0, 0.25
"""From the noun to the act, how fast a walker stops then, and half a body: as in `bench walker`."""
GAP_S = 1.5
"""What was out of the corridor for longer is another hazard."""
EDGE_M = 1.5
"""Edges nearer to each other than this are one: a stair's, or both sides of a kerbstone."""

Outcome = Literal["in time", "late", "missed"]
Spot = tuple[float, float]


class Sighting(NamedTuple):
    """A moment in which something was in the corridor: seconds of the walk, how far ahead, and about where it is."""

    t: float
    distance_m: float
    spot: Spot


@dataclass(slots=True)
class FacedHazard:
    """Something the walker headed for, and the first warning of it.

    ``needed_s``: when at the latest they had to know. ``heard_s``: when the warning's noun had been spoken, and
    ``warned_m``: how far it was then.
    """

    kind: str
    number: int
    band: str
    low_m: float
    """Its underside; for an edge minus how far it falls."""
    sightings: list[Sighting]
    needed_s: float = math.inf
    outcome: Outcome = "missed"
    warning: SpokenCallout | None = None
    heard_s: float | None = None
    warned_m: float | None = None

    @property
    def nearest_m(self) -> float:
        """How near the walker came to it."""
        return min(s.distance_m for s in self.sightings)

    @property
    def lead_s(self) -> float | None:
        """How long before it was needed, seconds."""
        return None if self.heard_s is None else self.needed_s - self.heard_s


def find_hazards(truth: Sequence[TruthFrame]) -> list[FacedHazard]:
    """What the walker headed for, in the order of the walk."""
    found: list[FacedHazard] = []
    for frame in truth:
        for standing in _in_the_way(frame):
            distance_m = standing.corridor_m or 0.0
            now = Sighting(frame.t, distance_m, spot_of(frame, 0.0, distance_m))
            for hazard in reversed(found):
                last = hazard.sightings[-1]
                near = standing.number > 0 or math.dist(now.spot, last.spot) < EDGE_M
                if hazard.number == standing.number and near and now.t - last.t <= GAP_S:
                    if now.t > last.t:
                        hazard.sightings.append(now)
                    break
            else:
                found.append(FacedHazard(standing.kind, standing.number, standing.band, standing.low_m, [now]))
    step_s = _step_s(truth)
    kept = [h for h in found if len(h.sightings) * step_s >= FACED_S - 1e-6 and h.nearest_m <= NEAR_M]
    for hazard in kept:
        hazard.needed_s = _needed_s(hazard, truth)
    return kept


def frame_at(truth: Sequence[TruthFrame], t: float) -> TruthFrame | None:
    """The frame nearest to a time; frames are in the order of the walk."""
    n = bisect_left(truth, t, key=lambda frame: frame.t)
    return min(truth[max(n - 1, 0) : n + 1], key=lambda frame: abs(frame.t - t), default=None)


def spot_of(frame: TruthFrame, bearing_deg: float, metres: float) -> Spot:
    """Where in the world a bearing and a distance point to."""
    turn = math.radians(frame.pose.heading_deg + bearing_deg)
    return frame.pose.x + metres * math.sin(turn), frame.pose.y + metres * math.cos(turn)


def distance_at(hazard: FacedHazard, t: float, truth: Sequence[TruthFrame]) -> float | None:
    """How far a hazard is from the walker at a time, metres; None where it is not about them."""
    frame = frame_at(truth, t)
    if frame is None:
        return None
    if hazard.number > 0:
        return next((s.distance_m for s in frame.standing if s.number == hazard.number), None)
    return math.dist((frame.pose.x, frame.pose.y), hazard.sightings[-1].spot)


def _in_the_way(frame: TruthFrame) -> list[Standing]:
    """What is in the corridor within FACED_M and not behind a wall; of edges and kerbs the nearest alone."""
    near = [s for s in frame.standing if s.corridor_m is not None and s.corridor_m <= FACED_M]
    wall = min((s.corridor_m or 0.0 for s in near if s.kind == "wall" and s.band == "body"), default=math.inf)
    near = sorted((s for s in near if (s.corridor_m or 0.0) < wall), key=lambda s: s.corridor_m or 0.0)
    edges = [s for s in near if s.number == EDGE]
    kerbs = [s for s in near if s.number == 0 and s.kind == "kerb"]
    return [*(s for s in near if s.number > 0), *edges[:1], *kerbs[:1]]


def _needed_s(hazard: FacedHazard, truth: Sequence[TruthFrame]) -> float:
    """When it is first as near as the walker needs to stop, else when it was last in the way."""
    for sighting in hazard.sightings:
        speed = _speed_mps(truth, sighting.t)
        if sighting.distance_m <= speed * REACTION_S + speed**2 / (2 * BRAKING_MPS2) + BODY_M:
            return sighting.t
    return hazard.sightings[-1].t


def _step_s(truth: Sequence[TruthFrame]) -> float:
    return (truth[-1].t - truth[0].t) / (len(truth) - 1) if len(truth) > 1 else 0.0


def _speed_mps(truth: Sequence[TruthFrame], t: float) -> float:
    """Over the second before, so that the sway of walking does not count."""
    now, before = frame_at(truth, t), frame_at(truth, t - 1.0)
    if now is None or before is None or now.t <= before.t:
        return 0.0
    return math.dist((now.pose.x, now.pose.y), (before.pose.x, before.pose.y)) / (now.t - before.t)
