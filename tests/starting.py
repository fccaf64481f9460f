"""The moment at which a signal to the whole group would give a worker's traceback: while it imports."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path


def wait_for_worker(process: subprocess.Popen[str]) -> int:
    """Until a worker of a process has Python's own handler for Ctrl-C; the worker's number."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while True:
        assert process.poll() is None
        for pid in children.read_text(encoding="ascii").split():
            if _is_starting(Path("/proc") / pid):
                return int(pid)


def _is_starting(child: Path) -> bool:
    try:
        if b"spawn_main" not in (child / "cmdline").read_bytes():
            return False
        status = (child / "status").read_text(encoding="utf-8")
    except OSError:  # it has ended since
        return False
    (caught,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGINT - 1) & 1)
