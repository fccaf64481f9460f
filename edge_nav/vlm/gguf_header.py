"""The header of a GGUF file, read without llama.cpp, which ends the whole process over some bad files.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Little-endian: magic, version, number of tensors,
number of metadata pairs; the pairs; then a name, shape, type and offset for each tensor; then, aligned, their values.
The `gguf` package's reader makes an array of every number of every list: seconds and half a gigabyte for Gemma's 257
thousand tokens.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO

from edge_nav.errors import UsageError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
MOST_PAIRS = MOST_TENSORS = 1 << 20
MOST_STRING = 1 << 24
MOST_AXES = 4
ALIGNMENT, MOST_ALIGNMENT = 32, 1 << 20
Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class TensorType:
    """How a tensor's values are stored: ``bytes`` for each block of ``block`` values of a row."""

    name: str
    block: int
    bytes: int


TENSOR_TYPES = {
    0: TensorType("F32", 1, 4),
    1: TensorType("F16", 1, 2),
    2: TensorType("Q4_0", 32, 18),
    3: TensorType("Q4_1", 32, 20),
    6: TensorType("Q5_0", 32, 22),
    7: TensorType("Q5_1", 32, 24),
    8: TensorType("Q8_0", 32, 34),
    9: TensorType("Q8_1", 32, 40),
    10: TensorType("Q2_K", 256, 84),
    11: TensorType("Q3_K", 256, 110),
    12: TensorType("Q4_K", 256, 144),
    13: TensorType("Q5_K", 256, 176),
    14: TensorType("Q6_K", 256, 210),
    15: TensorType("Q8_K", 256, 292),
    16: TensorType("IQ2_XXS", 256, 66),
    17: TensorType("IQ2_XS", 256, 74),
    18: TensorType("IQ3_XXS", 256, 98),
    19: TensorType("IQ1_S", 256, 50),
    20: TensorType("IQ4_NL", 32, 18),
    21: TensorType("IQ3_S", 256, 110),
    22: TensorType("IQ2_S", 256, 82),
    23: TensorType("IQ4_XS", 256, 136),
    24: TensorType("I8", 1, 1),
    25: TensorType("I16", 1, 2),
    26: TensorType("I32", 1, 4),
    27: TensorType("I64", 1, 8),
    28: TensorType("F64", 1, 8),
    29: TensorType("IQ1_M", 256, 56),
    30: TensorType("BF16", 1, 2),
    34: TensorType("TQ1_0", 256, 54),
    35: TensorType("TQ2_0", 256, 66),
    39: TensorType("MXFP4", 32, 17),
    40: TensorType("NVFP4", 64, 36),
    41: TensorType("Q1_0", 128, 18),
}
"""ggml_type by its number, from ggml.h and ggml-common.h."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies and how. ``shape``: the first number is that of the contiguous axis; ``offset``: of its first
    byte in the file; ``size``: in bytes, without padding.
    """

    shape: tuple[int, ...]
    type: TensorType
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a language model says of itself."""

    values: Mapping[str, Value]
    """Metadata but arrays."""
    lengths: Mapping[str, int]
    """Number of elements of each array."""
    tensors: Mapping[str, TensorInfo]

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
            return _HeaderReader(file, size).header()
    except OSError as e:
        raise UsageError(f"{path} cannot be read ({e.strerror}): give a GGUF file.") from e
    except (_BadError, UnicodeDecodeError, struct.error) as e:
        raise UsageError(f"{path} is no usable GGUF file ({e}): export it again.") from e


class _BadError(Exception):
    """Something in the file that cannot be."""


class _HeaderReader:
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
        described = [self._tensor() for _ in range(tensors)]
        return GgufHeader(values, lengths, self._placed(described, values.get("general.alignment", ALIGNMENT)))

    def _tensor(self) -> tuple[str, TensorInfo]:
        """A tensor and its name, its offset counted from where the values begin."""
        name = self._string()
        if (axes := self._number("I")) > MOST_AXES:
            raise _BadError(f"{name} has {axes} axes")
        shape = tuple(self._number("Q") for _ in range(axes))
        number, offset = self._number("I"), self._number("Q")
        if (kind := TENSOR_TYPES.get(number)) is None:
            raise _BadError(f"{name} is of type {number}")
        row, rows = (shape[0] if shape else 1), prod(shape[1:])
        if row % kind.block:
            raise _BadError(f"{name} has rows of {row} values in {kind.name}")
        return name, TensorInfo(shape, kind, offset, row // kind.block * kind.bytes * rows)

    def _placed(self, described: list[tuple[str, TensorInfo]], alignment: Value) -> dict[str, TensorInfo]:
        """The tensors with their offsets in the file, whose header ends here."""
        if not isinstance(alignment, int) or not 0 < alignment <= MOST_ALIGNMENT or alignment & (alignment - 1):
            raise _BadError(f"an alignment of {alignment}")
        begin = -(-self._file.tell() // alignment) * alignment
        tensors = {n: TensorInfo(t.shape, t.type, begin + t.offset, t.size) for n, t in described}
        if any(t.offset + t.size > self._size for t in tensors.values()):
            raise _BadError(f"its tensors reach beyond its {self._size} bytes")
        return tensors

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
            self._skip_strings(count)
        elif kind in SCALARS:
            self._skip(count * struct.calcsize(SCALARS[kind]))
        else:
            raise _BadError(f"an array of type {kind}")
        return count

    def _skip_strings(self, count: int) -> None:
        # Hundreds of thousands of tokens: asking the file where it is would take longer than all the rest.
        at = self._file.tell()
        for _ in range(count):
            at += 8 + int.from_bytes(self._bytes(8), "little")
            if at > self._size:
                raise _BadError("it is cut off")
            self._file.seek(at)

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
