"""A CLIP or SigLIP checkpoint that another one names as its tower."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from models.checkpoints.config_files import transformers_config
from models.checkpoints.hub import resolve
from models.checkpoints.tensors import LazyTensor, open_weights, read_json

# Of whole CLIP and SigLIP models, and of vision models with heads: what no tower here uses.
_UNUSED = (
    "text_model.",
    "text_projection.",
    "visual_projection.",
    "logit_scale",
    "logit_bias",
    "vision_model.head.",
)


@dataclass(frozen=True, slots=True)
class TowerFiles:
    """Where it lies, its CLIPVisionConfig or SiglipVisionConfig, and its tensors, named ``tower.vision_model.…``."""

    folder: Path
    config: Any
    tensors: dict[str, LazyTensor]


def open_tower(where: str, beside: Path) -> TowerFiles:
    """Open a tower by path (also relative to ``beside``) or hub id; a whole CLIP or SigLIP model will do."""
    from transformers import CLIPVisionConfig, SiglipVisionConfig

    folder = beside / where if (beside / where).is_dir() else resolve(where)
    path = folder / "config.json"
    data = read_json(path)
    kinds = {"clip": CLIPVisionConfig, "siglip": SiglipVisionConfig}
    family = str(data.get("model_type")).removesuffix("_vision_model")
    if family not in kinds:
        raise UsageError(f"{path}: tower {data.get('model_type')!r} is not supported: CLIP and SigLIP are.")
    vision = data.get("vision_config", {}) if data.get("model_type") == family else data
    config = transformers_config(kinds[family], vision, path)
    tensors = {f"tower.{n}": t for n, t in open_weights(folder).items() if not n.startswith(_UNUSED)}
    return TowerFiles(folder, config, tensors)
