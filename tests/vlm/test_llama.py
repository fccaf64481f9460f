"""llama.cpp by its raw calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vlm.vlm_bundle import WIDTH, write_bundle

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.vlm.llama import Llama, Sizes
from edge_nav.vlm.llama_model import LlamaModel


def test_misuse_of_the_raw_calls_raises_before_llama_cpp_could_end_the_process(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    with Llama(folder / "llm.gguf", Sizes(256, 32, 1)) as llama:
        rows = np.zeros((4, WIDTH), np.float32)
        with pytest.raises(UsageError, match="do not fit"):
            llama.read_embeddings(rows[:, :32], logits=True)
        with pytest.raises(UsageError, match="micro-batch of 32"):
            llama.read_embeddings(np.zeros((33, WIDTH), np.float32), logits=True, causal=False)
        with pytest.raises(EdgeNavError, match="no numbers"):
            llama.read_embeddings(np.full((4, WIDTH), np.nan, np.float32), logits=True)
        with pytest.raises(UsageError, match="token 100000"):
            llama.read_tokens([1, 100000], logits=True)
        with pytest.raises(EdgeNavError, match="do not fit the context"):
            llama.read_tokens([1] * 300, logits=True)
        llama.forget(0)
        llama.read_tokens([1] * 100, logits=True)  # more than a batch
        assert llama.used == 100
        assert np.isfinite(llama.logits()).all()
    llama.close()


def test_logits_of_every_token_are_those_of_each_in_turn(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    ids = [5, 261, 7, 260]
    with Llama(folder / "llm.gguf", Sizes(64, 32, 1, gpu_layers=0, exact=True)) as llama:
        with pytest.raises(EdgeNavError, match="no logits"):
            llama.every_logits()
        llama.read_tokens(ids, logits=True, every=True)
        every = llama.every_logits().copy()
        np.testing.assert_array_equal(llama.logits(), every[-1])
        llama.forget(0)
        for token, wanted in zip(ids, every, strict=True):
            llama.read_tokens([token], logits=True)
            np.testing.assert_allclose(llama.logits(), wanted, atol=1e-4)
        llama.read_tokens(ids, logits=False)
        with pytest.raises(EdgeNavError, match="no logits"):
            llama.every_logits()


def test_a_vocabulary_alone_knows_tokens(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "b") / "llm.gguf"
    with LlamaModel(path, vocab_only=True) as words, Llama(path, Sizes(64, 32, 1)) as llama:
        assert words.vocabulary == llama.model.vocabulary
        text = "the door is</s>"
        marked = words.tokens(text, parse_special=True)
        assert marked == llama.model.tokens(text, parse_special=True)
        assert words.is_special(marked[-1])
        assert not any(map(words.is_special, words.tokens(text, parse_special=False)))
        assert b"".join(map(words.piece, words.tokens(text, parse_special=False))) == text.encode()
        assert words.tokens(text, parse_special=True, add_special=True)[1:] == marked
    words.close()
