"""Whether a GGUF file gives what its checkpoint gives: its tokens, its words, and how much quantising changed them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_header import read_header
from edge_nav.vlm.llama import F32, Llama
from edge_nav.vlm.llama_model import LlamaModel
from export.gguf.exact import every_logits, last_logits, open_exact
from export.gguf.plan import Sources
from export.gguf.quantise import Quantisation
from export.gguf.tokenizer import marks_first_only
from export.parity.reference import Line, reference_logits, rows_of
from export.parity.report import ParityRow, at_least, at_most, told
from export.parity.texts import QUESTIONS, TRICKY
from export.progress import Progress

Runs = Sequence[TextRun | TokensRun | ImageRun]

GREEDY_TOKENS = 64
LOGIT_TOLERANCE = 0.05
"""Largest root mean square of the logits' difference from torch, in standard deviations of torch's logits. llama.cpp
rounds activations to half precision before it multiplies them with F16 weights: 0.002 in random Llamas of 2 layers,
0.005 of 8, 0.004 and 0.02 in such Gemmas, whose GELU is a table of halves (with F32 weights 0.00001 and 0.0005). A
wrong rotation, norm or head order gives more than 0.3."""
TIE = 6.0
"""A word that torch rates below its own first choice by no more than so many times that root mean square is a tie."""
PERPLEXITY: dict[Quantisation, float] = {"Q4_0": 1.10, "Q4_K_M": 1.05, "Q5_K_M": 1.03, "Q8_0": 1.01}
"""Largest ratio of a quantised file's perplexity to its source's; 5 % for Q4_K_M is the project's target."""
AGREEMENT: dict[Quantisation, float] = {"Q4_0": 0.7, "Q4_K_M": 0.75, "Q5_K_M": 0.85, "Q8_0": 0.95}
"""Least share of positions with the same first choice."""
UNTRAINED_AGREEMENT = 0.04
"""The same for a model whose perplexity is worse than guessing: what it prefers is chance and lies close together, so
that its perplexity is told and not judged. Random models agreed in 0.23 or more at 4 bits, one of 3 billion values and
257 thousand words in 0.057 (Q4_0) and 0.071 (Q4_K_M), damaged small files in 0.02."""
MOST_SPECIALS = 200
_WINDOW, _BLOCK = 256, 64


@dataclass(frozen=True, slots=True)
class PromptShape:
    """How the decoder is asked: the runs of a bundle's prompt, and its attention."""

    runs: Runs
    attention: Literal["causal", "prefix"]
    image_tokens: int


def tokenizer_rows(model: LlamaModel, tokenizer: Any, shape: PromptShape) -> list[ParityRow]:
    """llama.cpp's tokens of many scripts, whitespace, the prompt, and all special tokens, against Hugging Face's."""
    specials = sorted(tokenizer.get_added_vocab(), key=str)
    tricky: Sequence[str] = TRICKY
    mixed = [f"before{t}after {t} and {t}{t}\n" for t in specials[:MOST_SPECIALS]]
    note = ""
    if marks_first_only(tokenizer):
        tricky = [t for t in TRICKY if not t.startswith(" ")]
        mixed = [f"before {t}{t}" for t in specials[:MOST_SPECIALS]]
        note = "; at a leading space and after special tokens llama.cpp marks one space more"
    prompt = [r.text.replace("{question}", q) for r in shape.runs if isinstance(r, TextRun) for q in QUESTIONS]
    texts = [*tricky, "".join(tricky), *mixed, *prompt]
    wrong = [t for t in texts if model.tokens(t, parse_special=True) != encode(tokenizer, t)]
    wrong += [
        t
        for t in tricky
        if model.tokens(t, parse_special=True, add_special=True) != encode(tokenizer, t, add_special=True)
    ]
    detail = f"{len(texts)} texts, {len(specials)} added tokens{note}"
    if wrong:
        detail = f"the first of them is {wrong[0][:60]!r}"
    found = float(len(wrong))
    return [at_most("tokenizer", "texts whose tokens differ from Hugging Face's", found, 0, detail)]


