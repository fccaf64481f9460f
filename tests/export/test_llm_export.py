"""The whole export of a language model, from checkpoints as they are published to files that llama.cpp answers from."""

import dataclasses
import math

import gguf
import numpy as np
import pytest
import tiny_checkpoints as tiny
import torch
from gguf_tiny import gemma, llama, phi, sources

from edge_nav.bundle import ImageRun, TextRun
from edge_nav.errors import UsageError
from export.gguf.exact import last_logits, open_exact
from export.gguf.metadata import Origin
from export.gguf.quantise import quantise
from export.gguf.tensors import plan_tensors
from export.gguf.tokenizer import read_vocabulary
from export.gguf.writer import write_gguf
from export.llm import LlmOptions, export_llm
from export.parity.llm import PromptShape, encode, quantised_rows, torch_rows
from export.parity.reference import Line, reference_logits, rows_of
from export.parity.report import demand
from export.parity.texts import PROSE
from models.checkpoints import open_checkpoint

CHECKPOINTS = {
    "llava": tiny.write_llava_hf,
    "original llava": tiny.write_llava_original,
    "paligemma": tiny.write_paligemma,
    "capstone": tiny.write_capstone,
    "own": tiny.write_own,
}


def row(rows, measure, what=""):
    (found,) = [r for r in rows if measure in r.measure and what in r.what]
    return found


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_seed_becomes_a_verified_file(name, tmp_path):
    checkpoint = open_checkpoint(CHECKPOINTS[name](tmp_path / "checkpoint", width=256))
    out = tmp_path / "out"
    out.mkdir()
    steps = []
    result = export_llm(checkpoint, out, LlmOptions(), lambda *step: steps.append(step))
    assert result.files == ["llm.gguf"] == [p.name for p in out.iterdir()]
    assert result.entry.variants == {"Q4_K_M": "llm.gguf"}
    assert result.entry.width == 256
    assert result.entry.prompt == list(checkpoint.architecture.prompt.runs)
    assert result.entry.attention == ("prefix" if name == "paligemma" else "causal")
    assert result.entry.image_scale == pytest.approx(1 / 16 if name == "paligemma" else 1)
    assert all(r.passed for r in result.parity)
    assert row(result.parity, "greedy tokens that differ").value == 0
    assert "of 256 identical over 4 prompts, 3 with an image" in row(result.parity, "greedy tokens").detail
    assert row(result.parity, "texts whose tokens differ").value == 0
    assert list(dict.fromkeys(s[0] for s in steps)) == [
        "writing llm-F16.gguf",
        "llama.cpp answers",
        "torch reads the answers",
        "quantising llm.gguf",
        "reading a text with each file",
    ]
    assert all(
        steps[i][1] == steps[i][2] for i in range(len(steps)) if i + 1 == len(steps) or steps[i + 1][0] != steps[i][0]
    )
    reader = gguf.GGUFReader(out / "llm.gguf")
    assert reader.get_field("general.source.url") is None  # a folder here means nothing elsewhere
    assert reader.get_field("general.file_type").contents() == 15
    assert reader.get_field("general.name").contents() == checkpoint.architecture.name


def test_all_quantisations_and_the_base_beside_each_other(tmp_path):
    checkpoint = open_checkpoint(tiny.write_own(tmp_path / "checkpoint"))
    options = LlmOptions(quantisations=("Q8_0", "Q4_0", "Q4_K_M", "Q5_K_M"), keep_base=True)
    (tmp_path / "out").mkdir()
    result = export_llm(checkpoint, tmp_path / "out", options)
    assert result.entry.file == "llm.gguf"
    assert result.entry.variants == {
        "Q8_0": "llm.gguf",
        "Q4_0": "llm-Q4_0.gguf",
        "Q4_K_M": "llm-Q4_K_M.gguf",
        "Q5_K_M": "llm-Q5_K_M.gguf",
        "F16": "llm-F16.gguf",
    }
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == result.files
    told = row(result.parity, "cannot be Q4_K_M")
    assert told.value > 0
    assert "attn_q.weight (rows of 64) Q5_0" in told.detail
    assert row(result.parity, "top-1", "Q8_0").value > row(result.parity, "top-1", "Q4_0").value


