"""Layouts that transformers does not open: LLaVA's authors', the Phi-2 model in parts, and ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from tiny_checkpoints import IMAGE_END, IMAGE_SIZE, ResBlock, byte_level_tokenizer, write_llava_original, write_own
from transformers import AutoModelForCausalLM, CLIPModel, LlamaForCausalLM, LlamaTokenizer
from vlm_helpers import QUESTIONS, copy_folder, pieces

from edge_nav.bundle import LlmEntry
from models.checkpoints import VlmCheckpoint, open_checkpoint
from models.checkpoints.llava_original import SYSTEM
from models.checkpoints.own import save_own
from models.composite import VisionLanguageModel

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(1, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(3))


def as_original(hf: VlmCheckpoint, folder: Path) -> Path:
    """The weights of a LlavaForConditionalGeneration in the layout of LLaVA's authors, the tower within."""
    write_llava_original(folder)
    for path in folder.glob("pytorch_model*"):
        path.unlink()
    modules = {"linear_1": "0", "linear_2": "2"}
    tensors = {name: t.read() for name, t in hf.decoder.items()}
    tensors |= {f"model.vision_tower.vision_tower.{name}": t.read() for name, t in hf.tower.items()}
    for name, t in hf.projector.items():
        module, leaf = name.split(".")
        tensors[f"model.mm_projector.{modules[module]}.{leaf}"] = t.read()
    torch.save(tensors, folder / "pytorch_model.bin")
    data = json.loads((folder / "config.json").read_text())
    data["vocab_size"] = hf.architecture.decoder.vocab
    (folder / "config.json").write_text(json.dumps(data))
    return folder


@torch.inference_mode()
def test_the_same_weights_in_both_layouts_of_llava_answer_alike(
    tiny: Path, tmp_path: Path, pixels: torch.Tensor
) -> None:
    hf = open_checkpoint(tiny / "llava", kind="vlm")
    original = open_checkpoint(as_original(hf, tmp_path / "o"), kind="vlm")
    one, other = hf.build(), original.build()
    torch.testing.assert_close(one.vision(pixels), other.vision(pixels), rtol=0, atol=0)
    runs = pieces(original, one, pixels, QUESTIONS[0])
    torch.testing.assert_close(one(one.embed(runs)), other(other.embed(runs)), rtol=0, atol=0)
    assert one.generate(runs, 24) == other.generate(runs, 24)


@torch.inference_mode()
def test_the_original_layout_equals_its_parts(tiny: Path, pixels: torch.Tensor) -> None:
    folder = tiny / "original"
    checkpoint = open_checkpoint(folder, kind="vlm")
    model = checkpoint.build()
    state = {}
    for path in folder.glob("pytorch_model-*.bin"):
        state |= torch.load(path, weights_only=True)
    projector = torch.nn.Sequential(torch.nn.Linear(48, 64), torch.nn.GELU(), torch.nn.Linear(64, 64))
    marker = "model.mm_projector."
    projector.load_state_dict({n.removeprefix(marker): state.pop(n) for n in list(state) if n.startswith(marker)})
    llama = LlamaForCausalLM(checkpoint.decoder_config).eval()
    llama.load_state_dict(state)
    clip = CLIPModel.from_pretrained(folder / "tower").eval().vision_model
    image = projector(clip(pixels, output_hidden_states=True).hidden_states[-2][:, 1:])

    # LLaVA's way: the slow tokenizer on what stands before and after <image>, the second time without its <s>.
    tokenizer = LlamaTokenizer.from_pretrained(folder)
    for question in QUESTIONS:
        before, after = f"{SYSTEM} USER: <image>\n{question} ASSISTANT:".split("<image>")
        ids = [tokenizer(before).input_ids, tokenizer(after).input_ids[1:]]
        prompt = checkpoint.prompt(question, checkpoint.tokenizer())
        assert [t for run in prompt[: prompt.index(None)] if run for t in run] == ids[0]
        assert prompt[prompt.index(None) + 1 :] == [ids[1]]
        table = llama.get_input_embeddings()
        embeddings = torch.cat([table(torch.tensor([ids[0]])), image, table(torch.tensor([ids[1]]))], dim=1)
        tokens = llama.generate(inputs_embeds=embeddings, max_new_tokens=16, do_sample=False)[0].tolist()
        answer = [t for t in tokens if t != 2]
        assert model.generate(pieces(checkpoint, model, pixels, question), 16) == answer
    assert checkpoint.architecture.preprocess.fit == "pad"
    assert checkpoint.architecture.prompt.stop_ids == (2,)


@pytest.mark.parametrize(("dense", "tokens", "channels"), [("sti", 20, 48), ("sci", 16, 144), ("dci", 16, 144)])
@torch.inference_mode()
def test_the_original_layout_knows_the_dense_connector(
    dense: str, tokens: int, channels: int, tmp_path: Path, pixels: torch.Tensor
) -> None:
    checkpoint = open_checkpoint(write_llava_original(tmp_path, dense=dense), kind="vlm")
    assert checkpoint.projector["linear_1.weight"].shape == (64, channels)
    assert checkpoint.build_vision()(pixels).shape == (1, tokens, 64)
    assert checkpoint.architecture.image_tokens == tokens


