"""One walk, wired together: capture thread, loop, watchdog, announcer, conversation, recording."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from edge_nav.types import Fault, Frame, Source
from edge_nav.walk.announcer import Announcer, OpenVoice
from edge_nav.walk.capture import FrameCapture
from edge_nav.walk.clock import WalkClock
from edge_nav.walk.conversation import Conversation
from edge_nav.walk.frame_store import FrameStore
from edge_nav.walk.guards import PaceGuard, Watchdog
from edge_nav.walk.loop import FrameResult, Loop
from edge_nav.walk.mailbox import Captured
from edge_nav.walk.outputs import Outputs
from edge_nav.walk.results import DebriefTruth, WalkResults
from edge_nav.walk.stop import StopRequest
from edge_nav.walk.watch import HANG_S, WatchdogThread

ENDS_ON = ("camera", "depth", "distance", "frozen", "log", "watchdog")
"""A walk that ends while one of these fails ended on a fault."""


class Walk:
    """One walk from its first frame to its summary."""

    def __init__(
        self,
        source: Source,
        loop: Loop,
        open_voice: OpenVoice,
        outputs: Outputs,
        *,
        conversation: Conversation | None = None,
        truth: DebriefTruth | None = None,
        every_frame: bool = False,
        max_seconds: float | None = None,
        session: dict[str, Any] | None = None,
    ) -> None:
        self._loop, self._outputs, self._conversation, self._every_frame = loop, outputs, conversation, every_frame
        self._clock, self._stop = WalkClock(every_frame=every_frame), StopRequest()
        self._watchdog, self._pace = Watchdog(), PaceGuard()
        self.results = WalkResults(outputs.log, truth)
        self._announcer = Announcer(loop.policy, self._clock, self.results, outputs, open_voice, session)
        self._capture = FrameCapture(
            source,
            self._clock,
            self._announcer,
            self._watchdog,
            self._stop.event,
            every_frame=every_frame,
            max_seconds=max_seconds,
        )
        self._store = FrameStore(outputs.recorder, self._announcer, every_frame=every_frame)

    def run(self) -> int:
        """Walk until the source ends, time is up, or someone asks to stop. Exit code: 0 done, 1 ended on a fault."""
        workers = self._workers()
        for worker in workers:
            worker.start()
        try:
            with self._stop.on_signals():
                try:
                    self._walk()
                finally:
                    self._stop.event.set()
                    self._store.end(HANG_S)
                    for worker in workers:
                        worker.join(timeout=HANG_S)
        finally:
            self._finish()
        if self._capture.error is not None:
            raise self._capture.error
        return 1 if any(map(self._announcer.fails, ENDS_ON)) else 0

    def stop(self) -> None:
        """Ask the walk to end after the frame it is at."""
        self._stop.event.set()

    def report(self, fault: Fault) -> None:
        """Log a fault and say it. Any thread may call this."""
        self._announcer.report(fault)

    def _workers(self) -> list[threading.Thread]:
        workers = [threading.Thread(target=self._store.run, name="record")]
        if not self._every_frame:
            watch = WatchdogThread(
                self._watchdog, self._capture, self._announcer, self._clock, self._stop.event, self._finish
            )
            workers.append(threading.Thread(target=self._capture.run, name="capture", daemon=True))
            workers.append(threading.Thread(target=watch.run, name="watchdog", daemon=True))
        return workers

    def _walk(self) -> None:
        try:
            if self._conversation is not None:
                self._conversation.start(self._announcer, live=not self._every_frame)
            for item in self._capture.frames():
                self._one(item)
        except Exception as e:  # told to the walker, then raised as it was
            self._announcer.walk_failed(e)
            raise

    def _one(self, item: Captured) -> None:
        """One frame to its callouts."""
        frame = item.frame
        self._watchdog.began(self._clock.running())
        result = self._loop.step(frame)
        latency_s = result.seconds if self._every_frame else self._clock.running() - item.at_s
        self._announcer.frame(self._with_times(result), frame.t, latency_s)
        if self._conversation is not None:
            self._conversation.see(frame, result.scene)
            if self._every_frame:
                self._conversation.tick(self._clock.after(frame.t), wait=True)
        if not self._every_frame:
            for fault in self._pace.update(frame.t, latency_s):
                self._announcer.report(fault)
        self._show(frame, result)
        self._watchdog.ended()

    def _with_times(self, result: FrameResult) -> FrameResult:
        """For the log: what the frame cost, and how many were dropped."""
        if result.scene is None:
            return result
        stage_ms = {"capture": self._capture.capture_ms, **result.stage_ms}
        return replace(result, scene=replace(result.scene, stage_ms=stage_ms, dropped_frames=self._capture.dropped))

    def _show(self, frame: Frame, result: FrameResult) -> None:
        """Pictures, recording and screen: after the words, so that they never delay one."""
        if self._outputs.overlay is not None and result.scene is not None:
            last = result.callouts[-1] if result.callouts else None
            shown = last if last is not None and last.text else None
            self._outputs.overlay.write(frame, result.depth, result.scene, shown)
        self._store.store(frame, result)
        if self._outputs.progress is not None:
            self._outputs.progress.frame(frame.index)

    def _finish(self) -> None:
        """Conversation, voice, summary and files, in this order; also when the loop hangs."""
        if self._conversation is not None:
            if self._every_frame and not self._stop.by_user:
                self._conversation.finish_typed(self._clock.now())
            self._conversation.close()
        self._announcer.close()
        self._capture.close()
        # A walk that was cut short ends at once, without the truth.
        truth = () if self._stop.by_user else self.results.read_truth(self._clock.frame_t)
        self._announcer.finish(truth, self._capture.dropped, self._capture.skipped)
        for output in (self._outputs.recorder, self._outputs.overlay, self._outputs.log):
            if output is not None:
                output.close()
