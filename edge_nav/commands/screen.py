"""What a person at the terminal sees: a progress bar for a recording, and each callout as it comes."""

from __future__ import annotations

import contextlib
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from edge_nav.types import Callout, Fault, Priority

STYLE: dict[Priority, str] = {
    "stop": "bold red",
    "fault": "bold magenta",
    "caution": "yellow",
    "notice": "",
    "info": "dim",
    "answer": "green",
}


class Terminal(Console):
    """A console whose reader may go away: rich would end the program then, and with it the walk."""

    def on_broken_pipe(self) -> None:
        """Say nothing more."""
        self.quiet = True


class Screen:
    """Progress and callouts on the terminal; the bar is left out where output is not one, or the end is not known."""

    def __init__(self, console: Console, total: int | None) -> None:
        self._console, self._total = console, total
        self._progress: Progress | None = None
        if total is not None and console.is_terminal:
            self._progress = Progress(
                TextColumn("walking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
            )
            self._task = self._progress.add_task("walk", total=total)

    def __enter__(self) -> Screen:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            with contextlib.suppress(OSError):
                self._progress.stop()

    def frame(self, index: int) -> None:
        """A frame is done."""
        if self._progress is not None:
            with contextlib.suppress(OSError):
                self._progress.update(self._task, completed=index + 1)

    def fault(self, fault: Fault) -> None:
        """Something broke, with its remedy, or works again."""
        self._print(f"{fault.component}: {fault.message}", "magenta")

    def callout(self, callout: Callout) -> None:
        """A callout was decided."""
        self._print(f"{callout.t:7.2f} s  {callout.priority:<8}{callout.text}", STYLE[callout.priority])

    def _print(self, line: str, style: str) -> None:
        """A terminal that is gone or full must not end a walk."""
        with contextlib.suppress(OSError):
            self._console.print(line, style=style, highlight=False, markup=False)
