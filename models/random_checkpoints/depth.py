"""Depth Anything V2 Small, relative and metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.random_checkpoints.writing import Recipe

if TYPE_CHECKING:
    from torch import nn


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
DEPTH_RECIPES: dict[str, Recipe] = {
    "depth-anything-v2-small": Recipe(lambda: _depth_anything_v2_small(None), DPT_PICTURES),
    "depth-anything-v2-metric-indoor-small": Recipe(lambda: _depth_anything_v2_small(20.0), DPT_PICTURES),
    "depth-anything-v2-metric-outdoor-small": Recipe(lambda: _depth_anything_v2_small(80.0), DPT_PICTURES),
}
