from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing, nn

from models.depth.muon import Muon, optimisers, orthogonal
from models.depth.network import NanoDepth, NanoSettings

TINY = NanoSettings(stem=8, widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1), heads=2, attention=1, decoder=(16, 8, 8, 8))


@pytest.mark.parametrize("shape", [(24, 24), (16, 90), (90, 16)])
def test_singular_values_become_about_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 1e-4
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    made = orthogonal(matrix, torch.float32)
    in_their_own_axes = u.T @ made @ v.T
    assert torch.diagonal(in_their_own_axes).min() > 0.3
    assert torch.diagonal(in_their_own_axes).max() < 1.3
    assert (in_their_own_axes - torch.diag(torch.diagonal(in_their_own_axes))).abs().max() < 1e-3


def test_a_step_is_as_long_as_one_of_adamw() -> None:
    p = nn.Parameter(torch.zeros(32, 12, 3, 3))
    p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(0))
    Muon([p], 0.01, 0.0, torch.float32).step()
    assert p.detach().square().mean().sqrt() == pytest.approx(0.2 * 0.01, rel=0.25)
    assert (p * p.grad).sum() < 0  # downhill


def test_every_weight_is_stepped_by_one_of_the_two() -> None:
    network = NanoDepth(TINY)
    pair = optimisers(network, 0.01, 0.0, torch.float32)
    held = [p for o in pair for group in o.param_groups for p in group["params"]]
    assert len(held) == len(set(map(id, held))) == len(list(network.parameters()))
    depthwise = {id(m.weight) for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1}
    assert depthwise
    assert not depthwise & {id(p) for group in pair[0].param_groups for p in group["params"]}


def stepped() -> list[torch.Tensor]:
    """Three steps of a few matrices along gradients that are the same everywhere."""
    draw = torch.Generator().manual_seed(1)
    weights = [nn.Parameter(torch.randn(8 + n, 20, generator=draw)) for n in range(5)]
    muon = Muon(weights, 0.1, 0.1, torch.float32)
    for _ in range(3):
        for p in weights:
            p.grad = torch.randn(p.shape, generator=draw)
        muon.step()
    return [p.detach() for p in weights]


def one_of_two(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(stepped(), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def test_processes_that_share_the_work_take_the_same_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    multiprocessing.spawn(one_of_two, (str(tmp_path),), nprocs=2)
    alone = stepped()
    for rank in (0, 1):
        shared = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(alone, shared, strict=True))
