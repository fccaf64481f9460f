"""What is known of a camera's lens, and pinhole pictures made by it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.sources.calibration import Calibration, fitted, load_calibration
from edge_nav.types import Fault, Intrinsics

USUAL_FOV_DEG = 69.0
"""A phone's main camera, along the longer side of its picture."""


class LensSettings(Settings):
    """What is known of a camera's lens; a calibration file wins over the stated field of view."""

    horizontal_fov_deg: float | None = Field(
        default=None,
        ge=20.0,
        le=150.0,
        description="Horizontal field of view in degrees, used without a calibration file; None takes what the "
        "picture's file says of its lens, otherwise 69 degrees along the longer side, and says so.",
    )
    calibration: Path | None = Field(
        default=None,
        description="Calibration YAML: width, height, fx, fy, cx, cy and optionally dist, or OpenCV/ROS style.",
    )


class Lens:
    """Makes pinhole pictures of a camera's: intrinsics for any size of it, distortion removed where it is known."""

    def __init__(self, settings: LensSettings) -> None:
        """Raises UsageError if the calibration file cannot be used."""
        self._fov_deg = settings.horizontal_fov_deg
        self._path = settings.calibration
        self._calibration = None if settings.calibration is None else load_calibration(settings.calibration)
        self._prepared_for: tuple[int, int, float | None] | None = None
        self._intrinsics: Intrinsics | None = None
        self._maps: tuple[NDArray[Any], NDArray[Any]] | None = None
        self.notices: tuple[Fault, ...] = ()
        """That the field of view was only assumed, from the first picture on of which nothing told it."""

    def straighten(self, rgb: NDArray[np.uint8], focal_px: float | None = None) -> tuple[NDArray[np.uint8], Intrinsics]:
        """uint8 [H, W, 3] -> the same size without distortion, and its intrinsics.

        ``focal_px`` is the focal length that the picture's own file states, in pixels. Raises UsageError if the
        calibration is for another aspect.
        """
        key = (rgb.shape[1], rgb.shape[0], focal_px)
        if self._intrinsics is None or key != self._prepared_for:
            self._intrinsics, self._prepared_for = self._prepare(*key), key
        if self._maps is not None:
            rgb = np.asarray(cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR), dtype=np.uint8)
        return rgb, self._intrinsics

    def _prepare(self, width: int, height: int, focal_px: float | None) -> Intrinsics:
        self._maps = None
        if self._calibration is not None:
            return self._undistorted(self._calibration, width, height)
        if self._fov_deg is not None:
            return Intrinsics.from_fov(width, height, self._fov_deg)
        if focal_px is None:
            focal_px = max(width, height) / 2 / math.tan(math.radians(USUAL_FOV_DEG) / 2)
            self.notices = self.notices or (_assumed(width, focal_px),)
        return Intrinsics(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)

    def _undistorted(self, calibration: Calibration, width: int, height: int) -> Intrinsics:
        raw = fitted(calibration.intrinsics, width, height, f"calibration {self._path}")
        if not (calibration.fisheye or any(calibration.distortion)):
            return raw
        size, matrix = (width, height), np.array([[raw.fx, 0, raw.cx], [0, raw.fy, raw.cy], [0, 0, 1]])
        distortion = np.array(calibration.distortion)
        # Only pixels that were seen are kept: black corners would pass for darkness.
        if calibration.fisheye:
            straight = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
                matrix, distortion, size, np.eye(3), balance=0.0
            )
            self._maps = cv2.fisheye.initUndistortRectifyMap(
                matrix, distortion, np.eye(3), straight, size, cv2.CV_16SC2
            )
        else:
            straight, _ = cv2.getOptimalNewCameraMatrix(matrix, distortion, size, 0)
            self._maps = cv2.initUndistortRectifyMap(matrix, distortion, None, straight, size, cv2.CV_16SC2)
        fx, fy, cx, cy = (float(straight[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
        return Intrinsics(width, height, fx, fy, cx, cy)


def _assumed(width: int, focal_px: float) -> Fault:
    across_deg = math.degrees(2 * math.atan(width / 2 / focal_px))
    return Fault(
        "lens",
        f"the lens is not known, a picture {across_deg:.0f} degrees wide is assumed, and distances and sides may be "
        "off: set horizontal_fov_deg or calibration in the profile's source",
    )
