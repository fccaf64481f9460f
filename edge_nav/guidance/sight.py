"""When the camera's own trouble, and its end, are worth a word."""

from __future__ import annotations

from edge_nav.types import View

ONSET_S, UNCALIBRATED_ONSET_S = 0.4, 1.0
PAUSE_S, REPEAT_S = 3.0, 15.0
"""Between two kinds of trouble, and between two words about the same."""


class Sight:
    """Follows what the camera's health says, frame by frame."""

    def __init__(self) -> None:
        self._ok_since: float | None = 0.0
        self._bad_since: float | None = None
        self._said_t = float("-inf")
        self._told: View = "ok"

    def news(self, view: View, t: float) -> View | None:
        """The view to tell of now, "ok" when trouble that was told has ended; None where nothing is to be said."""
        if view == "ok":
            self._ok_since = t if self._ok_since is None else self._ok_since
            seen = t - self._ok_since >= ONSET_S
            if seen:  # a view that flickers between blocked and free is blocked
                self._bad_since = None
            if not seen or self._told in ("ok", "uncalibrated"):
                return None
            self._told = "ok"
            return "ok"
        self._bad_since, self._ok_since = (t if self._bad_since is None else self._bad_since), None
        lasting = t - self._bad_since >= (UNCALIBRATED_ONSET_S if view == "uncalibrated" else ONSET_S)
        # From one kind of blindness to another (a hand covers the lens: first no depth, then no picture) is no news.
        wait = REPEAT_S if view == self._told else PAUSE_S if self._told != "ok" else 0.0
        if not lasting or t - self._said_t < wait:
            return None
        self._told, self._said_t = view, t
        return view
