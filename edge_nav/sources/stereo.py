"""Rectified stereo pairs: depth by semi-global matching, checked from both sides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.sources.calibration import number, pinhole
from edge_nav.sources.pixels import list_images, natural_key, read_rgb
from edge_nav.sources.recording import Recording, Shot
from edge_nav.types import Intrinsics

_BLOCK_PX = 3
# Smoothness in grey levels per pixel of the block; measured best on the Middlebury quarter-size scenes: half of
# OpenCV's usual 8 and 32, which bridge the gaps between thin things.
_SMALL_STEP, _LARGE_STEP = 4 * _BLOCK_PX**2, 24 * _BLOCK_PX**2
_UNIQUENESS_PERCENT = 10
_SPECKLE_PX, _SPECKLE_STEP_PX = 100, 2
_PREFILTER_CAP = 63
_BOTH_SIDES_AGREE_PX = 1.0


class StereoSourceSettings(Settings):
    """Pairs im0.png/im1.png with calib.txt in Middlebury style, a folder of such scenes, or left/ and right/."""

    type: Literal["stereo"] = "stereo"
    path: Path = Field(description="Folder with im0.png, im1.png and calib.txt; of such folders; or left/ and right/.")
    fps: float = Field(
        default=5.0, gt=0.0, le=240.0, description="Pairs per second, as no file says when they were taken."
    )
    nearest_m: float = Field(
        default=0.4,
        ge=0.1,
        le=5.0,
        description="Nearest distance searched, in metres, where calib.txt states no ndisp.",
    )


@dataclass(frozen=True, slots=True)
class StereoCalibration:
    """A rectified pair: Z = fx * baseline_m / (disparity + offset_px); ``disparities`` is how many are searched."""

    intrinsics: Intrinsics
    baseline_m: float
    offset_px: float
    disparities: int


@dataclass(frozen=True, slots=True)
class _Pair:
    left: Path
    right: Path
    calib: Path


class StereoSource(Recording):
    """Left pictures with z-depth in metres, NaN where the two sides disagree or see no texture.

    Raises UsageError if the folder holds no pairs, a calibration is wrong, or no pair is usable.
    """

    def __init__(self, settings: StereoSourceSettings) -> None:
        name = f"stereo:{settings.path}"
        self._pairs, unpaired = _list_pairs(settings.path.expanduser(), name)
        self._fps = settings.fps
        self._nearest_m = settings.nearest_m
        super().__init__(name, len(self._pairs), unpaired)

    def _load(self, position: int) -> Shot | None:
        pair = self._pairs[position]
        calibration = load_stereo_calibration(pair.calib, self._nearest_m)
        left, right = read_rgb(pair.left), read_rgb(pair.right)
        if left is None or right is None:
            return None
        stated = (calibration.intrinsics.height, calibration.intrinsics.width)
        for path, image in ((pair.left, left), (pair.right, right)):
            if image.shape[:2] != stated:
                raise UsageError(
                    f"{path} is {image.shape[1]}x{image.shape[0]} but {pair.calib} is for {stated[1]}x{stated[0]}: "
                    "give the pictures and the calibration of one rectification."
                )
        return Shot(left, calibration.intrinsics, stereo_depth(left, right, calibration))

    def _time_s(self, position: int) -> float:
        return position / self._fps


def stereo_depth(
    left: NDArray[np.uint8], right: NDArray[np.uint8], calibration: StereoCalibration
) -> NDArray[np.float32]:
    """Two rectified uint8 [H, W, 3] -> z-depth of the left one, float32 [H, W] metres, NaN where not matched.

    Semi-global matching (Hirschmüller 2008) as in OpenCV's StereoSGBM; kept where the right picture's match points
    back to within a pixel.
    """
    grey_left, grey_right = (cv2.cvtColor(side, cv2.COLOR_RGB2GRAY) for side in (left, right))
    matcher = cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=calibration.disparities,
        blockSize=_BLOCK_PX,
        P1=_SMALL_STEP,
        P2=_LARGE_STEP,
        preFilterCap=_PREFILTER_CAP,
        uniquenessRatio=_UNIQUENESS_PERCENT,
        speckleWindowSize=_SPECKLE_PX,
        speckleRange=_SPECKLE_STEP_PX,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
    )
    from_left = _disparity(matcher, grey_left, grey_right, calibration.disparities)
    # The matcher works leftwards only: in the mirror, the right picture is the left one.
    mirrored = _disparity(matcher, cv2.flip(grey_right, 1), cv2.flip(grey_left, 1), calibration.disparities)
    from_right = cv2.flip(mirrored, 1)
    columns = np.arange(from_left.shape[1], dtype=np.float32) - from_left
    there = np.clip(np.rint(columns), 0, from_left.shape[1] - 1).astype(np.intp)
    back = np.take_along_axis(from_right, there, axis=1)
    # Not 0: at the end of the search lies all that matched nothing better, as a blank wall does.
    seen_twice = (from_left > 0) & (columns >= 0) & (np.abs(back - from_left) <= _BOTH_SIDES_AGREE_PX)
    shift = from_left + np.float32(calibration.offset_px)
    depth_m = np.full(from_left.shape, np.nan, np.float32)
    scale = np.float32(calibration.intrinsics.fx * calibration.baseline_m)
    np.divide(scale, shift, out=depth_m, where=seen_twice & (shift > 0))
    return depth_m


def load_stereo_calibration(path: Path, nearest_m: float = 0.4) -> StereoCalibration:
    """Reads calib.txt: cam0=[f 0 cx; 0 f cy; 0 0 1], doffs (px), baseline (mm), width, height, optionally ndisp.

    Raises UsageError that names the file, the field, its value and what is allowed.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        raise UsageError(f"There is no readable {path}: a stereo pair needs its calib.txt (cam0, doffs, …).") from None
    fields: dict[str, object] = {
        key.strip(): value.strip() for key, separator, value in (line.partition("=") for line in lines) if separator
    }
    matrix = _matrix(fields, path)
    intrinsics = pinhole({**fields, **matrix}, path)
    baseline_m = number(fields, "baseline", path, 1, 10_000, "millimetres") / 1000
    offset_px = number(fields, "doffs", path, -intrinsics.width, intrinsics.width, "pixels")
    if "ndisp" in fields:
        searched = number(fields, "ndisp", path, 1, intrinsics.width, "pixels")
    else:
        searched = min(intrinsics.fx * baseline_m / nearest_m - offset_px, intrinsics.width / 2)
    # The matcher wants a multiple of 16.
    return StereoCalibration(intrinsics, baseline_m, offset_px, 16 * max(1, math.ceil(searched / 16)))


