"""The nano network as a graph of its own: what a bundle's depth.onnx computes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.depth.loss import LABEL_COUNTS
from models.depth.network import Estimate, NanoDepth

WITHIN = 0.15
"""A pixel's confidence is the probability that its depth is within 15 % of the truth: neither is more than 1.15 times
the other."""


class NanoGraph(nn.Module):
    """Pixels [1, 3, H, W] -> canonical depth in metres, confidence, and uint8 label, each [1, H/step, W/step].

    ``temperature`` multiplies the spread, so that confidence is what was found on frames held out. ``step`` is 2, the
    network's own, or 1: interpolated in log depth, so that a small input gives no fewer points than things are told by.
    Labels are the likeliest: what counted more in the loss is told more often by the logits than it is there.
    """

    def __init__(self, network: NanoDepth, temperature: float = 1.0, step: int = 2) -> None:
        super().__init__()
        self.network, self.log_temperature, self.step = network, math.log(temperature), step
        self.log_counts: Tensor
        self.register_buffer("log_counts", torch.tensor(LABEL_COUNTS).log()[:, None, None])

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        estimate = self.network(pixels)
        if self.step == 1:
            label = None if estimate.label is None else _doubled(estimate.label)
            estimate = Estimate(_doubled(estimate.log_depth), _doubled(estimate.log_spread), label)
        depth = estimate.log_depth.exp()
        # A Laplace distribution lies within +-a of its middle with probability 1 - exp(-a / b).
        spread = torch.exp(estimate.log_spread + self.log_temperature)
        confidence = 1 - torch.exp(-math.log(1 + WITHIN) / spread)
        if estimate.label is None:
            return depth[:, 0], confidence[:, 0]
        return depth[:, 0], confidence[:, 0], (estimate.label - self.log_counts).argmax(dim=1).to(torch.uint8)


def _doubled(part: Tensor) -> Tensor:
    return functional.interpolate(part, scale_factor=2.0, mode="bilinear", align_corners=False)
