"""What the depth network is taught to care for."""

from __future__ import annotations

import pytest
import torch

from edge_nav.lab.sim.shapes import LABELS
from models.depth.loss import SKY, losses
from models.depth.network import Estimate, NanoDepth, NanoSettings

H, W = 16, 24
WALL, POLE = LABELS.index("wall"), LABELS.index("pole")


def estimate(log_depth: torch.Tensor, log_spread: float = -1.0) -> Estimate:
    return Estimate(log_depth, torch.full_like(log_depth, log_spread), None)


def missed(label: int, metres: float = 4.0) -> float:
    """The loss of depth where all is right but for a strip, which is taken for a quarter farther."""
    truth = torch.full((1, 1, H, W), metres).log()
    wrong = truth.clone()
    wrong[..., 4:6] += 0.25
    labels = torch.full((1, H, W), WALL)
    labels[..., 4:6] = label
    return float(losses(estimate(wrong), truth, labels).depth)


def test_a_missed_pole_costs_more_than_a_missed_piece_of_wall() -> None:
    assert missed(POLE) > 2 * missed(WALL)


@pytest.mark.parametrize("fine", [0, 8])
def test_labels_come_out_where_they_are_taught(fine: int) -> None:
    network = NanoDepth(
        NanoSettings(stem=8, widths=(8, 8, 8, 8), blocks=(1, 1, 1, 1), heads=2, decoder=(8, 8, 8, 8), fine=fine)
    ).eval()
    assert network.label is not None
    taught: list[torch.Tensor] = []
    network.label.register_forward_hook(lambda _module, _inputs, logits: taught.append(logits))
    with torch.no_grad():
        told = network(torch.rand(1, 3, 64, 128)).label
    step = told.shape[-1] // taught[0].shape[-1]
    assert step == (4 if fine else 2)
    # As the loss samples what is true.
    torch.testing.assert_close(told[..., ::step, ::step], taught[0], atol=1e-5, rtol=1e-4)


def test_what_is_near_costs_more() -> None:
    wall, near = torch.full((1, H, W), WALL), torch.ones(1, 1, H, W)
    near[..., : W // 2] = 6.0
    off_near, off_far = near.log(), near.log()
    off_near[..., W // 2 :] += 0.25
    off_far[..., : W // 2] += 0.25
    truth = near.log()
    assert losses(estimate(off_near), truth, wall).depth > 2 * losses(estimate(off_far), truth, wall).depth


def test_unknown_depth_teaches_nothing_but_the_sky_is_far() -> None:
    nothing = torch.full((1, 1, H, W), torch.nan)
    sky, wall = torch.full((1, H, W), SKY), torch.full((1, H, W), WALL)
    near, far = torch.zeros(1, 1, H, W), torch.full((1, 1, H, W), 4.0)
    assert float(losses(estimate(near), nothing, wall).depth) == 0
    assert float(losses(estimate(near), nothing, sky).depth) > 1
    assert float(losses(estimate(far), nothing, sky).depth) == 0


def test_the_spread_is_best_where_it_is_the_error_made() -> None:
    truth, wall = torch.zeros(1, 1, H, W), torch.full((1, H, W), WALL)
    off = torch.full((1, 1, H, W), 0.1)
    costs = {
        log_spread: float(losses(estimate(off, log_spread), truth, wall).spread) for log_spread in (-4.0, -2.3, 0.0)
    }
    assert min(costs, key=costs.__getitem__) == -2.3
