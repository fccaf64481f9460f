"""Tokenizers in GGUF: llama.cpp's tokens are the Hugging Face tokenizer's, whatever the script."""

import json

import pytest
import transformers
from gguf_tiny import llama, sources
from tiny_checkpoints import byte_level_tokenizer, llama_tokenizer
from tokenizers import AddedToken

from edge_nav.bundle import ImageRun, TextRun
from edge_nav.errors import UsageError
from edge_nav.vlm.llama_model import LlamaModel
from export.gguf import tokenizer as module
from export.gguf.metadata import Origin
from export.gguf.plan import Planned
from export.gguf.tensors import plan_tensors
from export.gguf.tokenizer import CONTROL, UNUSED, USER_DEFINED, load_tokenizer, read_vocabulary
from export.gguf.writer import write_gguf
from export.parity.llm import PromptShape, encode, tokenizer_rows
from export.parity.texts import PROSE, TRICKY
from models.random_checkpoints.tokenizers import byte_level_json, sentencepiece_model

SPACES = [AddedToken(" " * n, normalized=True) for n in range(2, 32)] + [AddedToken("\t" * n) for n in range(2, 10)]
PLACES = [AddedToken(f"<loc{i:04}>", normalized=False) for i in range(20)]
SHAPE = PromptShape([ImageRun(), TextRun(text="\nUSER: {question} ASSISTANT:")], "causal", 4)


def of_llama(folder):
    return llama_tokenizer(folder, extra=("<image>", "<|im_start|>"))


def of_vicuna(folder):
    """The SentencePiece model alone, as Vicuna publishes it."""
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(sentencepiece_model("llama"))
    settings = {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_bos_token": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return load_tokenizer(folder)


def of_gemma(folder):
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(sentencepiece_model("gemma"))
    tokenizer = transformers.GemmaTokenizerFast(vocab_file=str(folder / "tokenizer.model"))
    tokenizer.add_tokens(PLACES)
    tokenizer.add_tokens([AddedToken("<image>", special=True, normalized=False)])
    tokenizer.save_pretrained(folder)
    return load_tokenizer(folder)


def of_phi(folder):
    """Byte-level, with runs of spaces and tabs added as Phi-2's has them."""
    tokenizer = byte_level_tokenizer(folder)
    tokenizer.add_tokens(SPACES)
    tokenizer.save_pretrained(folder)
    return load_tokenizer(folder)


def of_llama3(folder):
    """Byte-level, split as Llama 3 splits."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    tokenizer = Tokenizer.from_str(byte_level_json())
    (pattern,) = (p for p, name in module.SPLITS.items() if name == "llama-bpe")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    spec = json.loads(tokenizer.to_str())
    spec["model"]["ignore_merges"] = True
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)), eos_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
    tokenizer.save_pretrained(folder)
    return load_tokenizer(folder)


KINDS = {"llama": of_llama, "vicuna": of_vicuna, "gemma": of_gemma, "phi": of_phi, "llama 3": of_llama3}


def written(tokenizer, path, rows):
    """A file with the tokenizer and one embedding matrix."""
    model = llama(layers=1, vocab_size=rows)
    plan: list[Planned] = plan_tensors(model.config, sources(model), "F16")
    write_gguf(path, model.config, plan, read_vocabulary(tokenizer, rows), "F16", Origin("words"))
    return path


@pytest.fixture(params=KINDS)
def pair(request, tmp_path):
    tokenizer = KINDS[request.param](tmp_path / "tokenizer")
    rows = len(tokenizer) + 50
    with LlamaModel(written(tokenizer, tmp_path / "m.gguf", rows), vocab_only=True) as model:
        yield request.param, tokenizer, model


def test_tokens_equal_hugging_faces(pair):
    name, tokenizer, model = pair
    texts = [t for t in (*TRICKY, PROSE) if name != "vicuna" or not t.startswith(" ")]
    assert {t: model.tokens(t, parse_special=True) for t in texts} == {t: encode(tokenizer, t) for t in texts}
    assert all(
        model.tokens(t, parse_special=True, add_special=True) == list(tokenizer(t)["input_ids"])
        for t in texts
        if t.strip()
    )
    (row,) = tokenizer_rows(model, tokenizer, SHAPE)
    assert row.passed
    assert row.value == 0


def test_special_tokens_are_parsed_only_when_asked(pair):
    _, tokenizer, model = pair
    special = tokenizer.eos_token
    assert model.tokens(special, parse_special=True)[-1:] == [tokenizer.eos_token_id]
    assert tokenizer.eos_token_id not in model.tokens(special, parse_special=False)


def test_types_ids_and_placeholders(tmp_path):
    tokenizer = of_gemma(tmp_path / "tokenizer")
    vocabulary = read_vocabulary(tokenizer, len(tokenizer) + 3)
    kinds = dict(zip(vocabulary.tokens, vocabulary.types, strict=True))
    assert kinds["<image>"] == CONTROL
    assert kinds["<loc0003>"] == USER_DEFINED
    assert kinds["<bos>"] == CONTROL
    assert vocabulary.tokens[-1] == f"[PAD{len(tokenizer) + 2}]"
    assert set(vocabulary.types[-3:]) == {UNUSED}
    assert vocabulary.ids == {"bos": 2, "eos": 1, "unk": 3, "pad": 0}
    assert vocabulary.add_bos
    assert not vocabulary.add_space_prefix
    assert len(set(vocabulary.tokens)) == len(vocabulary.tokens)


def test_the_chat_template_is_kept(tmp_path):
    import gguf

    tokenizer = of_llama(tmp_path / "tokenizer")
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    path = written(tokenizer, tmp_path / "m.gguf", len(tokenizer))
    field = gguf.GGUFReader(path).get_field("tokenizer.chat_template")
    assert field.contents() == tokenizer.chat_template


def test_a_wrong_tokenizer_fails_its_row(tmp_path):
    tokenizer = of_llama(tmp_path / "tokenizer")
    other = of_phi(tmp_path / "other")
    with LlamaModel(written(tokenizer, tmp_path / "m.gguf", len(tokenizer)), vocab_only=True) as model:
        (row,) = tokenizer_rows(model, other, SHAPE)
    assert not row.passed
    assert row.value > 5


def test_what_llama_cpp_cannot_split_is_refused(tmp_path):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    def fast(tokenizer):
        return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)

    with pytest.raises(UsageError, match="type Unigram"):
        read_vocabulary(fast(Tokenizer(models.Unigram([("a", 0.0)]))), 8)
    with pytest.raises(UsageError, match="byte_fallback"):
        read_vocabulary(fast(Tokenizer(models.BPE({"a": 0}, []))), 8)
    pieces = Tokenizer(models.BPE({"a": 0}, [], byte_fallback=True))
    pieces.normalizer = normalizers.Lowercase()
    with pytest.raises(UsageError, match="Lowercase"):
        read_vocabulary(fast(pieces), 8)
    level = Tokenizer(models.BPE({"a": 0}, []))
    level.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel(False)])
    with pytest.raises(UsageError, match="does not know by name"):
        read_vocabulary(fast(level), 8)
    with pytest.raises(UsageError, match="tokens for 4 embeddings"):
        read_vocabulary(of_llama(tmp_path / "tokenizer"), 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load_tokenizer(tmp_path / "empty")
