"""Processes that work for another, which alone decides when they end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker


@contextlib.contextmanager
def kept_from_workers(*signals: signal.Signals) -> Iterator[None]:
    """Workers that are started in the block get none of ``signals`` until they call `ignore`.

    What goes to a whole group, such as Ctrl-C, would reach them while they import, with a traceback for each.
    """
    resource_tracker.ensure_running()  # started with the first worker, it would let the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore(*signals: signal.Signals) -> None:
    """In a worker: from now on nothing happens by these signals, nor by those that have come since it was started."""
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
