"""The nano network as a graph of its own: what a bundle's depth.onnx computes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from models.depth.network import NanoDepth

WITHIN = 0.15
"""A pixel's confidence is the probability that its depth is within 15 % of the truth."""


class NanoGraph(nn.Module):
    """Pixels [1, 3, H, W] -> canonical depth in metres, confidence, and uint8 label, each [1, H/2, W/2].

    ``temperature`` multiplies the spread, so that confidence is what was found on frames held out.
    """

    def __init__(self, network: NanoDepth, temperature: float = 1.0) -> None:
        super().__init__()
        self.network, self.log_temperature = network, math.log(temperature)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        estimate = self.network(pixels)
        depth = estimate.log_depth.exp()
        # A Laplace distribution lies within +-a of its middle with probability 1 - exp(-a / b).
        spread = torch.exp(estimate.log_spread + self.log_temperature)
        confidence = 1 - torch.exp(-math.log(1 + WITHIN) / spread)
        if estimate.label is None:
            return depth[:, 0], confidence[:, 0]
        return depth[:, 0], confidence[:, 0], estimate.label.argmax(dim=1).to(torch.uint8)
