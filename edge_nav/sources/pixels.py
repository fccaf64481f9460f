"""Image files to arrays: whole ones only, because half a picture passes for a measurement of what is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
HEIC_SUFFIXES = frozenset({".heic", ".heif"})
HEIC_REMEDY = "convert them, for example with `magick mogrify -format jpg *.heic`"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})

_PNG_END = b"IEND\xaeB`\x82"
_JPEG_SCAN = 0xDA


def read_rgb(path: Path) -> NDArray[np.uint8] | None:
    """The picture as uint8 [H, W, 3], red first and upright by its EXIF; None if missing, truncated or damaged."""
    image = _decode(path, cv2.IMREAD_COLOR)
    return None if image is None else to_rgb(image)


def read_stored(path: Path) -> NDArray[Any] | None:
    """The picture's stored values, whatever their type and channels; None if missing, truncated or damaged."""
    return _decode(path, cv2.IMREAD_UNCHANGED)


def to_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """An OpenCV image (uint8 grey, BGR or BGRA) as uint8 [H, W, 3], red first. Raises ValueError on any other."""
    if image.dtype != np.uint8:
        raise ValueError(f"image is {image.dtype}, expected uint8")
    codes = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in codes:
        raise ValueError(f"image has shape {image.shape}, expected [H, W], [H, W, 3] or [H, W, 4]")
    return np.asarray(cv2.cvtColor(image, codes[channels]), dtype=np.uint8)


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Sorts frame2 before frame10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]


def list_images(folder: Path) -> list[Path]:
    """The folder's jpg and png files in natural order. Raises OSError if the folder cannot be listed."""
    found = (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    return sorted(found, key=natural_key)


def list_heic(folder: Path) -> list[Path]:
    """The folder's pictures as iPhones store them, which are not read here. Raises OSError."""
    return [p for p in folder.iterdir() if p.suffix.lower() in HEIC_SUFFIXES and not p.name.startswith(".")]


def is_heic(path: Path) -> bool:
    """Whether it holds such a picture, whatever its name."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def _decode(path: Path, flags: int) -> NDArray[Any] | None:
    try:
        data = path.read_bytes()
        if not _is_whole(data):
            return None
        # From bytes, not by name: OpenCV cannot open every name on every system.
        image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (OSError, ValueError, cv2.error):
        return None
    return image


def _is_whole(data: bytes) -> bool:
    """Whether the file runs to its format's end mark: decoders fill what is missing with grey and say nothing."""
    if data.startswith(b"\x89PNG"):
        return _PNG_END in data[-4096:]
    if data.startswith(b"\xff\xd8"):
        scan = _jpeg_scan_start(data)
        return scan is not None and data.find(b"\xff\xd9", scan) >= 0
    return bool(data)


def _jpeg_scan_start(data: bytes) -> int | None:
    """Where the pixels begin; the segments before are stepped over, as a thumbnail there has an end mark of its own."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:  # fill byte
            at += 1
        elif data[at + 1] == _JPEG_SCAN:
            return at
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
