"""Scale of a depth model from one known thing: a wall at a taped distance, or a printed marker of known size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.types import Intrinsics
from edge_nav.yaml_text import parse_yaml

MARKER_ID = 0
DICTIONARY = cv2.aruco.DICT_4X4_50
FLAT_SHARE = 0.04
"""A wall's pixels may lie off its plane by this share of its distance; more, and it is no wall."""
FACING_DEG = 25.0


@dataclass(frozen=True, slots=True)
class ScaleMeasurement:
    """True over measured distance, and the error of one frame before and after applying it, metres."""

    scale: float
    true_m: float
    measured_m: float

    @property
    def error_before_m(self) -> float:
        """Measured less true."""
        return self.measured_m - self.true_m

    @property
    def error_after_m(self) -> float:
        """What is left with this frame's own scale; over several frames, with their median, more is."""
        return self.measured_m * self.scale - self.true_m


def scale_from_wall(depth_m: NDArray[np.float32], k: Intrinsics, tape_m: float) -> ScaleMeasurement:
    """The camera faces a wall ``tape_m`` away. UsageError where the picture's middle is no flat, facing wall."""
    h, w = depth_m.shape
    v, u = np.mgrid[h // 3 : 2 * h // 3 : 4, w // 3 : 2 * w // 3 : 4]
    z = depth_m[v, u].astype(np.float64).ravel()
    good = np.isfinite(z) & (z > 0)
    if good.mean() < 0.5:
        raise UsageError("the wall gives no depth in the middle of the picture: light it, or stand elsewhere.")
    z = z[good]
    x, y = ((u.ravel() - k.cx) / k.fx)[good] * z, ((v.ravel() - k.cy) / k.fy)[good] * z
    terms = np.stack([x, y, np.ones_like(z)], axis=1)
    on = np.ones(len(z), bool)
    for _ in range(4):
        a, b, c = np.linalg.lstsq(terms[on], z[on], rcond=None)[0]
        off = np.abs(terms @ (a, b, c) - z)
        on = off < max(2.5 * float(np.median(off)), 1e-3)
    distance = float(c / np.sqrt(a * a + b * b + 1.0))
    if distance <= 0 or float(np.median(off)) > FLAT_SHARE * distance:
        raise UsageError("the middle of the picture is not flat: face a bare wall.")
    if float(np.degrees(np.arctan(np.hypot(a, b)))) > FACING_DEG:
        raise UsageError("the wall is seen at a slant: face it straight.")
    return ScaleMeasurement(tape_m / distance, tape_m, distance)


def scale_from_marker(
    rgb: NDArray[np.uint8], depth_m: NDArray[np.float32], k: Intrinsics, marker_size_m: float
) -> ScaleMeasurement:
    """A printed marker of known size is in view, flat. UsageError where it is not seen, or gives no depth."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY))
    corners, ids, _ = detector.detectMarkers(grey)
    if ids is None or MARKER_ID not in ids:
        raise UsageError("the marker is not seen: hold it flat and lit, filling a fifth of the picture.")
    corner = np.asarray(corners[int(np.flatnonzero(np.asarray(ids).ravel() == MARKER_ID)[0])], np.float32).reshape(4, 2)
    half = marker_size_m / 2
    square = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]], np.float32)
    camera = np.array([[k.fx, 0, k.cx], [0, k.fy, k.cy], [0, 0, 1]])
    found, _, place = cv2.solvePnP(square, corner, camera, np.zeros(5), flags=cv2.SOLVEPNP_IPPE_SQUARE)
    true_m = float(np.asarray(place).ravel()[2])
    if not found or true_m <= 0:
        raise UsageError("the marker's distance cannot be worked out: hold it straight to the camera.")
    mask = np.zeros(grey.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(corner).astype(np.int32), 255)
    if depth_m.shape != mask.shape:
        mask = np.asarray(cv2.resize(mask, depth_m.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    z = depth_m[(mask > 0) & np.isfinite(depth_m)]
    if len(z) < 20:
        raise UsageError("the marker gives no depth: hold it farther from the camera.")
    measured = float(np.median(z))
    return ScaleMeasurement(true_m / measured, true_m, measured)


def write_marker(path: Path, size_px: int) -> None:
    """A picture of the marker with a white border, to be printed. UsageError where it cannot be written."""
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(DICTIONARY), MARKER_ID, size_px)
    border = size_px // 4
    image = cv2.copyMakeBorder(marker, border, border, border, border, cv2.BORDER_CONSTANT, value=255)
    try:
        ok, data = cv2.imencode(path.suffix or ".png", image)
    except cv2.error as e:
        raise UsageError(f"marker {path} has an unknown ending: use .png or .jpg.") from e
    if not ok:
        raise UsageError(f"marker {path} has an unknown ending: use .png or .jpg.")
    try:
        path.write_bytes(data.tobytes())
    except OSError as e:
        raise UsageError(f"marker {path} cannot be written ({e.strerror}): give another file.") from e


def store_scale(profile: Path, scale: float) -> None:
    """Put perception.depth_scale into a YAML profile, leaving every other line, comments too, as it is."""
    try:
        text = profile.read_text(encoding="utf-8")
        value = f"{scale:.4f}"
        stored = re.compile(r"^([^#\n]*\bdepth_scale:\s*)[-+.\deE]+", re.MULTILINE)
        if stored.search(text):
            text = stored.sub(rf"\g<1>{value}", text, count=1)
        elif re.search(r"^perception:\s*\{", text, re.MULTILINE):
            text = re.sub(r"^(perception:\s*\{)", rf"\g<1>depth_scale: {value}, ", text, count=1, flags=re.MULTILINE)
        elif re.search(r"^perception:\s*(#.*)?$", text, re.MULTILINE):
            text = re.sub(r"^(perception:.*)$", rf"\g<1>\n  depth_scale: {value}", text, count=1, flags=re.MULTILINE)
        else:
            text = text.rstrip("\n") + f"\nperception: {{depth_scale: {value}}}\n"
        _check_stored(text, value, profile)
        part = profile.with_suffix(profile.suffix + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(profile)
    except OSError as e:
        raise UsageError(f"profile {profile} cannot be written ({e.strerror}): give --config another one.") from e


def _check_stored(text: str, value: str, profile: Path) -> None:
    """The edited profile must say what was meant, whatever its style of writing. Raises UsageError."""
    try:
        data = parse_yaml(text)
        stored = data["perception"]["depth_scale"]
    except (ValueError, KeyError, TypeError):
        stored = None
    if stored != float(value):
        raise UsageError(f"profile {profile} is not changed: write perception.depth_scale: {value} into it by hand.")
