"""How far an export is, on the error stream: a bar on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Told the step's name, how much is done, and of how much."""


@contextmanager
def shown() -> Iterator[Progress]:
    """A place to tell progress to."""
    if not sys.stderr.isatty():
        yield _Lines().at
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def at(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield at


class _Lines:
    def __init__(self) -> None:
        self._step = ""

    def at(self, step: str, done: int, total: int) -> None:
        del done, total
        if step != self._step:
            self._step = step
            sys.stderr.write(f"{step}\n")
            sys.stderr.flush()
