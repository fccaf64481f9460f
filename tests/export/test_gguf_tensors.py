"""Decoders written as GGUF: llama.cpp's logits are transformers' for every architecture and every rotary rule."""

import gguf
import numpy as np
import pytest
import torch
from gguf_tiny import VOCAB, gemma, llama, phi, sources

from edge_nav.errors import UsageError
from edge_nav.vlm.llama_model import LlamaModel
from export.gguf.exact import every_logits, last_logits, open_exact
from export.gguf.metadata import Origin, check_supported
from export.gguf.plan import planned_bytes
from export.gguf.tensors import interleave, plan_tensors
from export.gguf.tokenizer import Vocabulary
from export.gguf.writer import write_gguf

IDS = [int(i) for i in np.random.default_rng(0).integers(0, VOCAB, 96)]
WORDS = Vocabulary(
    model="gpt2",
    pre="gpt-2",
    tokens=tuple(f"t{i}" for i in range(VOCAB)),
    types=(1,) * VOCAB,
    scores=(),
    merges=("t 1",),
    add_space_prefix=False,
    add_bos=False,
    add_eos=False,
    ids={"bos": 0, "eos": 0},
    chat_template=None,
)
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
MODELS = {
    "llama": llama,
    "llama with grouped heads of their own size": lambda: llama(num_key_value_heads=1, head_dim=32),
    "llama with biases": lambda: llama(attention_bias=True, mlp_bias=True),
    "llama tied": lambda: llama(tie_word_embeddings=True),
    "llama linear": lambda: llama(rope_scaling={"rope_type": "linear", "factor": 4.0}),
    "llama dynamic": lambda: llama(rope_scaling={"rope_type": "dynamic", "factor": 2.0}),
    "llama yarn": lambda: llama(rope_scaling=YARN, head_dim=64),
    "llama llama3": lambda: llama(rope_scaling=LLAMA3, head_dim=64),
    "phi": phi,
    "phi of Phi-2's share": lambda: phi(160, partial_rotary_factor=0.4),
    "phi with grouped heads": lambda: phi(num_attention_heads=4, num_key_value_heads=2),
    "phi tied": lambda: phi(tie_word_embeddings=True),
    "gemma": gemma,
    "gemma of wider heads": lambda: gemma(head=64, num_attention_heads=4, num_key_value_heads=2),
}


def written(model, path, base="F32"):
    plan = plan_tensors(model.config, sources(model), base)
    write_gguf(path, model.config, plan, WORDS, base, Origin("tiny", "apache-2.0", "https://example.org/tiny"))
    return path


def torch_logits(model):
    with torch.inference_mode():
        return model(torch.tensor([IDS])).logits[0].numpy()


@pytest.mark.parametrize("name", MODELS)
def test_logits_equal_those_of_transformers(name, tmp_path):
    model = MODELS[name]()
    expected = torch_logits(model)
    with open_exact(written(model, tmp_path / "m.gguf"), len(IDS)) as opened:
        found = every_logits(opened, IDS)
    # With F32 weights what is left is the order of sums, and the table of GELUs in halves of Phi and Gemma.
    limit = 2e-4 if name.startswith("llama") else 1.5e-2
    assert np.abs(found - expected).max() / expected.std() < limit
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.98


@pytest.mark.parametrize("make", [llama, phi, gemma])
@pytest.mark.parametrize(("base", "limit"), [("F16", 0.02), ("BF16", 0.1)])
def test_half_precision_stays_close(make, base, limit, tmp_path):
    model = make()
    expected = torch_logits(model)
    with open_exact(written(model, tmp_path / "m.gguf", base), len(IDS)) as opened:
        found = every_logits(opened, IDS)
    assert np.sqrt(np.square(found - expected).mean()) / expected.std() < limit


def test_metadata_says_what_the_decoder_is(tmp_path):
    reader = gguf.GGUFReader(written(gemma(), tmp_path / "m.gguf", "F16"))

    def value(key):
        return reader.get_field(key).contents()

    assert value("general.architecture") == "gemma"
    assert value("general.name") == "tiny"
    assert value("general.license") == "apache-2.0"
    assert value("general.file_type") == 1
    assert value("gemma.context_length") == 512
    assert value("gemma.attention.head_count") == 2
    assert value("gemma.attention.head_count_kv") == 1
    assert value("gemma.attention.key_length") == 256
    assert value("gemma.vocab_size") == VOCAB
    kinds = {t.name: t.tensor_type.name for t in reader.tensors}
    assert kinds["token_embd.weight"] == "F16"
    assert kinds["blk.0.attn_norm.weight"] == "F32"
    assert "output.weight" not in kinds


