"""Decoded copies of frames: unpacking a frame's pictures takes longer than a step of a small network on it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from models.data.dataset import STEPS_PER_M, FrameRef, TrueFrame, read_frame

BYTES_A_PIXEL = 8
"""Three of colour, two of depth, one of label, two of instance."""


def read_through(ref: FrameRef, cache: Path) -> TrueFrame:
    """The frame, exactly as `read_frame` gives it, from its copy in ``cache``, which is made if it is missing or
    another frame's, such as of a dataset that was there before.

    A copy is a file of 8 bytes a pixel, and the 32 of the frame's hash. Several processes may use one cache.
    """
    folder = hashlib.sha256(str(ref.folder.parent.resolve()).encode()).hexdigest()[:12]
    path = cache / folder / f"{ref.folder.name}-{ref.number:02d}"
    shape = (ref.camera.height, ref.camera.width)
    pixels = shape[0] * shape[1]
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        data = np.zeros(0, np.uint8)
    whole = BYTES_A_PIXEL * pixels
    if data.size != whole + len(ref.line_sha256) or data[whole:].tobytes() != ref.line_sha256:
        frame = read_frame(ref)
        _write(path, frame, ref.line_sha256)
        return frame
    rgb, steps, label, instance = np.split(data[:whole], np.array([3, 5, 6]) * pixels)
    depth = steps.view(np.uint16).reshape(shape).astype(np.float32) / np.float32(STEPS_PER_M)
    depth[depth == 0] = np.nan
    return TrueFrame(rgb.reshape(*shape, 3), depth, label.reshape(shape), instance.view(np.uint16).reshape(shape))


def _write(path: Path, frame: TrueFrame, end: bytes) -> None:
    steps = np.rint(np.nan_to_num(frame.depth_m.astype(np.float64)) * STEPS_PER_M).astype(np.uint16)
    planes: list[NDArray[np.uint8]] = [a.reshape(-1).view(np.uint8) for a in (frame.rgb, steps, frame.label)]
    planes.append(frame.instance.reshape(-1).view(np.uint8))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(np.concatenate(planes).tobytes() + end)
        part.replace(path)
    except OSError as e:
        with contextlib.suppress(OSError):
            part.unlink()
        raise UsageError(f"cache {path} cannot be written ({e.strerror}): give a folder with room, or none.") from e
