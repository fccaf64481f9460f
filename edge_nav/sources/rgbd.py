"""A recording with sensor depth in the TUM RGB-D layout."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.sources.calibration import fitted, number, pinhole, read_yaml, same_aspect
from edge_nav.sources.pixels import read_rgb, read_stored
from edge_nav.sources.recording import Recording, Shot

FLOAT_SUFFIXES = (".tif", ".tiff")
CAMERA_REMEDY = (
    "write one with width, height, fx, fy, cx, cy in pixels and depth_scale, the PNG's steps a metre (5000 in TUM's "
    "own recordings, often 1000 elsewhere), one 'name: value' a line"
)


class RgbdSourceSettings(Settings):
    """Folder with rgb.txt and depth.txt (``timestamp filename`` a line), PNG or float TIFF depth, and camera.yaml."""

    type: Literal["rgbd"] = "rgbd"
    path: Path = Field(description="Folder in TUM RGB-D layout with camera.yaml.")
    max_gap_s: float = Field(
        default=0.02, gt=0.0, le=1.0, description="Colour and depth farther apart than this many seconds are no pair."
    )


class RgbdSource(Recording):
    """Colour with the depth nearest in time, z-depth in metres, NaN where the sensor gave 0.

    camera.yaml: width, height, fx, fy, cx, cy (pixels) and depth_scale (PNG value / depth_scale = metres). Depth as
    float TIFF is in metres, and needs no depth_scale. Raises UsageError if a list or the calibration is missing or
    wrong, or no frame is usable.
    """

    def __init__(self, settings: RgbdSourceSettings) -> None:
        folder = settings.path.expanduser()
        name = f"rgbd:{settings.path}"
        if not folder.is_dir():
            raise UsageError(f"{name} is not a folder: give a recording in TUM RGB-D layout.")
        camera = folder / "camera.yaml"
        if not camera.exists():
            raise UsageError(f"{name} has no camera.yaml: {CAMERA_REMEDY}.")
        fields = read_yaml(camera)
        self._name = name
        self._camera = camera
        self._intrinsics_stated = pinhole(fields, camera)
        self._depth_scale = 1.0
        if "depth_scale" in fields or not _is_float_depth(folder):
            self._depth_scale = number(fields, "depth_scale", camera, 1, 1e6, "PNG steps per metre")
        if "fps" in fields:  # the timestamps decide; a wrong rate still betrays a broken file
            number(fields, "fps", camera, 0.01, 1000, "frames per second")
        if any(_floats(fields.get("dist"))):
            raise UsageError(f"{camera} has dist = {fields['dist']!r}: undistort colour and depth, then leave it out.")
        colours, bad = _read_list(folder, "rgb.txt", name)
        depths, _ = _read_list(folder, "depth.txt", name)
        self._pairs = _associate(colours, depths, settings.max_gap_s)
        if not self._pairs:
            raise UsageError(
                f"{name} has no pair of its {len(colours)} colour and {len(depths)} depth frames within "
                f"{settings.max_gap_s:g} s: correct the timestamps in rgb.txt and depth.txt, or raise max_gap_s."
            )
        super().__init__(name, len(self._pairs), bad + len(colours) - len(self._pairs))

    def _load(self, position: int) -> Shot | None:
        _, colour, depth = self._pairs[position]
        rgb, raw = read_rgb(colour), read_stored(depth)
        if raw is None and depth.suffix.lower() == ".exr" and depth.is_file():
            raise UsageError(f"{depth} is OpenEXR, which is not read here: write depth as 32-bit float TIFF in metres.")
        if rgb is None or raw is None:
            return None
        if raw.ndim != 2 or raw.dtype not in (np.uint16, np.float32, np.float64):
            raise UsageError(
                f"{depth} is {raw.dtype} {raw.shape}: depth must be a 16-bit PNG with one channel, or a 32-bit float "
                "TIFF in metres."
            )
        height, width = rgb.shape[:2]
        if raw.shape != (height, width):
            if not same_aspect((raw.shape[1], raw.shape[0]), (width, height)):
                raise UsageError(
                    f"{depth} is {raw.shape[1]}x{raw.shape[0]} but {colour.name} is {width}x{height}, another aspect: "
                    "register the depth to the colour picture."
                )
            # Nearest: a mean across an edge is a distance at which nothing stands.
            raw = cv2.resize(raw, (width, height), interpolation=cv2.INTER_NEAREST)
        intrinsics = fitted(self._intrinsics_stated, width, height, str(self._camera))
        return Shot(rgb, intrinsics, self._metres(raw))

    def _time_s(self, position: int) -> float:
        return self._pairs[position][0]

    def _metres(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        depth_m = raw.astype(np.float32)
        if raw.dtype == np.uint16:
            depth_m /= np.float32(self._depth_scale)
        depth_m[(raw == 0) | ~np.isfinite(depth_m)] = np.nan
        return depth_m


def _is_float_depth(folder: Path) -> bool:
    """Whether every depth frame that is listed is one of floats, in metres."""
    try:
        depths, _ = _read_list(folder, "depth.txt", "")
    except UsageError:
        return False  # told later, when the lists are read
    return all(path.suffix.lower() in FLOAT_SUFFIXES for _, path in depths)


def _read_list(folder: Path, file: str, name: str) -> tuple[list[tuple[float, Path]], int]:
    """(timestamp, picture) in order of time, each time once, and the number of lines that were no use."""
    try:
        text = (folder / file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise UsageError(
            f"{name} has no readable {file}: give a folder in TUM RGB-D layout, or use images: for plain pictures."
        ) from None
    entries: dict[float, Path] = {}
    lines = [line.strip() for line in text.splitlines()]
    listed = [line for line in lines if line and not line.startswith("#")]
    for line in listed:
        stamp, _, picture = line.partition(" ") if " " in line else line.partition("\t")
        time_s = next(iter(_floats([stamp])), math.nan)
        if math.isfinite(time_s) and picture.strip():
            entries.setdefault(time_s, folder / picture.strip())
    if not entries:
        raise UsageError(f"{name} lists no frame in {file}: write one 'timestamp filename' per line.")
    return sorted(entries.items(), key=lambda entry: entry[0]), len(listed) - len(entries)


def _associate(
    colours: list[tuple[float, Path]], depths: list[tuple[float, Path]], max_gap_s: float
) -> list[tuple[float, Path, Path]]:
    """(timestamp, colour, depth) for each colour frame whose nearest depth frame is close enough; both sorted."""
    times = np.array([t for t, _ in depths])
    pairs = []
    for t, colour in colours:
        after = int(np.searchsorted(times, t))
        nearest = min((i for i in (after - 1, after) if 0 <= i < len(times)), key=lambda i: abs(times[i] - t))
        if abs(times[nearest] - t) <= max_gap_s:
            pairs.append((t, colour, depths[nearest][1]))
    return pairs


def _floats(values: object) -> list[float]:
    try:
        return [float(v) for v in values] if isinstance(values, (list, tuple)) else []
    except (TypeError, ValueError):
        return [math.nan]
