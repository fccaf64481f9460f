"""`--record DIR`: a walk's pictures and depth as a recording that `rgbd:DIR` plays again. Nothing is stored unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from edge_nav.errors import UsageError
from edge_nav.types import DepthMap, Fault, Frame

LOG_NAME = "guidance.jsonl"
DEPTH_SCALE = 5000.0
"""PNG value per metre, 0.2 mm steps, 13.1 m at most: the scale of the TUM RGB-D recordings."""


class SessionRecorder:
    """Writes a TUM layout: rgb/, depth/, rgb.txt, depth.txt, camera.yaml.

    Depth is stored as the walk used it, so that it replays without the network; a 16-bit source comes back exactly,
    a network's depth to 0.1 mm.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.on_fault: Callable[[Fault], None] = _ignore
        self._stopped = False
        self._begun = False
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"record folder {folder} is not empty: give --record a new one.")
        try:
            for name in ("rgb", "depth"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise UsageError(f"record folder {folder} cannot be made ({e.strerror}): give another one.") from e

    def write(self, frame: Frame, depth: DepthMap | None) -> None:
        """Store one frame. Never raises: a full disk ends the recording with a fault, not the walk."""
        if self._stopped:
            return
        try:
            self._store(frame, depth)
        except Exception as e:  # noqa: BLE001 - an encoder's error must not end the thread that the walk hands frames to
            self._stopped = True
            reason = getattr(e, "strerror", None) or e
            message = f"recording to {self._folder} ended ({reason}): free some space and record again"
            self.on_fault(Fault("record", message))

    def close(self) -> None:
        """Every file is closed after each frame; nothing is left to do."""

    def _store(self, frame: Frame, depth: DepthMap | None) -> None:
        if not self._begun:
            k = frame.intrinsics
            (self._folder / "camera.yaml").write_text(
                f"width: {k.width}\nheight: {k.height}\nfx: {k.fx}\nfy: {k.fy}\ncx: {k.cx}\ncy: {k.cy}\n"
                f"depth_scale: {DEPTH_SCALE}\n",
                encoding="utf-8",
            )
            self._begun = True
        name = f"{frame.index:06d}.png"
        _save(self._folder / "rgb" / name, frame.rgb[:, :, ::-1])
        self._note("rgb.txt", f"{frame.t:.6f} rgb/{name}\n")
        if depth is None:
            return
        metres = depth.depth_m
        if metres.shape != frame.rgb.shape[:2]:
            size = (frame.rgb.shape[1], frame.rgb.shape[0])
            metres = np.asarray(cv2.resize(metres, size, interpolation=cv2.INTER_NEAREST), dtype=np.float32)
        units = np.nan_to_num(metres * DEPTH_SCALE, nan=0.0, posinf=0.0, neginf=0.0)
        units[(units < 0) | (units > np.iinfo(np.uint16).max)] = 0.0
        _save(self._folder / "depth" / name, np.rint(units).astype(np.uint16))
        self._note("depth.txt", f"{frame.t:.6f} depth/{name}\n")

    def _note(self, name: str, line: str) -> None:
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(line)


def _save(path: Path, image: np.ndarray) -> None:
    ok, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not ok:
        raise OSError(f"{path.name} could not be encoded")
    path.write_bytes(data.tobytes())


def _ignore(_fault: Fault) -> None:
    return None
