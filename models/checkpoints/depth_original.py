"""Depth Anything as its authors publish it: one .pth file, whose name says which version and kind it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edge_nav.errors import UsageError
from models.checkpoints.depth import DepthCheckpoint, depth_checkpoint
from models.checkpoints.tensors import LazyTensor, Tensors, open_file

# Layers whose outputs the head takes, counted from 1, by the number of layers (Depth Anything V2; V1 takes the last 4).
_STAGES_V2 = {12: (3, 6, 9, 12), 24: (5, 12, 18, 24), 40: (10, 20, 30, 40)}
_MAX_DEPTH_M = {"hypersim": 20.0, "vkitti": 80.0}
_BLOCK = "backbone.encoder.layer."
_RULES = (
    (r"pretrained\.(cls_token|mask_token)", r"backbone.embeddings.\1"),
    (r"pretrained\.pos_embed", "backbone.embeddings.position_embeddings"),
    (r"pretrained\.patch_embed\.proj\.(.+)", r"backbone.embeddings.patch_embeddings.projection.\1"),
    (r"pretrained\.norm\.(.+)", r"backbone.layernorm.\1"),
    (r"pretrained\.blocks\.(\d+)\.(norm[12]\..+|mlp\.fc[12]\..+)", rf"{_BLOCK}\1.\2"),
    (r"pretrained\.blocks\.(\d+)\.mlp\.w12\.(.+)", rf"{_BLOCK}\1.mlp.weights_in.\2"),
    (r"pretrained\.blocks\.(\d+)\.mlp\.w3\.(.+)", rf"{_BLOCK}\1.mlp.weights_out.\2"),
    (r"pretrained\.blocks\.(\d+)\.ls([12])\.gamma", rf"{_BLOCK}\1.layer_scale\2.lambda1"),
    (r"pretrained\.blocks\.(\d+)\.attn\.proj\.(.+)", rf"{_BLOCK}\1.attention.output.dense.\2"),
    (r"depth_head\.projects\.(\d)\.(.+)", r"neck.reassemble_stage.layers.\1.projection.\2"),
    (r"depth_head\.resize_layers\.(\d)\.(.+)", r"neck.reassemble_stage.layers.\1.resize.\2"),
    (r"depth_head\.scratch\.output_conv1\.(.+)", r"head.conv1.\1"),
    (r"depth_head\.scratch\.output_conv2\.0\.(.+)", r"head.conv2.\1"),
    (r"depth_head\.scratch\.output_conv2\.2\.(.+)", r"head.conv3.\1"),
)
_QKV = re.compile(r"pretrained\.blocks\.(\d+)\.attn\.qkv\.(weight|bias)")
_FUSION = re.compile(
    r"depth_head\.scratch\.refinenet([1-4])\.(?:out_conv|resConfUnit([12])\.conv([12]))\.(weight|bias)"
)
_CONV = re.compile(r"depth_head\.scratch\.layer([1-4])_rn\.weight")


@dataclass(frozen=True, slots=True)
class _Third:
    """One of query, key and value, which the original keeps in one tensor."""

    whole: LazyTensor
    part: int

    def __call__(self) -> torch.Tensor:
        return self.whole.read().chunk(3)[self.part].clone()


def open_depth_file(path: Path, source: str) -> DepthCheckpoint:
    """Open e.g. depth_anything_v2_vits.pth or depth_anything_v2_metric_hypersim_vits.pth."""
    name = path.stem.lower()
    if "depth_anything" not in name:
        raise UsageError(
            f"{path}: a Depth Anything file keeps its name, such as depth_anything_v2_vits.pth: rename it."
        )
    dataset = next((d for d in _MAX_DEPTH_M if d in name), None)
    if "metric" in name and (dataset is None or "v2" not in name):
        raise UsageError(f"{path}: the metric kind is not known: depth_anything_v2_metric_hypersim or _vkitti are.")
    original = open_file(path)
    config = _config(path, original, second="v2" in name, max_depth_m=_MAX_DEPTH_M[dataset] if dataset else None)
    return depth_checkpoint(path.parent, config, Tensors(_renamed(original)), source=source)


def _config(path: Path, tensors: dict[str, LazyTensor], *, second: bool, max_depth_m: float | None) -> Any:
    """All sizes, from the tensors' shapes. A head of DINOv2 has 64 values."""
    from transformers import DepthAnythingConfig, Dinov2Config

    try:
        layers = 1 + max(int(m[1]) for m in map(_QKV.fullmatch, tensors) if m)
        width = tensors["pretrained.pos_embed"].shape[2]
        side = round((tensors["pretrained.pos_embed"].shape[1] - 1) ** 0.5)
        patch = tensors["pretrained.patch_embed.proj.weight"].shape[-1]
        necks = [tensors[f"depth_head.projects.{i}.weight"].shape[0] for i in range(4)]
        features = tensors["depth_head.scratch.layer1_rn.weight"].shape[0]
        last = tensors["depth_head.scratch.output_conv2.0.weight"].shape[0]
    except (KeyError, ValueError, IndexError) as e:
        raise UsageError(f"{path} holds no Depth Anything weights ({e} is missing): give one of its .pth files.") from e
    if layers not in _STAGES_V2:
        raise UsageError(f"{path}: a backbone of {layers} layers is not supported: 12, 24 and 40 are.")
    stages = _STAGES_V2[layers] if second else tuple(range(layers - 3, layers + 1))
    gated = "pretrained.blocks.0.mlp.w12.weight" in tensors
    backbone = Dinov2Config(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        mlp_ratio=4 if gated else tensors["pretrained.blocks.0.mlp.fc1.weight"].shape[0] // width,
        use_swiglu_ffn=gated,
        image_size=side * patch,
        patch_size=patch,
        out_features=[f"stage{i}" for i in stages],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    return DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=width,
        patch_size=patch,
        neck_hidden_sizes=necks,
        fusion_hidden_size=features,
        head_hidden_size=last,
        depth_estimation_type="metric" if max_depth_m else "relative",
        max_depth=max_depth_m,
    )


def _renamed(tensors: dict[str, LazyTensor]) -> dict[str, LazyTensor]:
    """Names of transformers; a name that no rule knows stays, and the check reports it."""
    renamed: dict[str, LazyTensor] = {}
    for name, tensor in tensors.items():
        if match := _QKV.fullmatch(name):
            shape = (tensor.shape[0] // 3, *tensor.shape[1:])
            for part, role in enumerate(("query", "key", "value")):
                new = f"{_BLOCK}{match[1]}.attention.attention.{role}.{match[2]}"
                renamed[new] = LazyTensor(shape, tensor.dtype, _Third(tensor, part))
        elif match := _FUSION.fullmatch(name):
            inner = f"residual_layer{match[2]}.convolution{match[3]}" if match[2] else "projection"
            # The original counts its fusion blocks from the finest, transformers from the coarsest.
            renamed[f"neck.fusion_stage.layers.{4 - int(match[1])}.{inner}.{match[4]}"] = tensor
        elif match := _CONV.fullmatch(name):
            renamed[f"neck.convs.{int(match[1]) - 1}.weight"] = tensor
        else:
            renamed[_by_rules(name)] = tensor
    return renamed


def _by_rules(name: str) -> str:
    for pattern, new in _RULES:
        if match := re.fullmatch(pattern, name):
            return match.expand(new)
    return name
