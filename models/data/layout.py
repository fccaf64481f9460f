"""How generated frames lie on the disk: a folder for each scene, complete when it has its final name."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.lab.sim.shapes import Rendered
from edge_nav.types import Intrinsics, Pose

RendererName = Literal["cycles", "mujoco"]
STEPS_PER_M = 1000
PICTURES = ("rgb", "depth", "label", "instance")
SCENE, FRAMES, DATASET = "scene.yaml", "frames.jsonl", "dataset.json"
PART = ".part"


class Dataset(Settings):
    """What a folder of frames says of itself (dataset.json)."""

    schema_: Literal["edge-nav/frames/1"] = Field(default="edge-nav/frames/1", alias="schema", description="Format.")
    renderer: RendererName = Field(description="What drew the pictures.")
    width: int = Field(default=320, ge=1, description="Picture width, pixels.")
    height: int = Field(default=240, ge=1, description="Picture height, pixels.")
    samples: int = Field(default=3, ge=1, le=256, description="Light paths a pixel, of the realistic renderer.")
    frames_per_scene: int = Field(ge=1, le=99, description="Pictures of each scene.")
    generator: int = Field(default=5, ge=1, description="Version of the generator; another draws other pictures.")


def scene_folder(root: Path, seed: int) -> Path:
    """Where a complete scene lies."""
    return root / f"s{seed:06d}"


def complete_scenes(root: Path) -> list[int]:
    """Seeds of all complete scenes, in order."""
    return sorted(int(p.name[1:]) for p in root.glob("s[0-9]*") if p.name[1:].isdecimal() and p.is_dir())


def claim(root: Path, mine: Dataset) -> None:
    """Make the folder this dataset's, or make sure that it is; whoever calls holds it alone. UsageError where it holds
    frames of other settings."""
    path = root / DATASET
    if path.exists():
        theirs = read_dataset(root)
        for name in type(mine).model_fields:
            if getattr(theirs, name) != getattr(mine, name):
                raise UsageError(
                    f"{path} was made with {name} {getattr(theirs, name)}, not {getattr(mine, name)}: "
                    "use the same settings or another --out."
                )
        return
    try:
        _write(path, mine.model_dump_json(by_alias=True, indent=2) + "\n")
    except OSError as e:
        raise UsageError(f"frames cannot be written to {root} ({e.strerror}): give a folder that can.") from e


def read_dataset(root: Path) -> Dataset:
    """What the folder says of itself. UsageError where it is no dataset's."""
    path = root / DATASET
    try:
        return Dataset.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"{root} holds no frames ({DATASET} cannot be read): give the folder of a dataset.") from e
    except ValidationError as e:
        wrong = ".".join(map(str, e.errors()[0]["loc"])) or "the file"
        raise UsageError(f"{path} is not a dataset's: {wrong} is wrong; generate it again elsewhere.") from e


def remove_parts(root: Path) -> int:
    """Delete what an interrupted run left unfinished; tells how many scenes that were."""
    parts = list(root.glob(f"s[0-9]*{PART}"))
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
    return len(parts)


def encode(frame: Rendered) -> dict[str, NDArray[Any]]:
    """The four pictures as arrays for PNG: rgb uint8 [H, W, 3]; depth uint16, millimetres, 0 unknown; label uint8;
    instance uint16."""
    depth = np.nan_to_num(frame.depth_m.astype(np.float64), nan=0.0, posinf=0.0)
    steps = np.clip(np.rint(depth * STEPS_PER_M), 0, 65535).astype(np.uint16)
    return {"rgb": frame.rgb, "depth": steps, "label": frame.label, "instance": frame.instance}


def write_frame(folder: Path, number: int, frame: Rendered) -> dict[str, str]:
    """Write the pictures of one frame; their hashes."""
    hashes = {}
    for name, picture in encode(frame).items():
        data = cv2.imencode(".png", picture[:, :, ::-1] if name == "rgb" else picture)[1].tobytes()
        (folder / f"{number:02d}.{name}.png").write_bytes(data)
        hashes[name] = hashlib.sha256(data).hexdigest()
    return hashes


def frame_line(number: int, t: float, pose: Pose, camera: Intrinsics, hashes: dict[str, str]) -> str:
    """A line of frames.jsonl."""
    line = {"frame": number, "t": t, "pose": asdict(pose), "intrinsics": asdict(camera), "sha256": hashes}
    return json.dumps(line) + "\n"


@dataclass(frozen=True, slots=True)
class FrameLine:
    """A line of frames.jsonl, read."""

    frame: Annotated[int, Field(ge=0, le=99)]
    t: float
    pose: Pose
    intrinsics: Intrinsics
    sha256: dict[str, str]


LINE = TypeAdapter(FrameLine)


def read_lines(folder: Path) -> list[FrameLine]:
    """The lines of a scene's frames.jsonl. UsageError where it cannot be read."""
    path = folder / FRAMES
    try:
        lines = [LINE.validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if not all(math.isfinite(v) for line in lines for v in (line.t, *astuple(line.pose))):
            raise ValueError("not finite")
        return lines
    except (OSError, ValueError) as e:
        raise UsageError(f"{path} cannot be read ({type(e).__name__}): remove {folder} and generate it again.") from e


def read_picture(folder: Path, number: int, name: str) -> NDArray[Any] | None:
    """A picture as it was encoded, rgb in that order; None where it cannot be read."""
    picture = cv2.imread(str(folder / f"{number:02d}.{name}.png"), cv2.IMREAD_UNCHANGED)
    if picture is None:
        return None
    return np.asarray(picture[:, :, ::-1] if name == "rgb" else picture)


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + PART)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
