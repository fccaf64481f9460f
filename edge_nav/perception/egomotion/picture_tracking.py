"""Points of the picture followed into the next one: what odometry and parallax share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Intrinsics

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Grey = NDArray[np.uint8]

WIDTH = 320
"""Wider pictures are made smaller for this."""
WINDOW_PX, LEVELS, COARSE = 15, 3, 4
"""Of the tracker; and how much smaller pictures are compared as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class PicturePair:
    """A picture as it was compared with the one before it, with its camera.

    ``before`` is the previous picture; ``rotation`` [3, 3] and ``translation`` [3] take a place that stands from the
    camera's coordinates of then to those of now, X -> rotation X + translation, metres. None where the move is not
    known.
    """

    grey: Grey
    camera: Intrinsics
    before: Grey | None = None
    rotation: F64 | None = None
    translation: F64 | None = None


def small_camera(camera: Intrinsics) -> Intrinsics:
    """The camera of the pictures that are compared."""
    if camera.width <= WIDTH:
        return camera
    return camera.resized(WIDTH, max(1, round(camera.height * WIDTH / camera.width)))


def grey_picture(rgb: NDArray[np.uint8], camera: Intrinsics) -> Grey:
    """A colour picture [H, W, 3] as the small camera sees it, uint8 [height, width]."""
    green = cv2.extractChannel(rgb, 1)  # half of all that brightness is, and one pass less
    if green.shape != (camera.height, camera.width):
        green = cv2.resize(green, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.asarray(green, np.uint8)


def optical_flow(
    before: Grey, grey: Grey, points: F32, expected: F32, camera: Intrinsics
) -> tuple[F32, NDArray[np.bool_]]:
    """Where points [N, 2] of the picture before are now, looked for near where they are ``expected``, and which of them
    were found within the picture [N].
    """
    flowed, status, _ = cv2.calcOpticalFlowPyrLK(
        before, grey, points, expected,
        winSize=(WINDOW_PX, WINDOW_PX), maxLevel=LEVELS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    now = np.asarray(flowed, np.float32)
    inside = (now[:, 0] >= 0) & (now[:, 0] < camera.width) & (now[:, 1] >= 0) & (now[:, 1] < camera.height)
    return now, (status.ravel() > 0) & inside


def rotation_between(before: Grey, grey: Grey, camera: Intrinsics) -> F64:
    """The rotation [3, 3] of the camera that would move the picture as a whole as it has moved."""
    (right, down), _ = cv2.phaseCorrelate(_coarse(before), _coarse(grey))
    return np.asarray(cv2.Rodrigues(COARSE * np.array([-down / camera.fy, right / camera.fx, 0.0]))[0], np.float64)


def _coarse(grey: Grey) -> F32:
    size = max(grey.shape[1] // COARSE, 1), max(grey.shape[0] // COARSE, 1)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def pixels_of(points: F32, camera: Intrinsics, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a depth map of a shape at points [N, 2] of a camera's picture."""
    row = np.minimum(((points[:, 1] + 0.5) * shape[0] / camera.height).astype(np.intp), shape[0] - 1)
    column = np.minimum(((points[:, 0] + 0.5) * shape[1] / camera.width).astype(np.intp), shape[1] - 1)
    return row, column
