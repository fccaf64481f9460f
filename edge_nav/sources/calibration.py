"""Camera calibration from YAML: plain numbers, or the matrices that OpenCV's and ROS's calibrators write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from edge_nav.errors import UsageError
from edge_nav.types import Intrinsics
from edge_nav.yaml_text import Loader, NotYaml, parse_yaml

ASPECT_TOLERANCE = 0.01
"""Two sizes are the same picture, resized, if their aspects differ by no more than this share."""

_DISTORTION_LENGTHS = (4, 5, 8, 12, 14)
_PINHOLE_MODELS = ("plumb_bob", "rational_polynomial", "pinhole")
_FISHEYE_MODELS = ("equidistant", "fisheye")
_FISHEYE_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibrated camera. ``distortion`` is OpenCV's (k1, k2, p1, p2[, k3, …]), empty for a pinhole; of a ``fisheye``
    its four (k1, k2, k3, k4).
    """

    intrinsics: Intrinsics
    distortion: tuple[float, ...] = ()
    fisheye: bool = False


def fitted(intrinsics: Intrinsics, width: int, height: int, name: str) -> Intrinsics:
    """The intrinsics for a resized picture of ``width`` x ``height``. Raises UsageError if the aspect differs."""
    if (width, height) == (intrinsics.width, intrinsics.height):
        return intrinsics
    if not same_aspect((width, height), (intrinsics.width, intrinsics.height)):
        raise UsageError(
            f"{name} is for {intrinsics.width}x{intrinsics.height}, but the picture is {width}x{height}, another "
            "aspect: ask the camera for the calibrated size or calibrate it again."
        )
    return intrinsics.resized(width, height)


def same_aspect(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two (width, height) are the same picture but for resizing."""
    return abs(a[0] * b[1] - b[0] * a[1]) <= ASPECT_TOLERANCE * a[0] * b[1]


def load_calibration(path: Path) -> Calibration:
    """Reads a calibration YAML. Raises UsageError that names the file, the field, its value and what is allowed."""
    fields = read_yaml(path)
    if "camera_matrix" in fields:
        return _load_matrices(path, fields)
    return Calibration(pinhole(fields, path), _distortion(path, "dist", fields.get("dist")))


def pinhole(fields: Mapping[str, object], path: Path) -> Intrinsics:
    """Intrinsics from fields width, height, fx, fy, cx, cy (pixels); UsageError if one is absent or out of range."""
    width, height = (
        int(number(fields, key, path, 1, 16384, "whole pixels", whole=True)) for key in ("width", "height")
    )
    fx, fy = (number(fields, key, path, 1, 1e5, "pixels") for key in ("fx", "fy"))
    cx, cy = number(fields, "cx", path, 0, width, "pixels"), number(fields, "cy", path, 0, height, "pixels")
    return Intrinsics(width, height, fx, fy, cx, cy)


def number(
    fields: Mapping[str, object], key: str, path: Path, low: float, high: float, unit: str, *, whole: bool = False
) -> float:
    """One number of a file, within ``low`` .. ``high``; UsageError with file, field, value and range otherwise."""
    value = fields.get(key)
    allowed = f"{low:g} to {high:g} {unit}"
    if value is None:
        raise UsageError(f"{path} has no {key}: add it, {allowed}.")
    try:
        # Text too: YAML takes 1e-3 for a word.
        parsed = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        parsed = math.nan
    if not low <= parsed <= high or (whole and parsed != int(parsed)):
        raise UsageError(f"{path} has {key} = {value!r}: it must be {allowed}.")
    return parsed


def read_yaml(path: Path) -> dict[str, object]:
    """A YAML file of named fields, OpenCV's dialect included. Raises UsageError if it is none."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}: write it, or name the one that is there.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}): give a readable YAML text file.") from None
    if text.startswith("%YAML:"):  # OpenCV's first line is no valid YAML directive
        text = text.partition("\n")[2]
    try:
        fields = parse_yaml(text, _Loader)
    except NotYaml as error:
        raise UsageError(
            f"{path} is not valid YAML{error.where} ({error}): write one 'name: value' per line."
        ) from None
    if not isinstance(fields, dict):
        raise UsageError(f"{path} holds no named fields: write one 'name: value' per line.")
    return {str(key): value for key, value in fields.items()}


class _Loader(Loader):
    """Loader that also takes OpenCV's matrices, as plain mappings."""


def _matrix(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    return dict(loader.construct_mapping(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _matrix)


def _load_matrices(path: Path, fields: Mapping[str, object]) -> Calibration:
    model = fields.get("distortion_model", _PINHOLE_MODELS[0])
    known = _PINHOLE_MODELS + _FISHEYE_MODELS
    if model not in known:
        raise UsageError(
            f"{path} has distortion_model = {model!r}: only {', '.join(known)} are known, calibrate with one."
        )
    matrix = _numbers(path, "camera_matrix", fields["camera_matrix"], (9,))
    flat: dict[str, object] = {"width": fields.get("image_width"), "height": fields.get("image_height")}
    flat |= {"fx": matrix[0], "cx": matrix[2], "fy": matrix[4], "cy": matrix[5]}
    key = "distortion_coefficients"
    if model in _FISHEYE_MODELS:
        none = [0.0] * _FISHEYE_LENGTH
        return Calibration(pinhole(flat, path), _numbers(path, key, fields.get(key, none), (_FISHEYE_LENGTH,)), True)
    return Calibration(pinhole(flat, path), _distortion(path, key, fields.get(key)))


def _distortion(path: Path, key: str, value: object) -> tuple[float, ...]:
    return () if value is None else _numbers(path, key, value, _DISTORTION_LENGTHS)


def _numbers(path: Path, key: str, value: object, lengths: tuple[int, ...]) -> tuple[float, ...]:
    data = value.get("data") if isinstance(value, dict) else value
    if not isinstance(data, list) or len(data) not in lengths:
        wanted = " or ".join(str(n) for n in lengths)
        raise UsageError(f"{path} has {key} = {value!r}: it must be a list of {wanted} numbers.")
    named: dict[str, object] = {f"{key}[{i}]": item for i, item in enumerate(data)}
    return tuple(number(named, name, path, -1e6, 1e6, "") for name in named)
