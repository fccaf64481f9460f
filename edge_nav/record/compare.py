"""The first difference between two walks' records, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

TIMING = frozenset({"wall", "stage_ms", "latency_ms", "dropped_frames"})
"""What differs between two runs of the same walk. A callout's id does, too: it also counts those about devices."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two walks part. ``number`` counts the compared records from 1."""

    number: int
    kind: str
    t: float | None
    path: str
    was: Any
    now: Any

    @property
    def sentence(self) -> str:
        """For a person."""
        at = "" if self.t is None else f" at {self.t:.2f} s"
        where = f"record {self.number} ({self.kind}{at})"
        return f"first difference in {where}: {self.path} was {self.was!r}, is {self.now!r}."


def first_difference(was: Iterable[dict[str, Any]], now: Iterable[dict[str, Any]]) -> Difference | None:
    """None if both hold the same records but for timing."""
    for number, (a, b) in enumerate(zip_longest(was, now), 1):
        some = a or b or {}
        if a is None or b is None:
            gone = "the whole record"
            return Difference(number, str(some.get("type")), some.get("t"), gone, _brief(a), _brief(b))
        found = _differ("", a, b)
        if found is not None:
            return Difference(number, str(a.get("type")), a.get("t"), *found)
    return None


def _differ(path: str, a: Any, b: Any) -> tuple[str, Any, Any] | None:
    if isinstance(a, dict) and isinstance(b, dict):
        ignored = TIMING if path else TIMING | {"id"}
        for key in sorted({*a, *b} - ignored):
            found = _differ(f"{path}.{key}" if path else key, a.get(key), b.get(key))
            if found is not None:
                return found
        return None
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"number of {path}", len(a), len(b)
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            found = _differ(f"{path}[{n}]", x, y)
            if found is not None:
                return found
        return None
    return None if a == b else (path, a, b)


def _brief(record: dict[str, Any] | None) -> str:
    if record is None:
        return "absent"
    return str(record.get("text") or record.get("message") or f"{record.get('type')} at {record.get('t')} s")
