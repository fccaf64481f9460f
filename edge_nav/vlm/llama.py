"""A language model run by llama.cpp, by its raw calls: tokens and embeddings in, logits out.

llama.cpp ends the process on some misuse, so whatever it would not survive is checked here before it is called.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.vlm.llama_library import listening, load_llama_cpp, reason
from edge_nav.vlm.llama_model import LlamaModel, Repack

F32 = NDArray[np.float32]
ABORTED = 2
"""llama_decode's answer when it was told to stop."""


class Interrupted(EdgeNavError):
    """A decode was cut short, as asked."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """``context``: tokens in all; ``batch``: most at once, which is llama.cpp's micro-batch, too; ``exact``: the cache
    in float32 and attention in its plain order, for comparisons.
    """

    context: int
    batch: int
    threads: int
    gpu_layers: int = -1
    repack: Repack = "auto"
    exact: bool = False


class Llama:
    """One model with one sequence. To be used by one thread at a time; :meth:`interrupt` by any."""

    def __init__(self, path: Path, sizes: Sizes) -> None:
        """Raises UsageError where llama.cpp is missing, or cannot load the file, or the sizes do not fit it."""
        self._lib = load_llama_cpp()
        self.sizes = sizes
        self._flag = ctypes.create_string_buffer(2)
        self._context: Any = None
        self.used = 0
        """Positions in the cache."""
        self._outputs = 0
        self.model = LlamaModel(path, gpu_layers=sizes.gpu_layers, repack=sizes.repack)
        try:
            trained = self.model.trained_context
            if sizes.context > trained:
                raise UsageError(
                    f"{path.name} knows {trained} positions and the bundle asks for a context of {sizes.context}: "
                    "export the bundle again."
                )
            self._context = self._new_context(sizes)
        except BaseException:
            self.model.close()
            raise

    def _new_context(self, sizes: Sizes) -> Any:
        lib = self._lib
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = sizes.context, sizes.batch, sizes.batch
        params.n_threads = params.n_threads_batch = sizes.threads
        if sizes.exact:
            params.type_k = params.type_v = lib.GGML_TYPE_F32
            params.flash_attn_type = 0  # off, as it is by itself in versions without this field
        with listening():
            context = lib.llama_init_from_model(self.model.handle, params)
        if not context:
            raise UsageError(
                f"{self.model.path.name}: a context of {sizes.context} tokens does not fit ({reason()}): free memory, "
                "or take a smaller bundle."
            )
        abort = _flag_reader(lib)
        if abort is not None:
            lib.llama_set_abort_callback(context, abort, ctypes.cast(self._flag, ctypes.c_void_p))
        return context

    def interrupt(self, stop: bool = True) -> None:
        """Cut the running decode short; ``stop=False`` before the next begins."""
        self._flag[0] = b"\x01" if stop else b"\x00"

    def read_tokens(self, ids: list[int], *, logits: bool, every: bool = False) -> None:
        """Decode tokens after what is in the cache. ``logits``: of the last of them, or of ``every`` one, which then
        have to fit one batch. Raises Interrupted, EdgeNavError; UsageError for what llama.cpp would not survive.
        """
        self._check_count(len(ids), every)
        if bad := [i for i in ids if not 0 <= i < self.model.vocabulary]:
            raise UsageError(
                f"token {bad[0]} is not among the {self.model.vocabulary} of {self.model.path.name}: export it again."
            )
        for n in range(0, len(ids), self.sizes.batch):
            part = ids[n : n + self.sizes.batch]
            tokens = (ctypes.c_int32 * len(part))(*part)
            self._decode(tokens, None, len(part), logits and n + self.sizes.batch >= len(ids), every)

    def read_embeddings(self, rows: F32, *, logits: bool, causal: bool = True) -> None:
        """Decode embeddings, float32 [n, width]. Not ``causal``: each attends to all of them. Raises Interrupted,
        EdgeNavError; UsageError for what llama.cpp would not survive.
        """
        if rows.ndim != 2 or rows.shape[1] != self.model.width:
            raise UsageError(
                f"embeddings of shape {list(rows.shape)} do not fit {self.model.path.name}, whose width is "
                f"{self.model.width}: export vision and language model from the same checkpoint."
            )
        self._check_count(len(rows))
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

    def _check_count(self, count: int, every: bool = False) -> None:
        if not count:
            raise UsageError("there is nothing to read: give one token or more.")
        if every and count > self.sizes.batch:
            raise UsageError(f"{count} tokens with logits of each do not fit a batch of {self.sizes.batch}: give less.")

    def _decode(self, tokens: Any, rows: Any, n: int, logits: bool, every: bool = False) -> None:
        if self.used + n > self.sizes.context:
            raise UsageError(f"{self.used + n} tokens do not fit the context of {self.sizes.context}: ask less.")
        # Without positions and sequences, llama.cpp goes on where the cache ends.
        wanted = (ctypes.c_int8 * n)(*([int(logits and every)] * n))
        wanted[n - 1] = int(logits)
        batch = self._lib.llama_batch(n_tokens=n, logits=wanted)
        if tokens is not None:
            batch.token = tokens
        else:
            batch.embd = rows
        self._outputs = 0
        code = self._lib.llama_decode(self._context, batch)
        if code != 0:
            self.forget(self.used)
            if code == ABORTED:
                raise Interrupted("the answer was stopped")
            raise EdgeNavError(f"llama.cpp failed with {code} ({reason()}): see `doctor`")
        self.used += n
        self._outputs = sum(wanted)

    def logits(self) -> F32:
        """float32 [vocabulary] after the last token read with ``logits``: valid until the next is read."""
        pointer = self._lib.llama_get_logits_ith(self._context, -1)
        if not pointer:
            raise EdgeNavError("llama.cpp gave no logits: see `doctor`")
        return np.ctypeslib.as_array(pointer, (self.model.vocabulary,))

    def every_logits(self) -> F32:
        """float32 [n, vocabulary] after each of the n tokens last read with ``every``: valid until the next is read."""
        pointer = self._lib.llama_get_logits(self._context) if self._outputs else None
        if not pointer:
            raise EdgeNavError("llama.cpp gave no logits: see `doctor`")
        return np.ctypeslib.as_array(pointer, (self._outputs, self.model.vocabulary))

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
        if context:
            self._lib.llama_free(context)
        self.model.close()

    def __enter__(self) -> Llama:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
