"""A video file as a recording."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.errors import UsageError
from edge_nav.sources.lens import Lens, LensSettings
from edge_nav.sources.opencv import quiet_opencv
from edge_nav.sources.pixels import to_rgb
from edge_nav.types import Fault, Frame, Intrinsics

FALLBACK_FPS = 30.0
LONGEST_GAP_S = 60.0
"""Between two frames: stamps farther apart, or that do not rise, are damaged, and the file's rate stands in."""


class VideoSourceSettings(LensSettings):
    """Any video file that OpenCV decodes."""

    type: Literal["video"] = "video"
    path: Path = Field(description="Video file.")
    fps: float | None = Field(
        default=None,
        gt=0.0,
        le=240.0,
        description="Frames per second; None takes each frame's own time, or 30 a second if the file states none.",
    )


class VideoSource:
    """Frames at the times that the file states, or at index / fps seconds where a rate is set. A truncated file gives
    the frames it has; the rest counts as skipped at its end.

    Raises UsageError if the file cannot be decoded or holds no frame.
    """

    live = False

    def __init__(self, settings: VideoSourceSettings) -> None:
        quiet_opencv()
        path = settings.path.expanduser()
        if not path.is_file():
            raise UsageError(f"There is no video file {settings.path}: check the name.")
        self._lens = Lens(settings)
        # An absolute path, as FFmpeg takes what stands before a colon for a protocol.
        self._capture = cv2.VideoCapture(str(path.resolve()))
        self._ended = False
        self._index = 0
        self._stated_fps = settings.fps
        self._t, self._stamp_s = 0.0, math.nan
        self._pending = self._decode()
        if self._pending is None:
            self._capture.release()
            raise UsageError(
                f"{settings.path} gives no frame: it is empty, damaged or in a format unknown here, give an mp4 file."
            )
        self._fps = settings.fps or _plausible_fps(float(self._capture.get(cv2.CAP_PROP_FPS)))
        stated = float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._count = int(stated) if math.isfinite(stated) and stated >= 1 else None
        try:
            _, self._intrinsics = self._lens.straighten(self._pending)
        except UsageError:
            self._capture.release()
            raise

    @property
    def intrinsics(self) -> Intrinsics:
        return self._intrinsics

    @property
    def notices(self) -> tuple[Fault, ...]:
        """That its field of view is only assumed."""
        return self._lens.notices

    @property
    def frame_count(self) -> int | None:
        return self._count

    @property
    def skipped(self) -> int:
        return max(0, self._count - self._index) if self._ended and self._count is not None else 0

    def read(self) -> Frame | None:
        image, self._pending = self._pending, None
        if image is None:
            image = self._decode()
        if image is None:
            return None
        frame = Frame(self._index, self._time_s(), *self._lens.straighten(image))
        self._index += 1
        return frame

    def close(self) -> None:
        self._pending = None
        self._capture.release()

    def _time_s(self) -> float:
        """Of the frame decoded last: a phone's frames come faster in good light, so the file has a time for each."""
        if self._stated_fps is not None:
            return self._index / self._stated_fps
        before, self._stamp_s = self._stamp_s, float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e3
        if self._index:
            step = self._stamp_s - before
            self._t += step if 0 < step <= LONGEST_GAP_S else 1 / self._fps
        return round(self._t, 6)

    def _decode(self) -> NDArray[np.uint8] | None:
        got, image = self._capture.read()
        if got:
            return to_rgb(image)
        self._ended = True
        return None


def _plausible_fps(stated: float) -> float:
    """A container that knows no rate states 0, NaN or its time base, such as 90000."""
    return stated if 0.1 <= stated <= 240.0 else FALLBACK_FPS
