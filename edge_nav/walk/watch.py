"""The thread that watches over the loop and the camera, and says so when frames stay away or the loop stalls."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from edge_nav.walk.announcer import Announcer
from edge_nav.walk.capture import FrameCapture
from edge_nav.walk.clock import WalkClock
from edge_nav.walk.guards import Watchdog

WATCH_S = 0.1
OPENING_S = 2.0
"""A camera may take this long to open before its silence is announced."""
HANG_S = 3.0
"""A walk asked to stop while stuck in one frame is ended all the same after this."""


class WatchdogThread:
    """Does what a loop that is stuck cannot do itself, the walk's end included."""

    def __init__(
        self,
        watchdog: Watchdog,
        capture: FrameCapture,
        announcer: Announcer,
        clock: WalkClock,
        stop: threading.Event,
        finish: Callable[[], None],
    ) -> None:
        self._watchdog, self._capture, self._announcer = watchdog, capture, announcer
        self._clock, self._stop, self._finish = clock, stop, finish

    def run(self) -> None:
        """Thread: until the walk has stopped."""
        stopping = 0.0
        while True:
            if self._stop.is_set():
                time.sleep(WATCH_S)
            else:
                self._stop.wait(WATCH_S)
            stopped = self._stop.is_set()
            self._check(stopped=stopped)
            if not stopped:
                continue
            stopping += WATCH_S
            if not self._watchdog.stalled:
                return
            if stopping > HANG_S:
                self._finish()
                os._exit(1)

    def _check(self, *, stopped: bool) -> None:
        live = self._capture.live
        if live and not stopped and self._clock.running() == 0.0 and self._clock.since_opened() > OPENING_S:
            self._capture.lost("the camera gives no picture yet: check its cable")
        for fault in self._watchdog.check(self._clock.running(), live=live):
            if stopped and fault.component == "camera":
                # Frames that stay away once the walk is asked to stop are neither a loss nor a recovery.
                continue
            if self._announcer.fails(fault.component) == fault.recovered:
                self._announcer.report(fault)
