"""The guidance log: JSON Lines, a flushed line per record, so that a killed walk leaves every earlier line whole."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from edge_nav.types import Fault

RETRY_RECORDS = 20
"""After a failed write, every so many records are tried again: a full disk may be emptied."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(timezone.utc)


class GuidanceLog:
    """One walk's log. An existing log is kept under NAME.1, NAME.2 ...; one in use by another walk is refused."""

    def __init__(self, path: Path, wall_clock: Callable[[], datetime] = utc_now) -> None:
        path = path.resolve()  # a link is followed, never moved aside
        self._path, self._wall_clock = path, wall_clock
        self._lock = threading.Lock()
        self.on_fault: Callable[[Fault], None] = _ignore
        self.lost = 0
        self._since_failure = 0
        self._failing = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_fifo():
                raise UsageError(f"log {path} is a pipe, whose reader could hold up the walk: give --log a file.")
            self._fd = _claim(path)
            if path.is_file() and path.stat().st_size > 0:
                # The old log is given up only when the new one is held, so that no other walk slips between.
                old = self._fd
                try:
                    path.rename(_free_name(path))
                    self._fd = _claim(path)
                finally:
                    os.close(old)
        except OSError as e:
            raise UsageError(
                f"log {path} cannot be written ({e.strerror}): give --log a file in another folder."
            ) from e

    def write(self, record: dict[str, Any]) -> None:
        """Append one record, with the wall time. Never raises: what cannot be written is counted and reported."""
        line = json.dumps({**record, "wall": self._wall()}, ensure_ascii=False, allow_nan=False) + "\n"
        with self._lock:
            fault = self._append(line.encode(errors="replace"))
        if fault is not None:
            self.on_fault(fault)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _append(self, line: bytes) -> Fault | None:
        if self._fd < 0:
            return None
        if self._failing:
            self._since_failure += 1
            if self._since_failure % RETRY_RECORDS:
                self.lost += 1
                return None
        try:
            _write_whole(self._fd, line)
        except OSError as e:
            self.lost += 1
            if self._failing:
                return None
            self._failing, self._since_failure = True, 0
            return Fault("log", f"log {self._path} cannot be written ({e.strerror}): free some space on its disk")
        if self._failing:
            self._failing = False
            return Fault("log", f"log {self._path} is written again; {self.lost} records were lost", recovered=True)
        return None

    def _wall(self) -> str:
        return self._wall_clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _claim(path: Path) -> int:
    """A descriptor that holds the log for this walk alone; a device such as /dev/null is everybody's."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between open and lock another walk may have moved this file aside and begun its own under the name.
        free = os.path.samestat(os.fstat(fd), path.stat())
    except (BlockingIOError, FileNotFoundError):
        free = False
    except OSError:
        os.close(fd)
        raise
    if not free:
        os.close(fd)
        raise UsageError(f"log {path} is in use by another walk: end that one or give another --log.")
    return fd


def _write_whole(fd: int, line: bytes) -> None:
    """All of a line or none of it: a part left by a full disk is cut off again."""
    written = os.write(fd, line)
    if written == len(line):
        return
    try:
        while written < len(line):
            written += os.write(fd, line[written:])
    except OSError:
        os.ftruncate(fd, os.fstat(fd).st_size - written)
        raise


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return name


def _ignore(_fault: Fault) -> None:
    return None