def test_the_base_alone(tmp_path):
    checkpoint = open_checkpoint(tiny.write_own(tmp_path / "checkpoint"))
    (tmp_path / "out").mkdir()
    options = LlmOptions(quantisations=(), base="BF16", checks="tokenizer")
    result = export_llm(checkpoint, tmp_path / "out", options)
    assert result.entry.variants == {"BF16": "llm.gguf"}
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["llm.gguf"]


def test_bad_options_are_one_sentence_and_write_nothing(tmp_path):
    checkpoint = open_checkpoint(tiny.write_own(tmp_path / "checkpoint"))
    (tmp_path / "out").mkdir()
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    for options, word in (
        (LlmOptions(quantisations=("Q8_0", "Q8_0")), "name each once"),
        (LlmOptions(text=tmp_path / "missing.txt"), r"missing\.txt cannot be read"),
        (LlmOptions(text=tmp_path / "latin.txt"), "give a UTF-8 file"),
    ):
        with pytest.raises(UsageError, match=word):
            export_llm(checkpoint, tmp_path / "out", options)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_prompt_of_other_tokens_is_refused(tmp_path):
    checkpoint = open_checkpoint(tiny.write_own(tmp_path / "checkpoint"))
    prompt = checkpoint.architecture.prompt.model_copy(update={"stop_ids": (99999,)})
    architecture = checkpoint.architecture.model_copy(update={"prompt": prompt})
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="token 99999"):
        export_llm(dataclasses.replace(checkpoint, architecture=architecture), tmp_path / "out", LlmOptions())
    assert list((tmp_path / "out").iterdir()) == []


def write(model, tokenizer, path, given=None):
    plan = plan_tensors(model.config, given or sources(model), "F16")
    words = read_vocabulary(tokenizer, model.config.vocab_size)
    write_gguf(path, model.config, plan, words, "F16", Origin("tiny"))
    return path, plan


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tiny.llama_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize(("make", "attention"), [(llama, "causal"), (phi, "causal"), (gemma, "prefix")])
def test_a_wrong_weight_is_found(make, attention, tokenizer, tmp_path):
    shape = PromptShape([ImageRun(), TextRun(text="{question}\n")], attention, 12)
    model = make(vocab_size=len(tokenizer))
    right = sources(model)
    path, _ = write(model, tokenizer, tmp_path / "right.gguf")
    demand(torch_rows(path, model.config, right, tokenizer, shape))
    name = "model.layers.1.self_attn.q_proj.weight"
    wrong = {**right, name: dataclasses.replace(right[name], tensor=right[name].tensor.roll(1, 0))}
    path, _ = write(model, tokenizer, tmp_path / "wrong.gguf", wrong)
    rows = torch_rows(path, model.config, right, tokenizer, shape)
    assert row(rows, "difference of logits").value > 0.1
    with pytest.raises(UsageError, match="difference of logits"):
        demand(rows)


def test_the_streamed_reference_is_transformers_own(tokenizer):
    for model in (llama(), phi(), gemma(), llama(tie_word_embeddings=True)):
        given = sources(model)
        ids = list(range(20, 44))
        found = reference_logits(
            model.config, given, [Line(rows_of(given, ids), 0, 3), Line(rows_of(given, ids[:9]), 0, 8)]
        )
        with torch.inference_mode():
            expected = model(torch.tensor([ids])).logits[0].numpy()
        assert [f.shape for f in found] == [(21, 320), (1, 320)]
        assert np.abs(found[0] - expected[3:]).max() < 1e-4 * expected.std() + 1e-5
        assert np.abs(found[1] - expected[8:9]).max() < 1e-4 * expected.std() + 1e-5
        # Only the table of embeddings is read besides: for the two prompts.
        assert all(s.reads <= 3 for n, s in given.items() if "layers" not in n)
        assert all(s.reads == 1 for n, s in given.items() if "layers" in n)


