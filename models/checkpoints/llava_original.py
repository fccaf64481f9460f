"""LLaVA-1.5 as its authors save it (``llava_llama``): Llama, ``model.mm_projector``, and a tower named by the config.

Spatial-LLaVA-7B is published so, and models with the Dense Connector are too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from models.architecture import (
    AnyProjector,
    Architecture,
    DenseProjector,
    LinearProjector,
    MlpProjector,
    Preprocess,
    Prompt,
)
from models.checkpoints.config_files import (
    context_for,
    describe_tower,
    read_preprocess,
    stop_ids,
    transformers_config,
)
from models.checkpoints.tensors import open_weights
from models.checkpoints.tower_files import TowerFiles, open_tower
from models.checkpoints.vlm import Opened, rename_all
from models.decoder import describe_decoder

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
_PROJECTOR = {"mm_projector.": "linear.", "mm_projector.0.": "linear_1.", "mm_projector.2.": "linear_2."}
_NAME = re.compile(r"(?:model\.)?(mm_projector\.(?:\d+\.)?)(weight|bias)")
_TOWER = ("model.vision_tower.vision_tower.", "model.vision_tower.")


def rename(name: str) -> str | None:
    """The canonical name of a tensor in the files."""
    if match := _NAME.fullmatch(name):
        module = _PROJECTOR.get(match[1])
        return None if module is None else f"projector.{module}{match[2]}"
    for prefix in _TOWER:
        if name.startswith(prefix):
            rest = name.removeprefix(prefix)
            return "" if rest.startswith("vision_model.head.") else f"tower.{rest}"
    if name.startswith(("model.layers.", "model.embed_tokens.", "model.norm.", "lm_head.")):
        return f"decoder.{name}"
    return None


def open_folder(folder: Path, name: str, data: dict[str, Any]) -> Opened:
    """The folder, and the tower that its config names; a tower within its own files takes that one's place."""
    from transformers import LlamaConfig

    path = folder / "config.json"
    where = data.get("mm_vision_tower") or data.get("vision_tower")
    if not isinstance(where, str):
        raise UsageError(f"{path} names no mm_vision_tower: give a LLaVA-1.5 checkpoint.")
    for key in ("mm_use_im_start_end", "mm_use_im_patch_token"):
        if data.get(key):
            raise UsageError(f"{path}: {key} is not supported: give a LLaVA-1.5 checkpoint, which has it false.")
    tower_files = open_tower(where, folder)
    whole = data.get("mm_vision_select_feature", "patch") == "cls_patch"
    clip = tower_files.config.model_type == "clip_vision_model"
    tower = describe_tower(
        tower_files.config,
        layer=int(data.get("mm_vision_select_layer", -2)),
        class_token=whole and clip,
        final_norm=False,
    )
    decoder = describe_decoder(transformers_config(LlamaConfig, {**data, "model_type": "llama"}, path))
    projector = _projector(data, tower.layers, path)
    begin = () if decoder.bos_id is None else (TokensRun(ids=(decoder.bos_id,)),)
    # The template vicuna_v1 of LLaVA.
    runs = (*begin, TextRun(text=f"{SYSTEM} USER: "), ImageRun(), TextRun(text="\n{question} ASSISTANT:"))
    tokens = tower.tokens * 5 // 4 if data.get("mm_dense_connector_type") == "sti" else tower.tokens
    architecture = Architecture(
        name=name,
        tower=tower,
        projector=projector,
        decoder=decoder,
        prompt=Prompt(
            runs=runs,
            stop_ids=stop_ids(folder, data.get("eos_token_id", 2)),
            context=context_for(tokens, decoder.positions),
        ),
        preprocess=_preprocess(data, tower_files, tower.image_size, path),
    )
    tensors = {**tower_files.tensors, **rename_all(open_weights(folder), rename)}
    return Opened(architecture, tensors, rename, (folder, tower_files.folder))


def _projector(data: dict[str, Any], depth: int, path: Path) -> AnyProjector:
    dense, kind = data.get("mm_dense_connector_type", "none"), data.get("mm_projector_type", "linear")
    if dense in ("sti", "sci", "dci") and kind == "mlp2x_gelu":
        # The code that trained sti and sci takes the hidden states 7 and 15 of every tower that has them.
        return DenseProjector(mode=dense, states=(7, 15) if dense != "dci" and depth > 15 else None)
    if dense in ("none", "None", None) and kind == "mlp2x_gelu":
        return MlpProjector()
    if dense in ("none", "None", None) and kind == "linear":
        return LinearProjector()
    raise UsageError(
        f"{path}: mm_projector_type {kind!r} with mm_dense_connector_type {dense!r} is not supported: "
        "linear, mlp2x_gelu and the latter with sti, sci or dci are."
    )


def _preprocess(data: dict[str, Any], tower: TowerFiles, image_size: int, path: Path) -> Preprocess:
    """The tower's own, except that the image is padded to a square first where the config says so."""
    ratio = data.get("image_aspect_ratio") or "square"
    if ratio not in ("pad", "square"):
        raise UsageError(f"{path}: image_aspect_ratio {ratio!r} is not supported: give a LLaVA-1.5 checkpoint (pad).")
    pixels = read_preprocess(tower.folder, image_size)
    return pixels.model_copy(update={"fit": "pad"}) if ratio == "pad" else pixels
