"""A line that says how far a long job is: redrawn on a terminal, one line in a while elsewhere."""

from __future__ import annotations

import sys
import time

EVERY_S, EVERY_PLAIN_S = 0.5, 60.0


class ProgressLine:
    """Goes to standard error; nowhere if ``quiet``, as in all processes but one."""

    def __init__(self, what: str, done: int, total: int, *, quiet: bool = False) -> None:
        self._what, self._total = what, total
        self._first, self._began = done, time.monotonic()
        self._shown = self._began
        self._quiet = quiet
        self._tty = sys.stderr.isatty() and not quiet

    def show(self, done: int, loss: float) -> None:
        """Tell how far it is, not too often."""
        now = time.monotonic()
        if self._quiet:
            return
        if now - self._shown < (EVERY_S if self._tty else EVERY_PLAIN_S) and done != self._total:
            return
        self._shown = now
        speed = (done - self._first) / max(now - self._began, 1e-9)
        left_min = (self._total - done) / max(speed, 1e-9) / 60
        line = f"{self._what} {done}/{self._total} ({100 * done / self._total:.1f} %), loss {loss:.4f}"
        self._write(f"{line}, {speed:.2f} steps/s, {left_min:.0f} min left")

    def note(self, text: str) -> None:
        """A line of its own."""
        if self._quiet:
            return
        sys.stderr.write(("\n" if self._tty else "") + text + "\n")

    def end(self) -> None:
        """Leave the last line standing."""
        if self._tty:
            sys.stderr.write("\n")

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line}\033[K" if self._tty else line + "\n")
        sys.stderr.flush()
