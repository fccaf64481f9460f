"""Queue, text-to-speech and mixer put together; whoever owns the clock and the samples drives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_nav.errors import SpeechFault
from edge_nav.speech.earcons import earcon
from edge_nav.speech.mixer import Mixer
from edge_nav.speech.queue import VoiceQueue
from edge_nav.speech.sound import Mono, Stereo, silence, to_stereo
from edge_nav.types import Callout, Fault, VoiceFate, VoiceState


class Synthesiser(Protocol):
    """Text to samples; raises SpeechFault."""

    def synthesise(self, text: str) -> Mono: ...

    def set_rate(self, rate_wpm: int) -> None:
        """From the next phrase on."""
        ...


class Player:
    """Decides, starts and cuts; the words are made in ``pump``, so it must not be called from an audio callback."""

    def __init__(
        self,
        synthesiser: Synthesiser | None,
        *,
        earcons: bool,
        volume: float,
        is_current: Callable[[Callout], bool],
        on_fate: Callable[[VoiceFate], None],
        on_fault: Callable[[Fault], None],
    ) -> None:
        self.mixer = Mixer()
        self.queue = VoiceQueue(is_current)
        self._synthesiser = synthesiser
        self._earcons, self._volume = earcons, volume
        self._on_fate, self._on_fault = on_fate, on_fault
        self._began_s: float | None = None
        self._failing = False

    def put(self, callout: Callout, at_s: float) -> None:
        """Queue a callout."""
        for replaced in self.queue.put(callout):
            self._fate(replaced, "expired", at_s, None)

    def pump(self, at_s: float, heard_s: Callable[[int], float]) -> bool:
        """Take note of what was heard, start what is due; whether something was started. ``heard_s`` gives a
        sample's time on the walk's clock.
        """
        for event in self.mixer.events():
            speaking = self.queue.speaking
            if speaking is None or speaking.id != event.utterance:
                continue
            if event.began:
                self._began_s = heard_s(event.sample)
            else:
                self.queue.finished()
                self._fate(speaking, "spoken", heard_s(event.sample), self._began_s)
        decision = self.queue.decide(at_s)
        for callout in decision.expired:
            self._fate(callout, "expired", at_s, None)
        if decision.start is None:
            return False
        if decision.cut is not None:
            self._fate(decision.cut, "interrupted", at_s, self._began_s)
        self._began_s = None
        self._start(decision.start)
        return True

    @property
    def speaking(self) -> bool:
        """Whether anything is to be heard now."""
        return self.mixer.busy

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Another rate and loudness, from the next callout on."""
        self._volume = volume
        if self._synthesiser is not None:
            self._synthesiser.set_rate(rate_wpm)

    def hush(self, at_s: float) -> None:
        """Cut the answer that sounds, and forget those that wait; hazards are not touched."""
        for callout in self.queue.drop_answers():
            self._fate(callout, "expired", at_s, None)
        speaking = self.queue.speaking
        if speaking is not None and speaking.priority == "answer":
            self._fate(speaking, "interrupted", at_s, self._began_s)
            self.queue.finished()
            self.mixer.cut()

    def close(self, at_s: float) -> None:
        """Whatever still waits or sounds met its fate."""
        for callout in self.queue.drop_all():
            self._fate(callout, "expired", at_s, None)
        if self.queue.speaking is not None:
            self._fate(self.queue.speaking, "interrupted", at_s, self._began_s)
            self.queue.finished()
        self.mixer.cut()

    def _start(self, callout: Callout) -> None:
        tone = self._loud(earcon(callout.priority, callout.bearing_deg, callout.kind)) if self._earcons else silence(0)
        # The tone sounds while the words are made.
        words = self._synthesiser is not None and bool(callout.text)
        self.mixer.start(callout.id, tone, more=words)
        if self._synthesiser is None or not words:
            return
        try:
            spoken = to_stereo(self._synthesiser.synthesise(callout.text))
        except Exception as e:  # noqa: BLE001 - whatever a backend raises, the tones and the walk go on
            self.mixer.add(callout.id, silence(1))
            if not self._failing:
                self._failing = True
                reason = str(e) if isinstance(e, SpeechFault) else f"text-to-speech failed ({type(e).__name__}: {e})"
                self._on_fault(Fault("speech", reason))
            return
        if self._failing:
            self._failing = False
            self._on_fault(Fault("speech", "text-to-speech works again", recovered=True))
        self.mixer.add(callout.id, self._loud(spoken))

    def _loud(self, sound: Stereo) -> Stereo:
        return sound * self._volume

    def _fate(self, callout: Callout, state: VoiceState, at_s: float, began_s: float | None) -> None:
        latency = None if began_s is None else began_s - callout.t
        self._on_fate(VoiceFate(callout.id, state, at_s, latency))
