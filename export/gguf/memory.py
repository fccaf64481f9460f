"""Keeps a file that is read through a mapping from filling the memory."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAPS = Path("/proc/self/maps")
_PERIOD_S = 0.25
# Linux's "write back and drop". Unlike MADV_DONTNEED it can never lose data, even if the mapping has just gone and its
# addresses serve something else.
_MADV_PAGEOUT = 21


def trim() -> None:
    """Give what was freed, such as a tower's gigabytes, back to the system; the C library would keep it. glibc only."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def released(path: Path) -> Iterator[None]:
    """Meanwhile, hand the pages of a read-only mapping of ``path`` back to the system every quarter of a second.

    llama.cpp's quantiser maps the whole file and reads it once, front to back: without this a 7B model's 13 GB count as
    resident. They come back from the file if they are touched again. Linux only.
    """
    if sys.platform != "linux" or not MAPS.exists():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_release, args=(str(path.resolve()), done), name="release", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _release(path: str, done: threading.Event) -> None:
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    while not done.wait(_PERIOD_S):
        for start, length in read_only_mappings(path):
            madvise(start, length, _MADV_PAGEOUT)


def read_only_mappings(path: str) -> list[tuple[int, int]]:
    """Address and length of each mapping of a file that nobody writes to."""
    found = []
    for line in MAPS.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5] == path and "w" not in fields[1]:
            start, end = (int(n, 16) for n in fields[0].split("-"))
            found.append((start, end - start))
    return found
