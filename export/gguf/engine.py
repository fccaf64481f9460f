"""llama.cpp called directly, for checks: a model, its tokens, and its logits for tokens and embeddings.

llama.cpp ends the process on some misuse. Everything that could lead there is checked first, and raises UsageError.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError

SMALL = 20_000_000
Floats = NDArray[np.float32]
_kept: list[Any] = []
_listeners: list[Callable[[str], None]] = []
_raised: list[BaseException] = []
lines: deque[str] = deque(maxlen=200)
"""The last warnings and errors of llama.cpp, which stay off the screen."""


def llama() -> Any:
    """The module, its log off the screen; raises UsageError where it is not installed."""
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as e:
        raise UsageError(f"llama-cpp-python cannot be used ({e}): pip install 'edge-nav[vlm]'.") from e
    if not _kept:
        llama_cpp.llama_backend_init()
        _kept.append(llama_cpp.llama_log_callback(_keep))
        # The binding prints; whoever else listens already is left alone.
        if _address(_heard(llama_cpp)) == _address(llama_cpp._logger.llama_log_callback):
            llama_cpp.llama_log_set(_kept[0], ctypes.c_void_p(0))
    return llama_cpp


@contextmanager
def listening(listener: Callable[[str], None] | None = None) -> Iterator[None]:
    """Keep what llama.cpp logs meanwhile, and hand on every line of it. What a listener raises is raised at the end:
    llama.cpp cannot be stopped amid its work."""
    module = llama()
    before = _heard(module)
    lines.clear()
    if listener is not None:
        _listeners.append(listener)
    module.llama_log_set(_kept[0], ctypes.c_void_p(0))
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


def _heard(module: Any) -> Any:
    callback, data = module.llama_log_callback(), ctypes.c_void_p()
    module.llama_log_get(ctypes.byref(callback), ctypes.byref(data))
    return callback


def _address(callback: Any) -> int | None:
    return ctypes.cast(callback, ctypes.c_void_p).value


def _keep(level: int, text: bytes, _: Any) -> None:
    try:
        line = text.decode("utf-8", "replace")
        lines.append(f"{level} {line}")
        for listener in _listeners:
            listener(line)
    except BaseException as e:  # noqa: BLE001 - ctypes would swallow it, an interrupt of the user's above all
        _raised.append(e)


def complaint() -> str:
    """What llama.cpp said last that sounds like a reason."""
    told = [line[2:].strip() for line in lines if line.startswith(("3", "4")) and len(line) > 3]
    return told[-1][:300] if told else "no reason given"


class Model:
    """A GGUF file opened. Use with ``with``."""

    def __init__(self, path: Path, *, vocab_only: bool = False) -> None:
        self._l = llama()
        parameters = self._l.llama_model_default_params()
        parameters.vocab_only = vocab_only
        parameters.n_gpu_layers = 0
        # Repacked weights are for speed; some of those kernels (AMX) die on processors that only pretend to have them.
        parameters.use_extra_bufts = False
        with listening():
            self._model = self._l.llama_model_load_from_file(str(path).encode(), parameters)
        if not self._model:
            raise UsageError(f"llama.cpp cannot open {path} ({complaint()}): export it again.")
        self._vocab = self._l.llama_model_get_vocab(self._model)
        self.rows = int(self._l.llama_vocab_n_tokens(self._vocab))
        self.width = 0 if vocab_only else int(self._l.llama_model_n_embd(self._model))

    def __enter__(self) -> Model:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._model:
            self._l.llama_model_free(self._model)
            self._model = None

    def tokens(self, text: str, *, add_special: bool = False, parse_special: bool = True) -> list[int]:
        """Of a text; with ``add_special`` the beginning and end tokens that the file asks for."""
        raw = text.encode("utf-8")
        room = len(raw) + 8
        found = (ctypes.c_int32 * room)()
        count = self._l.llama_tokenize(self._vocab, raw, len(raw), found, room, add_special, parse_special)
        if count < 0:
            raise UsageError(f"llama.cpp cannot tokenize a text of {len(raw)} bytes: export the tokenizer again.")
        return list(found[:count])

    def session(self, context: int, *, threads: int = 0) -> Session:
        """An empty context of so many tokens, each decodable in one block."""
        return Session(self._l, self._model, context, self.width, self.rows, threads)


class Session:
    """A context: what was decoded, in float32 throughout. Use with ``with``."""

    def __init__(self, module: Any, model: Any, context: int, width: int, rows: int, threads: int) -> None:
        self._l, self.context, self.width, self.rows = module, context, width, rows
        parameters = module.llama_context_default_params()
        parameters.n_ctx = context
        # A block without causality has to fit into one micro-batch, or llama.cpp ends the process.
        parameters.n_batch = parameters.n_ubatch = context
        parameters.type_k = parameters.type_v = 0  # F32
        parameters.flash_attn_type = 0  # off
        # llama.cpp's own default is 4 whatever the machine, and threads without a core of their own wait spinning.
        # A small model's work is done before a second thread has begun.
        small = module.llama_model_n_params(model) < SMALL
        parameters.n_threads = parameters.n_threads_batch = threads or (1 if small else os.cpu_count() or 1)
        with listening():
            self._context = module.llama_init_from_model(model, parameters)
        if not self._context:
            raise UsageError(f"llama.cpp cannot reserve a context of {context} tokens ({complaint()}): free memory.")
        self.filled = 0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._context:
            self._l.llama_free(self._context)
            self._context = None

    def clear(self) -> None:
        """Forget everything."""
        self._l.llama_memory_clear(self._l.llama_get_memory(self._context), True)
        self.filled = 0

    def decode(self, block: Sequence[int] | Floats, *, every: bool = False, causal: bool = True) -> Floats:
        """Decode token numbers, or embeddings float32 [n, width], after what is there. Returns the logits of the last
        one [1, rows], or of ``every`` one [n, rows]. Not ``causal``: they attend to each other in both directions."""
        count = len(block)
        embedded = isinstance(block, np.ndarray)
        if not 0 < count <= self.context - self.filled:
            raise UsageError(f"{count} tokens after {self.filled} do not fit a context of {self.context}: give more.")
        if embedded and np.shape(block) != (count, self.width):
            raise UsageError(f"embeddings of shape {np.shape(block)} do not fit a decoder of width {self.width}.")
        if not embedded and not all(0 <= int(i) < self.rows for i in block):
            raise UsageError(f"a token beyond the {self.rows} of the model cannot be decoded: check the tokenizer.")
        batch = self._l.llama_batch_init(count, self.width if embedded else 0, 1)
        try:
            self._fill(batch, block, every)
            self._l.llama_set_causal_attn(self._context, causal)
            code = self._l.llama_decode(self._context, batch)
        finally:
            self._l.llama_set_causal_attn(self._context, True)
            self._l.llama_batch_free(batch)
        if code != 0:
            raise UsageError(f"llama.cpp gave up on {count} tokens (code {code}, {complaint()}): free memory.")
        self.filled += count
        shape = (count if every else 1, self.rows)
        found = self._l.llama_get_logits(self._context) if every else self._l.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(found, shape=shape).astype(np.float32, copy=True)

    def _fill(self, batch: Any, block: Sequence[int] | Floats, every: bool) -> None:
        count = len(block)
        batch.n_tokens = count
        if isinstance(block, np.ndarray):
            values = np.ascontiguousarray(block, np.float32)
            ctypes.memmove(batch.embd, values.ctypes.data, values.nbytes)
        else:
            for i, token in enumerate(block):
                batch.token[i] = int(token)
        for i in range(count):
            batch.pos[i] = self.filled + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = every or i == count - 1