def _disparity(
    matcher: cv2.StereoSGBM, left: NDArray[Any], right: NDArray[Any], disparities: int
) -> NDArray[np.float32]:
    """float32 [H, W] pixels, negative where unmatched."""
    # The matcher leaves as many columns on the left blank as it searches: give it some to lose, not the walker's side.
    padded = (cv2.copyMakeBorder(side, 0, 0, disparities, 0, cv2.BORDER_REPLICATE) for side in (left, right))
    found: NDArray[np.float32] = np.asarray(matcher.compute(*padded), dtype=np.float32)[:, disparities:]
    found /= cv2.STEREO_MATCHER_DISP_SCALE
    return found


def _matrix(fields: Mapping[str, object], path: Path) -> dict[str, object]:
    text = str(fields.get("cam0", ""))
    values = text.strip("[] ").replace(";", " ").replace(",", " ").split()
    if len(values) != 9:
        raise UsageError(f"{path} has cam0 = {text!r}: it must be [f 0 cx; 0 f cy; 0 0 1] in pixels.")
    return {"fx": values[0], "cx": values[2], "fy": values[4], "cy": values[5]}


def _list_pairs(folder: Path, name: str) -> tuple[list[_Pair], int]:
    """The folder's pairs in natural order, and how many left pictures have no right one."""
    try:
        if (folder / "im0.png").exists():
            return [_scene(folder)], 0
        if (folder / "left").is_dir() and (folder / "right").is_dir():
            lefts, rights = list_images(folder / "left"), {p.stem: p for p in list_images(folder / "right")}
            pairs = [_Pair(p, rights[p.stem], folder / "calib.txt") for p in lefts if p.stem in rights]
            if not pairs:
                raise UsageError(f"{name} has no picture of one name in both left/ and right/: name pairs alike.")
            return pairs, len(lefts) - len(pairs)
        scenes = sorted((p.parent for p in folder.glob("*/calib.txt")), key=natural_key)
    except OSError as error:
        raise UsageError(f"{name} cannot be listed ({error.strerror}): give a folder of stereo pairs.") from None
    if not scenes:
        raise UsageError(
            f"{name} is no folder of stereo pairs: give im0.png, im1.png and calib.txt, a folder of such folders, or "
            "left/ and right/ beside calib.txt."
        )
    return [_scene(scene) for scene in scenes], 0


def _scene(folder: Path) -> _Pair:
    return _Pair(folder / "im0.png", folder / "im1.png", folder / "calib.txt")
