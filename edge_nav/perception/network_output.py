"""A network's raw output -> a depth map, the same for every backend."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import Bundle, DepthEntry
from edge_nav.errors import DepthFault, UsageError
from edge_nav.perception.relative import RelativeCalibrator
from edge_nav.perception.settings import PerceptionSettings
from edge_nav.types import DepthMap, Frame, Intrinsics

F32 = NDArray[np.float32]


def depth_entry(bundle: Bundle) -> DepthEntry:
    """The bundle's depth section. UsageError if it has none."""
    if bundle.manifest.depth is None:
        raise UsageError(f"bundle {bundle.manifest.name} has no depth model: give another --bundle.")
    return bundle.manifest.depth


def as_plane(output: NDArray[np.generic], expected: tuple[int, int], name: str) -> F32:
    """[H, W], [1, H, W] or [1, 1, H, W] -> float32 [H, W]. UsageError for anything else."""
    plane = np.asarray(output, dtype=np.float32)
    while plane.ndim > 2 and plane.shape[0] == 1:
        plane = plane[0]
    if plane.shape != expected:
        raise UsageError(
            f"bundle {name} gives depth of shape {tuple(output.shape)} where {expected} was due: export it again."
        )
    return plane


class OutputReader:
    """Cleans, resizes and, for relative models, calibrates what a network gives. One for each walk."""

    def __init__(self, entry: DepthEntry, settings: PerceptionSettings) -> None:
        self._entry = entry
        self._calibrator: RelativeCalibrator | None = None
        if entry.kind == "relative":
            if settings.camera_height_m is None:
                raise UsageError(
                    "perception.camera_height_m = null: a relative depth model needs the camera's height above the "
                    "floor in metres, set it in the profile."
                )
            self._calibrator = RelativeCalibrator(settings.camera_height_m, settings.camera_pitch_deg)

    def read(self, plane: F32, frame: Frame) -> DepthMap:
        """A finite, positive depth map with NaN where the network gave none. DepthFault if it gave nothing."""
        plane = np.where(np.isfinite(plane) & (plane > 0), plane, np.float32(np.nan)).astype(np.float32)
        if not np.isfinite(plane).any():
            raise DepthFault("the depth network gave no usable number: check the bundle with `models verify`")
        intrinsics = frame.intrinsics.resized(plane.shape[1], plane.shape[0])
        if self._entry.output.resolution == "frame" and intrinsics != frame.intrinsics:
            size = (frame.intrinsics.width, frame.intrinsics.height)
            plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
            intrinsics = frame.intrinsics
        return self._metres(plane, intrinsics, frame.t)

    def _metres(self, plane: F32, intrinsics: Intrinsics, t: float) -> DepthMap:
        if self._calibrator is not None:
            inverse = plane if self._entry.output.quantity == "inverse_depth" else (1.0 / plane).astype(np.float32)
            return self._calibrator.update(inverse, intrinsics, t)
        depth = plane if self._entry.output.quantity == "depth" else (1.0 / plane).astype(np.float32)
        if self._entry.max_depth_m is not None:
            depth = np.minimum(depth, np.float32(self._entry.max_depth_m))
        return DepthMap(depth, intrinsics, certainty=self._entry.certainty)
