"""The header of a GGUF file, read without llama.cpp, which ends the whole process over some bad files.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Little-endian: magic, version, number of tensors,
number of metadata pairs; the pairs; then a name, shape, type and offset for each tensor.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge_nav.errors import UsageError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
MOST_PAIRS = MOST_TENSORS = 1 << 20
MOST_STRING = 1 << 24
Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a language model says of itself."""

    values: Mapping[str, Value]
    """Metadata but arrays."""
    lengths: Mapping[str, int]
    """Number of elements of each array."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of each tensor; the first number is that of the contiguous axis."""

    @property
    def architecture(self) -> str:
        """Such as llama, phi2 or gemma; empty where it is not stated."""
        return str(self.values.get("general.architecture", ""))

    @property
    def width(self) -> int | None:
        """n_embd."""
        return self._whole("embedding_length")

    @property
    def context(self) -> int | None:
        """Tokens it was trained for."""
        return self._whole("context_length")

    @property
    def vocabulary(self) -> int | None:
        """Number of tokens."""
        return self.lengths.get("tokenizer.ggml.tokens")

    def _whole(self, key: str) -> int | None:
        value = self.values.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else None


def read_header(path: Path) -> GgufHeader:
    """Read a file's header. Raises UsageError where it is no GGUF file or is cut off."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(file, size).header()
    except OSError as e:
        raise UsageError(f"{path} cannot be read ({e.strerror}): give a GGUF file.") from e
    except (_BadError, UnicodeDecodeError, struct.error) as e:
        raise UsageError(f"{path} is no usable GGUF file ({e}): export it again.") from e


class _BadError(Exception):
    """Something in the file that cannot be."""


class _Reader:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def header(self) -> GgufHeader:
        if (magic := self._file.read(4)) != MAGIC:
            raise _BadError(f"it begins with {magic!r}")
        if (version := self._number("I")) not in VERSIONS:
            raise _BadError(f"version {version}")
        tensors, pairs = self._count(MOST_TENSORS), self._count(MOST_PAIRS)
        values: dict[str, Value] = {}
        lengths: dict[str, int] = {}
        for _ in range(pairs):
            key, kind = self._string(), self._number("I")
            if kind == ARRAY:
                lengths[key] = self._skip_array()
            else:
                values[key] = self._value(kind)
        shapes: dict[str, tuple[int, ...]] = {}
        last = 0
        for _ in range(tensors):
            name = self._string()
            shapes[name] = tuple(self._number("Q") for _ in range(self._number("I")))
            self._number("I")
            last = max(last, self._number("Q"))
        if self._file.tell() + last > self._size:
            raise _BadError(f"its tensors reach beyond its {self._size} bytes")
        return GgufHeader(values, lengths, shapes)

    def _value(self, kind: int) -> Value:
        if kind == STRING:
            return self._string()
        if kind not in SCALARS:
            raise _BadError(f"a value of type {kind}")
        value: Value = self._unpack(SCALARS[kind])
        return value

    def _skip_array(self) -> int:
        kind, count = self._number("I"), self._number("Q")
        if kind == STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
        elif kind in SCALARS:
            self._skip(count * struct.calcsize(SCALARS[kind]))
        else:
            raise _BadError(f"an array of type {kind}")
        return count

    def _skip(self, length: int) -> None:
        if self._file.tell() + length > self._size:
            raise _BadError("it is cut off")
        self._file.seek(length, 1)

    def _string(self) -> str:
        length = self._count(MOST_STRING)
        return self._bytes(length).decode("utf-8")

    def _count(self, most: int) -> int:
        if (count := self._number("Q")) > most:
            raise _BadError(f"a count of {count}")
        return count

    def _number(self, code: str) -> int:
        return int(self._unpack(code))

    def _unpack(self, code: str) -> Value:
        value: Value = struct.unpack(f"<{code}", self._bytes(struct.calcsize(code)))[0]
        return value

    def _bytes(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) != length:
            raise _BadError("it is cut off")
        return data
