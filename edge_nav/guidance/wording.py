"""Callouts from what was chosen: words, priority, expiry and number."""

from __future__ import annotations

from collections import deque
from typing import Literal

from edge_nav.guidance.alerts import MessageAlert, alerts
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.hazards_in_view import SURE, Candidate
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.types import Callout, Scene

MAX_WORDS = 12
VEER_DEG = (10.0, 40.0)
VEER_FRAMES = 3
WAY_M = 2.5
"""A side is named when it is free this far."""


class Wording:
    """Numbers the callouts of a walk, and knows on which side the way has been free lately."""

    def __init__(self, settings: GuidanceSettings) -> None:
        self.adjust(settings)
        self._next_id = 1
        self._free_sides: deque[Literal["left", "right"] | None] = deque(maxlen=VEER_FRAMES)

    def adjust(self, settings: GuidanceSettings) -> None:
        """Other words or units from now on."""
        self._book, self._veer_advice = Phrasebook(settings), settings.veer_advice

    def note_free_side(self, scene: Scene) -> None:
        """Take note of the side that leads on in a scene."""
        way = scene.free_bearing_deg
        leads = not scene.free_onward and (scene.free_reach_m is None or scene.free_reach_m >= WAY_M)
        certain = way is not None and leads and scene.certainty >= SURE and VEER_DEG[0] <= abs(way) <= VEER_DEG[1]
        self._free_sides.append(("left" if way < 0 else "right") if way is not None and certain else None)

    def text(self, c: Candidate, scene: Scene) -> str:
        """The words about a hazard, with the free side where it is certain and there is room for it."""
        o = c.obstacle
        hedged = min(scene.certainty, o.certainty, o.confidence) < SURE
        veer = self._veer() if c.alert.veer and c.zone != "notice" else None
        urgent = c.zone == "stop"
        text = ""
        for advice in (veer, None):
            text = self._book.hazard(
                c.alert.kind, o.bearing_deg, o.distance_m, name=o.label, urgent=urgent, hedged=hedged, veer=advice
            )
            if len(text.split()) <= MAX_WORDS:
                break
        return text

    def hazard(self, c: Candidate, text: str, t: float) -> Callout:
        """A callout about a hazard, in words from ``text``."""
        o, expires_t = c.obstacle, t + alerts().expires_s(c.zone)
        return Callout(
            self._number(), c.alert.kind, c.zone, text, c.key, t, expires_t, o.id, o.distance_m, o.bearing_deg
        )

    def message(self, alert: MessageAlert, key: str, t: float) -> Callout:
        """A callout that is a fixed sentence."""
        expires_t = t + alerts().expires_s(alert.priority)
        return Callout(self._number(), alert.kind, alert.priority, self._book.message(alert.kind), key, t, expires_t)

    def _veer(self) -> Literal["left", "right"] | None:
        sides = set(self._free_sides)
        if not self._veer_advice or len(self._free_sides) < VEER_FRAMES or len(sides) != 1:
            return None
        return sides.pop()

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id - 1
