"""Push to talk: a Linux input device (USB or GPIO button), the space key of a terminal, or the signal SIGUSR1.

All three only add to the same presses: whoever listens takes them.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from edge_nav.errors import SpeechFault

EVENT = struct.Struct("llHHi")
"""struct input_event of linux/input.h: seconds, microseconds, type, code, value."""
EV_KEY = 1
DOWN, UP = 1, 0
Press = Literal["push", "hold", "release"]


class Presses:
    """What was pressed since it was last asked; filled from any thread or signal handler."""

    def __init__(self) -> None:
        self._waiting: list[Press] = []

    def add(self, press: Press) -> None:
        """Note a press."""
        self._waiting.append(press)  # atomic: a signal handler must not wait for a lock

    def take(self) -> list[Press]:
        """All since the last call, in order."""
        taken: list[Press] = []
        while self._waiting:
            taken.append(self._waiting.pop(0))
        return taken


class InputDevice:
    """Reads key events of one device; any key of it is the button."""

    def __init__(self, path: Path, presses: Presses) -> None:
        """Raises SpeechFault if it cannot be opened."""
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as e:
            remedy = "sudo usermod -aG input $USER" if isinstance(e, PermissionError) else "see /dev/input/by-id"
            raise SpeechFault(f"button {path} cannot be opened ({e.strerror}): {remedy}") from e
        self._presses = presses
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._read, name="button", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Release the device."""
        os.write(self._ended, b".")
        self._thread.join(1.0)
        for file in (self._file, self._end, self._ended):
            os.close(file)

    def _read(self) -> None:
        for data in _pieces(self._file, self._end, EVENT.size * 16):
            for n in range(0, len(data) - EVENT.size + 1, EVENT.size):
                _, _, kind, _, value = EVENT.unpack_from(data, n)
                if kind == EV_KEY and value in (DOWN, UP):
                    self._presses.add("hold" if value == DOWN else "release")


class SpaceKey:
    """The space key of the terminal, which is put back as it was."""

    def __init__(self, presses: Presses, file: int | None = None) -> None:
        import termios
        import tty

        self._file = sys.stdin.fileno() if file is None else file
        self._presses = presses
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)  # keys at once; Ctrl-C stays Ctrl-C
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._read, name="space key", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the terminal back, unless it was closed."""
        import termios

        os.write(self._ended, b".")
        self._thread.join(1.0)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
        for file in (self._end, self._ended):
            os.close(file)

    def _read(self) -> None:
        for data in _pieces(self._file, self._end, 64):
            for _ in range(data.count(b" ")):
                self._presses.add("push")


def _pieces(file: int, end: int, size: int) -> Iterator[bytes]:
    """What comes from a file, until something comes from ``end``, or the device is unplugged."""
    while True:
        ready, _, _ = select.select([file, end], [], [])
        if end in ready:
            return
        try:
            data = os.read(file, size)
        except OSError:  # unplugged
            return
        if not data:
            return
        yield data
