"""What the depth network is taught by."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from edge_nav.perception.floor.floor_labels import LOWER
from models.data.classes import CLASSES
from models.depth.network import Estimate

SKY = 0
SKY_LOG_DEPTH = 3.2
"""The sky is to be farther than this: 25 canonical metres."""
EDGE_WEIGHT, SPREAD_WEIGHT, LABEL_WEIGHT, NEAR_WEIGHT = 0.5, 0.2, 0.15, 2.0
NEAR_LOG_DEPTH = 1.1
"""Three canonical metres: what lies nearer counts up to ``1 + NEAR_WEIGHT`` times as much."""

SCARCE = {
    **dict.fromkeys(("person", "chair", "table", "shelf", "cabinet", "stairs", "kerb", "object", LOWER), 3.0),
    **dict.fromkeys(("pole", "sign", "vegetation"), 5.0),
}
"""How often pixels of these count: things to walk into are few beside floors and walls, thin ones fewest."""
COUNTS = [SCARCE.get(name, 1.0) for name in CLASSES]
LOWER_COUNTS = 4.0
LABEL_COUNTS = [LOWER_COUNTS if name == LOWER else 1.0 for name in CLASSES]
"""The same for what pixels are called: an edge that is not seen is worse than one that is not there."""


class Losses(NamedTuple):
    """Scalars. ``depth`` is the mean weighted absolute error of log depth."""

    total: Tensor
    depth: Tensor
    edge: Tensor
    spread: Tensor
    label: Tensor


def losses(estimate: Estimate, log_depth: Tensor, label: Tensor) -> Losses:
    """``log_depth`` float [B, 1, h, w] canonical, NaN where unknown; ``label`` int64 [B, h, w]. Of an
    estimate made in training.

    The spread is taught by the likelihood of a Laplace distribution whose middle is held fixed, so that the network
    cannot buy a smaller loss by declaring hard pixels uncertain.
    """
    known = torch.isfinite(log_depth)
    truth = torch.nan_to_num(log_depth)
    error = (estimate.log_depth - truth).abs() * known
    counts = truth.new_tensor(COUNTS)[label].unsqueeze(1)
    weight = known * counts * (1 + NEAR_WEIGHT * torch.sigmoid(3 * (NEAR_LOG_DEPTH - truth)))
    depth = (error * weight).sum() / weight.sum().clamp(min=1)
    sky = (label == SKY).unsqueeze(1) & ~known
    depth = depth + (functional.relu(SKY_LOG_DEPTH - estimate.log_depth) * sky).sum() / sky.numel()
    likelihood = error.detach() * torch.exp(-estimate.log_spread) + estimate.log_spread
    spread = (likelihood * known).sum() / known.sum().clamp(min=1)
    edge = _edges(estimate.log_depth - truth, known)
    labels = estimate.log_depth.new_zeros(())
    if estimate.label is not None:
        step = label.shape[-1] // estimate.label.shape[-1]
        labels = functional.cross_entropy(estimate.label, label[..., ::step, ::step], truth.new_tensor(LABEL_COUNTS))
    total = depth + EDGE_WEIGHT * edge + SPREAD_WEIGHT * spread + LABEL_WEIGHT * labels
    return Losses(total, depth, edge, spread, labels)


def _edges(difference: Tensor, known: Tensor) -> Tensor:
    """Gradients of the error at four scales (Li and Snavely, MegaDepth, 2018): depth is to step where things end."""
    total = difference.new_zeros(())
    for step in (1, 2, 4, 8):
        d, k = difference[..., ::step, ::step], known[..., ::step, ::step]
        both_x, both_y = k[..., :, 1:] & k[..., :, :-1], k[..., 1:, :] & k[..., :-1, :]
        x = ((d[..., :, 1:] - d[..., :, :-1]).abs() * both_x).sum()
        y = ((d[..., 1:, :] - d[..., :-1, :]).abs() * both_y).sum()
        total = total + (x + y) / (both_x.sum() + both_y.sum()).clamp(min=1)
    return total / 4
