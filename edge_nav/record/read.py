"""Reads a guidance log, also one whose last line was cut off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from edge_nav.record.records import SCHEMA


@dataclass(frozen=True, slots=True)
class Logged:
    """A log's records, the session first, and how many lines at its end were cut off."""

    records: list[dict[str, Any]]
    truncated: int


def read_log(path: Path) -> Logged:
    """All whole records. UsageError if it is not a guidance log, or a line in the middle is damaged."""
    try:
        # Cut as bytes: a killed walk may end inside a letter, and a text may hold characters that also break lines.
        lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as e:
        raise UsageError(f"log {path} cannot be read ({e.strerror}): give a file that `run --log` wrote.") from e
    records: list[dict[str, Any]] = []
    truncated = 0
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except ValueError as e:  # bad JSON or bad UTF-8
            if number == len(lines):
                truncated = 1
                break
            raise UsageError(f"log {path} is damaged at line {number}: replay an unedited log.") from e
        if not isinstance(record, dict) or "type" not in record:
            raise UsageError(f"log {path} line {number} is no record: give a file that `run --log` wrote.")
        records.append(record)
    if not records or records[0].get("schema") != SCHEMA:
        found = records[0].get("schema") if records else "nothing"
        raise UsageError(f"log {path} begins with schema {found!r} instead of {SCHEMA!r}: give a guidance log.")
    return Logged(records, truncated)
