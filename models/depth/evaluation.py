"""How good a bundle's depth is: as it comes, scaled by the floor as a walk does it, and scaled by the median."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import Bundle
from edge_nav.lab.bench.reference import reference_ground
from edge_nav.perception.depth.backends import DepthBackend, open_depth
from edge_nav.perception.depth.scale import ScaleCorrector
from edge_nav.perception.floor.floor_labels import LOWER, without_lower_floor
from edge_nav.perception.floor.ground import HEIGHT_M, GroundTracker
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import DepthMap, Frame, Ground
from models.depth.export import WITHIN
from models.depth.frames import frames_of
from models.depth.metrics import Sums

F32 = NDArray[np.float32]
SCALES = ("raw", "floor", "median")
CORRIDOR_HALF_M, CORRIDOR_FAR_M, CORRIDOR_HIGH_M, FLOOR_M = 0.4, 3.0, 2.05, 0.10
CONFIDENCE_BINS = 10
PICTURES = 4
LOWER_FAR_M = 4.0
ANOTHER_PLACE_S = 10.0
"""Frames farther apart than this are of different places."""


@dataclass(slots=True)
class Scaled:
    """Measures of one way of scaling."""

    all: Sums = field(default_factory=Sums)
    corridor: Sums = field(default_factory=Sums)


@dataclass(slots=True)
class Evaluation:
    """Of one set of frames. ``confident`` and ``right``: pixels, and those of them within 15 %, by tenths of
    confidence. ``lower``: pixels within four metres that are lower ground than the walker's, that are called so, and
    that are both."""

    frames: int = 0
    with_floor: int = 0
    by_scale: dict[str, Scaled] = field(default_factory=lambda: {name: Scaled() for name in SCALES})
    confident: NDArray[np.float64] = field(default_factory=lambda: np.zeros(CONFIDENCE_BINS))
    right: NDArray[np.float64] = field(default_factory=lambda: np.zeros(CONFIDENCE_BINS))
    lower: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    shown: list[tuple[float, F32, F32, NDArray[np.uint8]]] = field(default_factory=list)


def evaluate(
    bundle: Bundle, settings: DepthBackend, spec: str, seeds: tuple[int, int] = (950_000, 1_000_000), most: int = 1000
) -> Evaluation:
    """Run a bundle over frames with truth; see ``frames_of`` for ``spec``, ``seeds`` and ``most``."""
    model = open_depth(settings, bundle, PerceptionSettings())
    floor = _Floor()
    result = Evaluation()
    for known in frames_of(spec, seeds, most):
        assert known.frame.depth_m is not None
        depth = model.infer(known.frame)
        truth = cv2.resize(known.frame.depth_m, depth.depth_m.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        _add(result, known.frame, depth, np.asarray(truth, np.float32), known.ground, floor)
        if known.lower is not None and depth.label is not None and LOWER in depth.label_names:
            _add_lower(result, known.lower, depth, np.asarray(truth, np.float32))
    return result


class _Floor:
    """The scale that a walk would find: the camera's true height over that of the floor in the estimate."""

    def __init__(self) -> None:
        self._t = -np.inf
        self._corrector, self._tracker = ScaleCorrector(1.0, at_once=True), GroundTracker(PerceptionSettings())

    def scale(self, depth: DepthMap, height_m: float | None, t: float) -> float:
        if t - self._t > ANOTHER_PLACE_S:
            self._corrector, self._tracker = ScaleCorrector(1.0, at_once=True), GroundTracker(PerceptionSettings())
        self._t = t
        seen = self._tracker.update(without_lower_floor(depth), Rays.of(depth.intrinsics), t)
        # The camera of a recording moves up and down, so heights are taken in units of the true one.
        measured = seen.height_m / height_m if seen is not None and height_m is not None else None
        return self._corrector.update(measured, seen.inlier_ratio if seen is not None else 0.0, t)


