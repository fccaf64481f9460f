from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, Dinov2Config
from transformers.models.depth_anything import DepthAnythingConfig, DepthAnythingForDepthEstimation

from edge_nav.errors import UsageError
from models.random_checkpoints.depth import DEPTH_RECIPES, DPT_PICTURES
from models.random_checkpoints.writing import Recipe, write_random

REPO = Path(__file__).resolve().parents[2]
PUBLISHED_PARAMETERS = 24_785_089
"""Of Depth-Anything-V2-Small-hf: 99,173,660 bytes of safetensors in fp32, header included."""


def tiny() -> DepthAnythingForDepthEstimation:
    backbone = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
    )
    sizes = {"reassemble_hidden_size": 32, "neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 8}
    return DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=backbone, head_hidden_size=8, depth_estimation_type="metric", max_depth=20.0, **sizes
        )
    )


def test_every_tensor_is_its_own_and_the_model_loads(tmp_path: Path) -> None:
    total = write_random(Recipe(tiny, DPT_PICTURES), "tiny", tmp_path / "one")
    tensors = load_file(tmp_path / "one/model.safetensors")
    assert sum(t.numel() for t in tensors.values()) == total
    values = [t.flatten()[: 1 << 16].tolist() for t in tensors.values()]
    assert all(a != b for n, a in enumerate(values) for b in values[:n])
    assert all(t.unique().numel() > 1 for t in tensors.values() if t.numel() > 1)
    model, report = DepthAnythingForDepthEstimation.from_pretrained(tmp_path / "one", output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    with torch.inference_mode():
        depth = model(torch.randn(1, 3, 70, 98)).predicted_depth
    assert 0 < depth.min() < depth.max() < 20
    write_random(Recipe(tiny), "tiny", tmp_path / "other", seed=1)
    other = load_file(tmp_path / "other/model.safetensors")
    assert all(not torch.equal(other[name], tensor) for name, tensor in tensors.items())


def test_large_ones_are_written_in_shards(tmp_path: Path) -> None:
    write_random(Recipe(tiny, dtype="float16"), "tiny", tmp_path / "whole")
    write_random(Recipe(tiny, dtype="float16"), "tiny", tmp_path / "shards", shard_bytes=20_000)
    assert len(list((tmp_path / "shards").glob("model-0000*.safetensors"))) > 2
    read = DepthAnythingForDepthEstimation.from_pretrained
    whole, shards = (read(tmp_path / n, dtype="auto") for n in ("whole", "shards"))
    assert whole.dtype == torch.float16
    for name, tensor in whole.state_dict().items():
        assert torch.equal(shards.state_dict()[name], tensor)


def test_the_published_shape(tmp_path: Path) -> None:
    with torch.device("meta"):
        module = DEPTH_RECIPES["depth-anything-v2-small"].build()
    assert sum(p.numel() for p in module.parameters()) == PUBLISHED_PARAMETERS


def test_bad_usage_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is in use: give a new folder"):
        write_random(Recipe(tiny), "tiny", tmp_path)
    command = [sys.executable, "-m", "models.random_checkpoints", "gpt-9", tmp_path / "new"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "recipe 'gpt-9' is not known: name one of depth-anything-v2-small" in done.stderr
    assert not (tmp_path / "new").exists()


def test_the_config_says_what_it_is(tmp_path: Path) -> None:
    write_random(Recipe(tiny, DPT_PICTURES), "tiny", tmp_path / "one")
    config = AutoConfig.from_pretrained(tmp_path / "one")
    assert config.architectures == ["DepthAnythingForDepthEstimation"]
    assert "license: cc0-1.0" in (tmp_path / "one/README.md").read_text()
