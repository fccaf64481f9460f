"""A picture, and its depth, from the command line: checked before a model sees them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.sources.calibration import same_aspect
from edge_nav.sources.pixels import HEIC_REMEDY, is_heic, read_rgb, read_stored
from edge_nav.types import Picture

MOST_PIXELS = 100_000_000
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of a frame, which tells the size (ITU-T T.81, table B.1)."""


def read_picture(path: Path) -> Picture:
    """uint8 [H, W, 3]. Raises UsageError for what is no whole jpg or png, or is too large to be decoded."""
    size = image_size(path, "picture")
    if size[0] * size[1] > MOST_PIXELS:
        raise UsageError(
            f"picture {path} has {size[0]}x{size[1]} pixels: give one of at most {MOST_PIXELS // 10**6} million."
        )
    rgb = read_rgb(path)
    if rgb is None:
        raise UsageError(f"picture {path} is damaged or not whole: give another file.")
    return rgb


def read_depth_map(path: Path, size: tuple[int, int], scale: float) -> NDArray[np.float32]:
    """z-depth in metres, float32 [H, W] of a picture's ``size`` (width, height), NaN where the file has 0.

    A 16-bit PNG with ``scale`` steps a metre, registered to the picture. Raises UsageError for any other.
    """
    width, height = image_size(path, "--depth-map")
    raw = read_stored(path) if width * height <= MOST_PIXELS else None
    if raw is None:
        raise UsageError(f"--depth-map {path} is damaged or too large: give a 16-bit PNG of depth.")
    if raw.ndim != 2 or raw.dtype != np.uint16:
        raise UsageError(f"--depth-map {path} is {raw.dtype} {list(raw.shape)}: give a 16-bit PNG with one channel.")
    if not same_aspect((width, height), size):
        raise UsageError(
            f"--depth-map {path} is {width}x{height} and the picture {size[0]}x{size[1]}, another aspect: register the "
            "depth to the picture."
        )
    # Nearest: a mean across an edge is a distance at which nothing stands.
    raw = cv2.resize(raw, size, interpolation=cv2.INTER_NEAREST)
    depth_m: NDArray[np.float32] = raw.astype(np.float32) / np.float32(scale)
    depth_m[raw == 0] = np.nan
    return depth_m


def image_size(path: Path, what: str) -> tuple[int, int]:
    """Width and height as a jpg or png file states them; UsageError where there is no such file."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"{what} {path} cannot be read ({e.strerror}): give a jpg or png file.") from e
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    at = 2 if data.startswith(b"\xff\xd8") else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if is_heic(path):
        raise UsageError(f"{what} {path} is a HEIC picture, which is not read here: {HEIC_REMEDY}.")
    raise UsageError(f"{what} {path} is no jpg or png picture: give one.")
