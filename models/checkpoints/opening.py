"""One door for every layout: what a folder or hub id holds is seen from its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

from pydantic import ValidationError

from edge_nav.errors import EdgeNavError, UsageError
from models.architecture import load_architecture
from models.checkpoints import capstone, llava_hf, llava_original, own, paligemma
from models.checkpoints.depth import DepthCheckpoint, open_depth_folder
from models.checkpoints.depth_original import open_depth_file
from models.checkpoints.hub import resolve
from models.checkpoints.lora import merge_adapter
from models.checkpoints.tensors import open_weights, read_json
from models.checkpoints.vlm import Opened, VlmCheckpoint, assemble, rename_all

SUPPORTED = (
    "LLaVA-1.5 (of transformers, or llava_llama), PaliGemma, Phi-2 with parts.yaml, Depth Anything and folders with "
    "architecture.yaml"
)


@overload
def open_checkpoint(where: str | Path, *, adapter: str | Path | None = None, kind: Literal["vlm"]) -> VlmCheckpoint: ...
@overload
def open_checkpoint(
    where: str | Path, *, adapter: str | Path | None = None, kind: Literal["depth"]
) -> DepthCheckpoint: ...
@overload
def open_checkpoint(
    where: str | Path, *, adapter: str | Path | None = None, kind: None = None
) -> VlmCheckpoint | DepthCheckpoint: ...


def open_checkpoint(
    where: str | Path, *, adapter: str | Path | None = None, kind: Literal["vlm", "depth"] | None = None
) -> VlmCheckpoint | DepthCheckpoint:
    """Open a local folder (or Depth Anything's .pth file) or a hub id without reading its weights.

    ``adapter``: a LoRA folder as peft saves it, or its hub id, merged as tensors are read. ``kind``: refuse the other
    one. Raises UsageError for whatever is no complete, supported checkpoint.
    """
    try:
        checkpoint = _open(resolve(where), str(where), None if adapter is None else resolve(adapter))
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise UsageError(f"{where} describes no model that can be built ({place}: {first['msg']}): correct it.") from e
    except EdgeNavError:
        raise
    except Exception as e:
        # A value of another type or size than its name promises trips whatever reads it first.
        reason = (str(e).splitlines() or [""])[0][:200]
        raise UsageError(
            f"{where} has a configuration that cannot be understood ({type(e).__name__}: {reason}): fetch it again."
        ) from e
    found = "depth" if isinstance(checkpoint, DepthCheckpoint) else "vlm"
    if kind is not None and kind != found:
        names = {"depth": "depth model", "vlm": "vision-language model"}
        raise UsageError(f"{where} is a {names[found]}: give a {names[kind]} here.")
    return checkpoint


def _open(folder: Path, source: str, adapter: Path | None) -> VlmCheckpoint | DepthCheckpoint:
    depth = _open_depth(folder, source)
    if depth is not None:
        if adapter is not None:
            raise UsageError(f"{source} is a depth model, to which adapter {adapter} cannot belong: leave it out.")
        return depth
    opened = _open_vlm(folder, Path(source).name)
    adapters = (*opened.adapters, *((adapter,) if adapter else ()))
    tensors = opened.tensors
    for lora in adapters:
        tensors = merge_adapter(tensors, lora, opened.rename)
    return assemble(replace(opened, tensors=tensors), source, (*opened.folders, *adapters))


def _open_vlm(folder: Path, name: str) -> Opened:
    if (folder / capstone.FILE).is_file():
        return capstone.open_parts(folder, name)
    if (folder / own.FILE).is_file():
        tensors = rename_all(open_weights(folder), own.rename)
        return Opened(load_architecture(folder / own.FILE), tensors, own.rename, (folder,))
    data = read_json(folder / "config.json")
    kind = str(data.get("model_type"))
    if kind == "llava_llama" or (kind == "llava" and "mm_vision_tower" in data):
        return llava_original.open_folder(folder, name, data)
    layouts: dict[str, Any] = {"llava": llava_hf, "paligemma": paligemma}
    if kind not in layouts:
        raise UsageError(f"{folder / 'config.json'}: model_type {kind!r} is not supported: {SUPPORTED} are.")
    architecture = layouts[kind].describe(folder, name, data)
    return Opened(architecture, rename_all(open_weights(folder), llava_hf.rename), llava_hf.rename, (folder,))


def _open_depth(folder: Path, source: str) -> DepthCheckpoint | None:
    """A Depth Anything file, or a folder of transformers or with one such file; None where it is something else."""
    if folder.is_file():
        return open_depth_file(folder, source)
    if (folder / own.FILE).is_file() or (folder / capstone.FILE).is_file():
        return None
    if not (folder / "config.json").is_file():
        files = sorted(folder.glob("*.pth"))
        if len(files) == 1:
            return open_depth_file(files[0], source)
        raise UsageError(f"{folder} holds no config.json: give a checkpoint folder ({SUPPORTED}).")
    data = read_json(folder / "config.json")
    return open_depth_folder(folder, data, source) if data.get("model_type") == "depth_anything" else None
