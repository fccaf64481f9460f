"""One process a folder, where two would spoil each other's work."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from edge_nav.errors import UsageError


@contextlib.contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Holds ``folder``, which exists, until the block ends or the process dies. UsageError if another one holds it."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise UsageError(f"{doing} in {folder} already: wait, or use another --out.") from e
        yield
