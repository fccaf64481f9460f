"""What perception made of a walk, on the disk: so that another guidance is judged in seconds.

JSON Lines, compressed, every figure as it was: a line that says of what, then one for each scene; and beside it the
walk's truth. A file holds for one description of a walk; what perception's own code changes it does not notice.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from edge_nav.sources.filmed_walk import read_truth, write_truth
from edge_nav.types import Ground, Intrinsics, Motion, Obstacle, Scene, TruthFrame

SCHEMA = "edge-nav/scenes/1"


@dataclass(frozen=True, slots=True)
class PerceivedWalk:
    """A walk's scenes, frame by frame, and what stood about the walker."""

    camera: Intrinsics
    scenes: Sequence[Scene]
    truth: Sequence[TruthFrame]


def write_perceived(folder: Path, name: str, description: str, walk: PerceivedWalk) -> None:
    """Two files in a folder, which is made. ``description`` tells this walk from another of its name."""
    scenes, truth = _files(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_truth(truth, walk.camera, 0.0, walk.truth)
        part = scenes.with_name(scenes.name + ".part")
        with gzip.open(part, "wt", encoding="utf-8", compresslevel=4) as file:
            for line in ({"schema": SCHEMA, "walk": description}, *map(asdict, walk.scenes)):
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
        part.replace(scenes)
    except OSError as e:
        raise UsageError(f"--scenes {folder} cannot be written ({e.strerror}): give another folder.") from e


def read_perceived(folder: Path, name: str, description: str, camera: Intrinsics) -> PerceivedWalk | None:
    """None where it is not there, or of another description. UsageError where it is damaged."""
    scenes, truth = _files(folder, name)
    if not scenes.is_file() or not truth.is_file():
        return None
    try:
        with gzip.open(scenes, "rt", encoding="utf-8") as file:
            head = json.loads(file.readline())
            if head.get("schema") != SCHEMA or head.get("walk") != description:
                return None
            return PerceivedWalk(camera, [_scene(json.loads(line)) for line in file], read_truth(truth))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as e:
        raise UsageError(f"scenes {scenes} are damaged: remove them, and they are perceived again.") from e


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    stem = name.replace(":", "-").replace(", ", "-")
    return folder / f"{stem}.jsonl.gz", folder / f"{stem}.truth.jsonl.gz"


def _scene(data: dict[str, Any]) -> Scene:
    ground = data["ground"]
    return Scene(
        **{
            **data,
            "obstacles": tuple(Obstacle(**obstacle) for obstacle in data["obstacles"]),
            "ground": None if ground is None else Ground(**{**ground, "normal": tuple(ground["normal"])}),
            "names": tuple(data["names"]),
            "motion": Motion(**data["motion"]),
        }
    )
