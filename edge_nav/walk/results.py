"""What a walk leaves behind: its log, its summary, and where the truth is known, what was announced of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge_nav.errors import UsageError
from edge_nav.record import records
from edge_nav.record.debrief import Debrief, debrief, debrief_record
from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.record.log import GuidanceLog
from edge_nav.record.summary import Summary
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Answer, Callout, Fault, Query, Scene, TruthFrame, VoiceFate
from edge_nav.walk.supposed import suppose_heard


@dataclass(frozen=True, slots=True)
class DebriefTruth:
    """What the source knows of the world it shows, so that at the end the words can be held against it.

    ``until`` gives what stood about the walker up to a time; ``drop_kinds`` are the callouts about ground that falls
    away, ``tone_s`` how long the tone before the words of each priority is, ``rate_wpm`` how many words a minute.
    """

    until: Callable[[float], Sequence[TruthFrame]]
    drop_kinds: frozenset[str]
    tone_s: dict[str, float] = field(default_factory=dict)
    rate_wpm: int = SpeechSettings().rate_wpm


class WalkResults:
    """Told of everything that happens, in the order of the log. Not safe for threads: the announcer's lock is held."""

    def __init__(self, log: GuidanceLog | None, truth: DebriefTruth | None) -> None:
        self._log, self._truth = log, truth
        self._collector = None if truth is None else CalloutCollector(truth.tone_s, truth.rate_wpm)
        self.summary = Summary()
        self.figures: dict[str, Any] = {}
        """The summary's figures, once the walk is over."""
        self.debrief: Debrief | None = None
        self.no_debrief: str | None = None
        """Why the words were not held against the truth, where it was to be read and could not."""

    def begin(self, session: dict[str, Any] | None) -> None:
        """The log's first line."""
        self._write(session or records.session_record())

    def scene(self, scene: Scene) -> None:
        """What was measured in a frame."""
        self.summary.scene(scene)
        self._write(records.scene_record(scene))

    def callout(self, callout: Callout, latency_s: float) -> None:
        """A callout was decided, so long after its frame was captured."""
        self.summary.callout(callout, latency_s)
        if self._collector is not None:
            self._collector.callout(callout)
        self._write(records.callout_record(callout, latency_s * 1e3))

    def fate(self, fate: VoiceFate, *, measured: bool) -> None:
        """What became of a callout. ``measured``: whether its latency is one of this machine, for the summary."""
        self.summary.voice(fate if measured else replace(fate, latency_s=None))
        if self._collector is not None:
            self._collector.fate(fate)
        self._write(records.voice_record(fate))

    def fault(self, fault: Fault, t: float) -> None:
        """Something broke, or works again."""
        self.summary.fault(fault)
        self._write(records.fault_record(fault, t))

    def query(self, query: Query) -> None:
        """A question."""
        self.summary.query(query)
        self._write(records.query_record(query))

    def answer(self, answer: Answer) -> None:
        """An answer."""
        self.summary.answer(answer)
        self._write(records.answer_record(answer))

    def read_truth(self, until_s: float) -> Sequence[TruthFrame]:
        """What was there, where that is known and can be read. May take a while."""
        if self._truth is None:
            return ()
        try:
            return self._truth.until(until_s)
        except UsageError as e:
            self.no_debrief = str(e)
        except KeyboardInterrupt:
            pass
        return ()

    def finish(self, truth: Sequence[TruthFrame], dropped: int, skipped: int, t: float) -> None:
        """Debrief and summary. ``dropped`` frames were overtaken by newer ones, ``skipped`` ones unusable."""
        if self._truth is not None and self._collector is not None and truth:
            if not self._collector.told:
                suppose_heard(self._collector, t)
            self.debrief = debrief(self._collector, truth, self._truth.drop_kinds)
            self._write(debrief_record(self.debrief, t))
        self.figures = self.summary.result(dropped, skipped)
        self._write(records.summary_record(self.figures, t))

    def _write(self, record: dict[str, object]) -> None:
        if self._log is not None:
            self._log.write(record)
