"""Pictures to calibrate and to check with: a folder's, or drawn ones where none is given."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError

Picture = NDArray[np.uint8]
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MOST = 64
"""Pictures taken from a folder; ONNX Runtime's ranges hardly move after that many."""


def read_pictures(folder: Path, most: int = MOST) -> list[Picture]:
    """RGB uint8 [H, W, 3] of a folder's pictures, spread evenly over their sorted names. UsageError if any is none."""
    if not folder.is_dir():
        raise UsageError(f"--calibration {folder} is no folder: give one with {', '.join(ENDINGS)} pictures.")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
    if not found:
        raise UsageError(f"--calibration {folder} holds no picture: put {', '.join(ENDINGS)} files into it.")
    step = max(len(found) / most, 1.0)
    pictures = []
    for path in (found[int(n * step)] for n in range(min(len(found), most))):
        bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
        if bgr is None:
            raise UsageError(f"--calibration: {path} is no readable picture, remove it or replace it.")
        pictures.append(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8))
    return pictures


def drawn_picture(width: int, height: int, seed: int) -> Picture:
    """A made-up corridor, the same for the same seed: floor, wall, boxes, a lamp's glow and grain. uint8 [H, W, 3]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    v, u = y / height, x / width
    wall = 150 + 60 * np.cos(3 * u + seed)
    floor = 60 + 120 * (v - 0.5) + 25 * (np.sin(40 * (u - 0.5) / np.maximum(v - 0.45, 0.05)) > 0)
    glow = 80 * np.exp(-((u - random.uniform(0.2, 0.8)) ** 2 + (v - 0.15) ** 2) / 0.01)
    tint = random.uniform(0.7, 1.0, 3).astype(np.float32)
    picture = (np.where(v > 0.5, floor, wall) + glow)[..., None] * tint
    for _ in range(5):
        left, top = random.uniform(0.0, 0.8), random.uniform(0.3, 0.7)
        inside = (abs(u - left - 0.1) < random.uniform(0.03, 0.1)) & (abs(v - top - 0.1) < random.uniform(0.05, 0.2))
        picture[inside] = random.uniform(20, 230, 3)
    picture += random.normal(0, 3, picture.shape)
    drawn: Picture = np.clip(picture, 0, 255).astype(np.uint8)
    return drawn