def _add(result: Evaluation, frame: Frame, depth: DepthMap, truth: F32, known: Ground | None, floor: _Floor) -> None:
    assert frame.depth_m is not None
    ground = known or reference_ground(frame.depth_m, frame.intrinsics, HEIGHT_M)
    result.frames += 1
    result.with_floor += ground is not None
    both = np.isfinite(truth) & np.isfinite(depth.depth_m)
    median = float(np.median(truth[both]) / np.median(depth.depth_m[both])) if both.any() else 1.0
    scales = {
        "raw": 1.0,
        "floor": floor.scale(depth, None if ground is None else ground.height_m, frame.t),
        "median": median,
    }
    inside = None if ground is None else _corridor(truth, depth, ground)
    for name, scale in scales.items():
        scaled = depth.depth_m * np.float32(scale)
        abs_rel = result.by_scale[name].all.add(scaled, truth)
        if name == "raw":
            _show(result, abs_rel, scaled, truth, frame)
        if inside is not None:
            result.by_scale[name].corridor.add(scaled, np.where(inside, truth, np.float32(np.nan)))
    if depth.confidence is not None:
        within = np.abs(np.log(depth.depth_m[both] / truth[both])) < math.log(1 + WITHIN)  # as it was calibrated
        which = np.clip((depth.confidence[both] * CONFIDENCE_BINS).astype(int), 0, CONFIDENCE_BINS - 1)
        result.confident += np.bincount(which, minlength=CONFIDENCE_BINS)
        result.right += np.bincount(which, within, CONFIDENCE_BINS)


def _add_lower(result: Evaluation, lower: NDArray[np.bool_], depth: DepthMap, truth: F32) -> None:
    there = cv2.resize(lower.astype(np.uint8), truth.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT) > 0
    called = depth.label == depth.label_names.index(LOWER)
    with np.errstate(invalid="ignore"):
        near = truth < LOWER_FAR_M
    result.lower += [np.count_nonzero(near & pixels) for pixels in (there, called, there & called)]


def _corridor(truth: F32, depth: DepthMap, ground: Ground) -> NDArray[np.bool_]:
    """Pixels of what stands in the walking corridor within three metres."""
    rays, axes = Rays.of(depth.intrinsics), FloorAxes.of(ground)
    height = truth * rays.dot(np.asarray(axes.up)) + np.float32(ground.height_m)
    ahead, right = truth * rays.dot(np.asarray(axes.forward)), truth * rays.dot(np.asarray(axes.right))
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = (
            (np.abs(right) < CORRIDOR_HALF_M)
            & (ahead < CORRIDOR_FAR_M)
            & (height > FLOOR_M)
            & (height < CORRIDOR_HIGH_M)
        )
    return found


def _show(result: Evaluation, abs_rel: float, depth: F32, truth: F32, frame: Frame) -> None:
    """Keep the best and the worst few."""
    if not np.isfinite(abs_rel):
        return
    rgb = np.asarray(cv2.resize(frame.rgb, depth.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    result.shown.append((abs_rel, depth, truth, rgb))
    result.shown.sort(key=lambda s: s[0])
    if len(result.shown) > 2 * PICTURES:
        del result.shown[PICTURES]


def write_pictures(result: Evaluation, path: Path) -> None:
    """Best frames on the left, worst on the right: picture, estimate, truth, relative error. Nothing where no frame
    has depth."""
    rows = [_row(*shown) for shown in result.shown]
    if not rows:
        return
    half = len(rows) // 2
    left, right = rows[:half], rows[half:][::-1]
    lines = [np.hstack(pair) for pair in zip(left, right, strict=False)] or [rows[0]]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(np.vstack(lines)[:, :, ::-1]))


def _row(abs_rel: float, depth: F32, truth: F32, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    error = np.asarray(np.abs(depth / truth - 1), np.float32)
    parts = [rgb, _colours(_inverse(depth), 2.0), _colours(_inverse(truth), 2.0), _colours(error, 0.5)]
    row = np.hstack(parts)
    cv2.putText(row, f"AbsRel {abs_rel:.3f}", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (255, 255, 0), 1)
    return np.asarray(row, np.uint8)


def _inverse(depth: F32) -> F32:
    return np.asarray(1 / depth, np.float32)


def _colours(values: F32, most: float) -> NDArray[np.uint8]:
    scaled = np.clip(np.nan_to_num(values) / most * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO)[:, :, ::-1], np.uint8)
