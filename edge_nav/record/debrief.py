"""What was said on a walk against what was there: which hazards were announced in time, and which words were wrong.

A hazard is what the walker heads for: a thing, a kerb, or an edge that falls away, that stays in the 0.8 m corridor
ahead for FACED_S within FACED_M and comes nearer than NEAR_M. It is announced in time when its tone has ended before
the walker is as near as they need to stop, or before they have turned away from it, whichever comes first.
A callout means what has a point within MATCH_M and MATCH_DEG of where it says; where nothing has, it is false.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from edge_nav.record.records import number
from edge_nav.types import EDGE, Callout, Standing, TruthFrame

FACED_S, FACED_M, NEAR_M = 1.0, 3.3, 2.2
REACTION_S, BRAKING_MPS2, BODY_M = 0.7, 3.0, 0.25
"""From the end of the tone to the act, how fast a walker stops then, and half a body: as in `bench walker`."""
MATCH_M, MATCH_DEG = 0.75, 20.0
GAP_S = 1.5
"""What was out of the corridor for longer is another hazard."""
EDGE_M = 1.5
"""Edges nearer to each other than this are one: a stair's, or both sides of a kerbstone."""
LATE_S = 1.0
"""Words that come later than this after a hazard are no warning of it."""

Outcome = Literal["in time", "late", "missed"]
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SpokenCallout:
    """A callout that says where something is, and when its tone had been heard, seconds of the walk."""

    callout: Callout
    heard_s: float


class Sighting(NamedTuple):
    """A moment in which something was in the corridor: seconds of the walk, how far ahead, and about where it is."""

    t: float
    distance_m: float
    spot: Spot


@dataclass(slots=True)
class FacedHazard:
    """Something the walker headed for, and the first warning of it.

    ``needed_s``: when at the latest they had to know. ``warned_m``: how far it was when the warning's tone had ended.
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
    warned_m: float | None = None

    @property
    def nearest_m(self) -> float:
        return min(s.distance_m for s in self.sightings)

    @property
    def lead_s(self) -> float | None:
        """How long before it was needed, seconds."""
        return None if self.warning is None else self.needed_s - self.warning.heard_s


@dataclass(frozen=True, slots=True)
class Debrief:
    """A whole walk. ``callouts`` counts those that say where something is."""

    hazards: tuple[FacedHazard, ...]
    false: tuple[SpokenCallout, ...]
    callouts: int

    def count(self, outcome: Outcome) -> int:
        """Hazards that were announced so."""
        return sum(hazard.outcome == outcome for hazard in self.hazards)


@dataclass(slots=True)
class CalloutCollector:
    """Collects what is said while the walk goes on. ``tone_s``: length of each priority's tone, seconds."""

    tone_s: dict[str, float]
    _spoken: dict[int, SpokenCallout] = field(default_factory=dict)

    def callout(self, callout: Callout, latency_s: float) -> None:
        """A callout; without a voice it counts as heard at once."""
        if callout.priority in ("stop", "caution", "notice") and None not in (callout.distance_m, callout.bearing_deg):
            tone = self.tone_s.get(callout.priority, 0.0)
            self._spoken[callout.id] = SpokenCallout(callout, callout.t + latency_s + tone)

    def voice(self, callout_id: int, latency_s: float | None) -> None:
        """When its first sample sounded after its frame; None: it was never heard."""
        spoken = self._spoken.pop(callout_id, None)
        if spoken is not None and latency_s is not None:
            self.callout(spoken.callout, latency_s)

    @property
    def spoken(self) -> list[SpokenCallout]:
        """In the order in which they were heard."""
        return sorted(self._spoken.values(), key=lambda s: s.heard_s)


def debrief(spoken: Sequence[SpokenCallout], truth: Sequence[TruthFrame], drop_kinds: Collection[str]) -> Debrief:
    """Hold what was said against what was there. ``drop_kinds``: the callouts that speak of ground that falls away."""
    hazards, false = find_hazards(truth), []
    for one in spoken:
        frame = _at(truth, one.callout.t)
        meant = [] if frame is None else [s for s in frame.standing if _means(one.callout, s, drop_kinds)]
        if frame is None or not meant:
            false.append(one)
            continue
        for hazard in hazards:
            if hazard.warning is None and _is_about(hazard, one, meant, frame):
                hazard.warning, hazard.outcome = one, "in time" if one.heard_s <= hazard.needed_s else "late"
                hazard.warned_m = _distance(hazard, one.heard_s, truth)
    return Debrief(tuple(hazards), tuple(false), len(spoken))


