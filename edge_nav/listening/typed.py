"""Questions that are typed, a line each."""

from __future__ import annotations

import io
import queue
import sys
import threading
from typing import TextIO


class TypedQuestions:
    """Reads lines on a thread; nobody waits for it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdin if stream is None else stream
        if isinstance(self._stream, io.TextIOWrapper):
            self._stream.reconfigure(errors="replace")  # one bad byte must not end the questions
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, name="typed questions", daemon=True)
        self._thread.start()

    def take(self) -> list[str]:
        """The questions since the last call."""
        taken: list[str] = []
        while not self._lines.empty():
            taken.append(self._lines.get_nowait())
        return taken

    def wait_end(self, seconds: float) -> None:
        """Until the stream has ended, as a pipe does."""
        self._thread.join(seconds)

    def _read(self) -> None:
        try:
            for line in self._stream:
                if line.strip():
                    self._lines.put(line.strip())
        except (OSError, ValueError):  # closed under our hands at the end of the walk
            return
