"""Writes checkpoints of random numbers in published shapes.

Speed and memory do not depend on what the weights are, so that benchmarks and proofs of scale need none that were
trained. Shapes are those of the published configurations. Every tensor has values of its own: exporters merge tensors
that are equal, and a file a tenth of its size would make no honest benchmark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_nav.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

SHARD_BYTES = 2 << 30
CARD = """---
license: cc0-1.0
---
Random numbers in the shape of {name}, made by `python -m models.random_checkpoints`. They know nothing: for benchmarks
and tests alone.
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a checkpoint is made. ``build`` gives the module, whose config is saved too, and is called on the meta
    device: nothing of it is allocated."""

    build: Callable[[], nn.Module]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Other JSON files of the folder."""
    finish: Callable[[Path], object] = lambda _folder: None
    """Writes what else belongs to the checkpoint: a tokenizer, a processor."""
    dtype: str = "float32"
    """As it was published."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A checkpoint of several folders, and what joins them: ``finish`` writes it and gives its number of parameters."""

    folders: dict[str, Recipe]
    finish: Callable[[Path, int], int]


def write_parts(parts: Parts, name: str, folder: Path, *, seed: int = 0) -> int:
    """Write a checkpoint of several folders; the number of parameters. UsageError if the folder is in use."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"{folder} is in use: give a new folder.")
    total = sum(write_random(recipe, name, folder / part, seed=seed) for part, recipe in parts.folders.items())
    return total + parts.finish(folder, seed)


def write_random(recipe: Recipe, name: str, folder: Path, *, seed: int = 0, shard_bytes: int = SHARD_BYTES) -> int:
    """Write config, weights and card into a new folder; the number of parameters. UsageError if it is in use.

    One shard is in memory at a time. config.json comes last: without it, no reader takes the folder for a checkpoint.
    """
    import torch
    from safetensors.torch import save_file

    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"{folder} is in use: give a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with torch.device("meta"):
        module = recipe.build()
    dtype: torch.dtype = getattr(torch, recipe.dtype)
    shapes = {n: p.shape for n, p in module.named_parameters()}  # a tied tensor is named once
    shards = list(_shards(shapes, dtype.itemsize, shard_bytes))
    index: dict[str, str] = {}
    for number, names in enumerate(shards, 1):
        file = "model.safetensors" if len(shards) == 1 else f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = {n: values(n, shapes[n], seed).to(dtype) for n in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names, file)
    total = sum(s.numel() for s in shapes.values())
    if len(shards) > 1:
        size = {"total_size": total * dtype.itemsize}
        _write_json(folder / "model.safetensors.index.json", {"metadata": size, "weight_map": index})
    for file, content in recipe.files.items():
        _write_json(folder / file, content)
    recipe.finish(folder)
    (folder / "README.md").write_text(CARD.format(name=name), encoding="utf-8")
    config: Any = module.config
    config.architectures = [type(module).__name__]
    config.dtype = recipe.dtype
    config.save_pretrained(folder)
    return total


def _shards(shapes: dict[str, torch.Size], itemsize: int, most: int) -> Iterator[list[str]]:
    names: list[str] = []
    size = 0
    for name, shape in shapes.items():
        here = shape.numel() * itemsize
        if names and size + here > most:
            yield names
            names, size = [], 0
        names.append(name)
        size += here
    yield names


def values(name: str, shape: torch.Size, seed: int) -> torch.Tensor:
    """Signals keep their size through the layers: matrices by their fan-in, gains about one, biases about nought."""
    import zlib

    import torch

    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
    noise: torch.Tensor = torch.randn(shape, generator=generator)
    if name.endswith(("bias", "cls_token", "mask_token", "position_embeddings", "position_embedding.weight")):
        return 0.02 * noise
    if len(shape) < 2:
        return 1 + 0.1 * noise
    return noise / math.sqrt(shape.numel() / shape[0])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
