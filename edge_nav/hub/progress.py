"""Progress of a pull on the error stream: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from edge_nav.hub.pull import PullFeedback

EVERY_S = 10.0
"""Between the lines of a log."""


@contextmanager
def shown() -> Iterator[PullFeedback]:
    """What a pull says and how far it is."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines().feedback()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def at(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        yield PullFeedback(lambda line: console.print(line, markup=False), at)


class _Lines:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def feedback(self) -> PullFeedback:
        return PullFeedback(self._say, self._at)

    def _say(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    def _at(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY_S:
            self._last = now
            self._say(f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
