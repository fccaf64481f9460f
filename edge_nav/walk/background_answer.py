"""An answer that takes its time, on a thread of its own: read from a picture, or given by a model."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

from edge_nav.errors import EdgeNavError
from edge_nav.types import Cancelled

Job: TypeAlias = Callable[[Cancelled], Iterator[str]]
"""Gives an answer's sentences as they come, and ends soon after it is told that it was cancelled."""


class BackgroundAnswer:
    """Runs one job; its sentences are fetched by whoever owns the voice."""

    def __init__(self, job: Job) -> None:
        self._sentences: queue.Queue[str | None] = queue.Queue()
        self._cancelled = threading.Event()
        self.failure = ""
        self._thread = threading.Thread(target=self._run, args=(job,), name="background answer", daemon=True)
        self._thread.start()

    def fetch(self) -> tuple[list[str], bool]:
        """The sentences since the last call, and whether those were the last."""
        found: list[str] = []
        while True:
            try:
                sentence = self._sentences.get_nowait()
            except queue.Empty:
                return found, False
            if sentence is None:
                return found, True
            found.append(sentence)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Let it come to its end."""
        self._thread.join(seconds)

    def _run(self, job: Job) -> None:
        try:
            for sentence in job(self._cancelled.is_set):
                if self._cancelled.is_set():
                    break
                self._sentences.put(sentence)
        except EdgeNavError as e:
            self.failure = str(e)
        except Exception as e:  # noqa: BLE001 - whatever a model raises, the walk goes on and says so
            self.failure = f"answering failed with {type(e).__name__} ({e}): see `doctor`"
        finally:
            self._sentences.put(None)
