"""Muon: momentum whose singular values are all made one before it is stepped along (Jordan et al., 2024).

For the network's matrices; everything else is AdamW's. Steps are as long as AdamW's are on average (Liu et al., Muon is
scalable for LLM training, 2025, section 2.2), so that one learning rate serves both. The library's own takes no
convolutions, and does all the work in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, distributed, nn
from torch.optim import AdamW, Optimizer

MOMENTUM = 0.95
SCALE = 0.2
"""Of a step in AdamW: the root mean square of its entries, over the learning rate."""
QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
"""Jordan's polynomial, which brings singular values to 0.7-1.2 in so many rounds."""
LEAST_ROWS, LEAST_COLUMNS = 8, 16
"""Smaller is no matrix to speak of: depthwise kernels have nine columns."""


class Muon(Optimizer):
    """Steps [out, in] and [out, in, rows, columns] parameters; the processes of a training share the work.

    ``precision`` is that of the products: bfloat16 where it is quick.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float, precision: torch.dtype
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})
        self._precision = precision

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step. All processes have the same gradients."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            self._group(group)
        return loss

    def _group(self, group: dict[str, Any]) -> None:
        taught: list[nn.Parameter] = [p for p in group["params"] if p.grad is not None]
        together = distributed.is_initialized()
        rank, many = (distributed.get_rank(), distributed.get_world_size()) if together else (0, 1)
        steps = [torch.zeros(p.shape[0], p[0].numel(), device=p.device) for p in taught]
        # The largest first, in turns: every process has about the same to do.
        order = sorted(range(len(taught)), key=lambda n: -taught[n].numel())
        for turn, n in enumerate(order):
            ahead = self._follow(taught[n])
            if turn % many == rank:
                steps[n] = orthogonal(ahead.reshape(steps[n].shape), self._precision)
        if many > 1:
            flat = torch.cat([s.reshape(-1) for s in steps])
            distributed.all_reduce(flat)
            steps = [
                part.view(s.shape) for part, s in zip(torch.split(flat, [s.numel() for s in steps]), steps, strict=True)
            ]
        for p, step in zip(taught, steps, strict=True):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(step.view(p.shape), alpha=-group["lr"] * SCALE * max(step.shape) ** 0.5)

    def _follow(self, p: nn.Parameter) -> Tensor:
        """Nesterov's momentum."""
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        momentum: Tensor = state["momentum"]
        momentum.lerp_(p.grad, 1 - MOMENTUM)
        return p.grad.lerp(momentum, MOMENTUM)


def orthogonal(matrix: Tensor, precision: torch.dtype) -> Tensor:
    """The matrix [m, n] with singular values of about one and the same singular vectors, float32."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(precision)
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).float()


def optimisers(network: nn.Module, lr: float, weight_decay: float, precision: torch.dtype) -> tuple[Muon, AdamW]:
    """One for the matrices and one for all else, of which only what has more than one axis decays."""
    matrices, other, plain = [], [], []
    for p in network.parameters():
        if p.ndim > 1 and p.shape[0] >= LEAST_ROWS and p[0].numel() >= LEAST_COLUMNS:
            matrices.append(p)
        elif p.ndim > 1:
            other.append(p)
        else:
            plain.append(p)
    groups = [{"params": other, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return Muon(matrices, lr, weight_decay, precision), AdamW(groups, lr=lr, fused=True)
