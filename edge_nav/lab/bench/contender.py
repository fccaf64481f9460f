"""One side of a comparison, in a process of its own: its memory is its own, and libraries that disagree never meet.

Requests and answers are lines of JSON; arrays go by files. The first line of a contender is ``{"ready": ...}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import EdgeNavError, UsageError

Handler = Callable[[dict[str, Any]], dict[str, Any]]
ROOT = Path(__file__).resolve().parents[3]
"""Of the checkout, where `models` and `export` lie beside `edge_nav`."""
START_S = 300.0


def serve(describe: str, handlers: Mapping[str, Handler], out: IO[str]) -> None:
    """Answer requests ``{"do": name, ...}`` from standard input until it ends. UsageErrors go back as sentences."""
    _tell(out, {"ready": describe})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request.pop("do")](request)
        except EdgeNavError as e:
            answer = {"error": str(e)}
        _tell(out, answer)


def own_output() -> IO[str]:
    """Standard output for the protocol alone: whatever libraries print goes to the error stream instead."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def refuse(out: IO[str], sentence: str) -> None:
    """Instead of ``serve``, where there is nothing to serve."""
    _tell(out, {"error": sentence})


def peak_mb(_: dict[str, Any] | None = None) -> dict[str, Any]:
    """Greatest resident size of this process so far, 10^6 bytes."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_mb": peak / 1e6}


class Contender:
    """The parent's end. Raises UsageError with the process's own sentence, or its last words where it died."""

    def __init__(self, name: str, module: str, arguments: list[str]) -> None:
        self.name = name
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - until close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path},
        )
        self.describe = ""

    def wait_ready(self) -> None:
        """Until it has loaded what it runs."""
        self.describe = str(self._read()["ready"])

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """One request, one answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has died: what it said last is read below
        return self._read()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["without a word"])[-1]
            raise UsageError(f"{self.name} ended with code {code} ({last[:200]}): see that it runs by itself.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UsageError(f"{self.name}: {answer['error']}")
        return answer


def load(path: str) -> NDArray[Any]:
    """An array that the other end saved."""
    array: NDArray[Any] = np.load(path, allow_pickle=False)
    return array


def _tell(out: IO[str], answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()
