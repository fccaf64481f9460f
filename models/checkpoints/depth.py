"""Depth Anything V1 and V2, relative and metric, as transformers saves it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from models.checkpoints.config_files import transformers_config
from models.checkpoints.loading import DERIVED, check_tensors, expected_shapes, fill
from models.checkpoints.tensors import Tensors, open_weights, read_json
from models.checkpoints.vlm import read_licence


@dataclass(frozen=True)
class DepthCheckpoint:
    """Weights named as transformers' DepthAnythingForDepthEstimation, and how an image becomes its input.

    ``quantity`` of the output: metres where ``kind`` is metric, else inverse depth up to a scale and shift.
    """

    folder: Path
    config: Any
    tensors: Tensors
    kind: Literal["metric", "relative"]
    max_depth_m: float | None
    shorter_side: int
    multiple: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    source: str

    @property
    def quantity(self) -> Literal["depth", "inverse_depth"]:
        """What the output is."""
        return "depth" if self.kind == "metric" else "inverse_depth"

    def build(self, dtype: torch.dtype = torch.float32) -> nn.Module:
        """DepthAnythingForDepthEstimation with its weights: pixels [B, 3, H, W] -> ``.predicted_depth`` [B, H, W]."""
        return fill(lambda: build_depth(self.config), self.tensors, dtype)


def build_depth(config: Any) -> nn.Module:
    """The transformers module with fresh weights."""
    from transformers import DepthAnythingForDepthEstimation

    module: nn.Module = DepthAnythingForDepthEstimation(config)
    return module


def open_depth_folder(folder: Path, data: dict[str, Any], source: str) -> DepthCheckpoint:
    """A folder with config.json (depth_anything), weights and preprocessor_config.json."""
    from transformers import DepthAnythingConfig

    config = transformers_config(DepthAnythingConfig, data, folder / "config.json")
    found = {n: t for n, t in open_weights(folder).items() if not n.endswith(DERIVED)}
    pre = read_json(folder / "preprocessor_config.json")
    size = pre.get("size", {})
    return depth_checkpoint(
        folder,
        config,
        Tensors(found),
        source=source,
        shorter_side=int(min(size.get("height", 518), size.get("width", 518))),
        mean=tuple(pre.get("image_mean", IMAGENET_MEAN)),
        std=tuple(pre.get("image_std", IMAGENET_STD)),
    )


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def depth_checkpoint(
    folder: Path,
    config: Any,
    tensors: Tensors,
    *,
    source: str,
    shorter_side: int = 518,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
) -> DepthCheckpoint:
    """Check the tensors against the config and keep both."""
    expected = expected_shapes(lambda: build_depth(config))
    check_tensors(source, expected, tensors)
    metric = config.depth_estimation_type == "metric"
    return DepthCheckpoint(
        folder=folder,
        config=config,
        tensors=Tensors({name: tensors[name] for name in expected}),
        kind="metric" if metric else "relative",
        max_depth_m=float(config.max_depth) if metric else None,
        shorter_side=shorter_side,
        multiple=int(config.patch_size),
        mean=mean,
        std=std,
        licence=read_licence(folder),
        source=source,
    )
