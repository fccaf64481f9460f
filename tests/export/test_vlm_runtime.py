"""What the runtime answers from an exported bundle, against transformers' generate() on the checkpoint itself."""

from functools import lru_cache

import numpy as np
import pytest
import tiny_checkpoints
import torch
import transformers
from PIL import Image

from edge_nav.bundle import open_bundle
from edge_nav.vlm.vlm import open_vlm
from edge_nav.vlm.vlm_settings import VlmSettings
from export.llm import LlmOptions
from export.plan import ExportPlan, VlmPlan
from export.run import run_plan
from models.checkpoints import open_checkpoint

MOST = 48
QUESTIONS = ["What is in front of me?", "Ist die Tür offen? 狗 🦮", "answer which colour has the chair"]
TIE = 0.02
"""Of the logits' spread: in half precision, two words this close may change places."""


def picture(seed):
    """A picture with some structure; wide, as Pillow 13 resizes a high one in another order."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((96, 72) if seed % 2 else (80, 64)))


@lru_cache
def exported(write, parent):
    """The checkpoint's folder and its bundle in half precision."""
    folder = getattr(tiny_checkpoints, write)(parent / f"{write}-checkpoint")
    llm = LlmOptions(quantisations=(), checks="tokenizer", threads=1)
    plan = ExportPlan(out=parent / write, licence="none", vlm=VlmPlan(checkpoint=str(folder), llm=llm))
    run_plan(plan, lambda _: None)
    return folder, parent / write


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return tmp_path_factory.mktemp("runtime")


def llava(folder, rgb, question):
    model = transformers.LlavaForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.LlavaProcessor.from_pretrained(folder)
    text = f"USER: <image>\n{question} ASSISTANT:"
    return generated(model, processor(images=Image.fromarray(rgb), text=text, return_tensors="pt"))


def paligemma(folder, rgb, question):
    model = transformers.PaliGemmaForConditionalGeneration.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    images = transformers.SiglipImageProcessor.from_pretrained(folder)
    processor = transformers.PaliGemmaProcessor(images, tokenizer)
    return generated(model, processor(images=Image.fromarray(rgb), text=f"<image>{question}", return_tensors="pt"))


def capstone(folder, rgb, question):
    model = open_checkpoint(str(folder)).build().eval()
    tower = transformers.CLIPImageProcessor.from_pretrained(folder / "clip")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "phi")
    pixels = tower(images=Image.fromarray(rgb), return_tensors="pt").pixel_values
    with torch.inference_mode():
        table = model.decoder.get_input_embeddings()
        mark = torch.tensor([[tiny_checkpoints.IMAGE_END]])
        words = tokenizer(f"{question} [QA]", return_tensors="pt", add_special_tokens=False).input_ids
        rows = torch.cat([model.vision(pixels), table(mark), table(words)], dim=1)
    return generated(model.decoder, {"inputs_embeds": rows, "attention_mask": torch.ones(rows.shape[:2])})


def generated(model, inputs):
    """The answer's tokens, and the logits that each was chosen by."""
    start = inputs["input_ids"].shape[1] if "input_ids" in inputs else 0
    out = model.generate(
        **inputs, max_new_tokens=MOST, do_sample=False, output_logits=True, return_dict_in_generate=True
    )
    return out.sequences[0, start:].tolist(), [row[0].float() for row in out.logits]


@pytest.mark.parametrize(
    ("write", "generate"), [("write_llava_hf", llava), ("write_paligemma", paligemma), ("write_capstone", capstone)]
)
def test_answers_equal_generate_token_for_token(write, generate, parent):
    folder, out = exported(write, parent)
    compared = 0
    with open_vlm(open_bundle(str(out)), VlmSettings(threads=1)) as vlm:
        for seed, question in enumerate(QUESTIONS):
            rgb = picture(seed)
            wanted, logits = generate(folder, rgb, question)
            found = list(vlm.tokens(rgb, question, lambda: False, MOST))
            for n, (token, row) in enumerate(zip(wanted, logits, strict=False)):
                if n == len(found):
                    assert token in vlm.stop_ids
                    break
                if token != found[n]:
                    gap = float((row[token] - row[found[n]]) / row.std())
                    assert gap < TIE, f"token {n} of {question!r}: {token}, not {found[n]}"
                    break
                compared += 1
    assert compared >= 2 * MOST
