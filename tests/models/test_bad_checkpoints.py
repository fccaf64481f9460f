"""Whatever is wrong with a checkpoint is one sentence that names it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoints import write_depth_anything
from vlm_helpers import copy_folder

from edge_nav.errors import UsageError
from models.checkpoints import open_checkpoint
from models.checkpoints.tensors import open_torch, open_weights

pytestmark = pytest.mark.usefixtures("one_thread")


def complaint(where: Path, **options: object) -> str:
    """The one sentence, checked to be one."""
    with pytest.raises(UsageError) as caught:
        open_checkpoint(where, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_every_missing_unexpected_and_wrong_tensor_is_listed(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["multi_modal_projector.linear_1.weight"]
    del tensors["language_model.model.layers.1.mlp.up_proj.weight"]
    tensors["language_model.model.norm.weight"] = torch.zeros(65)
    tensors["language_model.model.embed_tokens.weight"] = torch.zeros(700, 64)
    tensors["something.else"] = torch.zeros(1)
    tensors["language_model.model.layers.2.mlp.up_proj.weight"] = torch.zeros(1)
    save_file(tensors, path)
    message = complaint(folder)
    missing, rest = message.split("missing: ")[1].split("; unexpected: ")
    unexpected, wrong = rest.split("; wrong shape: ")
    assert missing == "projector.linear_1.weight, decoder.model.layers.1.mlp.up_proj.weight"
    assert unexpected == "decoder.model.layers.2.mlp.up_proj.weight, something.else"
    assert "decoder.model.embed_tokens.weight (is [700, 64], should be [704, 64])" in wrong
    assert "decoder.model.norm.weight (is [65], should be [64])" in wrong


def test_quantised_weights_are_refused_by_name(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    tensors = load_file(folder / "model.safetensors")
    tensors["language_model.lm_head.weight"] = tensors["language_model.lm_head.weight"].to(torch.int8)
    save_file(tensors, folder / "model.safetensors")
    assert "decoder.lm_head.weight (torch.int8)" in complaint(folder)
    change_config(folder, quantization_config={"quant_method": "bitsandbytes"})
    assert "quantised" in complaint(folder)


@pytest.mark.parametrize("cut", [0, 5, 100, -1000])
def test_a_truncated_safetensors_file(cut: int, tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "paligemma", tmp_path / "c")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    message = complaint(folder)
    assert "model.safetensors" in message
    assert "cut short" in message


@pytest.mark.parametrize(
    "header", [b"[]", b"{", b'{"a": 3}', b'{"a": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}']
)
def test_a_damaged_header(header: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    with pytest.raises(UsageError, match=r"model\.safetensors"):
        open_weights(tmp_path)


def test_torch_files_are_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    torch.save({"weight": Evil()}, tmp_path / "model.bin")
    with pytest.raises(UsageError, match=r"model\.bin"):
        open_torch(tmp_path / "model.bin")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "model.bin").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UsageError, match=r"model\.bin"):
        open_torch(tmp_path / "model.bin")


def test_the_old_format_of_torch_is_read(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 4), "b": torch.randn(2).half()}
    torch.save(tensors, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    found = open_torch(tmp_path / "old.bin")
    assert {n: (t.shape, t.dtype) for n, t in found.items()} == {
        "a": ((3, 4), torch.float32),
        "b": ((2,), torch.float16),
    }
    assert all(torch.equal(found[n].read(), tensors[n]) for n in tensors)


def test_a_missing_shard_and_an_index_that_lies(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "original", tmp_path / "c")
    index = folder / "pytorch_model.bin.index.json"
    data = json.loads(index.read_text())
    index.write_text(json.dumps({"weight_map": data["weight_map"] | {"x.weight": "pytorch_model-00001-of-00002.bin"}}))
    assert "x.weight" in complaint(folder)
    index.write_text(json.dumps({"weight_map": data["weight_map"] | {"x.weight": "../secret.bin"}}))
    assert "outside" in complaint(folder)
    index.write_text(json.dumps(data))
    (folder / "pytorch_model-00002-of-00002.bin").unlink()
    assert "pytorch_model-00002-of-00002.bin" in complaint(folder)


def test_what_is_no_checkpoint(tiny: Path, tmp_path: Path) -> None:
    assert "config.json" in complaint(tmp_path)
    assert "neither a folder nor a hub id" in complaint(tmp_path / "nothing")
    (tmp_path / "config.json").write_text("{")
    assert "config.json is not readable JSON" in complaint(tmp_path)
    (tmp_path / "config.json").write_text("[1]")
    assert "config.json" in complaint(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_vl"}')
    message = complaint(tmp_path)
    assert "qwen2_vl" in message
    assert "PaliGemma" in message
    assert "Depth Anything" in message
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    (folder / "model.safetensors").unlink()
    assert "holds no weights" in complaint(folder)


def change_config(folder: Path, **changes: object) -> None:
    data = json.loads((folder / "config.json").read_text())
    for key, value in changes.items():
        data[key] = {**data[key], **value} if isinstance(value, dict) and key in data else value
    (folder / "config.json").write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("llava", {"text_config": {"model_type": "mistral"}}, "mistral"),
        ("llava", {"text_config": {"model_type": "no_such_model"}}, "no_such_model"),
        ("llava", {"vision_feature_layer": [-2, -5]}, "several layers"),
        ("llava", {"vision_feature_layer": -9}, "layer -9"),
        ("llava", {"vision_config": {"model_type": "dinov2"}}, "vision_feature_select_strategy"),
        ("paligemma", {"text_config": {"model_type": "gemma2"}}, "gemma2"),
        ("original", {"image_aspect_ratio": "anyres"}, "anyres"),
        ("original", {"mm_projector_type": "resampler"}, "resampler"),
        ("original", {"mm_use_im_start_end": True}, "mm_use_im_start_end"),
        ("original", {"mm_vision_tower": "nowhere"}, "nowhere"),
        ("original", {"mm_vision_tower": None}, "mm_vision_tower"),
        ("original", {"mm_vision_select_layer": "last"}, "last"),
        ("paligemma", {"text_config": {"num_hidden_layers": None}}, "layers: Input should be a valid integer"),
        ("llava", {"vision_config": {"patch_size": -1}}, "patch"),
    ],
)
def test_what_is_not_supported_is_named(
    name: str, changes: dict[str, object], words: str, tiny: Path, tmp_path: Path
) -> None:
    folder = copy_folder(tiny / name, tmp_path / "c")
    change_config(folder, **changes)
    assert words in complaint(folder)


def test_preprocessing_of_another_size_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "paligemma", tmp_path / "c")
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": {"height": 448, "width": 448}}))
    assert "56 pixels" in complaint(folder)
    path.unlink()
    assert "preprocessor_config.json" in complaint(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("decoder: phi\ntower: clip\nprojector: []\n", "projector"),
        ("decoder: phi\ntower: clip\nprojector: [none.pth]\n", "none.pth"),
        ("decoder: clip\ntower: clip\nprojector: [projection.pth]\n", "'clip'"),
        ("decoder: phi\ntower: phi\nprojector: [projection.pth]\n", "tower 'phi'"),
        ("decoder: phi\ntower: clip\nprojector: [projection.pth]\n", "missing: projector.norm.weight"),
        ("decoder: phi\ntower: clip\nprojector: [projection.pth, resblock.pth]\nadapter: none\n", "none is no folder"),
        ("decoder: [", "YAML"),
    ],
)
def test_parts_that_do_not_fit(text: str, words: str, tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "capstone", tmp_path / "c")
    (folder / "parts.yaml").write_text(text)
    assert words in complaint(folder)


def test_the_wrong_kind_of_model(tiny: Path, tmp_path: Path) -> None:
    depth = write_depth_anything(tmp_path / "depth")
    assert "is a depth model: give a vision-language model here" in complaint(depth, kind="vlm")
    assert "is a vision-language model: give a depth model here" in complaint(tiny / "llava", kind="depth")
    assert "leave it out" in complaint(depth, adapter=tmp_path)
    assert "adapter_config.json" in complaint(tiny / "llava", adapter=tmp_path)


def test_a_tokenizer_is_missed_when_it_is_asked_for(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "paligemma", tmp_path / "c")
    for path in (*folder.glob("tokenizer*"), folder / "special_tokens_map.json"):
        path.unlink()
    checkpoint = open_checkpoint(folder, kind="vlm")
    with pytest.raises(UsageError, match="holds no tokenizer"):
        checkpoint.tokenizer()
