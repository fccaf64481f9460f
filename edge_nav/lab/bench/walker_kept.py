"""Finished walks in a file, a line each, so that a long run goes on where it was cut short."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from edge_nav.errors import UsageError
from edge_nav.lab.bench.walker_trial import Result

LINE = '{"job": '
RESULT = TypeAdapter(Result)


class KeptWalks:
    """The walks of a file by their key. UsageError where it cannot be read, or holds something else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Result] = {}
        self._torn = False
        """Whether the last line was cut short, so that the next one would be lost with it."""
        try:
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        except OSError as e:
            raise UsageError(f"--keep {path} cannot be read ({e.strerror}): give a file.") from e
        self._torn = bool(text) and not text.endswith("\n")
        lines = text.splitlines()
        ours = LINE.startswith(text) or any(line.startswith(LINE) for line in lines)
        if not ours:
            raise UsageError(f"--keep {path} holds something else than walks: give another file, or a new one.")
        for line in lines:
            try:
                data = json.loads(line)
                result = RESULT.validate_python(data["result"])
                if _possible(result):
                    self._found[data["job"]] = result
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # a line cut short by an interruption: that walk is walked again

    def get(self, key: str) -> Result | None:
        """The walk of a key; None if it is not kept."""
        return self._found.get(key)

    def add(self, key: str, result: Result, *, with_trail: bool) -> None:
        """Keep one more, with the way that was walked where that is worth a replay."""
        data = asdict(result)
        if not with_trail:
            del data["trail"]
        line = json.dumps({"job": key, "result": data}) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n" + line if self._torn else line)
        except OSError as e:
            raise UsageError(
                f"--keep {self._path} cannot be written ({e.strerror}): free some space or give another file."
            ) from e
        self._torn = False


def _possible(result: Result) -> bool:
    """Whether its figures can be those of a walk: one number that is none would spoil the sums of all."""
    figures = (result.seconds, result.walked_m, result.shortest_m)
    counts = (result.words, result.callouts, result.stops, result.false_stops)
    return all(0 <= n < math.inf for n in (*figures, *counts))
