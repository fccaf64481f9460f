"""The types of a GGUF file's tensors, read from its header alone.

gguf's own reader makes an array of every number of every list: seconds and half a gigabyte for Gemma's 257 thousand
tokens. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, little-endian.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from edge_nav.errors import UsageError

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


def read_types(path: Path) -> dict[str, str]:
    """Tensor -> type of its values, as the file says. Raises UsageError where it is cut off or no GGUF file."""
    from gguf import GGMLQuantizationType

    try:
        with path.open("rb") as file:
            magic, _, tensors, pairs = struct.unpack("<4sIQQ", file.read(24))
            if magic != b"GGUF":
                raise ValueError("it is another kind of file")
            for _ in range(pairs):
                _skip_pair(file)
            return {name: GGMLQuantizationType(kind).name for name, kind in (_tensor(file) for _ in range(tensors))}
    except (OSError, ValueError, KeyError, struct.error) as e:
        raise UsageError(f"{path} is no whole GGUF file ({e}): export it again.") from e


def summary(types: Mapping[str, str]) -> str:
    """Such as "21 Q4_K, 4 Q6_K, 9 F32"."""
    return ", ".join(f"{n} {kind}" for kind, n in Counter(types.values()).most_common())


def _tensor(file: IO[bytes]) -> tuple[str, int]:
    name = _string(file).decode("utf-8")
    file.seek(8 * _number(file, "I"), 1)
    kind = _number(file, "I")
    file.seek(8, 1)
    return name, kind


def _skip_pair(file: IO[bytes]) -> None:
    _string(file)
    kind, count = _number(file, "I"), 1
    if kind == _ARRAY:
        kind, count = _number(file, "I"), _number(file, "Q")
    if kind == _STRING:
        for _ in range(count):
            file.seek(_number(file, "Q"), 1)
    else:
        file.seek(count * _SIZES[kind], 1)


def _string(file: IO[bytes]) -> bytes:
    return file.read(_number(file, "Q"))


def _number(file: IO[bytes], code: str) -> int:
    return int(struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0])
