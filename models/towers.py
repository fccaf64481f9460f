"""Vision towers: pixels to hidden states. CLIP and SigLIP are transformers' modules, the from-scratch one is ours.

Names of the weights are those of transformers' CLIPVisionModel and SiglipVisionModel (``vision_model.…``); our own
tower's are in models/scratch_vit.py and begin with ``vit.``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from models.architecture import AnyTower, ClipTower, SiglipTower, VitTower
from models.scratch_vit import ScratchVit


class VisionTower(nn.Module):
    """Common to all: which hidden state is handed on, with or without the class token, normed or not."""

    def __init__(self, tower: ClipTower | SiglipTower | VitTower) -> None:
        super().__init__()
        self.settings = tower
        self._drop = tower.has_class_token and not tower.class_token

    def states(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Pixels [B, 3, S, S] -> hidden states [B, tokens, width], numbered as Hugging Face does, up to the chosen one.

        Layers after it are not run.
        """
        states = self._run(pixels, self.settings.state)
        return [state[:, 1:] for state in states] if self._drop else states

    def features(self, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """The state that the settings choose, [B, tokens, width], from what ``states`` gave."""
        return self._norm(states[-1]) if self.settings.final_norm else states[-1]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels [B, 3, S, S] -> [B, tokens, width]."""
        return self.features(self.states(pixels))

    def _run(self, pixels: torch.Tensor, layers: int) -> list[torch.Tensor]:
        raise NotImplementedError

    def _norm(self, state: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class TransformersTower(VisionTower):
    """CLIP or SigLIP."""

    def __init__(self, tower: ClipTower | SiglipTower) -> None:
        super().__init__(tower)
        self.vision_model = _transformers_model(tower).vision_model

    def _run(self, pixels: torch.Tensor, layers: int) -> list[torch.Tensor]:
        # Layer by layer: the two modules' own ways of giving hidden states differ, and change between versions.
        x = self.vision_model.embeddings(pixels)
        masks: tuple[None, ...] = (None,)
        if isinstance(self.settings, ClipTower):
            x, masks = self.vision_model.pre_layrnorm(x), (None, None)
        states = [x]
        for layer in self.vision_model.encoder.layers[:layers]:
            out = layer(states[-1], *masks)
            states.append(out[0] if isinstance(out, tuple) else out)
        return states

    def _norm(self, state: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.vision_model.post_layernorm(state)
        return normed


class ScratchTower(VisionTower):
    """Ours."""

    def __init__(self, tower: VitTower) -> None:
        super().__init__(tower)
        self.vit = ScratchVit(tower)

    def _run(self, pixels: torch.Tensor, layers: int) -> list[torch.Tensor]:
        return self.vit.states(pixels, layers)

    def _norm(self, state: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.vit.norm(state)
        return normed


def build_tower(tower: AnyTower) -> VisionTower:
    """The module a description stands for, with fresh weights."""
    return ScratchTower(tower) if isinstance(tower, VitTower) else TransformersTower(tower)


def _transformers_model(tower: ClipTower | SiglipTower) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

    sizes = {
        "hidden_size": tower.width,
        "intermediate_size": tower.mlp,
        "num_hidden_layers": tower.layers,
        "num_attention_heads": tower.heads,
        "image_size": tower.image_size,
        "patch_size": tower.patch,
        "hidden_act": tower.activation,
        "layer_norm_eps": tower.norm_eps,
    }
    if isinstance(tower, ClipTower):
        return CLIPVisionModel(CLIPVisionConfig(**sizes))
    return SiglipVisionModel(SiglipVisionConfig(**sizes, vision_use_head=False))
