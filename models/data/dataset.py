"""Generated frames with truth, read as they lie on the disk: a folder for each scene."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.lab.sim.shapes import LABELS
from edge_nav.types import Intrinsics
from models.data.layout import FRAMES

STEPS_PER_M = 1000.0


@dataclass(frozen=True, slots=True)
class FrameRef:
    """Where one frame lies, and the camera that took it. ``pose`` is (x, y, height_m, heading, pitch, roll degrees);
    ``line_sha256`` is of its line in frames.jsonl, which has the hashes of its pictures."""

    folder: Path
    number: int
    camera: Intrinsics
    pose: tuple[float, float, float, float, float, float]
    line_sha256: bytes

    def path(self, what: str) -> Path:
        return self.folder / f"{self.number:02d}.{what}.png"


@dataclass(frozen=True, slots=True, eq=False)
class TrueFrame:
    """uint8 rgb [H, W, 3], float32 depth [H, W] in metres with NaN where unknown, uint8 labels [H, W], and uint16
    numbers of the scene's things [H, W], 0 for what belongs to the place."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    label: NDArray[np.uint8]
    instance: NDArray[np.uint16]


def list_frames(roots: list[Path], first: int, last: int) -> list[FrameRef]:
    """Frames of all complete scenes with ``first`` <= seed < ``last``, in the order of root, seed and number."""
    found: list[FrameRef] = []
    for root in roots:
        if not root.is_dir():
            raise UsageError(f"frames {root} is no folder: generate it with `python -m models.data generate`.")
        for folder in sorted(root.glob("s[0-9]*")):
            if not folder.name[1:].isdecimal() or not first <= int(folder.name[1:]) < last:
                continue
            found += _scene(folder)
    if not found:
        names = ", ".join(map(str, roots))
        raise UsageError(f"there are no frames of seeds {first} to {last - 1} in {names}: generate some first.")
    return found


def read_frame(ref: FrameRef) -> TrueFrame:
    """Load one frame. UsageError where a picture cannot be read, or is not what it should be."""
    rgb = _read(ref.path("rgb"), cv2.IMREAD_COLOR)[:, :, ::-1]
    steps = _read(ref.path("depth"), cv2.IMREAD_UNCHANGED)
    depth = np.where(steps > 0, steps.astype(np.float32) / np.float32(STEPS_PER_M), np.float32(np.nan))
    label, instance = (_read(ref.path(what), cv2.IMREAD_UNCHANGED) for what in ("label", "instance"))
    shape = (ref.camera.height, ref.camera.width)
    sound = rgb.shape == (*shape, 3) and all(plane.shape == shape for plane in (steps, label, instance))
    if not (sound and label.max() < len(LABELS)):
        raise UsageError(
            f"frame {ref.number} of {ref.folder} has pictures of other sizes than {FRAMES} tells, or labels that do "
            "not exist: remove the folder and generate it again."
        )
    return TrueFrame(
        np.ascontiguousarray(rgb), depth.astype(np.float32), label.astype(np.uint8), instance.astype(np.uint16)
    )


def _scene(folder: Path) -> list[FrameRef]:
    path = folder / FRAMES
    try:
        lines = [(json.loads(line), line) for line in path.read_text(encoding="utf-8").splitlines()]
        refs = [
            FrameRef(
                folder,
                int(line["frame"]),
                Intrinsics(**line["intrinsics"]),
                tuple(float(line["pose"][k]) for k in ("x", "y", "height_m", "heading_deg", "pitch_deg", "roll_deg")),  # type: ignore[arg-type]
                hashlib.sha256(text.encode()).digest(),
            )
            for line, text in lines
        ]
        if not all(math.isfinite(v) for ref in refs for v in ref.pose):
            raise ValueError("not finite")
        return refs
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as e:
        raise UsageError(
            f"frames {path} cannot be read ({type(e).__name__}): remove {folder} and generate it again."
        ) from e


def _read(path: Path, how: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), how)
    if picture is None:
        raise UsageError(f"picture {path} cannot be read: remove its folder and generate it again.")
    return np.asarray(picture)
