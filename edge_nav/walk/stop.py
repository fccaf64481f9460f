"""The walk's end, asked for by a signal, a caller, or the walk itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class StopRequest:
    """``event`` is set once the walk is to end after the frame it is at."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.by_user = False
        """Someone asked for the end, who does not want to wait for it."""

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """While this is open, the signals that end a program ask the walk to end."""
        previous = {s: signal.signal(s, self._asked) for s in _signals()}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.by_user = True
        self.event.set()


def _signals() -> tuple[signal.Signals, ...]:
    """Only the main thread may set handlers; tests and embedders that run a walk in another thread call stop()."""
    if threading.current_thread() is not threading.main_thread():
        return ()
    asked = [signal.SIGINT, signal.SIGTERM]
    # A terminal that is closed, where there are such; under `nohup` it is ignored, and the walk goes on.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        asked.append(signal.SIGHUP)
    return tuple(asked)