def test_full_attention_over_the_prompt_is_that_of_the_whole_model(tmp_path):
    checkpoint = open_checkpoint(tiny.write_paligemma(tmp_path))
    rows = rows_of(checkpoint.decoder, range(30))
    lines = [Line(rows, 0, 29), Line(rows, 20, 0)]
    causal, full = reference_logits(checkpoint.decoder_config, checkpoint.decoder, lines)
    with torch.inference_mode():
        expected = checkpoint.build()(torch.from_numpy(rows)[None], 20)[0].numpy()
    assert np.abs(full - expected).max() / expected.std() < 1e-3
    assert np.abs(causal[0] - full[29]).max() / expected.std() > 0.1


def test_a_trained_model_is_judged_by_its_perplexity(tokenizer, tmp_path):
    ids = encode(tokenizer, PROSE)
    model = llama(256, vocab_size=len(tokenizer)).train()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(0.3 if p.ndim > 1 else 1.0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(14):
        starts = torch.randint(0, len(ids) - 64, (3,), generator=generator)
        batch = torch.stack([torch.tensor(ids[s : s + 64]) for s in starts])
        model(batch, labels=batch).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    base, plan = write(model.eval(), tokenizer, tmp_path / "base.gguf")
    quantise(base, tmp_path / "q.gguf", "Q4_K_M", plan)
    rows = quantised_rows(base, {"Q4_K_M": tmp_path / "q.gguf"}, ids)
    ratio = row(rows, "perplexity ratio")
    assert ratio.tolerance == 1.05
    assert ratio.value == pytest.approx(1, abs=0.05)
    assert row(rows, "top-1").tolerance == 0.75
    demand(rows)
    # The perplexity is that of torch on the first window.
    with torch.inference_mode():
        loss = model(torch.tensor([ids[:256]]), labels=torch.tensor([ids[:256]])).loss.item()
    (only, *_) = quantised_rows(base, {"Q8_0": base}, ids[:256])
    assert float(only.detail.split()[1]) == pytest.approx(math.exp(loss), rel=0.01)
    # Another model in its place is found out.
    other, _ = write(llama(256, vocab_size=len(tokenizer), seed=9), tokenizer, tmp_path / "other.gguf")
    with pytest.raises(UsageError, match="perplexity ratio"):
        demand(quantised_rows(base, {"Q4_K_M": other}, ids))


def test_an_untrained_model_is_not_judged_by_its_perplexity(tokenizer, tmp_path):
    base, _ = write(llama(vocab_size=len(tokenizer)), tokenizer, tmp_path / "base.gguf")
    other, _ = write(llama(vocab_size=len(tokenizer), seed=9), tokenizer, tmp_path / "other.gguf")
    rows = quantised_rows(base, {"Q4_0": other}, encode(tokenizer, PROSE))
    assert "not judged" in row(rows, "perplexity ratio").detail
    assert row(rows, "perplexity ratio").tolerance is None
    assert not row(rows, "top-1").passed
    with pytest.raises(UsageError, match="no two tokens"):
        quantised_rows(base, {"Q4_0": other}, [5])


def test_embeddings_stand_for_their_tokens_in_every_file(tokenizer, tmp_path):
    """What the runtime relies on: one factor for injected embeddings, measured, whatever the version of llama.cpp."""
    from export.parity.llm import injected_factor

    for make, allowed in ((llama, {1.0}), (phi, {1.0}), (gemma, {1.0, 8.0})):
        model = make(vocab_size=len(tokenizer))
        given = sources(model)
        path, _ = write(model, tokenizer, tmp_path / "m.gguf")
        with open_exact(path, 32) as opened:
            factor = injected_factor(opened, model.config, given)
            assert factor in allowed
            ids = list(range(40, 60))
            wanted = last_logits(opened, ids)
            opened.forget(0)
            found = last_logits(opened, rows_of(given, ids) * np.float32(factor))
            assert np.abs(found - wanted).max() < 0.05 * wanted.std()
