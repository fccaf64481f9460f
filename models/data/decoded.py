"""Decoded copies of frames: unpacking a frame's pictures takes longer than a step of a small network on it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from models.data.dataset import STEPS_PER_M, FrameRef, TrueFrame, read_frame
from models.data.layout import FRAMES

BYTES_A_PIXEL = 8
"""Three of colour, two of depth, one of label, two of instance."""


def read_through(ref: FrameRef, cache: Path) -> TrueFrame:
    """The frame, exactly as `read_frame` gives it, from its copy in ``cache``, which is made if it is missing or older.

    A copy is a file of 8 bytes a pixel. Several processes may use one cache.
    """
    folder = hashlib.sha256(str(ref.folder.parent.resolve()).encode()).hexdigest()[:12]
    path = cache / folder / f"{ref.folder.name}-{ref.number:02d}"
    shape = (ref.camera.height, ref.camera.width)
    pixels = shape[0] * shape[1]
    try:
        data = np.fromfile(path, np.uint8) if _is_fresh(path, ref) else None
    except OSError:
        data = None
    if data is None or data.size != BYTES_A_PIXEL * pixels:
        frame = read_frame(ref)
        _write(path, frame)
        return frame
    rgb, steps, label, instance = np.split(data, np.array([3, 5, 6]) * pixels)
    depth = steps.view(np.uint16).reshape(shape).astype(np.float32) / np.float32(STEPS_PER_M)
    depth[depth == 0] = np.nan
    return TrueFrame(rgb.reshape(*shape, 3), depth, label.reshape(shape), instance.view(np.uint16).reshape(shape))


def _is_fresh(path: Path, ref: FrameRef) -> bool:
    return path.stat().st_mtime_ns >= (ref.folder / FRAMES).stat().st_mtime_ns


def _write(path: Path, frame: TrueFrame) -> None:
    steps = np.rint(np.nan_to_num(frame.depth_m.astype(np.float64)) * STEPS_PER_M).astype(np.uint16)
    planes: list[NDArray[np.uint8]] = [a.reshape(-1).view(np.uint8) for a in (frame.rgb, steps, frame.label)]
    planes.append(frame.instance.reshape(-1).view(np.uint8))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.concatenate(planes).tofile(part)
        part.replace(path)
    except OSError as e:
        raise UsageError(f"cache {path} cannot be written ({e.strerror}): give a folder with room, or none.") from e
