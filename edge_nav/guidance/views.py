"""When the camera's own trouble, and its end, are worth a word, and when a floor that is out of view is."""

from __future__ import annotations

from edge_nav.guidance.alerts import MessageAlert, alerts
from edge_nav.guidance.memory import Memory
from edge_nav.types import Scene, View

BETWEEN_S = 3.0
"""Between two kinds of trouble."""


class ViewTrouble:
    """Follows what the camera's health says, frame by frame."""

    def __init__(self) -> None:
        self._ok_since: float | None = 0.0
        self._bad_since: float | None = None
        self._spoken_t = float("-inf")
        self._spoken_view: View = "ok"

    def news(self, view: View, t: float) -> MessageAlert | None:
        """What to say of the view now: its trouble, or "recovered" when trouble that was spoken of has ended."""
        if view == "ok":
            return self._recovery(t)
        alert = alerts().view(view)
        self._bad_since, self._ok_since = (t if self._bad_since is None else self._bad_since), None
        # From one kind of blindness to another (a hand covers the lens: first no depth, then no picture) is no news.
        wait = alert.repeat_s if view == self._spoken_view else BETWEEN_S if self._spoken_view != "ok" else 0.0
        if t - self._bad_since < alert.onset_s or t - self._spoken_t < wait:
            return None
        self._spoken_view, self._spoken_t = view, t
        return alert

    def _recovery(self, t: float) -> MessageAlert | None:
        recovered = alerts().inform("recovered")
        self._ok_since = t if self._ok_since is None else self._ok_since
        if t - self._ok_since < recovered.onset_s:
            return None
        self._bad_since = None  # not sooner: a view that flickers between blocked and free is blocked
        if self._spoken_view == "ok" or not alerts().view(self._spoken_view).recovered:
            return None
        self._spoken_view = "ok"
        return recovered


class FloorLoss:
    """No floor, no drop-offs: worth a word, seldom. What is near may be the very floor that is not recognised."""

    def __init__(self) -> None:
        self._seen_t: float | None = None
        self._spoken_t = float("-inf")

    def news(self, scene: Scene, memory: Memory) -> MessageAlert | None:
        """What to say of the floor now."""
        t, alert = scene.t, alerts().inform("floor_lost")
        if scene.ground is not None or scene.view != "ok" or self._seen_t is None:
            self._seen_t = t
            return None
        if t - self._seen_t < alert.onset_s or t - self._spoken_t < alert.repeat_s:
            return None
        if not memory.affordable("caution", t) or memory.last.pauses(t):
            return None
        self._spoken_t = t
        memory.spend(t)
        return alert
