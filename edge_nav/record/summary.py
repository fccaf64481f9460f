"""The end of a walk in figures: for the log, and as a table for a person."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from typing import Any

import numpy as np
from rich.table import Table

from edge_nav.record.records import number
from edge_nav.types import Answer, Callout, Fault, Query, Scene, VoiceFate

BINS_MS = np.concatenate([np.arange(0, 50, 0.25), np.arange(50, 500, 2.5), np.arange(500, 10001, 50)])
"""Times are counted in bins of a quarter millisecond and up, so that an hour's walk needs no more than a minute's."""


class _Times:
    """Counts of times, for percentiles in constant memory."""

    def __init__(self) -> None:
        self._counts = np.zeros(len(BINS_MS) + 1, np.int64)
        self._most = 0.0

    def add(self, ms: float) -> None:
        self._counts[int(np.searchsorted(BINS_MS, ms))] += 1
        self._most = max(self._most, ms)

    def result(self) -> dict[str, float | None]:
        total = np.cumsum(self._counts)
        if total[-1] == 0:
            return {}
        return {
            **{f"p{p}_ms": number(min(self._at(total, p / 100), self._most), 2) for p in (50, 95)},
            "max_ms": number(self._most, 2),
        }

    @staticmethod
    def _at(total: np.ndarray, share: float) -> float:
        return float(BINS_MS[min(int(np.searchsorted(total, share * total[-1])), len(BINS_MS) - 1)])


class Summary:
    """Told of everything a walk does."""

    def __init__(self) -> None:
        self._frames = 0
        self._views: Counter[str] = Counter()
        self._callouts: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._voice: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._floor = 0
        self._last_t = 0.0
        self._stages: dict[str, _Times] = {}
        self._decision, self._sound, self._first_word = _Times(), _Times(), _Times()
        self._queries: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()

    def scene(self, scene: Scene) -> None:
        """A frame was perceived."""
        self._frames += 1
        self._last_t = scene.t
        self._views[scene.view] += 1
        self._floor += scene.ground is not None
        for name, ms in scene.stage_ms.items():
            self._stages.setdefault(name, _Times()).add(ms)

    def callout(self, callout: Callout, latency_s: float) -> None:
        """A callout was decided."""
        self._callouts[callout.priority] += 1
        self._kinds[callout.kind] += 1
        self._decision.add(latency_s * 1e3)

    def voice(self, fate: VoiceFate) -> None:
        """A callout met its fate."""
        self._voice[fate.state] += 1
        if fate.latency_s is not None:
            self._sound.add(fate.latency_s * 1e3)

    def query(self, query: Query) -> None:
        """A question was asked."""
        self._queries[query.source] += 1

    def answer(self, answer: Answer) -> None:
        """A question was answered."""
        self._answers[answer.intent or answer.backend] += 1
        if answer.first_word_ms is not None:
            self._first_word.add(answer.first_word_ms)

    def fault(self, fault: Fault) -> None:
        """Something broke."""
        if not fault.recovered:
            self._faults[fault.component] += 1

    def result(self, dropped: int, skipped: int) -> dict[str, Any]:
        """All figures. ``skipped`` counts unusable frames of the recording."""
        return {
            "frames": self._frames,
            "seconds": number(self._last_t, 2),
            "dropped_frames": dropped,
            "skipped_frames": skipped,
            "floor_seen_ratio": number(self._floor / self._frames if self._frames else None),
            "views": dict(self._views),
            "callouts": dict(self._callouts),
            "kinds": dict(self._kinds),
            "voice": dict(self._voice),
            "faults": dict(self._faults),
            "queries": dict(self._queries),
            "answers": dict(self._answers),
            "first_word": self._first_word.result(),
            "stages": {name: times.result() for name, times in self._stages.items()},
            "decision": self._decision.result(),
            "first_sound": self._sound.result(),
            "peak_rss_mb": number(_peak_rss_mb(), 1),
        }


def summary_table(result: dict[str, Any]) -> Table:
    """The figures that a walker's helper wants to see."""
    table = Table(title="walk", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("frames", f"{result['frames']} in {result['seconds']} s")
    left_out = f"{result['dropped_frames']} came too fast and were dropped, {result['skipped_frames']} were unusable"
    if result["dropped_frames"] or result["skipped_frames"]:
        table.add_row("left out", left_out)
    if result["floor_seen_ratio"] is not None:
        table.add_row("floor seen", f"{result['floor_seen_ratio']:.0%} of the frames")
    lost = {f"frames {view}": n for view, n in result["views"].items() if view != "ok"}
    if lost:
        table.add_row("not seen", _counts(lost))
    table.add_row("callouts", _counts(result["callouts"]) or "none")
    table.add_row("hazards", _counts(result["kinds"]) or "none")
    for title, key in (
        ("voice", "voice"),
        ("faults", "faults"),
        ("questions", "queries"),
        ("answers", "answers"),
    ):
        if result[key]:
            table.add_row(title, _counts(result[key]))
    for name, times in result["stages"].items():
        table.add_row(f"{name}, ms", _times(times))
    for title, key in (
        ("capture to decision, ms", "decision"),
        ("capture to sound, ms", "first_sound"),
        ("question to answer, ms", "first_word"),
    ):
        if result[key]:
            table.add_row(title, _times(result[key]))
    table.add_row("peak memory", f"{result['peak_rss_mb']} MB")
    return table


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())


def _times(times: dict[str, float]) -> str:
    return f"median {times['p50_ms']}, 95 % {times['p95_ms']}, most {times['max_ms']}" if times else "-"


def _peak_rss_mb() -> float:
    """Linux counts in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
