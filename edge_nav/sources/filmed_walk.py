"""A filmed scene on the disk: the video, the scene's description, and what stood about the walker in every frame."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from edge_nav.types import Intrinsics, Pose, Standing, TruthFrame

VIDEO, SCENE, TRUTH = "walk.mp4", "scene.yaml", "truth.jsonl.gz"
SCHEMA = "edge-nav/truth/1"


def write_truth(path: Path, camera: Intrinsics, fps: float, frames: Iterable[TruthFrame]) -> None:
    """JSON Lines, compressed: a line that names the format and the camera, then one for each frame.

    The same truth gives the same bytes.
    """
    part = path.with_name(path.name + ".part")
    with part.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        head = {"schema": SCHEMA, "fps": fps, "intrinsics": asdict(camera)}
        for line in (head, *map(asdict, frames)):
            file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    part.replace(path)


def read_camera(path: Path) -> tuple[Intrinsics, float]:
    """The camera and its frames per second. UsageError where the file is not a truth."""
    with _lines(path) as lines:
        return _head(path, next(lines))


def read_truth(path: Path) -> list[TruthFrame]:
    """Every frame. UsageError where the file is not a truth."""
    with _lines(path) as lines:
        _head(path, next(lines))
        return [_frame(json.loads(line)) for line in lines]


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield iter(file)
    except FileNotFoundError as e:
        raise UsageError(f"truth {path} is not there: film the scene again.") from e
    except (OSError, EOFError, zlib.error, RecursionError, ValueError, LookupError, TypeError, StopIteration) as e:
        raise UsageError(f"truth {path} is damaged, or no truth: film the scene again.") from e


def _head(path: Path, line: str) -> tuple[Intrinsics, float]:
    head = json.loads(line)
    if head["schema"] != SCHEMA:
        raise UsageError(f"truth {path} has the format {head['schema']}, not {SCHEMA}: film the scene again.")
    return Intrinsics(**head["intrinsics"]), float(head["fps"])


def _frame(data: dict[str, Any]) -> TruthFrame:
    standing = tuple(
        Standing(**{**s, "points": tuple((int(b), float(d)) for b, d in s["points"])}) for s in data["standing"]
    )
    return TruthFrame(float(data["t"]), Pose(**data["pose"]), standing)
