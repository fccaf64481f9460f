"""LlavaForConditionalGeneration as transformers saves it: CLIP or SigLIP, an MLP, and Llama."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from models.architecture import Architecture, MlpProjector, Prompt
from models.checkpoints.chat import read_runs
from models.checkpoints.config_files import (
    context_for,
    describe_tower,
    read_preprocess,
    stop_ids,
    transformers_config,
)
from models.decoder import describe_decoder

# Prefixes in the files, of transformers before and since its version 4.52, and what they are here.
PREFIXES = {
    "language_model.model.": "decoder.model.",
    "language_model.lm_head.": "decoder.lm_head.",
    "model.language_model.": "decoder.model.",
    "lm_head.": "decoder.lm_head.",
    "model.vision_tower.": "tower.",
    "vision_tower.": "tower.",
    "model.multi_modal_projector.": "projector.",
    "multi_modal_projector.": "projector.",
}


def rename(name: str) -> str | None:
    """The canonical name of a tensor in the files."""
    for old, new in PREFIXES.items():
        if name.startswith(old):
            new_name = new + name.removeprefix(old)
            return "" if new_name.startswith("tower.vision_model.head.") else new_name
    return None


def describe(folder: Path, name: str, data: dict[str, Any]) -> Architecture:
    """The architecture that config.json and the files beside it state."""
    from transformers import LlavaConfig

    path = folder / "config.json"
    config = transformers_config(LlavaConfig, data, path)
    strategy, layer = config.vision_feature_select_strategy, config.vision_feature_layer
    if not isinstance(layer, int):
        raise UsageError(
            f"{path}: vision_feature_layer {layer} names several layers, which is not supported: give one."
        )
    whole = strategy == "full"
    clip = config.vision_config.model_type == "clip_vision_model"
    if not whole and not clip:
        raise UsageError(
            f"{path}: vision_feature_select_strategy {strategy!r} drops a patch of this tower: use 'full'."
        )
    tower = describe_tower(config.vision_config, layer=layer, class_token=whole and clip, final_norm=False)
    decoder = describe_decoder(config.text_config)
    return Architecture(
        name=name,
        tower=tower,
        projector=MlpProjector(activation=config.projector_hidden_act, bias=config.multimodal_projector_bias),
        decoder=decoder,
        prompt=Prompt(
            runs=read_runs(folder, decoder.bos_id),
            stop_ids=stop_ids(folder, config.text_config.eos_token_id),
            context=context_for(tower.tokens, decoder.positions),
            image_token=config.image_token_id,
        ),
        preprocess=read_preprocess(folder, tower.image_size),
    )
