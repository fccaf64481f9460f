"""A language model in llama.cpp, by its raw calls: tokens and embeddings in, logits out.

llama.cpp ends the process on some misuse, so whatever it would not survive is checked here before it is called.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import EdgeNavError, UsageError

F32 = NDArray[np.float32]
ABORTED = 2
"""llama_decode's answer when it was told to stop."""
ERROR_LEVEL = 4

_said: deque[str] = deque(maxlen=20)
"""llama.cpp's last error lines."""
_started = threading.Lock()
_callbacks: list[Any] = []
"""Kept alive as long as llama.cpp may call them."""


class Interrupted(EdgeNavError):
    """A decode was cut short, as asked."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """``context``: tokens in all; ``batch``: most at once, which is llama.cpp's micro-batch, too."""

    context: int
    batch: int
    threads: int
    gpu_layers: int = -1
    repack: Literal["auto", "on", "off"] = "auto"


class Llama:
    """One model with one sequence. To be used by one thread at a time; :meth:`interrupt` by any."""

    def __init__(self, path: Path, sizes: Sizes) -> None:
        """Raises UsageError where llama.cpp is missing, or cannot load the file, or the sizes do not fit it."""
        self._lib = lib = _llama_cpp()
        self._model: Any = None
        self._context: Any = None
        if not path.is_file():
            raise UsageError(f"{path} is not there: fetch or export the bundle again.")
        _said.clear()
        with np.errstate(all="ignore"):
            self._model = lib.llama_model_load_from_file(str(path).encode(), self._model_params(sizes))
        if not self._model:
            raise UsageError(f"{path.name} cannot be loaded by llama.cpp ({_reason()}): export the bundle again.")
        self._vocabulary = lib.llama_model_get_vocab(self._model)
        self.width: int = lib.llama_model_n_embd(self._model)
        self.vocabulary: int = lib.llama_vocab_n_tokens(self._vocabulary)
        self.trained_context: int = lib.llama_model_n_ctx_train(self._model)
        self.path, self.sizes = path, sizes
        if not lib.llama_model_has_decoder(self._model) or lib.llama_model_is_recurrent(self._model):
            self.close()
            raise UsageError(f"{path.name} is no decoder with attention: export the bundle from another checkpoint.")
        if sizes.context > self.trained_context:
            trained = self.trained_context
            self.close()
            raise UsageError(
                f"{path.name} knows {trained} positions and the bundle asks for a context of {sizes.context}: "
                "export the bundle again."
            )
        self._flag = ctypes.create_string_buffer(2)
        self._context = self._new_context(sizes)
        self.used = 0
        """Positions in the cache."""

    def _model_params(self, sizes: Sizes) -> Any:
        params = self._lib.llama_model_default_params()
        gpu = bool(self._lib.llama_supports_gpu_offload())
        params.n_gpu_layers = (sizes.gpu_layers if sizes.gpu_layers >= 0 else 1000) if gpu else 0
        # Its matrix unit is shown by some virtual machines that do not have it: the process would die.
        amx = b"AMX_INT8 = 1" in self._lib.llama_print_system_info()
        params.use_extra_bufts = sizes.repack == "on" or (sizes.repack == "auto" and not amx)
        if params.use_extra_bufts:  # what is laid out anew would be in memory twice: in the file's mapping, too
            if any(name == "load_mode" for name, *_ in params._fields_):
                params.load_mode = self._lib.LLAMA_LOAD_MODE_NONE
            else:  # as older versions call it
                params.use_mmap = False
        return params

    def _new_context(self, sizes: Sizes) -> Any:
        lib = self._lib
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = sizes.context, sizes.batch, sizes.batch
        params.n_threads = params.n_threads_batch = sizes.threads
        context = lib.llama_init_from_model(self._model, params)
        if not context:
            self.close()
            raise UsageError(
                f"{self.path.name}: a context of {sizes.context} tokens does not fit ({_reason()}): free memory, or "
                "take a smaller bundle."
            )
        abort = _flag_reader(lib)
        if abort is not None:
            lib.llama_set_abort_callback(context, abort, ctypes.cast(self._flag, ctypes.c_void_p))
        return context

    @property
    def describe(self) -> str:
        """What runs, and where."""
        buffer = ctypes.create_string_buffer(128)
        self._lib.llama_model_desc(self._model, buffer, len(buffer))
        where = "GPU" if self._lib.llama_supports_gpu_offload() and self.sizes.gpu_layers else "CPU"
        return f"{buffer.value.decode(errors='replace')} on llama.cpp {self._lib.__version__}, {where}"

    def interrupt(self, stop: bool = True) -> None:
        """Cut the running decode short; ``stop=False`` before the next begins."""
        self._flag[0] = b"\x01" if stop else b"\x00"

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """Text to token numbers, nothing added. ``special``: whether special tokens are parsed in it."""
        data = text.encode()
        room = len(data) + 8
        found = (ctypes.c_int32 * room)()
        n = self._lib.llama_tokenize(self._vocabulary, data, len(data), found, room, False, special)
        if n < 0:
            raise EdgeNavError(f"a text of {len(data)} bytes cannot be split into tokens: ask something shorter")
        return list(found[:n])

    def is_special(self, token: int) -> bool:
        """Whether a token is a mark such as the beginning of sequence, and no text."""
        unknown = self._lib.llama_vocab_get_attr(self._vocabulary, token) & self._lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return bool(unknown) or bool(self._lib.llama_vocab_is_control(self._vocabulary, token))

    def spelling(self, token: int) -> str:
        """A token as the vocabulary writes it."""
        text = self._lib.llama_vocab_get_text(self._vocabulary, token)
        return (text or b"").decode(errors="replace")

    def piece(self, token: int) -> bytes:
        """A token's bytes, maybe a part of a character; empty for special ones."""
        for room in (64, 4096):
            buffer = ctypes.create_string_buffer(room)
            n = self._lib.llama_token_to_piece(self._vocabulary, token, buffer, room, 0, False)
            if n >= 0:
                return buffer.raw[:n]
        return b""

    def read_tokens(self, ids: list[int], *, logits: bool) -> None:
        """Decode tokens after what is in the cache. Raises Interrupted, EdgeNavError."""
        if bad := [i for i in ids if not 0 <= i < self.vocabulary]:
            raise UsageError(f"token {bad[0]} is not among the {self.vocabulary} of {self.path.name}: export it again.")
        for n in range(0, len(ids), self.sizes.batch):
            part = ids[n : n + self.sizes.batch]
            self._decode(
                (ctypes.c_int32 * len(part))(*part), None, len(part), logits and n + self.sizes.batch >= len(ids)
            )

    def read_embeddings(self, rows: F32, *, logits: bool, causal: bool = True) -> None:
        """Decode embeddings, float32 [n, width]. Not ``causal``: each attends to all of them. Raises Interrupted,
        EdgeNavError; UsageError for what llama.cpp would not survive.
        """
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise UsageError(
                f"embeddings of shape {list(rows.shape)} do not fit {self.path.name}, whose width is {self.width}: "
                "export vision and language model from the same checkpoint."
            )
        if not causal and len(rows) > self.sizes.batch:
            raise UsageError(
                f"{len(rows)} embeddings that all see each other do not fit a micro-batch of {self.sizes.batch}: ask "
                "something shorter."
            )
        if not np.isfinite(rows).all():
            raise EdgeNavError("the vision tower gave values that are no numbers: `models verify` the bundle")
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        self._lib.llama_set_causal_attn(self._context, causal)
        try:
            for n in range(0, len(rows), self.sizes.batch):
                part = rows[n : n + self.sizes.batch]
                data = part.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
                self._decode(None, data, len(part), logits and n + self.sizes.batch >= len(rows))
        finally:
            if not causal:
                self._lib.llama_set_causal_attn(self._context, True)

    def _decode(self, tokens: Any, rows: Any, n: int, logits: bool) -> None:
        if self.used + n > self.sizes.context:
            raise EdgeNavError(f"{self.used + n} tokens do not fit the context of {self.sizes.context}: ask less")
        # Without positions and sequences, llama.cpp goes on where the cache ends.
        wanted = (ctypes.c_int8 * n)()
        wanted[n - 1] = int(logits)
        batch = self._lib.llama_batch(n_tokens=n, logits=wanted)
        if tokens is not None:
            batch.token = tokens
        else:
            batch.embd = rows
        code = self._lib.llama_decode(self._context, batch)
        if code != 0:
            self.forget(self.used)
            if code == ABORTED:
                raise Interrupted("the answer was stopped")
            raise EdgeNavError(f"llama.cpp failed with {code} ({_reason()}): see `doctor`")
        self.used += n

    def logits(self) -> F32:
        """float32 [vocabulary] after the last token read with ``logits``: valid until the next is read."""
        pointer = self._lib.llama_get_logits_ith(self._context, -1)
        if not pointer:
            raise EdgeNavError("llama.cpp gave no logits: see `doctor`")
        return np.ctypeslib.as_array(pointer, (self.vocabulary,))

    def forget(self, position: int) -> None:
        """Empty the cache from a position on; all of it where this model's cache cannot be cut there."""
        memory = self._lib.llama_get_memory(self._context)
        if not self._lib.llama_memory_seq_rm(memory, 0, position, -1):
            self._lib.llama_memory_clear(memory, True)
            position = 0
        self.used = min(self.used, position)

    @property
    def closed(self) -> bool:
        """Whether its memory was given back: llama.cpp would end the process over any call then."""
        return self._context is None

    def close(self) -> None:
        """Give its memory back. Closing twice is closing once."""
        context, self._context = self._context, None
        model, self._model = self._model, None
        if context:
            self._lib.llama_free(context)
        if model:
            self._lib.llama_model_free(model)

    def __enter__(self) -> Llama:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _llama_cpp() -> Any:
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


def _hear(level: int, text: bytes, _data: object) -> None:
    if level == ERROR_LEVEL:
        _said.append(text.decode(errors="replace").strip())


def _reason() -> str:
    """llama.cpp's first complaint about the last thing asked of it."""
    lines = [line.split(": ", 1)[-1] for line in _said if line]
    return lines[0][:200] if lines else "no reason given"


def _flag_reader(lib: Any) -> Any:
    """A C function that tells whether the flag's first byte is set: the length of the text that lies there, 0 or 1.

    llama.cpp asks at every node of its graph. A function of Python's would wait each time for the interpreter's lock,
    which perception holds.
    """
    try:
        length = ctypes.CDLL(None).strlen
    except (AttributeError, OSError, TypeError):  # a system without it: an answer then stops between two tokens only
        return None
    return lib.ggml_abort_callback(ctypes.cast(length, ctypes.c_void_p).value)
