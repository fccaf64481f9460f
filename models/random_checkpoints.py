"""`python -m models.random_checkpoints NAME FOLDER`: full-size checkpoints of random numbers.

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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_nav.errors import UsageError
from models.command import run_command

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
app = typer.Typer(add_completion=False, help="Write a full-size checkpoint of random numbers.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a checkpoint is made. ``build`` gives the module, whose config is saved too, and is called on the meta
    device: nothing of it is allocated."""

    build: Callable[[], nn.Module]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Other JSON files of the folder."""
    dtype: str = "float32"
    """As it was published."""


def _depth_anything_v2_small(max_depth_m: float | None) -> nn.Module:
    """https://huggingface.co/depth-anything/Depth-Anything-V2-Small-hf and its metric sisters."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    backbone = Dinov2Config(
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=6,
        image_size=518,
        patch_size=14,
        out_features=["stage3", "stage6", "stage9", "stage12"],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=384,
        reassemble_factors=[4, 2, 1, 0.5],
        neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64,
        head_in_index=-1,
        head_hidden_size=32,
        depth_estimation_type="relative" if max_depth_m is None else "metric",
        max_depth=max_depth_m or 1,
    )
    module: nn.Module = DepthAnythingForDepthEstimation(config)
    return module


DPT_PICTURES = {
    "preprocessor_config.json": {
        "image_processor_type": "DPTImageProcessor",
        "do_normalize": True,
        "do_pad": False,
        "do_rescale": True,
        "do_resize": True,
        "ensure_multiple_of": 14,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        "keep_aspect_ratio": True,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"height": 518, "width": 518},
    }
}
RECIPES: dict[str, Recipe] = {
    "depth-anything-v2-small": Recipe(lambda: _depth_anything_v2_small(None), DPT_PICTURES),
    "depth-anything-v2-metric-indoor-small": Recipe(lambda: _depth_anything_v2_small(20.0), DPT_PICTURES),
    "depth-anything-v2-metric-outdoor-small": Recipe(lambda: _depth_anything_v2_small(80.0), DPT_PICTURES),
}


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
        tensors = {n: _values(n, shapes[n], seed).to(dtype) for n in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names, file)
    total = sum(s.numel() for s in shapes.values())
    if len(shards) > 1:
        size = {"total_size": total * dtype.itemsize}
        _write_json(folder / "model.safetensors.index.json", {"metadata": size, "weight_map": index})
    for file, content in recipe.files.items():
        _write_json(folder / file, content)
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


def _values(name: str, shape: torch.Size, seed: int) -> torch.Tensor:
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


@app.command()
def write(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(RECIPES)}.")],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other numbers.")] = 0,
) -> None:
    """Write a full-size checkpoint of random numbers."""
    if name not in RECIPES:
        raise UsageError(f"recipe {name!r} is not known: name one of {', '.join(RECIPES)}.")
    total = write_random(RECIPES[name], name, folder, seed=seed)
    typer.echo(f"{folder}: {name}, {total / 1e6:.1f} million parameters in {RECIPES[name].dtype}.")


if __name__ == "__main__":
    run_command(app)
