"""What several tests of vision-language checkpoints need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.checkpoints import VlmCheckpoint
from models.composite import VisionLanguageModel

QUESTIONS = (
    "What is in front of me?",
    "Links führt die Treppe hinunter, größer?  two  spaces",
    "前面有一把椅子 🦮 कुर्सी\nsecond line",
)


def picture(seed: int = 0) -> Image.Image:
    """Coloured noise, wider than high."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (70, 96, 3), dtype=np.uint8))


def pieces(
    checkpoint: VlmCheckpoint, model: VisionLanguageModel, pixels: torch.Tensor, question: str
) -> list[torch.Tensor]:
    """The prompt as VisionLanguageModel.embed takes it."""
    runs = checkpoint.prompt(question, checkpoint.tokenizer())
    return [model.vision(pixels) if ids is None else torch.tensor([ids]) for ids in runs]


def ids_with_placeholders(checkpoint: VlmCheckpoint, question: str) -> list[int]:
    """The prompt in one list, the placeholder once for each image token."""
    architecture = checkpoint.architecture
    assert architecture.prompt.image_token is not None
    image = [architecture.prompt.image_token] * architecture.image_tokens
    runs = checkpoint.prompt(question, checkpoint.tokenizer())
    return [token for ids in runs for token in (image if ids is None else ids)]


def copy_folder(source: Path, target: Path) -> Path:
    """A copy to damage."""
    import shutil

    shutil.copytree(source, target)
    return target
