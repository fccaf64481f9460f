"""LoRA adapters in the layout of peft, merged into a checkpoint's tensors as they are read.

W + scale * B A, with scale = alpha / r, or alpha / sqrt(r) for rank-stabilised adapters (arXiv:2106.09685, 2312.03732).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from edge_nav.errors import UsageError
from models.checkpoints.tensors import LazyTensor, open_torch, open_weights, read_json
from models.checkpoints.vlm import Rename

_LORA = re.compile(r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.\w+)?")
_WRAPPERS = re.compile(r"\.(?:modules_to_save(?:\.default)?|base_layer)(?=\.)")
_OTHER_TRAINED = "non_lora_trainables.bin"  # what LLaVA's training saves beside the adapter: its projector


@dataclass(frozen=True, slots=True)
class _Merged:
    """Reads the sum, computed in float32 and rounded once to the checkpoint's dtype."""

    base: LazyTensor
    a: LazyTensor
    b: LazyTensor
    scale: float
    transposed: bool

    def __call__(self) -> torch.Tensor:
        delta = self.b.read().float() @ self.a.read().float()
        if self.transposed:
            delta = delta.T
        return (self.base.read().float() + self.scale * delta).to(self.base.dtype)


class _Scales:
    """The factor of each module, from adapter_config.json."""

    def __init__(self, path: Path) -> None:
        data = read_json(path)
        if data.get("peft_type") != "LORA":
            raise UsageError(f"{path}: adapter type {data.get('peft_type')!r} is not supported: LORA is.")
        for key in ("use_dora", "fan_in_fan_out", "lora_bias"):
            if data.get(key):
                raise UsageError(f"{path}: {key} is not supported: merge the adapter with peft and give the result.")
        alpha = data.get("lora_alpha")
        if not isinstance(alpha, int | float):
            raise UsageError(f"{path} has no lora_alpha: give the adapter_config.json that peft saved.")
        self._alpha = float(alpha)
        self._patterns: Mapping[str, float] = data.get("alpha_pattern") or {}
        self._stabilised = bool(data.get("use_rslora"))

    def of(self, module: str, rank: int) -> float:
        """peft's rule: the first alpha_pattern that matches the end of the module's path, else lora_alpha."""
        hits = (alpha for key, alpha in self._patterns.items() if re.match(rf"(.*\.)?({key})$", module))
        return float(next(hits, self._alpha)) / (math.sqrt(rank) if self._stabilised else rank)


def merge_adapter(tensors: Mapping[str, LazyTensor], folder: Path, rename: Rename) -> dict[str, LazyTensor]:
    """The checkpoint's tensors (by canonical names) with an adapter's changes.

    ``rename`` maps names of the adapted model to canonical ones. Modules saved whole (modules_to_save, biases) replace
    the checkpoint's. Raises one UsageError that lists every tensor of the adapter that fits nowhere.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: give one with adapter_config.json, as peft saves it.")
    scales = _Scales(folder / "adapter_config.json")
    merged, pairs, strange = dict(tensors), dict[str, dict[str, LazyTensor]](), list[str]()
    for name, tensor in _files(folder).items():
        path = _WRAPPERS.sub("", name.removeprefix("base_model.model."))
        match = _LORA.fullmatch(path)
        target = rename(f"{match['module']}.weight" if match else path)
        if not target or target not in tensors:
            strange.append(name)
        elif match:
            side = match["side"] + ("e" if match["embedding"] else "")
            pairs.setdefault(match["module"], {})[side] = tensor
        else:
            merged[target] = tensor
    for module, sides in pairs.items():
        target = str(rename(f"{module}.weight"))
        base = merged[target]
        embedding = "Ae" in sides or "Be" in sides
        a, b = sides.get("Ae" if embedding else "A"), sides.get("Be" if embedding else "B")
        if a is None or b is None:
            strange.append(f"{module} (lora_A or lora_B is missing)")
            continue
        shape = (b.shape[0], a.shape[-1])
        if (shape[::-1] if embedding else shape) != base.shape or a.shape[0] != b.shape[-1]:
            strange.append(f"{module} (is {list(b.shape)} x {list(a.shape)}, should make {list(base.shape)})")
            continue
        reader = _Merged(base, a, b, scales.of(module, a.shape[0]), embedding)
        merged[target] = LazyTensor(base.shape, base.dtype, reader)
    if strange:
        raise UsageError(f"adapter {folder} does not fit the checkpoint ({', '.join(strange)}): give its own base.")
    return merged


def _files(folder: Path) -> dict[str, LazyTensor]:
    tensors = open_weights(folder, stems=("adapter_model",))
    if (folder / _OTHER_TRAINED).is_file():
        tensors |= open_torch(folder / _OTHER_TRAINED)
    return tensors
