"""Reads the uncompressed multilayer EXR that Blender writes: the way to take several passes out of one render.

Format: "OpenEXR File Layout", openexr.com; single-part scanline files without compression.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 20000630
SIZES = {0: 4, 1: 2, 2: 4}
TYPES = {0: "<u4", 1: "<f2", 2: "<f4"}


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """Channels by full name, float32 [H, W]."""
    data = path.read_bytes()
    magic, version = struct.unpack_from("<ii", data)
    if magic != MAGIC or version & 0x1A00:
        raise ValueError(f"{path}: not a single-part scanline EXR (version {version:#x})")
    attributes, at = _attributes(data, 8)
    if attributes["compression"] != b"\0":
        raise ValueError(f"{path}: compressed EXR")
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    channels = _channels(attributes["channels"])
    line = 8 + width * sum(SIZES[kind] for _, kind in channels)
    (start,) = struct.unpack_from("<Q", data, at)
    # Uncompressed scanlines are all of one length and written in order.
    rows = np.frombuffer(data, np.uint8, line * height, start).reshape(height, line)
    pictures, offset = {}, 8
    for name, kind in channels:
        size = width * SIZES[kind]
        pictures[name] = np.ascontiguousarray(rows[:, offset : offset + size]).view(TYPES[kind]).astype(np.float32)
        offset += size
    return pictures


def _attributes(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    found = {}
    while data[at]:
        name, at = _text(data, at)
        _, at = _text(data, at)
        (size,) = struct.unpack_from("<i", data, at)
        found[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return found, at + 1


def _channels(data: bytes) -> list[tuple[str, int]]:
    found, at = [], 0
    while data[at]:
        name, at = _text(data, at)
        found.append((name, struct.unpack_from("<i", data, at)[0]))
        at += 16
    return found


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 1
