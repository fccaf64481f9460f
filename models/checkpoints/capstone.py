"""A checkpoint in parts, as the Phi-2 model is saved: a Phi folder, a CLIP folder, projector files, an adapter.

``parts.yaml`` in the folder says where each part lies, beside it or on the hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from models.architecture import Architecture, Prompt, ResBlockProjector
from models.checkpoints.config_files import (
    context_for,
    describe_tower,
    read_preprocess,
    stop_ids,
    transformers_config,
)
from models.checkpoints.hub import resolve
from models.checkpoints.tensors import LazyTensor, open_file, open_weights, read_json
from models.checkpoints.tower_files import open_tower
from models.checkpoints.vlm import Opened
from models.decoder import describe_decoder
from models.yaml_settings import read_yaml

FILE = "parts.yaml"
# Of the block as its author names its modules; what remains is the linear layer before it.
_BLOCK = {"pre_norm": "norm", "proj.0": "fc_1", "proj.2": "fc_2"}


class Parts(Settings):
    """parts.yaml. Folders are relative to it, or hub ids."""

    decoder: str = Field(description="A Phi folder or hub id, with its tokenizer.")
    tower: str = Field(description="A CLIP folder or hub id, with its preprocessor_config.json.")
    projector: tuple[str, ...] = Field(min_length=1, description="Files of the linear layer and the residual block.")
    adapter: str | None = Field(default=None, description="A LoRA folder for the decoder, as peft saves it.")
    image_end: int = Field(default=23893, ge=0, description="Token whose embedding follows the image's.")
    question: str = Field(default="{question} [QA]", description="The question as it was put in training.")


def open_parts(folder: Path, name: str) -> Opened:
    """Open all parts; tensors are named ``tower.…``, ``projector.…`` and ``decoder.…``."""
    from transformers import PhiConfig

    parts = read_yaml(folder / FILE, Parts)
    phi = folder / parts.decoder if (folder / parts.decoder).is_dir() else resolve(parts.decoder)
    data = read_json(phi / "config.json")
    if data.get("model_type") != "phi":
        raise UsageError(f"{phi / 'config.json'}: decoder {data.get('model_type')!r} is not supported here: phi is.")
    decoder = describe_decoder(transformers_config(PhiConfig, data, phi / "config.json"))
    tower_files = open_tower(parts.tower, folder)
    tower = describe_tower(tower_files.config, layer=-1, class_token=False, final_norm=False)
    stops = stop_ids(phi, data.get("eos_token_id", 50256))
    architecture = Architecture(
        name=name,
        tower=tower,
        projector=ResBlockProjector(),
        decoder=decoder,
        prompt=Prompt(
            runs=(ImageRun(), TokensRun(ids=(parts.image_end,)), TextRun(text=parts.question)),
            stop_ids=stops or (50256,),
            context=context_for(tower.tokens, decoder.positions),
        ),
        preprocess=read_preprocess(tower_files.folder, tower.image_size),
    )
    tensors = dict(tower_files.tensors)
    for file in parts.projector:
        tensors |= _projector(open_file(folder / file))
    tensors |= {f"decoder.{name}": tensor for name, tensor in open_weights(phi).items()}
    return Opened(
        architecture,
        tensors,
        lambda name: f"decoder.{name}",  # adapters are of the decoder alone
        (folder, phi, tower_files.folder),
        tokenizer_folder=phi,
        adapters=(folder / parts.adapter,) if parts.adapter else (),
    )


def _projector(tensors: Mapping[str, LazyTensor]) -> dict[str, LazyTensor]:
    """Canonical names, whatever the attribute of the model was called that held the modules."""
    renamed = {}
    for name, tensor in tensors.items():
        module, _, leaf = name.rpartition(".")
        block = next((new for old, new in _BLOCK.items() if module == old or module.endswith(f".{old}")), "linear")
        new = f"projector.{block}.{leaf}"
        renamed[name if new in renamed else new] = tensor
    return renamed
