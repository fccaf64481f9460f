"""Watches over the walk itself: frames that stay away, a loop that stalls, and measuring too slow to walk by.

Pure state machines over a clock that is handed in; edge_nav.walk.watch and edge_nav.walk.app run them.
"""

from __future__ import annotations

import threading

from edge_nav.latch import FaultLatch
from edge_nav.types import Fault

SILENCE_S = 0.8
"""Without a frame, or within one frame, for so long: announced within the second."""
WALKING_MPS = 1.2
BLIND_WAY_M = 0.9
"""Measuring is too slow when the walker covers this much between capture and decision of two frames in a row."""
SLOW_FRAMES = 3


class Watchdog:
    """Told what the capture thread and the loop do; asked from a third thread what is wrong."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame_at: float | None = None
        self._busy_since: float | None = None
        self._latch = FaultLatch()

    def frame_captured(self, at_s: float) -> None:
        """A frame came."""
        with self._lock:
            self._frame_at = at_s

    def began(self, at_s: float) -> None:
        """The loop begins a frame."""
        with self._lock:
            self._busy_since = at_s

    def ended(self) -> None:
        """The loop is done with it."""
        with self._lock:
            self._busy_since = None

    @property
    def stalled(self) -> bool:
        """Whether the loop is stuck in a frame."""
        with self._lock:
            return "watchdog" in self._latch.failing

    def check(self, at_s: float, *, live: bool) -> list[Fault]:
        """Faults that begin or end now. ``live``: frames are due all the time, as from a camera."""
        with self._lock:
            late = live and self._frame_at is not None and at_s - self._frame_at > SILENCE_S
            stuck = self._busy_since is not None and at_s - self._busy_since > SILENCE_S
            return [
                *self._latch.change("camera", "the camera delivers no frames: check its cable", late),
                *self._latch.change("watchdog", "one frame is taking longer than the walk allows: stop walking", stuck),
            ]


class PaceGuard:
    """Compares capture-to-decision time and frame interval with walking speed."""

    def __init__(self) -> None:
        self._last_t: float | None = None
        self._slow = 0
        self._told = False

    def update(self, t: float, latency_s: float) -> list[Fault]:
        """After each frame of a live or paced walk."""
        interval = 0.0 if self._last_t is None else t - self._last_t
        self._last_t = t
        way = (interval + latency_s) * WALKING_MPS
        self._slow = min(self._slow + 1, SLOW_FRAMES) if way > BLIND_WAY_M else max(self._slow - 1, 0)
        if self._slow == SLOW_FRAMES and not self._told:
            self._told = True
            return [
                Fault(
                    "slow",
                    f"measuring takes {latency_s * 1e3:.0f} ms a frame, every {interval * 1e3:.0f} ms: "
                    "walk slower, or choose a smaller input size or a faster provider (see `doctor`)",
                )
            ]
        if self._slow == 0 and self._told:
            self._told = False
            return [Fault("slow", "measuring keeps pace again", recovered=True)]
        return []
