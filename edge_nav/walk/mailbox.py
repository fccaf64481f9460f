"""Latest-only hand-over of frames between the capture thread and the loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from edge_nav.types import Frame


@dataclass(frozen=True, slots=True)
class Captured:
    """A frame, and the walk-clock second at which it was there."""

    frame: Frame
    at_s: float


class Mailbox:
    """Holds one frame: a newer one replaces it, and the replaced one is counted as dropped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Captured | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: Captured) -> None:
        """Leave the newest frame."""
        with self._condition:
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._condition.notify()

    def close(self) -> None:
        """No more frames will come; one still inside can be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    @property
    def finished(self) -> bool:
        """Closed and empty."""
        with self._condition:
            return self._closed and self._item is None

    def take(self, timeout_s: float) -> Captured | None:
        """The newest frame, or None after ``timeout_s`` or at the end."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item
