"""Projectors: a tower's hidden states to embeddings of the decoder's width.

Each takes the chosen features [B, T, tower width] and the list of all hidden states, and gives [B, tokens, width].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from models.architecture import (
    AnyProjector,
    Architecture,
    DenseProjector,
    LinearProjector,
    MlpProjector,
    OneTokenProjector,
)


class Projector(nn.Module):
    """Common to all."""

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """Features [B, T, tower width] and all hidden states -> [B, tokens, width]."""
        raise NotImplementedError


class Linear(Projector):
    """One linear layer."""

    def __init__(self, projector: LinearProjector, tower_width: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(tower_width, width, bias=projector.bias)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, T, tower width] -> [B, T, width]."""
        projected: torch.Tensor = self.linear(features)
        return projected


class Mlp(Projector):
    """Linear, activation, linear; names as in transformers' LlavaMultiModalProjector."""

    def __init__(self, projector: MlpProjector, tower_width: int, width: int) -> None:
        super().__init__()
        from transformers.activations import ACT2FN

        self.linear_1 = nn.Linear(tower_width, width, bias=projector.bias)
        self.act = ACT2FN[projector.activation]
        self.linear_2 = nn.Linear(width, width, bias=projector.bias)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, T, tower width] -> [B, T, width]."""
        projected: torch.Tensor = self.linear_2(self.act(self.linear_1(features)))
        return projected


class ResBlock(Projector):
    """Linear, then a block that norms its input and adds an MLP of it to the normed input."""

    def __init__(self, tower_width: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(tower_width, width)
        self.norm = nn.LayerNorm(width)
        self.fc_1 = nn.Linear(width, width)
        self.fc_2 = nn.Linear(width, width)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, T, tower width] -> [B, T, width]."""
        x: torch.Tensor = self.norm(self.linear(features))
        mlp: torch.Tensor = self.fc_2(functional.gelu(self.fc_1(x)))
        return x + mlp


class OneToken(Projector):
    """The class token, which is the first, to one embedding."""

    def __init__(self, projector: OneTokenProjector, tower_width: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(tower_width, projector.hidden)
        self.linear_2 = nn.Linear(projector.hidden, width)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, 1 + patches, tower width] -> [B, 1, width]."""
        projected: torch.Tensor = self.linear_2(functional.gelu(self.linear_1(features[:, :1])))
        return projected


class Dense(Projector):
    """The Dense Connector of arXiv:2405.13800; see DenseProjector for what each mode gathers."""

    def __init__(self, projector: DenseProjector, depth: int, tower_width: int, width: int) -> None:
        super().__init__()
        self.mode = projector.mode
        self.pool = projector.pool
        self.earlier = projector.earlier(depth)
        self.halves = projector.halves(depth)
        gathered = tower_width if projector.mode == "sti" else 3 * tower_width
        self.linear_1 = nn.Linear(gathered, width)
        self.linear_2 = nn.Linear(width, width)

    def gather(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """sti: [B, T + 2 * (T // pool), tower width]; sci and dci: [B, T, 3 * tower width]."""
        if self.mode == "dci":
            means = [torch.stack([states[i] for i in half]).mean(dim=0) for half in self.halves]
            return torch.cat([features, *means], dim=-1)
        earlier = [states[i] for i in self.earlier]
        if self.mode == "sci":
            return torch.cat([features, *earlier], dim=-1)
        pooled = [functional.avg_pool1d(state.transpose(1, 2), self.pool).transpose(1, 2) for state in earlier]
        return torch.cat([features, *pooled], dim=1)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, T, tower width] and all states -> [B, T, width], or more tokens with sti."""
        projected: torch.Tensor = self.linear_2(functional.gelu(self.linear_1(self.gather(features, states))))
        return projected


class Vlmo(Projector):
    """VLM-o's: the final features at full width, two earlier states at half each, joined, then linear."""

    def __init__(self, earlier: tuple[int, int], tower_width: int, width: int) -> None:
        super().__init__()
        self.earlier = earlier
        self.final = nn.Linear(tower_width, width)
        self.early = nn.Linear(tower_width, width // 2)
        self.late = nn.Linear(tower_width, width - width // 2)
        self.join = nn.Linear(2 * width, width)

    def forward(self, features: torch.Tensor, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """[B, T, tower width] and all states -> [B, T, width]."""
        early, late = (states[i] for i in self.earlier)
        joined: torch.Tensor = self.join(torch.cat([self.final(features), self.early(early), self.late(late)], dim=-1))
        return joined


def build_projector(architecture: Architecture) -> Projector:
    """The module a description stands for, with fresh weights."""
    projector: AnyProjector = architecture.projector
    depth, tower_width, width = architecture.tower.layers, architecture.tower.width, architecture.decoder.width
    match projector.kind:
        case "linear":
            return Linear(projector, tower_width, width)
        case "mlp2x_gelu":
            return Mlp(projector, tower_width, width)
        case "simple_res_block":
            return ResBlock(tower_width, width)
        case "one_token_mlp":
            return OneToken(projector, tower_width, width)
        case "dense":
            return Dense(projector, depth, tower_width, width)
        case "vlmo":
            return Vlmo(projector.earlier(depth), tower_width, width)
