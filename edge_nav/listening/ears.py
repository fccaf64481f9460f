"""Microphone, voice activity and recogniser put together: asked now and then, it tells what was heard since."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge_nav.errors import SpeechFault
from edge_nav.latch import FaultLatch
from edge_nav.listening.button import Presses
from edge_nav.listening.microphone import Microphone
from edge_nav.listening.recognised import Recognised
from edge_nav.listening.sound import BLOCK_S, SoundSamples
from edge_nav.listening.utterances import (
    Trigger,
    UtteranceBegan,
    UtteranceContinued,
    UtteranceEnded,
    UtteranceEvent,
    Utterances,
)
from edge_nav.listening.voice_activity import VoiceActivity
from edge_nav.listening.worker import RecogniserProcess
from edge_nav.types import Fault

ECHO_S = 0.2
"""Its own voice still hangs in the room for so long."""
FINISHED_S = 0.15
"""Who was silent for so long when Edge Nav began to speak had said it all."""
PATIENCE_S = 10.0
"""In a walk without a clock of its own, so long is waited for the words."""


@dataclass(frozen=True, slots=True)
class RecognisedUtterance:
    """Words. ``pushed``: the button says that they are meant for Edge Nav. ``whole``: False where they are only the
    beginning of a question, cut off by Edge Nav's own voice.
    """

    text: str
    confidence: float
    pushed: bool
    whole: bool
    end_s: float
    """From the last word to noticing that it was the last."""
    stt_ms: float


@dataclass(frozen=True, slots=True)
class ListeningNotice:
    """pushed: the button was pushed. ended: an utterance after it ended, its words will follow. cut_off: what was
    said after it was cut off by Edge Nav's own voice. unclear: the button was pushed and no words came of it.
    """

    what: Literal["pushed", "ended", "cut_off", "unclear"]


EarEvent = RecognisedUtterance | ListeningNotice | Fault


@dataclass(frozen=True, slots=True)
class _PendingUtterance:
    ended: UtteranceEnded
    since: float


class Ears:
    """One microphone. To be used from one thread."""

    def __init__(
        self, microphone: Microphone, recogniser: RecogniserProcess, presses: Presses, trigger: Trigger, *, deaf: bool
    ) -> None:
        self._microphone, self._recogniser, self._presses, self._deaf = microphone, recogniser, presses, deaf
        self._activity, self._utterances = VoiceActivity(), Utterances(trigger)
        self._sound: list[SoundSamples] = []
        self._pending: _PendingUtterance | None = None
        self._echo_blocks = 0
        self._latch = FaultLatch()

    def listen(self, at_s: float, *, wait: bool = False) -> list[EarEvent]:
        """What was heard up to a time of the walk. ``wait``: words are waited for, so that the same walk hears the same
        at the same time; otherwise they come with a later call.
        """
        found: list[EarEvent] = []
        for press in self._presses.take():
            if press == "release":
                self._take_in(self._utterances.release(), found)
            else:
                self._utterances.push(held=press == "hold")
                found.append(ListeningNotice("pushed"))
        try:
            blocks = self._microphone.take(at_s)
            trouble = ""
        except SpeechFault as e:
            blocks, trouble = [], str(e)
            self._utterances.lost()
        found += self._latch.change("microphone", trouble, not self._microphone.works)
        for block in blocks:
            if block.own_voice:
                self._echo_blocks = round(ECHO_S / BLOCK_S)
            own = self._deaf and self._echo_blocks > 0
            self._echo_blocks = max(0, self._echo_blocks - 1)
            probability = self._activity.probability(block.sound)
            self._take_in(self._utterances.block(block.sound, probability, own_voice=own), found)
            if wait:
                found += self._words(PATIENCE_S)
        return [*found, *self._words(PATIENCE_S if wait else 0.0)]

    def close(self) -> None:
        """Release the microphone and end the recogniser."""
        self._microphone.close()
        self._recogniser.close()

    def _take_in(self, events: list[UtteranceEvent], found: list[EarEvent]) -> None:
        for event in events:
            if isinstance(event, UtteranceBegan):
                self._sound = [event.sound]
            elif isinstance(event, UtteranceContinued):
                self._sound.append(event.sound)
            elif event.why == "cut_off" and event.pushed:
                found.append(ListeningNotice("cut_off"))
            elif event.why in ("said", "cut_off") and not self._recogniser.busy:
                self._hand_over(event, found)
            elif event.pushed:
                found.append(ListeningNotice("unclear"))

    def _hand_over(self, ended: UtteranceEnded, found: list[EarEvent]) -> None:
        if ended.pushed:
            found.append(ListeningNotice("ended"))
        try:
            self._recogniser.begin(np.concatenate(self._sound), ended.speech_s)
            self._pending = _PendingUtterance(ended, time.monotonic())
        except SpeechFault as e:
            found += self._latch.change("recogniser", str(e), True)

    def _words(self, wait_s: float) -> list[EarEvent]:
        try:
            recognised = self._recogniser.result(wait_s if self._pending is not None else 0.0)
        except SpeechFault as e:
            self._pending = None
            return [*self._latch.change("recogniser", str(e), True)]
        if recognised is None or self._pending is None:
            return []
        pending, self._pending = self._pending, None
        mended: list[EarEvent] = [*self._latch.change("recogniser", "", False)]
        said = _said(recognised, pending)
        return mended if said is None else [*mended, said]


def _said(recognised: Recognised, pending: _PendingUtterance) -> EarEvent | None:
    ended = pending.ended
    finished = ended.why == "said" or ended.ended_s >= FINISHED_S
    whole = recognised.whole and bool(recognised.text) and finished
    if not whole and ended.why == "said":
        return ListeningNotice("unclear") if ended.pushed else None
    stt_ms = (time.monotonic() - pending.since) * 1e3
    return RecognisedUtterance(recognised.text, recognised.confidence, ended.pushed, whole, ended.ended_s, stt_ms)
