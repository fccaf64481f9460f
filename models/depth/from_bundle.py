"""A bundle's depth.onnx -> the weights of a network to train on from: what ships is all that is kept of a training.

Exporting folds normalisation into the convolution before it, whose weights then have no name. They come in the order in
which the network uses them, so that they are told apart by it; normalisation becomes one that changes nothing until it
is measured anew.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edge_nav.errors import UsageError
from models.depth.network import NanoDepth

GRAPH = "depth.onnx"
PREFIX, HALF = "network.", ".half"
REMEDY = "give the recipe's network the settings that it was trained with."


def is_graph(path: Path) -> bool:
    """Whether it is a bundle's folder, or its graph, and no training checkpoint."""
    return path.is_dir() or path.suffix == ".onnx"


def weights_of(path: Path, network: NanoDepth) -> dict[str, Tensor]:
    """The weights of a bundle's folder, or its graph, by the names of ``network``, which tells how they are laid out.

    Raises UsageError for what cannot be read, and where the network is of another shape.
    """
    file = path / GRAPH if path.is_dir() else path
    named, plain = _initialisers(file)
    known = network.state_dict()
    for name, weight in named.items():
        if name in known and known[name].shape != weight.shape:
            raise _other(file, name)
    found = {name: weight for name, weight in named.items() if name in known}
    names = {module: name for name, module in network.named_modules()}
    used = [(names[m], m, after) for m, after in _order_of_use(network) if f"{names[m]}.weight" not in found]
    if len(used) != len(plain):
        raise UsageError(f"start {file} holds {len(plain)} unnamed weights where the network has {len(used)}: {REMEDY}")
    for (name, module, after), (stored, bias) in zip(used, plain, strict=True):
        weight = stored.T if isinstance(module, nn.Linear) else stored
        if weight.shape != known[f"{name}.weight"].shape or (after is None) != (bias is None):
            raise _other(file, name)
        found[f"{name}.weight"] = weight.contiguous()
        if after is not None and bias is not None:
            norm, one = names[after], torch.ones_like(bias)
            found |= {f"{norm}.weight": one, f"{norm}.bias": bias, f"{norm}.running_mean": torch.zeros_like(bias)}
            found[f"{norm}.running_var"] = one - after.eps
    return found


def _other(file: Path, name: str) -> UsageError:
    return UsageError(f"start {file} is of another network, {name} has another shape: {REMEDY}")


@torch.no_grad()
def measure_norms(network: NanoDepth, pixels: Tensor) -> None:
    """Let every normalisation that changes nothing measure what comes to it, and go on giving what it gave.

    ``pixels`` [B, 3, H, W], normalised, as many as can be had at once: a training step normalises by its own batch, so
    that a network whose normalisations measured nothing would begin as another one.
    """

    def measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
        if not torch.equal(norm.running_var, torch.full_like(norm.running_var, 1 - norm.eps)):
            return
        x = inputs[0].float()
        norm.running_mean.copy_(x.mean(dim=(0, 2, 3)))
        norm.running_var.copy_(x.var(dim=(0, 2, 3)))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.add_(norm.running_mean)

    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.register_forward_pre_hook(measure) for norm in norms]
    taught = network.training
    network.eval()(pixels)
    network.train(taught)
    for hook in before:
        hook.remove()


def _initialisers(file: Path) -> tuple[dict[str, Tensor], list[tuple[Tensor, Tensor | None]]]:
    """Weights with the network's own names, and (weight, bias) of those without, in the order of their use."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as e:
        raise UsageError(f"onnx is not here ({e}): install it with `pip install edge-nav[train]`.") from e
    try:
        graph = onnx.load(str(file)).graph
        values = {i.name.removesuffix(HALF): _tensor(numpy_helper.to_array(i)) for i in graph.initializer}
    except Exception as e:  # protobuf's and onnx's errors have no class in common
        raise UsageError(
            f"start {file} cannot be read ({type(e).__name__}): give a bundle of the nano network, or a checkpoint."
        ) from e
    plain = [
        (values[node.input[1]], values[node.input[2]] if len(node.input) > 2 else None)
        for node in graph.node
        if node.op_type in ("Conv", "MatMul") and node.input[1] in values and not node.input[1].startswith(PREFIX)
    ]
    return {k.removeprefix(PREFIX): v for k, v in values.items() if k.startswith(PREFIX)}, plain


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))


def _order_of_use(network: NanoDepth) -> list[tuple[nn.Module, nn.BatchNorm2d | None]]:
    """Convolutions and linear layers as they are used, each with the normalisation right after it."""
    used: list[nn.Module] = []
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear, nn.BatchNorm2d))]
    hooks = [m.register_forward_hook(lambda module, _inputs, _output: used.append(module)) for m in layers]
    taught = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, network.settings.multiple, network.settings.multiple))
    network.train(taught)
    for hook in hooks:
        hook.remove()
    return [
        (m, n if isinstance(m, nn.Conv2d) and isinstance(n, nn.BatchNorm2d) else None)
        for m, n in zip(used, [*used[1:], None], strict=True)
        if isinstance(m, (nn.Conv2d, nn.Linear))
    ]
