"""llama.cpp's Python binding, imported once, and what llama.cpp logs, which stays off the screen."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edge_nav.errors import UsageError

ERROR_LEVEL = 4

_errors: deque[str] = deque(maxlen=20)
"""llama.cpp's last error lines."""
_listeners: list[Callable[[str], None]] = []
_raised: list[BaseException] = []
"""By a listener, or by an interrupt of the user's while one was called."""
_started = threading.Lock()
_callbacks: list[Any] = []
"""Kept alive as long as llama.cpp may call them."""


def load_llama_cpp() -> Any:
    """The module, set up once. Raises UsageError where it is missing."""
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as e:
        why = "is missing" if isinstance(e, ImportError) else f"does not load ({str(e).splitlines()[0][:120]})"
        raise UsageError(f"llama-cpp-python {why}: pip install 'edge-nav[vlm]'.") from e
    with _started:
        if not _callbacks:
            _callbacks.append(llama_cpp.llama_log_callback(_hear))
            llama_cpp.llama_log_set(_callbacks[0], ctypes.c_void_p(0))
            llama_cpp.llama_backend_init()
    return llama_cpp


@contextmanager
def listening(listener: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hear what llama.cpp logs meanwhile, even where someone else took its log over since, and hand on every line.

    What a listener raises is raised at the end: llama.cpp cannot be stopped amid its work.
    """
    module = load_llama_cpp()
    before = _heard_by(module)
    _errors.clear()
    _raised.clear()
    if listener is not None:
        _listeners.append(listener)
    module.llama_log_set(_callbacks[0], ctypes.c_void_p(0))
    try:
        yield
    finally:
        module.llama_log_set(before, ctypes.c_void_p(0))
        if listener is not None:
            _listeners.remove(listener)
        raised = list(_raised)
        _raised.clear()
    if raised:
        raise raised[0]


def reason() -> str:
    """llama.cpp's first complaint about the last thing asked of it."""
    lines = [line.split(": ", 1)[-1] for line in _errors if line]
    return lines[0][:200] if lines else "no reason given"


def _heard_by(module: Any) -> Any:
    """The callback that llama.cpp's log goes to; ours where its version cannot tell."""
    if not hasattr(module, "llama_log_get"):
        return _callbacks[0]
    callback, data = module.llama_log_callback(), ctypes.c_void_p()
    module.llama_log_get(ctypes.byref(callback), ctypes.byref(data))
    return callback


def _hear(level: int, text: bytes, _data: object) -> None:
    try:
        line = text.decode("utf-8", "replace")
        if level == ERROR_LEVEL:
            _errors.append(line.strip())
        for listener in _listeners:
            listener(line)
    except BaseException as e:  # noqa: BLE001 - ctypes would swallow it, an interrupt of the user's above all
        _raised.append(e)
