"""Rows of a GGUF file's token embedding, by the reader and the dequantisers that are part of llama.cpp itself."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError

TENSOR = b"token_embd.weight"


class _InitParams(ctypes.Structure):
    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p)]


class EmbeddingRows:
    """What the decoder adds up to for each token, looked up on the host: float32 [n, width]."""

    def __init__(self, path: Path, width: int, vocabulary: int) -> None:
        """Raises UsageError where the file holds no such tensor, of another size, or of a type unknown here."""
        lib = _library()
        reader = lib.gguf_init_from_file(str(path).encode(), _InitParams(True, None))
        if not reader:
            raise UsageError(f"{path.name} is no readable GGUF file: fetch or export the bundle again.")
        try:
            index = lib.gguf_find_tensor(reader, TENSOR)
            if index < 0:
                raise UsageError(f"{path.name} has no {TENSOR.decode()}: export the bundle again.")
            kind = lib.gguf_get_tensor_type(reader, index)
            self._offset = lib.gguf_get_data_offset(reader) + lib.gguf_get_tensor_offset(reader, index)
            size = lib.gguf_get_tensor_size(reader, index)
        finally:
            lib.gguf_free(reader)
        self._row_bytes: int = lib.ggml_row_size(kind, width)
        self._width, self._type = width, lib.ggml_type_name(kind).decode()
        if size != self._row_bytes * vocabulary:
            raise UsageError(
                f"{path.name}: {TENSOR.decode()} has {size} bytes where {vocabulary} rows of {width} in {self._type} "
                f"take {self._row_bytes * vocabulary}: export the bundle again."
            )
        self._dequantise: Any = None
        if self._type not in ("f32", "f16", "bf16"):
            self._dequantise = getattr(lib, f"dequantize_row_{self._type}", None)
            if self._dequantise is None:
                raise UsageError(
                    f"{path.name}: {TENSOR.decode()} is {self._type}, which cannot be read here: "
                    "export the bundle with another quantisation."
                )
            self._dequantise.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
            self._dequantise.restype = None
        self._data = np.memmap(path, np.uint8, "r", self._offset, (vocabulary, self._row_bytes))

    def __call__(self, ids: list[int]) -> NDArray[np.float32]:
        """float32 [len(ids), width]."""
        raw = np.ascontiguousarray(self._data[ids])
        if self._type == "f32":
            return raw.view(np.float32)
        if self._type == "f16":
            return raw.view(np.float16).astype(np.float32)
        if self._type == "bf16":
            return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        rows = np.empty((len(ids), self._width), np.float32)
        self._dequantise(raw.ctypes.data, rows.ctypes.data, rows.size)
        return rows


def _library() -> Any:
    """llama.cpp's ggml, with the types of the few functions used here."""
    from llama_cpp import llama_cpp

    lib = llama_cpp._lib
    text, size, handle = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p
    for name, arguments, result in (
        ("gguf_init_from_file", [text, _InitParams], handle),
        ("gguf_free", [handle], None),
        ("gguf_find_tensor", [handle, text], ctypes.c_int64),
        ("gguf_get_tensor_type", [handle, ctypes.c_int64], ctypes.c_int),
        ("gguf_get_tensor_offset", [handle, ctypes.c_int64], size),
        ("gguf_get_tensor_size", [handle, ctypes.c_int64], size),
        ("gguf_get_data_offset", [handle], size),
        ("ggml_row_size", [ctypes.c_int, ctypes.c_int64], size),
        ("ggml_type_name", [ctypes.c_int], text),
    ):
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments, result
    return lib
