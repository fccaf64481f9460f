"""The walk's clock."""

from __future__ import annotations

import time

from edge_nav.speech.timeline import NOMINAL_LATENCY_S


class WalkClock:
    """Seconds of the walk: frame time, running on by the monotonic clock from the first frame on.

    A walk that takes every frame of a recording in turn has no time between two frames: its decisions are made at the
    newest frame's.
    """

    def __init__(self, *, every_frame: bool) -> None:
        self.every_frame = every_frame
        self._opened = time.monotonic()
        self._zero: float | None = None
        self.frame_t = 0.0
        """Time of the newest frame that was decided on; 0 before the first."""

    def start(self, frame_t: float) -> None:
        """The first frame is here: its time is now."""
        if self._zero is None:
            self._zero = time.monotonic() - frame_t

    def decided(self, frame_t: float) -> None:
        """A frame was decided on."""
        self.frame_t = max(frame_t, 1e-9)

    def running(self) -> float:
        """Seconds since the walk began, by the monotonic clock; 0 before the first frame."""
        return 0.0 if self._zero is None else time.monotonic() - self._zero

    def now(self) -> float:
        """Seconds since the walk began, as it counts them."""
        return self.frame_t if self.every_frame else self.running()

    def after(self, frame_t: float) -> float:
        """Now, at the end of the work on the frame of a time. A walk that takes every frame in turn supposes how long
        that takes, so that it comes out the same whatever else the machine does.
        """
        return frame_t + NOMINAL_LATENCY_S if self.every_frame else self.running()

    def since_opened(self) -> float:
        """Seconds since the walk was put together, with or without a frame."""
        return time.monotonic() - self._opened
