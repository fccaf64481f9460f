"""A GGUF file opened by llama.cpp: its weights and its tokens. What is computed with it is in llama.py."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.vlm.llama_library import listening, load_llama_cpp, reason

Repack = Literal["auto", "on", "off"]
"""Whether weights are laid out anew for this CPU's kernels."""


class LlamaModel:
    """The weights and the vocabulary of one file, or its vocabulary alone."""

    def __init__(self, path: Path, *, gpu_layers: int = -1, repack: Repack = "auto", vocab_only: bool = False) -> None:
        """``gpu_layers``: -1 is all. Raises UsageError where llama.cpp is missing or cannot load the file, and where
        the file is no decoder with attention.
        """
        self._lib = lib = load_llama_cpp()
        self._gpu_layers = gpu_layers
        self.path = path
        self.handle: Any = None
        """llama.cpp's own, as long as it is open."""
        if not path.is_file():
            raise UsageError(f"{path} is not there: fetch or export the bundle again.")
        params = self._params(repack)
        params.vocab_only = vocab_only
        with listening(), np.errstate(all="ignore"):
            self.handle = lib.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            raise UsageError(f"{path.name} cannot be loaded by llama.cpp ({reason()}): export the bundle again.")
        self._vocabulary = lib.llama_model_get_vocab(self.handle)
        self.vocabulary: int = lib.llama_vocab_n_tokens(self._vocabulary)
        self.width: int = 0
        self.trained_context: int = 0
        if vocab_only:
            return
        self.width = lib.llama_model_n_embd(self.handle)
        self.trained_context = lib.llama_model_n_ctx_train(self.handle)
        if not lib.llama_model_has_decoder(self.handle) or lib.llama_model_is_recurrent(self.handle):
            self.close()
            raise UsageError(f"{path.name} is no decoder with attention: export the bundle from another checkpoint.")

    def _params(self, repack: Repack) -> Any:
        params = self._lib.llama_model_default_params()
        gpu = bool(self._lib.llama_supports_gpu_offload())
        params.n_gpu_layers = (self._gpu_layers if self._gpu_layers >= 0 else 1000) if gpu else 0
        # Its matrix unit is shown by some virtual machines that do not have it: the process would die.
        amx = b"AMX_INT8 = 1" in self._lib.llama_print_system_info()
        params.use_extra_bufts = repack == "on" or (repack == "auto" and not amx)
        if params.use_extra_bufts:  # what is laid out anew would be in memory twice: in the file's mapping, too
            if any(name == "load_mode" for name, *_ in params._fields_):
                params.load_mode = self._lib.LLAMA_LOAD_MODE_NONE
            else:  # as older versions call it
                params.use_mmap = False
        return params

    @property
    def describe(self) -> str:
        """What runs, and where."""
        buffer = ctypes.create_string_buffer(128)
        self._lib.llama_model_desc(self.handle, buffer, len(buffer))
        where = "GPU" if self._lib.llama_supports_gpu_offload() and self._gpu_layers else "CPU"
        return f"{buffer.value.decode(errors='replace')} on llama.cpp {self._lib.__version__}, {where}"

    def tokens(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Text to token numbers. ``parse_special``: whether special tokens are parsed in it; ``add_special``: whether
        the beginning and end tokens that the file asks for are added.
        """
        data = text.encode()
        room = len(data) + 8
        found = (ctypes.c_int32 * room)()
        n = self._lib.llama_tokenize(self._vocabulary, data, len(data), found, room, add_special, parse_special)
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

    def close(self) -> None:
        """Give its memory back. Closing twice is closing once."""
        handle, self.handle = self.handle, None
        if handle:
            self._lib.llama_model_free(handle)

    def __enter__(self) -> LlamaModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
