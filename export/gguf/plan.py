"""What a GGUF file will hold: one planned tensor per line, each read only when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError

if TYPE_CHECKING:
    import torch

Base = Literal["F16", "BF16", "F32"]
"""How matrices are stored before any quantising; vectors are always F32, as llama.cpp wants them."""

Array = NDArray[np.generic]


class Source(Protocol):
    """A tensor of a checkpoint that is not in memory yet."""

    @property
    def shape(self) -> Sequence[int]: ...

    def read(self) -> torch.Tensor: ...


Sources = Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Planned:
    """One tensor of the file. ``shape`` is rows first, as in torch; ``read`` gives it in its final values."""

    name: str
    shape: tuple[int, ...]
    kind: Base
    read: Callable[[], torch.Tensor]

    @property
    def bytes(self) -> int:
        """Its size in the file, without padding."""
        return prod(self.shape) * (4 if self.kind == "F32" else 2)

    def array(self) -> Array:
        """Read it in its type. Raises UsageError where a value does not fit."""
        import torch

        tensor = self.read()
        if tuple(tensor.shape) != self.shape:
            raise UsageError(
                f"tensor {self.name} has shape {tuple(tensor.shape)} instead of {self.shape}: fetch again."
            )
        if self.kind == "F32":
            return _finite(self.name, tensor.to(torch.float32).contiguous().numpy(), "the checkpoint")
        if self.kind == "F16":
            return _finite(self.name, tensor.to(torch.float16).contiguous().numpy(), "F16")
        bits: Array = tensor.to(torch.bfloat16).contiguous().view(torch.int16).numpy()
        if np.any((bits & np.int16(0x7F80)) == 0x7F80):
            raise UsageError(f"tensor {self.name} holds values that are not numbers: the checkpoint is damaged.")
        return bits


def _finite(name: str, array: NDArray[Any], where: str) -> Array:
    # In blocks, so that the check needs no second tensor.
    flat = array.reshape(-1)
    for start in range(0, flat.size, 1 << 22):
        if not np.isfinite(flat[start : start + (1 << 22)]).all():
            raise UsageError(f"tensor {name} holds values that are not numbers in {where}: export it as BF16.")
    return array


def planned_bytes(plan: Iterable[Planned]) -> int:
    """Bytes of all tensors."""
    return sum(t.bytes for t in plan)
