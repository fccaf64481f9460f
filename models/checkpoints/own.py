"""Our own layout: architecture.yaml, a tokenizer, and model.safetensors with canonical names.

Those are ``tower.…``, ``projector.…`` and ``decoder.…``, as in models/composite.py.
"""

from __future__ import annotations

from pathlib import Path

from models.architecture import save_architecture
from models.composite import VisionLanguageModel

FILE = "architecture.yaml"


def rename(name: str) -> str | None:
    """Names in the file are canonical."""
    return name if name.startswith(("tower.", "projector.", "decoder.")) else None


def save_own(model: VisionLanguageModel, folder: Path) -> None:
    """Write a model so that open_checkpoint reads it; the tokenizer is saved beside it by its own save_pretrained."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    if model.architecture.decoder.tied:
        state.pop("decoder.lm_head.weight", None)
    part = folder / "model.safetensors.part"
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, part, metadata={"format": "pt"})
    save_architecture(model.architecture, folder / FILE)
    part.replace(folder / "model.safetensors")
