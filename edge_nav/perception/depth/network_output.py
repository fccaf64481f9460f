"""A network's raw output -> a depth map, the same for every backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import Bundle, DepthEntry
from edge_nav.errors import DepthFault, UsageError
from edge_nav.perception.depth.relative import RelativeCalibrator
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthMap, Frame, Intrinsics

F32 = NDArray[np.float32]


def depth_entry(bundle: Bundle) -> DepthEntry:
    """The bundle's depth section. UsageError if it has none."""
    if bundle.manifest.depth is None:
        raise UsageError(f"bundle {bundle.manifest.name} has no depth model: give another --bundle.")
    return bundle.manifest.depth


class Planes(NamedTuple):
    """What one run of a network gave, all [h, w]: float32 depth, float32 confidence, uint8 labels."""

    depth: F32
    confidence: F32 | None = None
    label: NDArray[np.uint8] | None = None


def as_planes(outputs: Sequence[NDArray[np.generic]], entry: DepthEntry, size: tuple[int, int], name: str) -> Planes:
    """The outputs of a run on an input of ``size`` (rows, columns). UsageError where they are not the manifest's."""
    expected = (size[0] // entry.step, size[1] // entry.step)
    wanted = 1 + entry.confidence + bool(entry.labels)
    if len(outputs) < wanted:
        raise UsageError(f"bundle {name} gives {len(outputs)} outputs where {wanted} were due: export it again.")
    return Planes(
        _plane(outputs[0], expected, name).astype(np.float32, copy=False),
        _plane(outputs[1], expected, name).astype(np.float32, copy=False) if entry.confidence else None,
        _plane(outputs[-1], expected, name).astype(np.uint8, copy=False) if entry.labels else None,
    )


def _plane(output: NDArray[np.generic], expected: tuple[int, int], name: str) -> NDArray[np.generic]:
    """[H, W], [1, H, W] or [1, 1, H, W] -> [H, W]. UsageError for anything else."""
    plane = np.asarray(output)
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

    def read(self, planes: Planes, frame: Frame) -> DepthMap:
        """A finite, positive depth map with NaN where the network gave none. DepthFault if it gave nothing."""
        plane = planes.depth
        plane = np.where(np.isfinite(plane) & (plane > 0), plane, np.float32(np.nan)).astype(np.float32)
        if not np.isfinite(plane).any():
            raise DepthFault("the depth network gave no usable number: check the bundle with `models verify`")
        intrinsics = frame.intrinsics.resized(plane.shape[1], plane.shape[0])
        confidence, label = planes.confidence, planes.label
        if self._entry.canonical_focal_px is not None:
            # A thing covers pixels in proportion to focal length / depth, and pixels are all that a network sees.
            focal = math.sqrt(intrinsics.fx * intrinsics.fy) * self._entry.step
            plane *= np.float32(focal / self._entry.canonical_focal_px)
        if self._entry.output.resolution == "frame" and intrinsics != frame.intrinsics:
            size = (frame.intrinsics.width, frame.intrinsics.height)
            plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
            if confidence is not None:
                confidence = np.asarray(cv2.resize(confidence, size, interpolation=cv2.INTER_LINEAR), np.float32)
            if label is not None:
                label = np.asarray(cv2.resize(label, size, interpolation=cv2.INTER_NEAREST), np.uint8)
            intrinsics = frame.intrinsics
        depth = self._metres(plane, intrinsics, frame.t)
        if confidence is None and label is None:
            return depth
        return replace(depth, confidence=confidence, label=label, label_names=self._entry.labels)

    def _metres(self, plane: F32, intrinsics: Intrinsics, t: float) -> DepthMap:
        if self._calibrator is not None:
            inverse = plane if self._entry.output.quantity == "inverse_depth" else (1.0 / plane).astype(np.float32)
            return self._calibrator.update(inverse, intrinsics, t)
        depth = plane if self._entry.output.quantity == "depth" else (1.0 / plane).astype(np.float32)
        if self._entry.max_depth_m is not None:
            depth = np.minimum(depth, np.float32(self._entry.max_depth_m))
        return DepthMap(depth, intrinsics, certainty=self._entry.certainty)