def torch_rows(
    path: Path,
    config: Any,
    sources: Sources,
    tokenizer: Any,
    shape: PromptShape,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[ParityRow]:
    """Greedy words and logits of the unquantised file against torch, with an image's embeddings in the prompt.

    llama.cpp answers each prompt greedily; torch then reads prompt and answer in one pass. Where torch's own choice is
    the same at every place, its greedy answer is the same. Ties, which rounding decides, are counted apart.
    """
    started = time.monotonic()
    prompts = _prompts(config, sources, tokenizer, shape, seed)
    answers: list[list[int]] = []
    ours: list[F32] = []
    context = max(len(p.rows) for p in prompts) + GREEDY_TOKENS
    with open_exact(path, context) as llama:
        factor = injected_factor(llama, config, sources)
        for p in prompts:
            ids, logits = _greedy(llama, p, factor)
            answers.append(ids)
            ours.append(logits)
            if progress is not None:
                progress("llama.cpp answers", len(answers), len(prompts))
    # The embedding of the last word is not needed: nothing is asked after it.
    words = rows_of(sources, [i for a in answers for i in a[:-1]])
    lines = [
        Line(np.concatenate([p.rows, w]), p.prefix, len(p.rows) - 1)
        for p, w in zip(prompts, np.split(words, len(prompts)), strict=True)
    ]
    theirs = reference_logits(config, sources, lines, progress)
    return _compare(ours, theirs, answers, factor, time.monotonic() - started)


def quantised_rows(
    base: Path, quantised: Mapping[Quantisation, Path], ids: Sequence[int], progress: Progress | None = None
) -> list[ParityRow]:
    """Perplexity and first choices of each quantised file against the unquantised one, on the tokens of a text."""
    if len(ids) < 2:
        raise UsageError("the text for comparing quantisations has no two tokens: give a longer one.")
    reading = "reading a text with each file"
    loss, choice, count = _read(base, ids)
    if progress is not None:
        progress(reading, 1, 1 + len(quantised))
    trained = float(loss.mean()) < math.log(count)
    rows = []
    for kind, path in quantised.items():
        started = time.monotonic()
        other_loss, other_choice, _ = _read(path, ids)
        ratio = math.exp(float(other_loss.mean() - loss.mean()))
        detail = f"perplexity {math.exp(other_loss.mean()):.4g} after {math.exp(loss.mean()):.4g}, {len(loss)} tokens"
        same = float((choice == other_choice).mean())
        what = f"{kind} against {base.name}"
        if trained:
            rows.append(at_most(what, "perplexity ratio", ratio, PERPLEXITY[kind], detail))
        else:
            rows.append(told(what, "perplexity ratio", ratio, f"{detail}: worse than guessing, so not judged"))
        floor = AGREEMENT[kind] if trained else UNTRAINED_AGREEMENT
        rows.append(at_least(what, "top-1 agreement", same, floor, f"{len(loss)} tokens"))
        rows.append(told(what, "seconds", time.monotonic() - started))
        if progress is not None:
            progress(reading, 1 + len(rows) // 3, 1 + len(quantised))
    return rows


def encode(tokenizer: Any, text: str, *, add_special: bool = False) -> list[int]:
    """Hugging Face's tokens of a text."""
    return [int(i) for i in tokenizer(text, add_special_tokens=add_special)["input_ids"]]


def injected_factor(llama: Llama, config: Any, sources: Sources) -> float:
    """What an embedding of Hugging Face's ``inputs_embeds`` has to be multiplied by before llama.cpp decodes it.

    Gemma multiplies every embedding by sqrt(width). Some versions of llama.cpp do so with injected ones too, some with
    tokens alone: both are tried against the same tokens. 1 for other decoders.
    """
    count = int(sources["model.embed_tokens.weight"].shape[0])
    ids = [count // 2, count // 3, count // 5]
    llama.forget(0)
    wanted = last_logits(llama, ids)
    rows = rows_of(sources, ids)
    errors = {}
    for factor in (1.0, math.sqrt(llama.model.width)) if config.model_type == "gemma" else (1.0,):
        llama.forget(0)
        errors[factor] = float(np.abs(last_logits(llama, rows * np.float32(factor)) - wanted).max())
    llama.forget(0)
    best = min(errors, key=lambda f: errors[f])
    if not errors[best] <= 0.1 * float(np.std(wanted)):
        raise UsageError("llama.cpp answers embeddings otherwise than their tokens: install another llama-cpp-python.")
    return best


@dataclass(frozen=True, slots=True)
class _Asked:
    """``rows``: the prompt as ``inputs_embeds``, float32 [n, width]; ``ids``: its tokens, None where an image lies."""

    rows: F32
    ids: list[int | None]
    prefix: int


def _prompts(config: Any, sources: Sources, tokenizer: Any, shape: PromptShape, seed: int) -> list[_Asked]:
    """Each question with an image of its own; the last once more without."""
    asked: list[list[int | None]] = []
    for i, question in enumerate((*QUESTIONS, QUESTIONS[-1])):
        ids: list[int | None] = []
        for run in shape.runs:
            if isinstance(run, ImageRun):
                ids += [None] * (shape.image_tokens if i < len(QUESTIONS) else 0)
            elif isinstance(run, TokensRun):
                ids += run.ids
            else:
                ids += encode(tokenizer, run.text.replace("{question}", question))
        longest = int(config.max_position_embeddings) - GREEDY_TOKENS
        if len(ids) > longest:
            raise UsageError(
                f"the prompt has {len(ids)} tokens and the decoder room for {longest} before an answer: shorten it."
            )
        asked.append(ids)
    # As large as words are: what a projector learns to give.
    words = rows_of(sources, [t for ids in asked for t in ids if t is not None])
    images = np.random.default_rng(seed)
    found, used = [], 0
    for ids in asked:
        rows = images.standard_normal((len(ids), words.shape[1]), np.float32) * words.std()
        written = [t is not None for t in ids]
        rows[written] = words[used : used + sum(written)]
        used += sum(written)
        found.append(_Asked(rows, ids, len(ids) if shape.attention == "prefix" else 0))
    return found


def _greedy(llama: Llama, asked: _Asked, factor: float) -> tuple[list[int], F32]:
    """llama.cpp's greedy answer and the logits that each of its words was chosen from, [n, rows]."""
    llama.forget(0)
    if asked.prefix:
        # Full attention needs one block, and one block is either tokens or embeddings.
        logits = last_logits(llama, asked.rows * np.float32(factor), causal=False)
    else:
        for start, end in _stretches(asked.ids):
            tokens = [t for t in asked.ids[start:end] if t is not None]
            logits = last_logits(llama, tokens or asked.rows[start:end] * np.float32(factor))
    ids: list[int] = []
    seen = []
    while len(ids) < GREEDY_TOKENS:
        if ids:
            logits = last_logits(llama, ids[-1:])
        seen.append(logits)
        ids.append(int(logits.argmax()))
    return ids, np.stack(seen)


def _stretches(ids: Sequence[int | None]) -> list[tuple[int, int]]:
    """Runs of tokens alone or of embeddings alone."""
    cuts = [i for i in range(1, len(ids)) if (ids[i] is None) != (ids[i - 1] is None)]
    return list(zip([0, *cuts], [*cuts, len(ids)], strict=True))


def _compare(
    ours: Sequence[F32], theirs: Sequence[F32], answers: Sequence[Sequence[int]], factor: float, seconds: float
) -> list[ParityRow]:
    spread = float(np.std(np.concatenate([t.reshape(-1) for t in theirs])))
    apart = [np.square(a - b).mean() for a, b in zip(ours, theirs, strict=True)]
    rms = float(np.sqrt(np.mean(apart)))
    differ = ties = 0
    for logits, ids in zip(theirs, answers, strict=True):
        lost = logits.max(axis=1) - logits[np.arange(len(ids)), list(ids)]
        ties += int(((lost > 0) & (lost <= TIE * rms)).sum())
        differ += int((lost > TIE * rms).sum())
    total = sum(len(a) for a in answers)
    what = "unquantised against torch"
    return [
        at_most(
            what,
            "greedy tokens that differ",
            float(differ),
            0,
            f"{total - differ - ties} of {total} identical over {len(answers)} prompts, "
            f"{len(answers) - 1} with an image; {ties} ties within rounding",
        ),
        at_most(what, "difference of logits (RMS, in standard deviations)", rms / spread, LOGIT_TOLERANCE),
        told(what, "factor of injected embeddings", factor, "what llama.cpp itself does not multiply them by"),
        told(what, "seconds", seconds),
    ]


def _read(path: Path, ids: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    """Negative log likelihood of each token after the first of its window, the first choice in its place, and how many
    there were to choose from."""
    losses, choices = [], []
    # Beyond what it was trained for, a model's guesses say nothing about its quantisation.
    size = min(_WINDOW, read_header(path).context or _WINDOW)
    with open_exact(path, size) as llama:
        for start in range(0, len(ids) - 1, size - 1):
            window = list(ids[start : start + size])
            llama.forget(0)
            for at in range(0, len(window), _BLOCK):
                logits = every_logits(llama, window[at : at + _BLOCK]).astype(np.float64)
                wanted = window[at + 1 : at + 1 + _BLOCK]
                logits = logits[: len(wanted)]
                top = logits.max(axis=1)
                total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
                losses.append(total - logits[np.arange(len(wanted)), wanted])
                choices.append(logits.argmax(axis=1))
        count = llama.model.vocabulary
    return np.concatenate(losses), np.concatenate(choices), count
