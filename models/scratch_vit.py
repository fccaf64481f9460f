"""A small vision transformer for training from scratch: pre-norm, learned positions, a class token in front."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.architecture import VitTower


class ScratchVit(nn.Module):
    """Pixels [B, 3, S, S] -> hidden states [B, 1 + patches, width]."""

    def __init__(self, tower: VitTower) -> None:
        super().__init__()
        patches = (tower.image_size // tower.patch) ** 2
        self.patch = nn.Conv2d(3, tower.width, kernel_size=tower.patch, stride=tower.patch)
        self.class_token = nn.Parameter(torch.randn(1, 1, tower.width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, 1 + patches, tower.width) * 0.02)
        self.layers = nn.ModuleList(
            Layer(tower.width, tower.heads, tower.mlp, tower.norm_eps) for _ in range(tower.layers)
        )
        self.norm = nn.LayerNorm(tower.width, eps=tower.norm_eps)

    def states(self, pixels: torch.Tensor, layers: int) -> list[torch.Tensor]:
        """The embeddings and the outputs of the first ``layers`` layers; the closing norm is not applied."""
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        states = [x]
        for layer in self.layers[:layers]:
            states.append(layer(states[-1]))
        return states


class Layer(nn.Module):
    """Attention and MLP, each on the normed input and added to the input as it was."""

    def __init__(self, width: int, heads: int, mlp: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width, eps=eps)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width, eps=eps)
        self.fc_1 = nn.Linear(width, mlp)
        self.fc_2 = nn.Linear(mlp, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, N, width] -> [B, N, width]. Scores are divided by the square root of a head's width."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(self.norm_1(x)).chunk(3, dim=-1)
        )
        attended = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.out(attended)
        mlp: torch.Tensor = self.fc_2(functional.gelu(self.fc_1(self.norm_2(x))))
        return x + mlp
