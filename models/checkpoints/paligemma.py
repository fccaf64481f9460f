"""PaliGemmaForConditionalGeneration as transformers saves it: SigLIP, a linear layer, and Gemma."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from models.architecture import Architecture, LinearProjector, Prompt
from models.checkpoints.config_files import (
    context_for,
    describe_tower,
    read_preprocess,
    stop_ids,
    transformers_config,
)
from models.decoder import describe_decoder


def describe(folder: Path, name: str, data: dict[str, Any]) -> Architecture:
    """The architecture that config.json and the files beside it state; names in the files are as in llava_hf."""
    from transformers import PaliGemmaConfig

    path = folder / "config.json"
    config = transformers_config(PaliGemmaConfig, data, path)
    if config.text_config.model_type != "gemma":
        raise UsageError(f"{path}: decoder {config.text_config.model_type!r} is not supported: PaliGemma 1's gemma is.")
    tower = describe_tower(config.vision_config, layer=-1, class_token=False, final_norm=True)
    decoder = describe_decoder(config.text_config)
    begin = () if decoder.bos_id is None else (TokensRun(ids=(decoder.bos_id,)),)
    return Architecture(
        name=name,
        tower=tower,
        projector=LinearProjector(),
        decoder=decoder,
        prompt=Prompt(
            runs=(ImageRun(), *begin, TextRun(text="{question}\n")),
            attention="prefix",
            # Undoes, for the image alone, the factor that Gemma gives to every embedding.
            image_scale=1 / math.sqrt(decoder.width),
            stop_ids=stop_ids(folder, config.text_config.eos_token_id),
            context=context_for(tower.tokens, decoder.positions),
            image_token=config.image_token_id,
        ),
        preprocess=read_preprocess(folder, tower.image_size),
    )
