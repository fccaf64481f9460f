"""Quantising by llama.cpp: what falls back is foreseen, and what was written is read back."""

import gguf
import numpy as np
import pytest
from gguf_tiny import VOCAB, gemma, llama, phi, sources

from edge_nav.errors import UsageError
from edge_nav.vlm.llama_library import listening, load_llama_cpp
from export.gguf import memory
from export.gguf.exact import every_logits, open_exact
from export.gguf.metadata import Origin
from export.gguf.quantise import FALLBACKS, TYPES, fallen_back, foresee, quantise, read_types, summary
from export.gguf.tensors import plan_tensors
from export.gguf.tokenizer import Vocabulary
from export.gguf.writer import write_gguf

TOKENS = tuple(f"t{i}" for i in range(VOCAB))
WORDS = Vocabulary("gpt2", "gpt-2", TOKENS, (1,) * VOCAB, (), ("t 1",), False, False, False, {"bos": 0, "eos": 0}, None)
IDS = list(range(40))


def base(model, folder):
    plan = plan_tensors(model.config, sources(model), "F16")
    write_gguf(folder / "base.gguf", model.config, plan, WORDS, "F16", Origin("tiny"))
    return folder / "base.gguf", plan


def logits(path):
    with open_exact(path, 64) as llama:
        return every_logits(llama, IDS)


@pytest.mark.parametrize("quantisation", TYPES)
@pytest.mark.parametrize("make", [llama, phi, gemma])
def test_rows_of_256_get_the_types_asked_for(make, quantisation, tmp_path):
    source, plan = base(make(256), tmp_path)
    assert foresee(quantisation, plan) == []
    steps = []
    types = quantise(source, tmp_path / "q.gguf", quantisation, plan, progress=lambda *step: steps.append(step))
    assert types == {t.name: t.tensor_type.name for t in gguf.GGUFReader(tmp_path / "q.gguf").tensors}
    matrices = {types[t.name] for t in plan if len(t.shape) == 2}
    assert matrices <= TYPES[quantisation]
    assert steps[-1] == ("quantising q.gguf", len(plan), len(plan))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base.gguf", "q.gguf"]
    before, after = logits(source), logits(tmp_path / "q.gguf")
    error = np.sqrt(np.square(after - before).mean()) / before.std()
    assert 0 < error < (0.2 if quantisation == "Q8_0" else 1.0)


@pytest.mark.parametrize("quantisation", ["Q4_K_M", "Q5_K_M"])
@pytest.mark.parametrize("make", [llama, phi, gemma])
def test_narrow_rows_fall_back_as_foreseen(make, quantisation, tmp_path):
    source, plan = base(make(64), tmp_path)
    expected = foresee(quantisation, plan)
    types = quantise(source, tmp_path / "q.gguf", quantisation, plan)
    assert {f.tensor for f in expected} == {t.name for t in plan if len(t.shape) == 2 and t.shape[1] % 256}
    assert all(types[f.tensor] in f.types for f in expected)
    assert {k for f in expected for k in f.types} <= set(FALLBACKS.values())
    told = fallen_back(expected, types)
    assert "2 blk.*.attn_q.weight (rows of 64) " in told
    assert "F32" in summary(types)


def test_rows_of_no_multiple_of_32_stay_in_half_precision(tmp_path):
    source, plan = base(llama(64, mlp=100), tmp_path)
    down = [f for f in foresee("Q4_K_M", plan) if "ffn_down" in f.tensor]
    assert [f.types for f in down] == [("F16",)] * 2
    types = quantise(source, tmp_path / "q.gguf", "Q4_K_M", plan)
    assert types["blk.0.ffn_down.weight"] == "F16"
    for quantisation in ("Q4_0", "Q8_0"):
        with pytest.raises(UsageError, match=r"multiples of 32, which blk.0.ffn_down.weight \(rows of 100\)"):
            foresee(quantisation, plan)


def test_an_output_that_cannot_be_quantised_is_refused_before(tmp_path):
    model = llama(48, num_attention_heads=2, num_key_value_heads=2)
    plan = plan_tensors(model.config, sources(model), "F16")
    with pytest.raises(UsageError, match=r"output\.weight"):
        foresee("Q4_K_M", plan)


def test_a_damaged_file_is_one_sentence_and_leaves_nothing(tmp_path):
    source, plan = base(llama(), tmp_path)
    source.write_bytes(source.read_bytes()[:50_000])
    with pytest.raises(UsageError, match=r"could not write .*q.gguf as Q8_0"):
        quantise(source, tmp_path / "q.gguf", "Q8_0", plan)
    assert [p.name for p in tmp_path.iterdir()] == ["base.gguf"]


def test_a_file_that_is_no_gguf_has_no_types(tmp_path):
    source, _ = base(llama(), tmp_path)
    for content in (source.read_bytes()[:300], b"", b"PK" * 100):
        (tmp_path / "bad.gguf").write_bytes(content)
        with pytest.raises(UsageError, match="no usable GGUF file"):
            read_types(tmp_path / "bad.gguf")


def test_types_that_are_not_those_asked_for_are_noticed(tmp_path):
    source, plan = base(llama(256), tmp_path)
    module = load_llama_cpp()
    parameters = module.llama_model_quantize_default_params()
    parameters.ftype = 7
    module.llama_model_quantize(str(source).encode(), str(tmp_path / "q8.gguf").encode(), parameters)
    from export.gguf.quantise import _verify

    with pytest.raises(UsageError, match=r"token_embd\.weight is Q8_0"):
        _verify("Q4_K_M", plan, [], read_types(tmp_path / "q8.gguf"))


def test_quantising_is_silent_and_gives_the_log_back(tmp_path, capfd):
    source, plan = base(llama(), tmp_path)
    module = load_llama_cpp()
    heard = []
    callback = module.llama_log_callback(lambda level, text, data: heard.append(text))
    with listening():
        module.llama_log_set(callback, None)
        quantise(source, tmp_path / "q.gguf", "Q4_K_M", plan)
        assert heard == []
        module.llama_model_load_from_file(b"/nowhere", module.llama_model_default_params())
        assert heard
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_an_interrupt_while_llama_cpp_works_is_not_lost(tmp_path):
    source, plan = base(llama(), tmp_path)

    def interrupt(step, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantise(source, tmp_path / "q.gguf", "Q8_0", plan, progress=interrupt)
    assert [p.name for p in tmp_path.iterdir()] == ["base.gguf"]
    quantise(source, tmp_path / "q.gguf", "Q8_0", plan)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base.gguf", "q.gguf"]


def test_mappings_of_a_file_are_found_and_those_written_to_are_left(tmp_path):
    import mmap

    path = tmp_path / "data"
    path.write_bytes(bytes(1 << 16))
    if not memory.MAPS.exists():
        pytest.skip("no /proc here")
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ):
            assert [length for _, length in memory.read_only_mappings(str(path))] == [1 << 16]
        with mmap.mmap(file.fileno(), 0):
            assert memory.read_only_mappings(str(path)) == []
