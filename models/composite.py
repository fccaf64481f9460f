"""The one composite: vision tower, projector and decoder, whatever they are, and what passes between them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from models.architecture import Architecture
from models.decoder import build_decoder
from models.projectors import build_projector
from models.towers import build_tower


class Vision(nn.Module):
    """Tower and projector: pixels [B, 3, S, S] -> embeddings [B, image tokens, decoder width]."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.tower = build_tower(architecture.tower)
        self.projector = build_projector(architecture)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels [B, 3, S, S] -> [B, image tokens, decoder width], before Prompt.image_scale."""
        states = self.tower.states(pixels)
        embeddings: torch.Tensor = self.projector(self.tower.features(states), states)
        return embeddings


class VisionLanguageModel(nn.Module):
    """A vision-language model; its weights are named ``tower.…``, ``projector.…`` and ``decoder.…``."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        vision = Vision(architecture)
        self.tower = vision.tower
        self.projector = vision.projector
        self.decoder = build_decoder(architecture.decoder)

    def vision(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels [B, 3, S, S] -> [B, image tokens, width], before Prompt.image_scale."""
        states = self.tower.states(pixels)
        embeddings: torch.Tensor = self.projector(self.tower.features(states), states)
        return embeddings

    def embed(self, pieces: Sequence[torch.Tensor]) -> torch.Tensor:
        """Join pieces to [B, N, width]: integers [B, n] are tokens, floats [B, n, width] the output of ``vision``."""
        table = self.decoder.get_input_embeddings()
        scale = self.architecture.prompt.image_scale
        return torch.cat([p * scale if p.is_floating_point() else table(p) for p in pieces], dim=1)

    def forward(self, embeddings: torch.Tensor, prefix: int | None = None) -> torch.Tensor:
        """Embeddings [B, N, width] -> logits [B, N, vocab].

        ``prefix``: with prefix attention, how many leading positions attend to each other fully; all, if not given.
        Gemma multiplies all embeddings by the square root of its width, here as everywhere.
        """
        logits: torch.Tensor = self.decoder(
            inputs_embeds=embeddings, attention_mask=self._mask(embeddings, prefix), use_cache=False
        ).logits
        return logits

    @torch.inference_mode()
    def generate(self, pieces: Sequence[torch.Tensor], max_new_tokens: int) -> list[int]:
        """Greedy answer to one prompt (see ``embed``, B = 1), without the token that stopped it."""
        embeddings = self.embed(pieces)
        out = self.decoder(inputs_embeds=embeddings, attention_mask=self._mask(embeddings, None), use_cache=True)
        answer: list[int] = []
        while len(answer) < max_new_tokens:
            token = int(out.logits[0, -1].argmax())
            if token in self.architecture.prompt.stop_ids:
                break
            answer.append(token)
            if len(answer) < max_new_tokens:
                ids = torch.tensor([[token]], device=embeddings.device)
                out = self.decoder(input_ids=ids, past_key_values=out.past_key_values, use_cache=True)
        return answer

    def _mask(self, embeddings: torch.Tensor, prefix: int | None) -> torch.Tensor | None:
        """None for causal attention, else what is added to the scores, [1, 1, N, N]."""
        if self.architecture.prompt.attention == "causal":
            return None
        n = embeddings.shape[1]
        at = torch.arange(n, device=embeddings.device)
        seen = (at <= at[:, None]) | (at < (n if prefix is None else prefix))
        hidden = torch.finfo(embeddings.dtype).min
        return torch.zeros(n, n, dtype=embeddings.dtype, device=embeddings.device).masked_fill(~seen, hidden)[
            None, None
        ]
