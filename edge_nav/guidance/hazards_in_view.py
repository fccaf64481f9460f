"""Which hazards a scene holds, each in its zone, and whether what waits to be spoken is still true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_nav.guidance.alerts import HazardAlert, alerts
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.zones import Zone, zone_of
from edge_nav.types import Callout, Obstacle, Scene

Companion = Literal["none", "cane", "dog"]
SURE = 0.6
"""What is less certain is doubted: its distance is hedged."""
FLICKER_S = 0.3
"""A network sees what it is not sure of in one frame and not in the next: a STOP for it holds so much longer."""
SLOW_FRAMES_S = 0.4
"""Where frames come more seldom than this, a second look would come too late; at the very first, too."""
SAME_BEARING_DEG, SAME_DISTANCE_M = 25.0, 0.8
"""A hazard of the same kind this near to one just spoken of is that one, though its track was lost."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An obstacle that might be spoken of. ``rank`` is its row's place in the table, the most dangerous first."""

    alert: HazardAlert
    obstacle: Obstacle
    zone: Zone
    rank: int

    @property
    def key(self) -> str:
        """One hazard's, as long as its track lasts."""
        return f"{self.alert.kind}:{self.obstacle.id}"

    @property
    def general_kind(self) -> str:
        """Edges count as one kind however exactly they are told."""
        return self.alert.same_as or self.alert.kind

    def is_at(self, bearing_deg: float, distance_m: float) -> bool:
        """Whether it is where another of its kind was."""
        near = abs(distance_m - self.obstacle.distance_m) < SAME_DISTANCE_M
        return near and abs(bearing_deg - self.obstacle.bearing_deg) < SAME_BEARING_DEG


class HazardsInView:
    """Follows the zone of every obstacle from frame to frame."""

    def __init__(self, companion: Companion) -> None:
        self._companion = companion
        self._zones: dict[int, Zone] = {}
        self._candidates: tuple[Candidate, ...] = ()
        self._t: float | None = None
        self._doubtful_stop_t = float("-inf")

    def update(
        self, scene: Scene, since_s: float | None, settings: GuidanceSettings, speed_mps: float | None
    ) -> tuple[Candidate, ...]:
        """The scene's candidates. ``since_s``: seconds since the frame before, None at the first; ``speed_mps``: the
        walker's speed, None where it is not known.
        """
        rows = [h for h in alerts().hazards if not h.talkative or settings.verbosity == "talkative"]
        slow = since_s is None or since_s > SLOW_FRAMES_S
        candidates = []
        zones: dict[int, Zone] = {}
        for obstacle in scene.obstacles:
            rank, alert = next(((n, h) for n, h in enumerate(rows) if h.fits(obstacle)), (0, None))
            if alert is None or obstacle.confidence < alert.confidence:
                continue
            if obstacle.seen_frames < (1 if slow else alert.onset_frames):
                continue
            zone = zone_of(alert, obstacle, self._zones.get(obstacle.id), speed_mps)
            if zone is None:
                continue
            zones[obstacle.id] = zone
            if self._is_heeded(alert, zone, settings):
                candidates.append(Candidate(alert, obstacle, zone, rank))
        if any(c.zone == "stop" and c.obstacle.certainty < SURE for c in candidates):
            self._doubtful_stop_t = scene.t
        self._zones, self._candidates, self._t = zones, tuple(candidates), scene.t
        return self._candidates

    def still_holds(self, callout: Callout) -> bool:
        """Whether what a waiting callout says of an obstacle is still so.

        A STOP holds as long as there is anything to stop for, whatever it is called by now.
        """
        seen = self._candidates
        if any(c.key == callout.key for c in seen):
            return True
        if callout.priority == "stop":
            flickers = self._t is not None and self._t - self._doubtful_stop_t < FLICKER_S
            if flickers or any(c.zone == "stop" for c in seen):
                return True
        # Its track may have been lost and found again under another number while it waited, or told more exactly.
        kind = alerts().general_kind(callout.kind)
        bearing_deg, distance_m = callout.bearing_deg or 0.0, callout.distance_m or 0.0
        return any(c.general_kind == kind and c.is_at(bearing_deg, distance_m) for c in seen)

    def _is_heeded(self, alert: HazardAlert, zone: Zone, settings: GuidanceSettings) -> bool:
        if settings.verbosity == "hazards" and zone == "notice":
            return False
        if self._companion == "none":
            return True
        heed = alert.companion.cane if self._companion == "cane" else alert.companion.dog
        return heed == "full" or (heed == "stop" and zone == "stop")
