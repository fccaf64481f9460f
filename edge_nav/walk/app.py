"""Wires one walk together: capture thread, loop, watchdog, voice, log. The only file that starts threads for it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, Protocol

from edge_nav.errors import SourceFault, UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.record import records
from edge_nav.record.debrief import Debrief, debrief, debrief_record
from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.record.log import GuidanceLog
from edge_nav.record.overlay import OverlayWriter
from edge_nav.record.session import SessionRecorder
from edge_nav.record.summary import Summary
from edge_nav.speech.none import SilentVoice
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.speech.timeline import NOMINAL_LATENCY_S
from edge_nav.speech.voice import Voice
from edge_nav.types import Answer, Callout, Fault, Frame, Query, Scene, Source, TruthFrame, VoiceFate
from edge_nav.walk.guards import PaceGuard, Watchdog
from edge_nav.walk.loop import Loop, Step
from edge_nav.walk.mailbox import Captured, Mailbox, WalkClock
from edge_nav.walk.supposed import suppose_heard

WATCH_S = 0.1
OPENING_S = 2.0
"""A camera may take this long to open before its silence is announced."""
FIRST_FRAME_S = 5.0
"""A camera that has given nothing by then is not there: the walk ends with a fault instead of waiting on."""
HANG_S = 3.0
"""A walk asked to stop while stuck in one frame is ended all the same after this."""


class Progress(Protocol):
    """Told of every frame and callout, for a screen; speech and log do not depend on it."""

    def frame(self, index: int) -> None: ...
    def callout(self, callout: Callout) -> None: ...
    def fault(self, fault: Fault) -> None: ...


class Talk(Protocol):
    """Questions and answers during the walk; see edge_nav.walk.conversation."""

    def start(self, host: Any, *, live: bool) -> None: ...
    def see(self, frame: Frame, scene: Scene | None) -> None: ...
    def tick(self, at_s: float, *, wait: bool = False) -> None: ...
    def finish_typed(self, at_s: float) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What the source knows of the world it shows, so that at the end the words can be held against it.

    ``until`` gives what stood about the walker up to a time; ``drop_kinds`` are the callouts about ground that falls
    away, ``tone_s`` how long the tone before the words of each priority is, ``rate_wpm`` how many words a minute.
    """

    until: Callable[[float], Sequence[TruthFrame]]
    drop_kinds: frozenset[str]
    tone_s: dict[str, float] = field(default_factory=dict)
    rate_wpm: int = SpeechSettings().rate_wpm


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a walk's results go besides the voice; None where not asked for."""

    log: GuidanceLog | None = None
    recorder: SessionRecorder | None = None
    overlay: OverlayWriter | None = None
    progress: Progress | None = None