def test_interleaving_moves_each_head_alone():
    rows = torch.arange(8.0)[:, None]
    assert interleave(rows, 2).flatten().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_faults_of_the_tensors_are_listed_at_once():
    model = llama()
    given = sources(model)
    del given["model.norm.weight"]
    given["model.layers.0.extra.weight"] = given["lm_head.weight"]
    given["model.layers.1.mlp.up_proj.weight"] = given["lm_head.weight"]
    with pytest.raises(UsageError) as error:
        plan_tensors(model.config, given, "F16")
    for part in ("model.norm.weight is missing", "layers.0.extra.weight is unexpected", "up_proj.weight has shape"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("make", "change", "word"),
    [
        (llama, {"hidden_act": "relu"}, "relu"),
        (llama, {"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}, "longrope"),
        (gemma, {"rope_scaling": LLAMA3}, "llama3"),
        (gemma, {"tie_word_embeddings": False}, "output matrix"),
        (phi, {"qk_layernorm": True}, "qk_layernorm"),
        (llama, {"model_type": "gpt_neox"}, "supported ones are llama, phi and gemma"),
    ],
)
def test_what_llama_cpp_cannot_compute_is_refused(make, change, word):
    config = make().config
    for key, value in change.items():
        setattr(config, key, value)
    with pytest.raises(UsageError, match=word):
        check_supported(config)


def test_each_tensor_is_read_once_and_let_go(tmp_path):
    """At most one is alive while the file is written, however many there are."""
    model = llama(layers=6)
    given = sources(model)
    alive, most = 0, 0

    class Watched:
        def __init__(self, source):
            self.source, self.shape = source, source.shape

        def read(self):
            nonlocal alive, most
            tensor = self.source.read().clone()
            alive += 1
            most = max(most, alive)
            weakref_finalize(tensor)
            return tensor

    def weakref_finalize(tensor):
        import weakref

        def gone():
            nonlocal alive
            alive -= 1

        weakref.finalize(tensor, gone)

    plan = plan_tensors(model.config, {n: Watched(s) for n, s in given.items()}, "F16")
    steps = []
    write_gguf(tmp_path / "m.gguf", model.config, plan, WORDS, "F16", Origin("x"), lambda *step: steps.append(step))
    assert most == 1
    assert all(s.reads == 1 for s in given.values())
    assert len(steps) == len(plan)
    assert steps[-1] == ("writing m.gguf", planned_bytes(plan), planned_bytes(plan))


def test_an_interrupted_export_leaves_nothing_and_starts_again(tmp_path):
    model = llama()
    given = sources(model)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"an older export")

    class Broken:
        shape = given["model.norm.weight"].shape

        def read(self):
            raise KeyboardInterrupt

    plan = plan_tensors(model.config, {**given, "model.norm.weight": Broken()}, "F16")
    with pytest.raises(KeyboardInterrupt):
        write_gguf(path, model.config, plan, WORDS, "F16", Origin("x"))
    assert path.read_bytes() == b"an older export"
    assert [p.name for p in tmp_path.iterdir()] == ["m.gguf"]
    (tmp_path / "m.gguf.part").write_bytes(b"left by a killed process")
    written(model, path, "F16")
    assert [p.name for p in tmp_path.iterdir()] == ["m.gguf"]
    assert len(gguf.GGUFReader(path).tensors) == len(plan)


def test_values_that_do_not_fit_half_precision_are_refused(tmp_path):
    model = llama()
    with torch.no_grad():
        model.lm_head.weight[3, 5] = 1e6
    with pytest.raises(UsageError, match=r"output.weight .* F16: export it as BF16"):
        written(model, tmp_path / "m.gguf", "F16")
    assert list(tmp_path.iterdir()) == []
    written(model, tmp_path / "m.gguf", "BF16")
    with torch.no_grad():
        model.lm_head.weight[3, 5] = float("nan")
    with pytest.raises(UsageError, match="damaged"):
        written(model, tmp_path / "n.gguf", "BF16")


def test_a_full_disk_is_known_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(UsageError, match="free some"):
        written(llama(), tmp_path / "m.gguf")
    assert list(tmp_path.iterdir()) == []


def test_misuse_raises_before_llama_cpp_could_end_the_process(tmp_path):
    path = written(llama(), tmp_path / "m.gguf")
    rows = np.zeros((17, 64), np.float32)
    with open_exact(path, 16) as opened:
        with pytest.raises(UsageError, match="do not fit a micro-batch of 16"):
            last_logits(opened, rows, causal=False)
        with pytest.raises(UsageError, match="do not fit the context of 16"):
            last_logits(opened, rows)
        opened.forget(0)
        with pytest.raises(UsageError, match="do not fit a batch of 16"):
            every_logits(opened, [1] * 17)
        with pytest.raises(UsageError, match="width is 64"):
            last_logits(opened, rows[:4, :32])
        with pytest.raises(UsageError, match="not among the 320"):
            last_logits(opened, [VOCAB])
        for nothing in ([], rows[:0]):
            with pytest.raises(UsageError, match="nothing to read"):
                last_logits(opened, nothing)
        assert last_logits(opened, [1, 2, 3]).shape == (VOCAB,)
        assert every_logits(opened, [1, 2, 3]).shape == (3, VOCAB)
    (tmp_path / "no.gguf").write_bytes(b"GGUF?")
    for vocab_only in (False, True):
        with pytest.raises(UsageError, match=r"no\.gguf cannot be loaded"):
            LlamaModel(tmp_path / "no.gguf", vocab_only=vocab_only)


def test_llama_cpp_stays_silent(tmp_path, capfd):
    path = written(llama(), tmp_path / "m.gguf")
    with open_exact(path, 8) as opened:
        last_logits(opened, [1])
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
