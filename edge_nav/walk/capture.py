"""Frames from the source to the loop: a live source at its own pace, a recording at the pace it was recorded with."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from edge_nav.errors import SourceFault
from edge_nav.types import Fault, Source
from edge_nav.walk.announcer import Announcer
from edge_nav.walk.clock import WalkClock
from edge_nav.walk.guards import Watchdog
from edge_nav.walk.mailbox import Captured, Mailbox

FIRST_FRAME_S = 5.0
"""A camera that has given nothing by then is not there: the walk ends with a fault instead of waiting on."""
TAKE_S = 0.1
"""The loop asks as often whether the walk is over, while no frame comes."""


class FrameCapture:
    """Reads the source: on a thread into the mailbox, or with ``every_frame`` frame by frame as the loop asks."""

    def __init__(
        self,
        source: Source,
        clock: WalkClock,
        announcer: Announcer,
        watchdog: Watchdog,
        stop: threading.Event,
        *,
        every_frame: bool,
        max_seconds: float | None,
    ) -> None:
        self._source, self._clock, self._announcer = source, clock, announcer
        self._watchdog, self._stop = watchdog, stop
        self._every_frame, self._max_seconds = every_frame, max_seconds
        self._mailbox = Mailbox()
        self.capture_ms = 0.0
        """How long the newest frame took to read."""
        self.error: Exception | None = None
        """What ended the thread, if anything did."""

    @property
    def live(self) -> bool:
        """Whether the source goes on without end."""
        return self._source.live

    @property
    def dropped(self) -> int:
        """Frames that newer ones overtook."""
        return self._mailbox.dropped

    @property
    def skipped(self) -> int:
        """Frames of a recording that were unusable."""
        return self._source.skipped

    def frames(self) -> Iterator[Captured]:
        """Each frame to decide on, until the source ends, time is up, or the walk is asked to stop."""
        while not self._stop.is_set():
            item = self._read() if self._every_frame else self._mailbox.take(TAKE_S)
            if item is None:
                late = self._max_seconds is not None and self._clock.since_opened() > self._max_seconds
                if self._every_frame or self._mailbox.finished or late:
                    return
                continue
            if self._max_seconds is not None and item.frame.t >= self._max_seconds:
                return
            yield item

    def run(self) -> None:
        """Thread: read and leave in the mailbox."""
        try:
            while not self._stop.is_set() and (item := self._read()) is not None:
                if not self._source.live and self._stop.wait(max(0.0, item.frame.t - self._clock.running())):
                    return
                now = self._clock.running()
                self._watchdog.frame_captured(now)
                self._mailbox.put(replace(item, at_s=now))
        except Exception as e:  # noqa: BLE001 - raised again on the main thread, where the exit code is decided
            self._announcer.walk_failed(e)
            self.error = e
        finally:
            self._mailbox.close()

    def lost(self, message: str) -> bool:
        """Report a lost camera once; whether to go on trying."""
        if not self._announcer.fails("camera"):
            self._announcer.report(Fault("camera", message))
        return self._source.live and (self._clock.frame_t > 0 or self._clock.since_opened() < FIRST_FRAME_S)

    def close(self) -> None:
        """Release the source."""
        self._source.close()

    def _read(self) -> Captured | None:
        """The next frame of a recording taken frame by frame, or of a camera once it is back."""
        while not self._stop.is_set():
            start = time.perf_counter()
            try:
                frame = self._source.read()
            except SourceFault as e:
                if not self.lost(str(e)):
                    return None
                continue
            self.capture_ms = (time.perf_counter() - start) * 1e3
            if frame is None or self._stop.is_set():
                return None
            if self._announcer.fails("camera") and not self._every_frame:
                self._announcer.report(Fault("camera", "the camera works again", recovered=True))
            self._clock.start(frame.t)
            return Captured(frame, self._clock.running())
        return None
