"""Adapters merged at reading against peft's own merge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoints import write_adapter, write_own
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
from vlm_helpers import copy_folder

from edge_nav.errors import UsageError
from models.checkpoints import VlmCheckpoint, open_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")
FORMS = {
    "plain": {"r": 4, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    "stabilised": {"r": 4, "lora_alpha": 16, "target_modules": ["q_proj", "down_proj"], "use_rslora": True},
    "patterns": {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": ["q_proj", "v_proj"],
        "rank_pattern": {"layers.1.self_attn.q_proj": 2},
        "alpha_pattern": {"layers.0.self_attn.v_proj": 3},
    },
    "saved modules": {
        "r": 4,
        "lora_alpha": 16,
        "target_modules": ["q_proj"],
        "modules_to_save": ["multi_modal_projector", "lm_head"],
    },
    "embedding": {"r": 4, "lora_alpha": 16, "target_modules": ["embed_tokens", "o_proj"]},
}


@pytest.mark.parametrize("form", FORMS)
@torch.inference_mode()
def test_merging_is_that_of_peft(form: str, tiny: Path, tmp_path: Path) -> None:
    base = AutoModelForImageTextToText.from_pretrained(tiny / "llava")
    merged = write_adapter(base, tmp_path, **FORMS[form])
    merged.save_pretrained(tmp_path / "merged")
    for file in (tiny / "llava").glob("*.json"):
        if not (tmp_path / "merged" / file.name).exists():
            (tmp_path / "merged" / file.name).write_bytes(file.read_bytes())
    plain = open_checkpoint(tiny / "llava", kind="vlm")
    given = open_checkpoint(tiny / "llava", adapter=tmp_path, kind="vlm")
    changed = compare(given, open_checkpoint(tmp_path / "merged", kind="vlm"), plain)
    assert any("q_proj" in name or "embed" in name for name in changed)
    assert ("linear_1.weight" in changed) == (form == "saved modules")
    assert any(name.startswith("vision_model.") for name in changed) == (
        form in ("plain", "patterns", "saved modules", "stabilised")
    )


def compare(given: VlmCheckpoint, expected: VlmCheckpoint, plain: VlmCheckpoint) -> list[str]:
    """Assert that two are equal; which tensors differ from a third."""
    changed = []
    for part in ("tower", "projector", "decoder"):
        for name, tensor in getattr(expected, part).items():
            found = getattr(given, part)[name].read()
            torch.testing.assert_close(found, tensor.read())
            if not torch.equal(found, getattr(plain, part)[name].read()):
                changed.append(name)
    return changed


@torch.inference_mode()
def test_an_adapter_made_with_older_names_fits(tiny: Path, tmp_path: Path) -> None:
    base = AutoModelForImageTextToText.from_pretrained(tiny / "paligemma")
    write_adapter(base, tmp_path, r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"])
    given = open_checkpoint(tiny / "paligemma", adapter=tmp_path, kind="vlm")
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    older = {n.replace(".model.language_model.", ".language_model.model."): t for n, t in tensors.items()}
    assert set(older) != set(tensors)
    (tmp_path / "older").mkdir()
    torch.save(older, tmp_path / "older" / "adapter_model.bin")
    (tmp_path / "older" / "adapter_config.json").write_bytes((tmp_path / "adapter_config.json").read_bytes())
    again = open_checkpoint(tiny / "paligemma", adapter=tmp_path / "older", kind="vlm")
    plain = open_checkpoint(tiny / "paligemma", kind="vlm")
    assert len(compare(again, given, plain)) == 2 * (2 + 4)  # q and v of both towers' layers


@torch.inference_mode()
def test_the_original_layout_takes_an_adapter_with_its_projector(tiny: Path, tmp_path: Path) -> None:
    plain = open_checkpoint(tiny / "original", kind="vlm")
    llama = plain.build().decoder
    merged = write_adapter(llama, tmp_path, r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    projector = {n: torch.randn(t.shape) for n, t in plain.projector.items()}
    names = {"linear_1": "0", "linear_2": "2"}
    trained = {
        f"base_model.model.model.mm_projector.{names[n.split('.')[0]]}.{n.split('.')[1]}": t
        for n, t in projector.items()
    }
    torch.save(trained, tmp_path / "non_lora_trainables.bin")
    given = open_checkpoint(tiny / "original", adapter=tmp_path, kind="vlm")
    for name, tensor in projector.items():
        assert torch.equal(given.projector[name].read(), tensor)
    for name, tensor in merged.state_dict().items():
        torch.testing.assert_close(given.decoder[name].read(), tensor)


@torch.inference_mode()
def test_parts_name_their_own_adapter_in_half_precision(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "capstone", tmp_path / "c")
    phi = AutoModelForCausalLM.from_pretrained(folder / "phi")
    phi.half().save_pretrained(folder / "phi")
    targets = ["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]
    merged = write_adapter(phi.float(), folder / "lora", r=4, lora_alpha=1, target_modules=targets)
    with (folder / "parts.yaml").open("a") as file:
        file.write("adapter: lora\n")
    given = open_checkpoint(folder, kind="vlm")
    for name, tensor in merged.state_dict().items():
        read = given.decoder[name].read()
        assert read.dtype == torch.float16
        assert torch.equal(read, tensor.half()) or (read.float() - tensor).abs().max() < 2e-3


@torch.inference_mode()
def test_our_own_layout_takes_an_adapter(tmp_path: Path) -> None:
    folder = write_own(tmp_path / "own", projector="dci")
    model = open_checkpoint(folder, kind="vlm").build()
    merged = write_adapter(model, tmp_path / "lora", r=2, lora_alpha=4, target_modules=["q_proj", "linear_1"])
    given = open_checkpoint(folder, adapter=tmp_path / "lora", kind="vlm").build()
    for name, tensor in merged.state_dict().items():
        torch.testing.assert_close(given.state_dict()[name], tensor)


def test_all_that_does_not_fit_is_listed(tiny: Path, tmp_path: Path) -> None:
    base = AutoModelForImageTextToText.from_pretrained(tiny / "llava")
    write_adapter(base, tmp_path, r=4, lora_alpha=16, target_modules=["q_proj"])
    path = tmp_path / "adapter_model.safetensors"
    tensors = load_file(path)
    q = "base_model.model.model.language_model.layers.{}.self_attn.q_proj.lora_{}.weight"
    tensors["base_model.model.model.language_model.layers.7.self_attn.q_proj.lora_A.weight"] = torch.zeros(4, 64)
    tensors[q.format(0, "B")] = torch.zeros(60, 4)
    del tensors[q.format(1, "A")]
    save_file(tensors, path)
    with pytest.raises(UsageError) as caught:
        open_checkpoint(tiny / "llava", adapter=tmp_path)
    message = str(caught.value)
    assert "layers.7.self_attn.q_proj.lora_A" in message
    assert "layers.0.self_attn.q_proj (is [60, 4] x [4, 64], should make [64, 64])" in message
    assert "layers.1.self_attn.q_proj (lora_A or lora_B is missing)" in message


@pytest.mark.parametrize(("key", "value"), [("use_dora", True), ("peft_type", "IA3"), ("lora_alpha", None)])
def test_other_adapters_are_refused(key: str, value: object, tiny: Path, tmp_path: Path) -> None:
    base = AutoModelForImageTextToText.from_pretrained(tiny / "llava")
    write_adapter(base, tmp_path, r=4, lora_alpha=16, target_modules=["q_proj"])
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(UsageError, match=key if key != "peft_type" else "IA3"):
        open_checkpoint(tiny / "llava", adapter=tmp_path)
