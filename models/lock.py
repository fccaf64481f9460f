"""One process a folder, where two would spoil each other's work."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from edge_nav.errors import UsageError


@contextlib.contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Holds ``folder``, made if it is missing, until the block ends or the process dies. UsageError where it cannot be
    written to, or another process holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as e:
        raise UsageError(f"{folder} cannot be written to ({e.strerror}): give a folder that can.") from e
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise UsageError(f"{doing} in {folder} already: wait, or use another folder.") from e
        yield
