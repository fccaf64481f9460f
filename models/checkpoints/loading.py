"""Expected tensors of a module, the check against those of a checkpoint, and filling the module with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import nn

from edge_nav.errors import UsageError
from models.checkpoints.tensors import LazyTensor

Shapes = dict[str, tuple[int, ...]]
M = TypeVar("M", bound=nn.Module)
# Buffers that older versions of transformers saved and that follow from the configuration.
DERIVED = ("position_ids", "rotary_emb.inv_freq", "masked_bias")


def expected_shapes(build: Callable[[], nn.Module]) -> Shapes:
    """Names and shapes of a module's tensors, without its memory. Tied ones appear once, under their first name."""
    with torch.device("meta"):
        module = build()
    shapes: Shapes = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            shapes[name] = tuple(tensor.shape)
        seen.add(id(tensor))
    return shapes


def check_tensors(what: str, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, LazyTensor]) -> None:
    """Raise one UsageError that lists every missing, unexpected and wrongly shaped tensor by name."""
    wrong = [
        f"{name} (is {list(found[name].shape)}, should be {list(shape)})"
        for name, shape in expected.items()
        if name in found and found[name].shape != shape
    ]
    lists = {
        "missing": [name for name in expected if name not in found],
        "unexpected": [name for name in found if name not in expected],
        "wrong shape": wrong,
    }
    unlike = [f"{label}: {', '.join(names)}" for label, names in lists.items() if names]
    floats = [f"{n} ({t.dtype})" for n, t in found.items() if n in expected and not t.dtype.is_floating_point]
    if floats:
        unlike.append(f"not floating point: {', '.join(floats)}")
    if unlike:
        raise UsageError(
            f"{what} does not hold the tensors its configuration asks for ({'; '.join(unlike)}): fetch it again."
        )


def fill(build: Callable[[], M], tensors: Mapping[str, LazyTensor], dtype: torch.dtype) -> M:
    """Build a module, ready to run, with a checkpoint's tensors in ``dtype``; its own initialisation is skipped."""
    from transformers import PreTrainedModel
    from transformers.modeling_utils import no_init_weights

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with no_init_weights():
            module = build()
    finally:
        torch.set_default_dtype(before)
    for part in module.modules():
        if isinstance(part, PreTrainedModel):
            part.tie_weights()  # left out above together with the initialisation
    for name, tensor in tensors.items():
        owner, _, leaf = name.rpartition(".")
        parameter: Any = getattr(module.get_submodule(owner), leaf)
        # A copy: what was read may be the file itself. Replacing data keeps tied parameters tied.
        parameter.data = tensor.read().to(dtype, copy=True)
    return module.eval()
