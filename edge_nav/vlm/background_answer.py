"""An answer that takes its time, on a thread of its own: read from a picture, or given by a model."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import EdgeNavError

Cancelled = Callable[[], bool]
Picture = NDArray[np.uint8]
"""uint8 [H, W, 3], red first."""


class PictureModel(Protocol):
    """Answers a question about a picture."""

    @property
    def name(self) -> str: ...

    def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
        """Pieces of text as they come. To end soon after ``cancelled`` says so."""
        ...


class Thinking:
    """Runs one job; its pieces are fetched by whoever owns the voice."""

    def __init__(self, job: Callable[[Cancelled], Iterator[str]]) -> None:
        self._pieces: queue.Queue[str | None] = queue.Queue()
        self._cancelled = threading.Event()
        self.failure = ""
        self._thread = threading.Thread(target=self._run, args=(job,), name="thinking", daemon=True)
        self._thread.start()

    def fetch(self) -> tuple[list[str], bool]:
        """The sentences since the last call, and whether those were the last."""
        found: list[str] = []
        while True:
            try:
                piece = self._pieces.get_nowait()
            except queue.Empty:
                return found, False
            if piece is None:
                return found, True
            found.append(piece)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Let it come to its end."""
        self._thread.join(seconds)

    def _run(self, job: Callable[[Cancelled], Iterator[str]]) -> None:
        try:
            for piece in job(self._cancelled.is_set):
                if self._cancelled.is_set():
                    break
                self._pieces.put(piece)
        except EdgeNavError as e:
            self.failure = str(e)
        except Exception as e:  # noqa: BLE001 - whatever a model raises, the walk goes on and says so
            self.failure = f"answering failed with {type(e).__name__} ({e}): see `doctor`"
        finally:
            self._pieces.put(None)
