"""Frames on their way to the recording's folder, on a thread of their own: PNG files take longer than a frame may."""

from __future__ import annotations

import contextlib
import queue

from edge_nav.record.session import SessionRecorder
from edge_nav.types import Fault, Frame
from edge_nav.walk.announcer import Announcer
from edge_nav.walk.loop import FrameResult

WAITING_FRAMES = 8


class FrameStore:
    """Hands frames to the recorder; a walk at its own pace does not wait for a slow disk."""

    def __init__(self, recorder: SessionRecorder | None, announcer: Announcer, *, every_frame: bool) -> None:
        self._recorder, self._announcer, self._every_frame = recorder, announcer, every_frame
        self._waiting: queue.Queue[tuple[Frame, FrameResult] | None] = queue.Queue(maxsize=WAITING_FRAMES)

    def store(self, frame: Frame, result: FrameResult) -> None:
        """Hand over a frame, if there is a recording."""
        if self._recorder is None:
            return
        if self._every_frame:
            self._waiting.put((frame, result))
            return
        try:
            self._waiting.put_nowait((frame, result))
        except queue.Full:
            if not self._announcer.fails("record"):
                self._announcer.report(Fault("record", "the disk is too slow: some frames are not recorded"))

    def end(self, timeout_s: float) -> None:
        """No more frames will come: the thread ends with the last of them."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=timeout_s)

    def run(self) -> None:
        """Thread: write what comes."""
        while (item := self._waiting.get()) is not None:
            frame, result = item
            if self._recorder is not None:
                self._recorder.write(frame, result.depth)
