from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_checkpoints import randomise, write_depth_anything
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

from edge_nav.errors import UsageError
from models.checkpoints import DepthCheckpoint, open_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("metric", [True, False])
@torch.inference_mode()
def test_a_folder_of_transformers(metric: bool, tmp_path: Path) -> None:
    write_depth_anything(tmp_path, metric)
    checkpoint = open_checkpoint(tmp_path, kind="depth")
    reference = DepthAnythingForDepthEstimation.from_pretrained(tmp_path).eval()
    assert (checkpoint.kind, checkpoint.max_depth_m) == (("metric", 20.0) if metric else ("relative", None))
    assert checkpoint.quantity == ("depth" if metric else "inverse_depth")
    assert (checkpoint.shorter_side, checkpoint.multiple, checkpoint.licence) == (70, 14, "apache-2.0")
    assert checkpoint.mean == (0.485, 0.456, 0.406)
    pixels = torch.randn(1, 3, 70, 98)
    depth = checkpoint.build()(pixels).predicted_depth
    assert depth.shape == (1, 70, 98)
    assert depth.std() > 0
    torch.testing.assert_close(depth, reference(pixels).predicted_depth)


def as_original(model: DepthAnythingForDepthEstimation, path: Path) -> None:
    """Weights under the names that the authors' code gives them, derived from their module structure."""
    new = {}
    state = model.state_dict()
    tokens = "backbone.embeddings."
    new["pretrained.cls_token"] = state.pop(f"{tokens}cls_token")
    new["pretrained.mask_token"] = state.pop(f"{tokens}mask_token")
    new["pretrained.pos_embed"] = state.pop(f"{tokens}position_embeddings")
    for leaf in ("weight", "bias"):
        new[f"pretrained.patch_embed.proj.{leaf}"] = state.pop(f"{tokens}patch_embeddings.projection.{leaf}")
        new[f"pretrained.norm.{leaf}"] = state.pop(f"backbone.layernorm.{leaf}")
    for i in range(12):
        here, there = f"backbone.encoder.layer.{i}.", f"pretrained.blocks.{i}."
        for k in (1, 2):
            new[f"{there}ls{k}.gamma"] = state.pop(f"{here}layer_scale{k}.lambda1")
        for leaf in ("weight", "bias"):
            parts = [state.pop(f"{here}attention.attention.{p}.{leaf}") for p in ("query", "key", "value")]
            new[f"{there}attn.qkv.{leaf}"] = torch.cat(parts)
            new[f"{there}attn.proj.{leaf}"] = state.pop(f"{here}attention.output.dense.{leaf}")
            for k in (1, 2):
                new[f"{there}norm{k}.{leaf}"] = state.pop(f"{here}norm{k}.{leaf}")
                new[f"{there}mlp.fc{k}.{leaf}"] = state.pop(f"{here}mlp.fc{k}.{leaf}")
    scratch = "depth_head.scratch."
    for i in range(4):
        new[f"{scratch}layer{i + 1}_rn.weight"] = state.pop(f"neck.convs.{i}.weight")
        for leaf in ("weight", "bias"):
            stage = f"neck.reassemble_stage.layers.{i}."
            new[f"depth_head.projects.{i}.{leaf}"] = state.pop(f"{stage}projection.{leaf}")
            if i != 2:  # the third is left at its size
                new[f"depth_head.resize_layers.{i}.{leaf}"] = state.pop(f"{stage}resize.{leaf}")
            # refinenet4 fuses the coarsest map, which transformers fuses first.
            fusion, refine = f"neck.fusion_stage.layers.{i}.", f"{scratch}refinenet{4 - i}."
            new[f"{refine}out_conv.{leaf}"] = state.pop(f"{fusion}projection.{leaf}")
            for unit in (1, 2):
                for conv in (1, 2):
                    new[f"{refine}resConfUnit{unit}.conv{conv}.{leaf}"] = state.pop(
                        f"{fusion}residual_layer{unit}.convolution{conv}.{leaf}"
                    )
    for leaf in ("weight", "bias"):
        new[f"{scratch}output_conv1.{leaf}"] = state.pop(f"head.conv1.{leaf}")
        new[f"{scratch}output_conv2.0.{leaf}"] = state.pop(f"head.conv2.{leaf}")
        new[f"{scratch}output_conv2.2.{leaf}"] = state.pop(f"head.conv3.{leaf}")
    assert not state
    torch.save(new, path)


@pytest.mark.parametrize(
    ("name", "stages", "max_depth"),
    [
        ("depth_anything_v2_vits.pth", (3, 6, 9, 12), None),
        ("depth_anything_v2_metric_hypersim_vits.pth", (3, 6, 9, 12), 20.0),
        ("depth_anything_v2_metric_vkitti_vits.pth", (3, 6, 9, 12), 80.0),
        ("depth_anything_vits14.pth", (9, 10, 11, 12), None),
    ],
)
@torch.inference_mode()
def test_the_authors_file_is_the_same_model(
    name: str, stages: tuple[int, ...], max_depth: float | None, tmp_path: Path
) -> None:
    backbone = Dinov2Config(
        hidden_size=64,
        num_hidden_layers=12,
        num_attention_heads=1,
        mlp_ratio=2,
        image_size=70,
        patch_size=14,
        out_features=[f"stage{i}" for i in stages],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=64,
        patch_size=14,
        neck_hidden_sizes=[8, 16, 32, 32],
        fusion_hidden_size=16,
        head_hidden_size=8,
        depth_estimation_type="metric" if max_depth else "relative",
        max_depth=max_depth,
    )
    model = randomise(DepthAnythingForDepthEstimation(config), 1)
    model.head.conv3.bias.fill_(1.0)
    as_original(model, tmp_path / name)
    pixels = torch.randn(1, 3, 70, 84)
    for where in (tmp_path, tmp_path / name):
        checkpoint = open_checkpoint(where, kind="depth")
        assert isinstance(checkpoint, DepthCheckpoint)
        assert checkpoint.max_depth_m == max_depth
        assert (checkpoint.shorter_side, checkpoint.multiple) == (518, 14)
        torch.testing.assert_close(checkpoint.build()(pixels).predicted_depth, model(pixels).predicted_depth)


def test_a_file_that_says_nothing_of_its_kind_is_refused(tmp_path: Path) -> None:
    for name in ("weights.pth", "depth_anything_metric_depth_indoor.pth", "depth_anything_v2_vits.pth"):
        torch.save({"some.weight": torch.zeros(2)}, tmp_path / name)
        with pytest.raises(UsageError, match=name):
            open_checkpoint(tmp_path / name)
