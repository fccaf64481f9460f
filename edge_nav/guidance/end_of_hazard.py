"""When the end of what was warned of is worth a word."""

from __future__ import annotations

from collections.abc import Sequence

from edge_nav.guidance.alerts import MessageAlert, alerts
from edge_nav.guidance.hazards_in_view import Candidate
from edge_nav.guidance.memory import Memory
from edge_nav.types import Scene

CLEAR_M = 2.5
"""So far the way has to be seen free."""


class EndOfHazard:
    """One "clear" when the hazards that were spoken of have ended and the way is seen to be free."""

    def __init__(self) -> None:
        self._warned_t: float | None = None
        self._quiet_since: float | None = None

    def warned(self, candidate: Candidate, t: float) -> None:
        """A hazard has been spoken of."""
        if candidate.alert.clear and candidate.zone != "notice":
            self._warned_t = t

    def take_back(self, t: float) -> None:
        """What was spoken of at a time was never heard, nor is its end worth a word."""
        if self._warned_t == t:
            self._warned_t = None

    def news(self, scene: Scene, candidates: Sequence[Candidate], memory: Memory) -> MessageAlert | None:
        """What to say of the end of hazards now. Whatever stands there after a "clear" is new to the walker."""
        if any(o.remembered for o in scene.obstacles):
            self._warned_t = None  # it went out of sight, which is not its end: nothing is called clear
        if self._warned_t is None:
            return None
        alert = alerts().inform("clear")
        ended = not any(c.zone != "notice" for c in candidates) and scene.view == "ok"
        free = scene.clearance_m is not None and scene.clearance_m >= CLEAR_M
        if not (ended and free):
            self._quiet_since = None
            return None
        if self._quiet_since is None:
            self._quiet_since = scene.t
        if scene.t - self._quiet_since < alert.onset_s:
            return None
        self._warned_t = self._quiet_since = None
        if not memory.affordable("notice", scene.t):
            return None
        memory.spend(scene.t)
        memory.forget_hazards()
        return alert