def find_hazards(truth: Sequence[TruthFrame]) -> list[FacedHazard]:
    """What the walker headed for, in the order of the walk."""
    found: list[FacedHazard] = []
    for frame in truth:
        for standing in _in_the_way(frame):
            distance_m = standing.corridor_m or 0.0
            now = Sighting(frame.t, distance_m, _spot(frame, 0.0, distance_m))
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


def debrief_record(result: Debrief, t: float) -> dict[str, Any]:
    """The log's record, before the summary of a walk whose truth is known.

    ``hazards``: for each in turn its kind, band and underside (of a drop minus its depth), when it was first in the
    way, when at the latest it had to be known (both seconds of the walk), how near it came, ``outcome`` (in_time, late
    or missed), and of the first callout about it the id, when its tone had been heard and how far the hazard was then.
    ``false_callouts``: ids of those where nothing stands. ``callouts``: how many said where something is.
    """
    return {
        "type": "debrief",
        "t": number(t),
        "hazards": [
            {
                "kind": hazard.kind,
                "band": hazard.band,
                "low_m": number(hazard.low_m, 2),
                "from_s": number(hazard.sightings[0].t, 2),
                "needed_s": number(hazard.needed_s, 2),
                "nearest_m": number(hazard.nearest_m, 2),
                "outcome": hazard.outcome.replace(" ", "_"),
                "callout_id": None if hazard.warning is None else hazard.warning.callout.id,
                "heard_s": None if hazard.warning is None else number(hazard.warning.heard_s, 2),
                "heard_m": number(hazard.warned_m, 2),
            }
            for hazard in result.hazards
        ],
        "false_callouts": [one.callout.id for one in result.false],
        "callouts": result.callouts,
        "in_time": result.count("in time"),
        "late": result.count("late"),
        "missed": result.count("missed"),
    }


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


def _means(callout: Callout, standing: Standing, drop_kinds: Collection[str]) -> bool:
    if (standing.number == EDGE) != (callout.kind in drop_kinds):
        return False
    distance, bearing = callout.distance_m or 0.0, callout.bearing_deg or 0.0
    return any(abs(d - distance) <= MATCH_M and abs(b - bearing) <= MATCH_DEG for b, d in standing.points)


def _is_about(hazard: FacedHazard, one: SpokenCallout, meant: Sequence[Standing], frame: TruthFrame) -> bool:
    last = hazard.sightings[-1]
    if one.heard_s > max(last.t, hazard.needed_s) + LATE_S or not any(s.number == hazard.number for s in meant):
        return False
    if hazard.number > 0:
        return True
    # Edges and kerbs have no number of their own, but they stay where they are.
    spot = _spot(frame, one.callout.bearing_deg or 0.0, one.callout.distance_m or 0.0)
    return math.dist(spot, last.spot) < EDGE_M


def _distance(hazard: FacedHazard, t: float, truth: Sequence[TruthFrame]) -> float | None:
    frame = _at(truth, t)
    if frame is None:
        return None
    if hazard.number > 0:
        return next((s.distance_m for s in frame.standing if s.number == hazard.number), None)
    return math.dist((frame.pose.x, frame.pose.y), hazard.sightings[-1].spot)


def _spot(frame: TruthFrame, bearing_deg: float, metres: float) -> Spot:
    """Where in the world a bearing and a distance point to."""
    turn = math.radians(frame.pose.heading_deg + bearing_deg)
    return frame.pose.x + metres * math.sin(turn), frame.pose.y + metres * math.cos(turn)


def _at(truth: Sequence[TruthFrame], t: float) -> TruthFrame | None:
    """The frame nearest to a time."""
    return min(truth, key=lambda frame: abs(frame.t - t), default=None)


def _step_s(truth: Sequence[TruthFrame]) -> float:
    return (truth[-1].t - truth[0].t) / (len(truth) - 1) if len(truth) > 1 else 0.0


def _speed_mps(truth: Sequence[TruthFrame], t: float) -> float:
    """Over the second before, so that the sway of walking does not count."""
    now, before = _at(truth, t), _at(truth, t - 1.0)
    if now is None or before is None or now.t <= before.t:
        return 0.0
    return math.dist((now.pose.x, now.pose.y), (before.pose.x, before.pose.y)) / (now.t - before.t)
