"""Source specs of the command line, such as ``video:walk.mp4``, and the one place that knows every source."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from edge_nav.errors import UsageError
from edge_nav.sources.camera import CameraSource, CameraSourceSettings, camera_name
from edge_nav.sources.images import ImagesSource, ImagesSourceSettings
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.sources.sim import OpenSim, SimSourceSettings
from edge_nav.sources.stereo import StereoSource, StereoSourceSettings
from edge_nav.sources.video import VideoSource, VideoSourceSettings
from edge_nav.sources.walk import WalkSource, WalkSourceSettings
from edge_nav.types import Source

SourceSettings: TypeAlias = Annotated[
    WalkSourceSettings
    | RaycastSourceSettings
    | CameraSourceSettings
    | VideoSourceSettings
    | ImagesSourceSettings
    | RgbdSourceSettings
    | StereoSourceSettings
    | SimSourceSettings,
    Field(discriminator="type"),
]

_SETTINGS: TypeAdapter[SourceSettings] = TypeAdapter(SourceSettings)

_TARGETS: Mapping[str, tuple[str, str]] = {
    "camera": ("device", "a number, /dev/video0, a GStreamer pipeline or an rtsp:// address"),
    "video": ("path", "a file"),
    "images": ("path", "a folder of jpg or png files"),
    "rgbd": ("path", "a folder in TUM RGB-D layout"),
    "stereo": ("path", "a folder of rectified pairs"),
    "sim": ("scene", "a scene's YAML file, or a family and seed such as corridor:7"),
}
"""For each kind that takes a target: the field it fills, and what it may be."""
_EXAMPLES = {"camera": "camera:0", "video": "video:PATH", "sim": "sim:SCENE"}
_ALONE = ("walk", "raycast")
"""Kinds that take nothing after their name."""
_KNOWN = "walk, raycast, camera:0, video:PATH, images:DIR, rgbd:DIR, stereo:DIR, sim:SCENE"


def parse_source(spec: str, base: SourceSettings | None = None) -> SourceSettings:
    """Settings of a spec such as "camera:0"; where ``base`` is of the same kind, all else is taken from it.

    Raises UsageError if the kind is unknown, or its target is missing or impossible.
    """
    kind, separator, target = spec.partition(":")
    kind, target = kind.strip().lower(), target.strip()
    if kind not in _ALONE and kind not in _TARGETS:
        raise UsageError(f"Source {spec!r} is unknown: {_suggestion(spec, kind)}the sources are {_KNOWN}.")
    same = base if base is not None and base.type == kind else None
    if kind in _ALONE:
        if separator:
            raise UsageError(f"Source {spec!r} takes nothing after its name: write {kind}.")
        return same or _SETTINGS.validate_python({"type": kind})
    field, meaning = _TARGETS[kind]
    if not target:
        if same is not None and not separator:
            return same
        example = _EXAMPLES.get(kind, f"{kind}:DIR")
        raise UsageError(f"Source {spec!r} does not say which: write {example}, with {meaning}.")
    if "\0" in target:
        raise UsageError(f"Source {spec!r} contains a null character: no name can, leave it out.")
    fields = {"type": kind, **(same.model_dump() if same else {}), field: target}
    try:
        return _SETTINGS.validate_python(fields)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise UsageError(f"Source {spec!r} is impossible ({reason}): {kind} takes {meaning}.") from None


def open_source(settings: SourceSettings, open_sim: OpenSim | None = None) -> Source:
    """Opens the source that the settings describe; ``open_sim`` draws simulated scenes.

    Raises UsageError for a recording that cannot be used, SourceFault for a camera that does not answer.
    """
    opened: Source
    match settings:
        case WalkSourceSettings():
            opened = WalkSource(settings)
        case RaycastSourceSettings():
            opened = RaycastSource(settings)
        case CameraSourceSettings():
            opened = CameraSource(settings)
        case VideoSourceSettings():
            opened = VideoSource(settings)
        case ImagesSourceSettings():
            opened = ImagesSource(settings)
        case RgbdSourceSettings():
            opened = RgbdSource(settings)
        case StereoSourceSettings():
            opened = StereoSource(settings)
        case SimSourceSettings():
            if open_sim is None:
                raise UsageError(f"Source sim:{settings.scene} is drawn by the simulator: run it by `python main.py`.")
            opened = open_sim(settings)
    return opened


def source_name(settings: SourceSettings) -> str:
    """The spec of the settings, fit for a log: without the password that a camera's address may hold."""
    match settings:
        case WalkSourceSettings() | RaycastSourceSettings():
            return settings.type
        case CameraSourceSettings():
            return camera_name(settings)
        case SimSourceSettings():
            return f"sim:{settings.scene}"
        case _:
            return f"{settings.type}:{settings.path}"


def _suggestion(spec: str, kind: str) -> str:
    near = difflib.get_close_matches(kind, [*_ALONE, *_TARGETS], n=1)
    if near:
        rest = spec[len(kind) :] if spec.lower().startswith(kind) else ""
        return f"did you mean {near[0] + rest}? Otherwise, "
    if kind.isdigit():
        return f"did you mean camera:{kind}? Otherwise, "
    if _exists(spec):
        return f"did you mean {'images' if Path(spec).is_dir() else 'video'}:{spec}? Otherwise, "
    return ""


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False
