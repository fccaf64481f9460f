"""The focal length that a camera wrote into its picture's EXIF block, in a JPEG or a PNG."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

from edge_nav.sources.calibration import same_aspect

HEAD_BYTES = 1 << 18
"""Cameras write EXIF first, in a segment of at most 64 KB."""
DIAGONAL_35MM = math.hypot(36.0, 24.0)
"""The standard (CIPA DCG-001) relates the equivalent focal length to the picture's diagonal."""
EXIF_IFD, PIXELS_ACROSS, PIXELS_DOWN, FOCAL_35MM = 0x8769, 0xA002, 0xA003, 0xA405
SHORT, LONG = 3, 4


def focal_px(path: Path, width: int, height: int) -> float | None:
    """Focal length in pixels of a picture that was decoded to ``width`` x ``height``; None where none is stated, or the
    picture was cut to another aspect since.
    """
    try:
        with path.open("rb") as file:
            fields = _fields(_tiff(file.read(HEAD_BYTES)))
    except (OSError, struct.error):
        return None
    focal_mm = fields.get(FOCAL_35MM, 0)
    if not focal_mm:
        return None
    stated = fields.get(PIXELS_ACROSS, 0), fields.get(PIXELS_DOWN, 0)
    if all(stated) and not any(same_aspect(size, (width, height)) for size in (stated, stated[::-1])):
        return None
    return focal_mm / DIAGONAL_35MM * math.hypot(width, height)


def _tiff(data: bytes) -> bytes:
    """The TIFF structure that EXIF is; empty without one."""
    if data.startswith(b"\xff\xd8"):
        at = 2
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
                return data[at + 10 : at + 2 + length]
            at += 1 if data[at + 1] == 0xFF else 2 + length
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        at = 8
        while at + 8 <= len(data):
            length = int.from_bytes(data[at : at + 4], "big")
            if data[at + 4 : at + 8] == b"eXIf":
                return data[at + 8 : at + 8 + length]
            at += 12 + length
    return b""


def _fields(tiff: bytes) -> dict[int, int]:
    """Whole numbers of the main directory and of EXIF's, by tag. Raises struct.error where the block is cut."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return {}
    fields = dict(_directory(tiff, order, *struct.unpack_from(order + "I", tiff, 4)))
    if EXIF_IFD in fields:
        fields.update(_directory(tiff, order, fields[EXIF_IFD]))
    return fields


def _directory(tiff: bytes, order: str, at: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for n in range(count):
        tag, kind, items = struct.unpack_from(order + "HHI", tiff, at + 2 + 12 * n)
        if items == 1 and kind in (SHORT, LONG):
            (value,) = struct.unpack_from(order + ("H" if kind == SHORT else "I"), tiff, at + 10 + 12 * n)
            yield tag, value
