"""Rows of a GGUF file's token embedding, by the dequantisers that are part of llama.cpp itself."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_header import read_header
from edge_nav.vlm.llama_library import load_llama_cpp

TENSOR = "token_embd.weight"


class EmbeddingRows:
    """What the decoder adds up to for each token, looked up on the host: float32 [n, width]."""

    def __init__(self, path: Path, width: int, vocabulary: int) -> None:
        """Raises UsageError where the file holds no such tensor, of another size, or of a type unknown here."""
        tensor = read_header(path).tensors.get(TENSOR)
        if tensor is None:
            raise UsageError(f"{path.name} has no {TENSOR}: export the bundle again.")
        self._width, self._type = width, tensor.type.name
        row_bytes = width // tensor.type.block * tensor.type.bytes
        if tensor.size != row_bytes * vocabulary:
            raise UsageError(
                f"{path.name}: {TENSOR} has {tensor.size} bytes where {vocabulary} rows of {width} in {self._type} "
                f"take {row_bytes * vocabulary}: export the bundle again."
            )
        self._dequantise: Any = None
        if self._type not in ("F32", "F16", "BF16"):
            self._dequantise = _dequantiser(self._type)
            if self._dequantise is None:
                raise UsageError(
                    f"{path.name}: {TENSOR} is {self._type}, which cannot be read here: "
                    "export the bundle with another quantisation."
                )
        self._data = np.memmap(path, np.uint8, "r", tensor.offset, (vocabulary, row_bytes))

    def __call__(self, ids: list[int]) -> NDArray[np.float32]:
        """float32 [len(ids), width]."""
        raw = np.ascontiguousarray(self._data[ids])
        if self._type == "F32":
            return raw.view(np.float32)
        if self._type == "F16":
            return raw.view(np.float16).astype(np.float32)
        if self._type == "BF16":
            return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        rows = np.empty((len(ids), self._width), np.float32)
        self._dequantise(raw.ctypes.data, rows.ctypes.data, rows.size)
        return rows


def _dequantiser(kind: str) -> Any:
    """ggml's function (values, float32 rows, number of values), such as dequantize_row_q4_K; None where it has none."""
    name = f"dequantize_row_{kind.lower().replace('_k', '_K')}"
    found = getattr(load_llama_cpp().llama_cpp._lib, name, None)
    if found is not None:
        found.argtypes, found.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64], None
    return found
