"""The composite equals transformers' own model on the same folder: prompt, logits, greedy tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_checkpoints import write_llava_hf, write_paligemma
from transformers import AutoModelForImageTextToText, AutoProcessor
from vlm_helpers import QUESTIONS, copy_folder, ids_with_placeholders, picture, pieces

from edge_nav.errors import UsageError
from models.checkpoints import open_checkpoint
from models.checkpoints.tensors import open_safetensors

pytestmark = pytest.mark.usefixtures("one_thread")
TEMPLATES = {"llava": "USER: <image>\n{} ASSISTANT:", "paligemma": "<image>{}"}


@pytest.mark.parametrize("name", TEMPLATES)
@torch.inference_mode()
def test_the_same_prompt_logits_and_answer(name: str, tiny: Path) -> None:
    processor = AutoProcessor.from_pretrained(tiny / name, use_fast=False)
    reference = AutoModelForImageTextToText.from_pretrained(tiny / name).eval()
    checkpoint = open_checkpoint(tiny / name, kind="vlm")
    model = checkpoint.build()
    for seed, question in enumerate(QUESTIONS):
        inputs = processor(images=picture(seed), text=TEMPLATES[name].format(question), return_tensors="pt")
        assert ids_with_placeholders(checkpoint, question) == inputs["input_ids"][0].tolist()

        runs = pieces(checkpoint, model, inputs["pixel_values"], question)
        torch.testing.assert_close(model(model.embed(runs)), reference(**inputs).logits, rtol=1e-3, atol=1e-3)

        tokens = reference.generate(**inputs, max_new_tokens=24, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        answer = [t for t in tokens.tolist() if t not in checkpoint.architecture.prompt.stop_ids]
        assert model.generate(runs, 24) == answer
        assert len(answer) > 5


def test_the_prompt_of_llava_is_that_of_its_chat_template(tiny: Path) -> None:
    processor = AutoProcessor.from_pretrained(tiny / "llava", use_fast=False)
    content = [{"type": "image"}, {"type": "text", "text": QUESTIONS[0]}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    ids = processor(images=picture(), text=text, return_tensors="pt")["input_ids"][0].tolist()
    assert ids == ids_with_placeholders(open_checkpoint(tiny / "llava", kind="vlm"), QUESTIONS[0])


def test_another_chat_template_and_none(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    template = folder / "chat_template.jinja"
    template.write_text(
        "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content[1].text }} <image>{% endfor %}"
    )
    assert runs_of(folder) == [(1,), "<|user|>{question} ", None]
    template.write_text("no picture")
    with pytest.raises(UsageError, match="'no picture', not one <image>"):
        open_checkpoint(folder)
    template.write_text("{% broken")
    with pytest.raises(UsageError, match="cannot be rendered"):
        open_checkpoint(folder)
    template.unlink()
    assert runs_of(folder) == [(1,), "USER: ", None, "\n{question} ASSISTANT:"]
    assert runs_of(folder) == runs_of(tiny / "llava")


def runs_of(folder: Path) -> list[object]:
    runs = open_checkpoint(folder, kind="vlm").architecture.prompt.runs
    return [run.ids if run.run == "tokens" else run.text if run.run == "text" else None for run in runs]


@torch.inference_mode()
def test_paligemma_attends_back_only_within_the_answer(tiny: Path) -> None:
    processor = AutoProcessor.from_pretrained(tiny / "paligemma", use_fast=False)
    reference = AutoModelForImageTextToText.from_pretrained(tiny / "paligemma").train()
    inputs = processor(images=picture(), text="<image>what is it", suffix="a chair ahead", return_tensors="pt")
    checkpoint = open_checkpoint(tiny / "paligemma", kind="vlm")
    model = checkpoint.build()
    prefix = int((inputs["token_type_ids"][0] == 0).sum())
    ids = inputs["input_ids"]
    embeddings = model.embed([model.vision(inputs["pixel_values"]), ids[:, checkpoint.architecture.image_tokens :]])
    given = model(embeddings, prefix=prefix)
    torch.testing.assert_close(given, reference(**inputs).logits, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(given, model(embeddings), atol=1e-2)


def test_vocabulary_padding_and_special_tokens_are_kept(tiny: Path) -> None:
    llava, paligemma = (open_checkpoint(tiny / n, kind="vlm") for n in ("llava", "paligemma"))
    for checkpoint, image in ((llava, 640), (paligemma, 640 + 1024 + 128)):
        rows = checkpoint.decoder["model.embed_tokens.weight"].shape[0]
        assert checkpoint.architecture.prompt.image_token == image
        assert rows == checkpoint.architecture.decoder.vocab == checkpoint.decoder_config.vocab_size
        assert rows % 64 == 0
        assert rows > len(checkpoint.tokenizer()) - 1 >= image
    assert llava.architecture.prompt.stop_ids == (2,)
    assert paligemma.architecture.prompt.stop_ids == (1,)
    assert "lm_head.weight" in llava.decoder
    assert "lm_head.weight" not in paligemma.decoder
    assert (llava.licence, paligemma.licence) == ("llama2", "gemma")


def test_preprocessing_is_read_from_the_folder(tiny: Path) -> None:
    llava, paligemma = (open_checkpoint(tiny / n, kind="vlm").architecture.preprocess for n in ("llava", "paligemma"))
    assert (llava.fit, llava.interpolation, llava.mean[0]) == ("crop", "bicubic", 0.48145466)
    assert (paligemma.fit, paligemma.interpolation, paligemma.mean[0]) == ("squash", "bicubic", 0.5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_dtypes_and_values_are_kept(dtype: torch.dtype, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_llava_hf(tmp_path, dtype=dtype), kind="vlm")
    in_file = open_safetensors(tmp_path / "model.safetensors")
    for part in (checkpoint.tower, checkpoint.projector, checkpoint.decoder):
        assert {t.dtype for t in part.values()} == {dtype}
    key = "model.layers.1.self_attn.q_proj.weight"
    assert torch.equal(checkpoint.decoder[key].read(), in_file[f"language_model.{key}"].read())
    assert {p.dtype for p in checkpoint.build(dtype).parameters()} == {dtype}


def test_shards_and_names_of_newer_versions_are_the_same_model(tmp_path: Path) -> None:
    old = write_paligemma(tmp_path / "old", shard_size="200KB")
    assert len(list(old.glob("model-*.safetensors"))) > 2
    new = copy_folder(old, tmp_path / "new")
    checkpoint = open_checkpoint(old, kind="vlm")
    tensors = {}
    for path in sorted(new.glob("model*.safetensors*")):
        if path.suffix == ".safetensors":
            tensors |= {f"model.{n}": t.read() for n, t in open_safetensors(path).items()}
        path.unlink()
    tensors = {n.replace("model.language_model.model.", "model.language_model."): t for n, t in tensors.items()}
    # Newer versions may save the tied head, too.
    tensors["lm_head.weight"] = tensors["model.language_model.embed_tokens.weight"].clone()
    save_file(tensors, new / "model.safetensors")
    renewed = open_checkpoint(new, kind="vlm")
    for part in ("tower", "projector", "decoder"):
        here, there = getattr(checkpoint, part), getattr(renewed, part)
        assert list(here) == list(there)
        assert all(torch.equal(here[n].read(), there[n].read()) for n in here)


def test_opening_reads_no_tensor(tmp_path: Path) -> None:
    folder = write_llava_hf(tmp_path / "c")
    path = folder / "model.safetensors"
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    with path.open("r+b") as file:  # after the header nothing but a hole, of the stated size
        size = file.seek(0, 2)
        file.truncate(header)
        file.truncate(size)
    checkpoint = open_checkpoint(folder, kind="vlm")
    assert torch.count_nonzero(checkpoint.projector["linear_1.weight"].read()) == 0


def test_the_tower_may_hand_on_its_class_token(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(data | {"vision_feature_select_strategy": "full"}))
    checkpoint = open_checkpoint(folder, kind="vlm")
    reference = AutoModelForImageTextToText.from_pretrained(folder).eval()
    pixels = torch.randn(1, 3, 56, 56)
    with torch.inference_mode():
        given = checkpoint.build_vision()(pixels)
        torch.testing.assert_close(given[0], reference.get_image_features(pixels)[0])
    assert given.shape[1] == 17


def test_rope_as_newer_versions_save_it(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "llava", tmp_path / "c")
    data = json.loads((folder / "config.json").read_text())
    data["text_config"].pop("rope_theta")
    data["text_config"]["rope_parameters"] = {"rope_theta": 500000.0, "rope_type": "linear", "factor": 2.0}
    (folder / "config.json").write_text(json.dumps(data))
    config = open_checkpoint(folder, kind="vlm").decoder_config
    assert config.rope_theta == 500000.0
    assert config.rope_scaling["factor"] == 2.0