@torch.inference_mode()
def test_the_phi_model_in_parts_equals_its_parts(tiny: Path, pixels: torch.Tensor) -> None:
    folder = tiny / "capstone"
    checkpoint = open_checkpoint(folder, kind="vlm")
    model = checkpoint.build()
    phi = AutoModelForCausalLM.from_pretrained(folder / "phi").eval()
    clip = CLIPModel.from_pretrained(folder / "clip").eval().vision_model
    linear, block = torch.nn.Linear(48, 64), ResBlock(64)
    linear.load_state_dict(torch.load(folder / "projection.pth", weights_only=True))
    saved = torch.load(folder / "resblock.pth", weights_only=True)
    block.load_state_dict({n.removeprefix("resblock."): t for n, t in saved.items()})
    image = block(linear(clip(pixels).last_hidden_state[:, 1:]))
    tokenizer = checkpoint.tokenizer()
    for question in QUESTIONS:
        ids = torch.tensor([[IMAGE_END, *tokenizer(f"{question} [QA]").input_ids]])
        embeddings = torch.cat([image, phi.get_input_embeddings()(ids)], dim=1)
        tokens = phi.generate(inputs_embeds=embeddings, max_new_tokens=16, do_sample=False)[0].tolist()
        runs = pieces(checkpoint, model, pixels, question)
        torch.testing.assert_close(model(model.embed(runs)), phi(inputs_embeds=embeddings).logits)
        assert model.generate(runs, 16) == [t for t in tokens if t != 0]
    assert checkpoint.tokenizer_folder == folder / "phi"


def test_the_image_ends_with_the_published_token_unless_said_otherwise(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "capstone", tmp_path / "c")
    parts = yaml.safe_load((folder / "parts.yaml").read_text())
    del parts["image_end"]
    (folder / "parts.yaml").write_text(yaml.safe_dump(parts))
    image, end, question = open_checkpoint(folder, kind="vlm").architecture.prompt.runs
    assert (image.run, end.model_dump()) == ("image", {"run": "tokens", "ids": (23893,)})
    assert question.model_dump() == {"run": "text", "text": "{question} [QA]"}


@pytest.mark.parametrize("projector", ["one_token_mlp", "dci", "vlmo"])
@torch.inference_mode()
def test_our_own_layout_is_read_as_it_was_written(projector: str, tmp_path: Path, pixels: torch.Tensor) -> None:
    checkpoint = open_checkpoint(write_own(tmp_path / "a", projector=projector), kind="vlm")
    model = checkpoint.build()
    save_own(model, tmp_path / "b")
    byte_level_tokenizer(tmp_path / "b")
    again = open_checkpoint(tmp_path / "b", kind="vlm")
    assert again.architecture == checkpoint.architecture
    runs = pieces(checkpoint, model, pixels, QUESTIONS[0])
    torch.testing.assert_close(model(model.embed(runs)), again.build()(model.embed(runs)))
    assert len(model.generate(runs, 8)) > 0
    assert not list((tmp_path / "b").glob("*.part"))


@torch.inference_mode()
def test_a_word_at_a_time_gives_the_same_as_all_at_once(tiny: Path, pixels: torch.Tensor) -> None:
    for name in ("llava", "paligemma", "capstone"):
        checkpoint = open_checkpoint(tiny / name, kind="vlm")
        model: VisionLanguageModel = checkpoint.build()
        runs = pieces(checkpoint, model, pixels, QUESTIONS[0])
        answer = model.generate(runs, 8)
        prompt = model.embed(runs)
        whole = torch.cat([prompt, model.embed([torch.tensor([answer])])], dim=1)
        said = model(whole, prefix=prompt.shape[1])[0, prompt.shape[1] - 1 : -1].argmax(dim=-1).tolist()
        assert said == answer


def test_prompts_fit_a_bundle(tiny: Path) -> None:
    for name in ("llava", "paligemma", "original", "capstone"):
        checkpoint = open_checkpoint(tiny / name, kind="vlm")
        prompt = checkpoint.architecture.prompt.model_dump(mode="json", exclude={"image_token", "runs"})
        runs = [run.model_dump() for run in checkpoint.architecture.prompt.runs]
        entry = LlmEntry(file="llm.gguf", width=checkpoint.architecture.decoder.width, prompt=runs, **prompt)
        assert [run.run for run in entry.prompt].count("image") == 1
        assert entry.context > checkpoint.architecture.image_tokens


def test_the_licences_of_all_parts_are_told(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "capstone", tmp_path / "c")
    assert open_checkpoint(folder, kind="vlm").licence == "unknown"
    (folder / "phi" / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n")
    (folder / "clip" / "README.md").write_text("---\nlicense: other\nlicense_name: tiny-clip\n---\n")
    assert open_checkpoint(folder, kind="vlm").licence == "mit, tiny-clip"