class Walk:
    """One walk from its first frame to its summary."""

    def __init__(
        self,
        source: Source,
        loop: Loop,
        open_voice: Callable[..., Voice],
        outputs: Outputs,
        *,
        talk: Talk | None = None,
        known: Known | None = None,
        every_frame: bool = False,
        max_seconds: float | None = None,
        session: dict[str, Any] | None = None,
    ) -> None:
        self._source, self._loop, self._outputs, self._talk = source, loop, outputs, talk
        self._known, self._heard = known, None if known is None else CalloutCollector(known.tone_s, known.rate_wpm)
        self.debrief: Debrief | None = None
        self.no_debrief: str | None = None
        """Why the words were not held against the truth, where it was to be read and could not."""
        self._last_said: Callout | None = None
        self._asked_to_end = False
        self._every_frame, self._max_seconds = every_frame, max_seconds
        self._clock, self._mailbox, self._watchdog = WalkClock(), Mailbox(), Watchdog()
        self._pace, self.summary = PaceGuard(), Summary()
        self._stop = threading.Event()
        self._announcing = threading.RLock()  # policy, log and voice are told of faults from three threads
        self._failing: set[str] = set()
        self._capture_ms = 0.0
        self._broken: BaseException | None = None
        self._recording: queue.Queue[tuple[Frame, Step] | None] = queue.Queue(maxsize=8)
        self._last_t = 0.0
        self._began = time.monotonic()
        self.result: dict[str, Any] = {}
        early: list[Fault] = []
        self._on_voice_fault: Callable[[Fault], None] = early.append
        self._voice = open_voice(
            is_current=loop.policy.is_current,
            now=self._clock.now,
            on_fate=self._fate,
            on_fault=self._voice_fault,
        )
        # From here on faults are logged and spoken at once; the session stays the log's first line.
        self._on_voice_fault = self.report
        if outputs.log is not None:
            outputs.log.on_fault = self.report
            outputs.log.write(session or records.session_record())
        if outputs.recorder is not None:
            outputs.recorder.on_fault = self.report
        if outputs.overlay is not None:
            outputs.overlay.on_fault = self.report
        for fault in early:
            self.report(fault)

    def _voice_fault(self, fault: Fault) -> None:
        self._on_voice_fault(fault)

    def run(self) -> int:
        """Walk until the source ends, time is up, or someone asks to stop. Exit code: 0 done, 1 ended on a fault."""
        workers = [threading.Thread(target=self._record, name="record")]
        if not self._every_frame:
            workers.append(threading.Thread(target=self._capture, name="capture", daemon=True))
            workers.append(threading.Thread(target=self._watch, name="watchdog", daemon=True))
        for worker in workers:
            worker.start()
        previous = {s: signal.signal(s, self._asked_to_stop) for s in _signals()}
        try:
            if self._talk is not None:
                self._talk.start(self, live=not self._every_frame)
            for item in self._frames():
                self._one(item)
        except Exception as e:  # told to the walker, then raised as it was
            self._ended_by(e)
            raise
        finally:
            self._stop.set()
            with contextlib.suppress(queue.Full):
                self._recording.put(None, timeout=HANG_S)
            for worker in workers:
                worker.join(timeout=HANG_S)
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._finish()
        if self._broken is not None:
            raise self._broken
        return 1 if self._failing & {"camera", "depth", "frozen", "log", "watchdog"} else 0

    def stop(self) -> None:
        """Ask the walk to end after the frame it is at."""
        self._stop.set()

    def report(self, fault: Fault) -> None:
        """Log a fault and say it. Any thread may call this."""
        with self._announcing:
            t = self._now()
            self._note(fault, t)
            for callout in self._loop.policy.fault(fault, t):
                self._announce(callout, 0.0)

    # What a conversation asks of the walk.

    def now(self) -> float:
        """Seconds of the walk."""
        return self._now()

    def say(self, callout: Callout) -> None:
        """Put a sentence of an answer into the voice's queue."""
        with self._announcing:
            self._voice.say(callout, callout.t)
            if self._outputs.progress is not None and callout.text:
                self._outputs.progress.callout(callout)

    def hush(self) -> None:
        """Cut the answer that is being spoken."""
        with self._announcing:
            self._voice.hush(self._now())

    def adjust(self, guidance: GuidanceSettings, speech: SpeechSettings) -> None:
        """Other words and another voice from now on."""
        with self._announcing:
            self._loop.policy.adjust(guidance)
            self._voice.adjust(speech.rate_wpm, speech.volume)

    def pause(self, paused: bool) -> None:
        """Speak of nothing but STOP and faults."""
        self._loop.policy.pause(paused)

    def asked(self, query: Query) -> None:
        """Log a question."""
        with self._announcing:
            self.summary.query(query)
            self._write(records.query_record(query))

    def answered(self, answer: Answer) -> None:
        """Log an answer."""
        with self._announcing:
            self.summary.answer(answer)
            self._write(records.answer_record(answer))

    @property
    def failing(self) -> tuple[str, ...]:
        """Components that do not work now."""
        with self._announcing:
            return tuple(sorted(self._failing))

    @property
    def speaking(self) -> bool:
        """Whether the voice is to be heard now."""
        return self._voice.speaking

    @property
    def audible(self) -> bool:
        """Whether there is a voice at all."""
        return not isinstance(self._voice, SilentVoice)

    @property
    def paused(self) -> bool:
        """Whether only STOP and faults are spoken."""
        return self._loop.policy.paused

    @property
    def last_said(self) -> Callout | None:
        """The last callout that is no answer."""
        return self._last_said

    def _frames(self) -> Iterator[Captured]:
        while not self._stop.is_set():
            item = self._read() if self._every_frame else self._mailbox.take(WATCH_S)
            if item is None:
                late = self._max_seconds is not None and self._since_start() > self._max_seconds
                if self._every_frame or self._mailbox.finished or late:
                    return
                continue
            if self._max_seconds is not None and item.frame.t >= self._max_seconds:
                return
            yield item

    def _ended_by(self, error: Exception) -> None:
        """Something that nothing else answers ends the walk: whoever walks by it is told."""
        self.report(Fault("walk", f"the walk ended with {type(error).__name__} ({error}): start it again"))

    def _read(self) -> Captured | None:
        """The next frame of a recording taken frame by frame, or of a camera once it is back."""
        while not self._stop.is_set():
            start = time.perf_counter()
            try:
                frame = self._source.read()
            except SourceFault as e:
                if not self._lost(str(e)):
                    return None
                continue
            self._capture_ms = (time.perf_counter() - start) * 1e3
            if frame is None or self._stop.is_set():
                return None
            self._back()
            self._clock.start(frame.t)
            return Captured(frame, self._clock.now())
        return None

    def _capture(self) -> None:
        """Thread: a live source at its own pace, a recording at the pace it was recorded with."""
        try:
            while not self._stop.is_set() and (item := self._read()) is not None:
                if not self._source.live and self._stop.wait(max(0.0, item.frame.t - self._clock.now())):
                    return
                now = self._clock.now()
                self._watchdog.frame_captured(now)
                self._mailbox.put(replace(item, at_s=now))
        except Exception as e:  # noqa: BLE001 - raised again on the main thread, where the exit code is decided
            self._ended_by(e)
            self._broken = e
        finally:
            self._mailbox.close()

    def _lost(self, message: str) -> bool:
        """Report a lost camera once; whether to go on trying."""
        if "camera" not in self._failing:
            self.report(Fault("camera", message))
        return self._source.live and (self._last_t > 0 or self._since_start() < FIRST_FRAME_S)

    def _since_start(self) -> float:
        return time.monotonic() - self._began

    def _back(self) -> None:
        if "camera" in self._failing and not self._every_frame:
            self.report(Fault("camera", "the camera works again", recovered=True))

    def _watch(self) -> None:
        """Thread: says so when frames stay away or the loop stalls, which the loop itself cannot."""
        stopping = 0.0
        while True:
            self._stop.wait(WATCH_S) if not self._stop.is_set() else threading.Event().wait(WATCH_S)
            live, stopped = self._source.live, self._stop.is_set()
            if live and not stopped and self._clock.now() == 0.0 and self._since_start() > OPENING_S:
                self._lost("the camera gives no picture yet: check its cable")
            for fault in self._watchdog.check(self._clock.now(), live=live):
                # Frames that stay away once the walk is asked to stop are neither a loss nor a recovery.
                if (fault.component in self._failing) == fault.recovered and not (
                    stopped and fault.component == "camera"
                ):
                    self.report(fault)
            if not stopped:
                continue
            stopping += WATCH_S
            if not self._watchdog.stalled:
                return
            if stopping > HANG_S:
                self._finish()
                os._exit(1)

    def _one(self, item: Captured) -> None:
        """One frame to its callouts."""
        start = self._clock.now()
        self._watchdog.began(start)
        step = self._loop.step(item.frame)
        latency_s = step.seconds if self._every_frame else self._clock.now() - item.at_s
        with self._announcing:
            self._last_t = max(item.frame.t, 1e-9)
            for fault in step.faults:
                self._note(fault, item.frame.t)
            if step.scene is not None:
                stage_ms = {"capture": self._capture_ms, **step.stage_ms}
                scene = replace(step.scene, stage_ms=stage_ms, dropped_frames=self._mailbox.dropped)
                self.summary.scene(scene)
                self._write(records.scene_record(scene))
            for callout in step.callouts:
                self._announce(callout, latency_s)
            self._voice.tick(self._heard_from(item.frame.t))
        if self._talk is not None:
            self._talk.see(item.frame, step.scene)
            if self._every_frame:
                self._talk.tick(self._heard_from(item.frame.t), wait=True)
        if not self._every_frame:
            for fault in self._pace.update(item.frame.t, latency_s):
                self.report(fault)
        self._show(item.frame, step)
        self._watchdog.ended()

    def _show(self, frame: Frame, step: Step) -> None:
        """Pictures, recording and screen: after the words, so that they never delay one."""
        if self._outputs.overlay is not None and step.scene is not None:
            text = step.callouts[-1].text if step.callouts else None
            self._outputs.overlay.write(frame, step.depth, step.scene, step.callouts[-1] if text else None)
        if self._outputs.recorder is not None:
            self._store(frame, step)
        if self._outputs.progress is not None:
            self._outputs.progress.frame(frame.index)

    def _store(self, frame: Frame, step: Step) -> None:
        """Hand a frame to the recording; a walk at its own pace does not wait for a slow disk."""
        if self._every_frame:
            self._recording.put((frame, step))
            return
        try:
            self._recording.put_nowait((frame, step))
        except queue.Full:
            if "record" not in self._failing:
                self.report(Fault("record", "the disk is too slow: some frames are not recorded"))

    def _record(self) -> None:
        """Thread: PNG files take longer than a frame may."""
        while (item := self._recording.get()) is not None:
            frame, step = item
            if self._outputs.recorder is not None:
                self._outputs.recorder.write(frame, step.depth)

    def _announce(self, callout: Callout, latency_s: float) -> None:
        self._last_said = callout
        self.summary.callout(callout, latency_s)
        if self._heard is not None:
            self._heard.callout(callout)
        self._write(records.callout_record(callout, latency_s * 1e3))
        self._voice.say(callout, self._heard_from(callout.t))
        if self._outputs.progress is not None:
            self._outputs.progress.callout(callout)

    def _note(self, fault: Fault, t: float) -> None:
        self._failing.discard(fault.component) if fault.recovered else self._failing.add(fault.component)
        self.summary.fault(fault)
        self._write(records.fault_record(fault, t))
        if self._outputs.progress is not None:
            self._outputs.progress.fault(fault)

    def _fate(self, fate: VoiceFate) -> None:
        with self._announcing:
            # A sound that was never made, or that is supposed to come soon enough, measures nothing.
            self.summary.voice(fate if self.audible and not self._every_frame else replace(fate, latency_s=None))
            if self._heard is not None:
                self._heard.fate(fate)
            self._write(records.voice_record(fate))
        if fate.state == "expired":
            self._loop.policy.unsaid(fate.callout_id)

    def _write(self, record: dict[str, object]) -> None:
        if self._outputs.log is not None:
            self._outputs.log.write(record)

    def _heard_from(self, t: float) -> float:
        """When the voice learns of what was decided on a time's frame. A walk as fast as possible supposes how long
        that takes, so that it comes out the same whatever else the machine does.
        """
        return t + NOMINAL_LATENCY_S if self._every_frame else self._clock.now()

    def _now(self) -> float:
        return self._last_t if self._every_frame else self._clock.now()

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_end = True
        self._stop.set()

    def _finish(self) -> None:
        """Conversation, voice, summary and files, in this order; also when the loop hangs."""
        if self._talk is not None:
            if self._every_frame and not self._asked_to_end:
                self._talk.finish_typed(self._now())
            self._talk.close()
        self._voice.close(self._now())
        self._source.close()
        truth = self._truth()
        with self._announcing:
            if self._known is not None and self._heard is not None and truth:
                if not self._heard.told:
                    suppose_heard(self._heard, self._now())
                self.debrief = debrief(self._heard, truth, self._known.drop_kinds)
                self._write(debrief_record(self.debrief, self._now()))
            self.result = self.summary.result(self._mailbox.dropped, self._source.skipped)
            self._write(records.summary_record(self.result, self._now()))
        for output in (self._outputs.recorder, self._outputs.overlay, self._outputs.log):
            if output is not None:
                output.close()

    def _truth(self) -> Sequence[TruthFrame]:
        """What was there, where that is known: a walk that was cut short ends at once, without it."""
        if self._known is None or self._asked_to_end:
            return ()
        try:
            return self._known.until(self._last_t)
        except UsageError as e:
            self.no_debrief = str(e)
        except KeyboardInterrupt:
            pass
        return ()


def _signals() -> tuple[signal.Signals, ...]:
    """Only the main thread may set handlers; tests and embedders that run a walk in another thread call stop()."""
    if threading.current_thread() is not threading.main_thread():
        return ()
    asked = [signal.SIGINT, signal.SIGTERM]
    # A terminal that is closed, where there are such; under `nohup` it is ignored, and the walk goes on.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        asked.append(signal.SIGHUP)
    return tuple(asked)
