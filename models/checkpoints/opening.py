"""One door for every layout: what a folder or hub id holds is seen from its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, overload

from edge_nav.errors import UsageError
from models.checkpoints import llava_hf, paligemma
from models.checkpoints.depth import DepthCheckpoint, open_depth_folder
from models.checkpoints.hub import resolve
from models.checkpoints.tensors import open_weights, read_json
from models.checkpoints.vlm import VlmCheckpoint, assemble, rename_all

SUPPORTED = (
    "LlavaForConditionalGeneration, PaliGemmaForConditionalGeneration and DepthAnythingForDepthEstimation folders are"
)


@overload
def open_checkpoint(where: str | Path, *, adapter: Path | None = None, kind: Literal["vlm"]) -> VlmCheckpoint: ...
@overload
def open_checkpoint(where: str | Path, *, adapter: Path | None = None, kind: Literal["depth"]) -> DepthCheckpoint: ...
@overload
def open_checkpoint(
    where: str | Path, *, adapter: Path | None = None, kind: None = None
) -> VlmCheckpoint | DepthCheckpoint: ...


def open_checkpoint(
    where: str | Path, *, adapter: Path | None = None, kind: Literal["vlm", "depth"] | None = None
) -> VlmCheckpoint | DepthCheckpoint:
    """Open a local folder or a hub id without reading its weights.

    ``adapter``: a LoRA folder as peft saves it, merged as tensors are read. ``kind``: refuse the other one. Raises
    UsageError for whatever is no complete, supported checkpoint.
    """
    folder = resolve(where)
    checkpoint = _open(folder, str(where), adapter)
    found = "depth" if isinstance(checkpoint, DepthCheckpoint) else "vlm"
    if kind is not None and kind != found:
        names = {"depth": "depth model", "vlm": "vision-language model"}
        raise UsageError(f"{where} is a {names[found]}: give a {names[kind]} here.")
    return checkpoint


def _open(folder: Path, source: str, adapter: Path | None) -> VlmCheckpoint | DepthCheckpoint:
    data = read_json(folder / "config.json")
    kind = str(data.get("model_type"))
    if kind == "depth_anything":
        return open_depth_folder(folder, data, source)
    layouts: dict[str, Any] = {"llava": llava_hf, "paligemma": paligemma}
    if kind not in layouts:
        raise UsageError(f"{folder / 'config.json'}: model_type {kind!r} is not supported: {SUPPORTED}.")
    tensors = open_weights(folder)
    architecture = layouts[kind].describe(folder, data, tensors)
    return assemble(folder, architecture, rename_all(tensors, llava_hf.rename), source=source)
