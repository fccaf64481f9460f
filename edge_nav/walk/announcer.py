"""Faults, callouts and answers on their way to the policy, the log, the screen and the voice, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from edge_nav.guidance.faults import informs_only
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.speech.none import SilentVoice
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.speech.voice import Voice
from edge_nav.types import Answer, Callout, Fault, Query, TruthFrame, VoiceFate
from edge_nav.walk.clock import WalkClock
from edge_nav.walk.loop import FrameResult
from edge_nav.walk.outputs import Outputs
from edge_nav.walk.results import WalkResults


class OpenVoice(Protocol):
    """Opens the voice of a walk; see edge_nav.speech.voice.open_voice."""

    def __call__(
        self,
        *,
        is_current: Callable[[Callout], bool],
        now: Callable[[], float],
        on_fate: Callable[[VoiceFate], None],
        on_fault: Callable[[Fault], None],
    ) -> Voice: ...


class Announcer:
    """The one place that speaks, and the host of a conversation.

    Told of faults from the loop, the capture thread, the watchdog, the voice and the conversation: so it holds the
    lock under which log, summary, screen, policy and voice are told, all in the same order.
    """

    def __init__(
        self,
        policy: GuidancePolicy,
        clock: WalkClock,
        results: WalkResults,
        outputs: Outputs,
        open_voice: OpenVoice,
        session: dict[str, Any] | None,
    ) -> None:
        self._policy, self._clock, self._results, self._progress = policy, clock, results, outputs.progress
        self._lock = threading.RLock()
        self._failing: set[str] = set()
        self._last_said: Callout | None = None
        early: list[Fault] = []
        self._on_voice_fault: Callable[[Fault], None] = early.append
        self._voice = open_voice(
            is_current=policy.is_current, now=clock.running, on_fate=self._fate, on_fault=self._voice_fault
        )
        # From here on faults are logged and spoken at once; the session stays the log's first line.
        self._on_voice_fault = self.report
        if outputs.log is not None:
            outputs.log.on_fault = self.report
        self._results.begin(session)
        if outputs.recorder is not None:
            outputs.recorder.on_fault = self.report
        if outputs.overlay is not None:
            outputs.overlay.on_fault = self.report
        for fault in early:
            self.report(fault)

    def report(self, fault: Fault) -> None:
        """Log a fault and say it. Any thread may call this."""
        with self._lock:
            t = self._clock.now()
            self._note(fault, t)
            for callout in self._policy.fault(fault, t):
                self._announce(callout, 0.0)

    def fails(self, component: str) -> bool:
        """Whether it does not work now. Without the lock: the capture thread must not wait for a line of the log."""
        return component in self._failing

    def walk_failed(self, error: Exception) -> None:
        """Something that nothing else answers ends the walk: whoever walks by it is told."""
        self.report(Fault("walk", f"the walk ended with {type(error).__name__} ({error}): start it again"))

    def frame(self, result: FrameResult, t: float, latency_s: float) -> None:
        """What the frame of a time led to, and how long after it was captured."""
        with self._lock:
            self._clock.decided(t)
            for fault in result.faults:
                self._note(fault, t)
            if result.scene is not None:
                self._results.scene(result.scene)
            for callout in result.callouts:
                self._announce(callout, latency_s)
            self._voice.tick(self._clock.after(t))

    def close(self) -> None:
        """Let the voice end what it says, and release it."""
        self._voice.close(self._clock.now())

    def finish(self, truth: Sequence[TruthFrame], dropped: int, skipped: int) -> None:
        """Debrief and summary: the log's last lines."""
        with self._lock:
            self._results.finish(truth, dropped, skipped, self._clock.now())

    # What a conversation asks of the walk: edge_nav.walk.host.

    def now(self) -> float:
        """Seconds of the walk."""
        return self._clock.now()

    def say(self, callout: Callout) -> None:
        """Put a sentence of an answer into the voice's queue."""
        with self._lock:
            self._voice.say(callout, callout.t)
            if self._progress is not None and callout.text:
                self._progress.callout(callout)

    def hush(self) -> None:
        """Cut the answer that is being spoken."""
        with self._lock:
            self._voice.hush(self._clock.now())

    def adjust(self, guidance: GuidanceSettings, speech: SpeechSettings) -> None:
        """Other words and another voice from now on."""
        with self._lock:
            self._policy.adjust(guidance)
            self._voice.adjust(speech.rate_wpm, speech.volume)

    def pause(self, paused: bool) -> None:
        """Speak of nothing but STOP and faults."""
        self._policy.pause(paused)

    def asked(self, query: Query) -> None:
        """Log a question."""
        with self._lock:
            self._results.query(query)

    def answered(self, answer: Answer) -> None:
        """Log an answer."""
        with self._lock:
            self._results.answer(answer)

    @property
    def failing(self) -> tuple[str, ...]:
        """Components that do not work now."""
        with self._lock:
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
        return self._policy.paused

    @property
    def last_said(self) -> Callout | None:
        """The last callout that is no answer."""
        return self._last_said

    def _announce(self, callout: Callout, latency_s: float) -> None:
        self._last_said = callout
        self._results.callout(callout, latency_s)
        self._voice.say(callout, self._clock.after(callout.t))
        if self._progress is not None:
            self._progress.callout(callout)

    def _note(self, fault: Fault, t: float) -> None:
        if fault.recovered:
            self._failing.discard(fault.component)
        elif not informs_only(fault.component):
            self._failing.add(fault.component)
        self._results.fault(fault, t)
        if self._progress is not None:
            self._progress.fault(fault)

    def _fate(self, fate: VoiceFate) -> None:
        with self._lock:
            # A sound that was never made, or that is supposed to come soon enough, measures nothing.
            self._results.fate(fate, measured=self.audible and not self._clock.every_frame)
        if fate.state == "expired":
            self._policy.unsaid(fate.callout_id)

    def _voice_fault(self, fault: Fault) -> None:
        self._on_voice_fault(fault)
