"""Looks after work that blocks: whether it is still wanted and in time; cuts it short if not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal

from edge_nav.types import Cancelled

POLL_S = 0.01


class Watch:
    """``until``: of time.perf_counter. ``interrupt`` is called from a thread of its own, again and again."""

    def __init__(self, cancelled: Cancelled, until: float, interrupt: Callable[[], None]) -> None:
        self._cancelled, self._until, self._interrupt = cancelled, until, interrupt
        self.why: Literal["time", "cancelled"] | None = None
        """Why it was cut short."""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def wanted(self) -> bool:
        """Whether to go on."""
        if self.why is None and self._cancelled():
            self.why = "cancelled"
        elif self.why is None and time.perf_counter() > self._until:
            self.why = "time"
        return self.why is None

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(POLL_S):
            if not self.wanted():
                self._interrupt()
