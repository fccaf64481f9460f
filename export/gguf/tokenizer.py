"""A Hugging Face tokenizer in llama.cpp's terms.

The fast tokenizer's own description (tokenizer.json, or what transformers makes of a tokenizer.model) is the one
source: llama.cpp is to give its tokens. Two kinds exist: SentencePiece's BPE over characters with bytes to fall back
on, which llama.cpp calls "llama" and orders by scores, and BPE over bytes, "gpt2", which it orders by merges.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edge_nav.errors import UsageError

if TYPE_CHECKING:
    from gguf import GGUFWriter

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""llama.cpp's token types."""

SPACE = "▁"
# The regular expressions that llama.cpp knows by name, as they stand in a tokenizer.json.
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {_WORDS + r"\p{N}{1,3}" + _REST: "llama-bpe", _WORDS + r"\p{N}" + _REST: "qwen2"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by number, and how text becomes them."""

    model: Literal["llama", "gpt2"]
    pre: str
    tokens: tuple[str, ...]
    types: tuple[int, ...]
    scores: tuple[float, ...]
    merges: tuple[str, ...]
    add_space_prefix: bool
    add_bos: bool
    add_eos: bool
    ids: dict[str, int]
    """Of "bos", "eos", "unk" and "pad", those that exist."""
    chat_template: str | None


def load_tokenizer(folder: Path) -> Any:
    """The fast Hugging Face tokenizer of a folder. Raises UsageError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), use_fast=True, local_files_only=True)
    except Exception as e:  # transformers raises whatever its parsers meet
        raise UsageError(
            f"the tokenizer in {folder} cannot be read ({_first_line(e)}): fetch the checkpoint again."
        ) from e
    if not tokenizer.is_fast:
        raise UsageError(f"the tokenizer in {folder} has no fast form: add its tokenizer.json.")
    return tokenizer


def read_vocabulary(tokenizer: Any, rows: int) -> Vocabulary:
    """From a fast tokenizer; ``rows`` is the number of embeddings, and the tokens between are placeholders. Raises
    UsageError for what llama.cpp cannot do."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    model = spec["model"]
    if model["type"] != "BPE":
        raise UsageError(
            f"a tokenizer of type {model['type']} cannot be exported to GGUF: "
            "llama.cpp's tokens equal the original's for SentencePiece's and byte-level BPE only."
        )
    pieces: dict[int, str] = {i: piece for piece, i in model["vocab"].items()}
    merges = tuple(" ".join(m) if isinstance(m, list) else str(m) for m in model["merges"])
    byte_level = "ByteLevel" in _types(spec.get("pre_tokenizer"))
    if byte_level:
        vocabulary = _byte_level(spec, model, pieces, merges)
    elif model.get("byte_fallback"):
        vocabulary = _sentencepiece(spec, pieces, merges)
    else:
        raise UsageError("a BPE tokenizer without bytes cannot be exported to GGUF: train it with byte_fallback.")
    return _finish(_add(vocabulary, pieces, spec, rows), tokenizer)


def marks_first_only(tokenizer: Any) -> bool:
    """Whether a space is put before the text's first word alone, and only where the text has none: the fast form of
    Vicuna's tokenizer (``legacy`` false). SentencePiece itself and llama.cpp put one in any case, and after every
    special token; on texts without these two the tokens are the same."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    steps = _steps(spec.get("pre_tokenizer"))
    return any(step["type"] == "Metaspace" and step.get("prepend_scheme") == "first" for step in steps)


def add_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    """As keys of a GGUF file."""
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    writer.add_token_merges(vocabulary.merges)
    writer.add_add_space_prefix(vocabulary.add_space_prefix)
    writer.add_add_bos_token(vocabulary.add_bos)
    writer.add_add_eos_token(vocabulary.add_eos)
    for name, i in vocabulary.ids.items():
        getattr(writer, f"add_{name}_token_id")(i)
    if vocabulary.chat_template:
        writer.add_chat_template(vocabulary.chat_template)


def _sentencepiece(spec: dict[str, Any], pieces: dict[int, str], merges: tuple[str, ...]) -> Vocabulary:
    """llama.cpp merges the neighbours whose union has the highest score: a piece's score is that of its first merge."""
    prefix = False
    for step in _steps(spec.get("normalizer")):
        if step["type"] == "Prepend" and step["prepend"] == SPACE:
            prefix = True
        elif step["type"] != "Replace" or step["pattern"] != {"String": " "} or step["content"] != SPACE:
            raise UsageError(f"the tokenizer's normaliser {step['type']} cannot be exported to GGUF: remove it.")
    for step in _steps(spec.get("pre_tokenizer")):
        if step["type"] == "Metaspace" and step["replacement"] == SPACE:
            prefix = prefix or step.get("prepend_scheme", "always") != "never"
        elif step["type"] != "Split" or step["pattern"] != {"String": " "}:
            raise UsageError(f"the tokenizer's pre-tokenizer {step['type']} cannot be exported to GGUF: remove it.")
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        ranks.setdefault(merge.replace(" ", ""), rank)
    types, scores = [], []
    unknown = spec["model"].get("unk_token")
    for i in range(max(pieces) + 1):
        piece = pieces.get(i, "")
        is_byte = len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")
        types.append(BYTE if is_byte else UNKNOWN if piece == unknown else NORMAL)
        scores.append(-float(ranks.get(piece, len(ranks) + i)))
    return Vocabulary(
        "llama", "default", _texts(pieces), tuple(types), tuple(scores), (), prefix, False, False, {}, None
    )


def _byte_level(
    spec: dict[str, Any], model: dict[str, Any], pieces: dict[int, str], merges: tuple[str, ...]
) -> Vocabulary:
    pre = ""
    for step in _steps(spec.get("pre_tokenizer")):
        if step["type"] == "Split":
            pre = SPLITS.get(step["pattern"].get("Regex", ""), "?")
        elif step["type"] == "ByteLevel":
            if step["add_prefix_space"]:
                raise UsageError(
                    "a byte-level tokenizer with add_prefix_space cannot be exported to GGUF: turn it off."
                )
            pre = pre or ("gpt-2" if step["use_regex"] else "?")
        else:
            pre = "?"
    normal = [step["type"] for step in _steps(spec.get("normalizer"))]
    # llama.cpp merges a whole known word at once for this one alone.
    if pre == "?" or bool(model.get("ignore_merges")) != (pre == "llama-bpe") or normal not in ([], ["NFC"]):
        raise UsageError(
            "the byte-level tokenizer splits text in a way that llama.cpp does not know by name: "
            "the supported ones split as GPT-2, Llama 3 or Qwen2 do."
        )
    texts = _texts(pieces)
    return Vocabulary("gpt2", pre, texts, (NORMAL,) * len(texts), (), merges, False, False, False, {}, None)


def _texts(pieces: dict[int, str]) -> tuple[str, ...]:
    return tuple(pieces.get(i, "") for i in range(max(pieces) + 1))


def _add(vocabulary: Vocabulary, pieces: dict[int, str], spec: dict[str, Any], rows: int) -> Vocabulary:
    """The added tokens with their types, and placeholders up to the embeddings' number."""
    added: dict[int, dict[str, Any]] = {int(a["id"]): a for a in spec["added_tokens"]}
    count = max([*pieces, *added]) + 1
    if count > rows:
        raise UsageError(f"the tokenizer has {count} tokens for {rows} embeddings: fetch the checkpoint again.")
    texts, types = list(vocabulary.tokens), list(vocabulary.types)
    scores = list(vocabulary.scores)
    texts += [""] * (rows - len(texts))
    types += [UNUSED] * (rows - len(types))
    if scores:
        scores += [-1e6] * (rows - len(scores))
    for i, token in added.items():
        texts[i] = str(token["content"])
        if not token["special"]:
            # llama.cpp finds these in the text as it is typed, before spaces are marked.
            types[i] = USER_DEFINED
            texts[i] = texts[i].replace(SPACE, " ") if token["normalized"] and scores else texts[i]
        elif types[i] != UNKNOWN:
            types[i] = CONTROL
    taken = set(texts)
    for i, text in enumerate(texts):
        if not text:
            texts[i] = _placeholder(i, taken)
            types[i] = UNUSED
    return replace(vocabulary, tokens=tuple(texts), types=tuple(types), scores=tuple(scores))


def _placeholder(i: int, taken: set[str]) -> str:
    name = f"[PAD{i}]"
    while name in taken:
        name = f"[{name}]"
    return name


def _finish(vocabulary: Vocabulary, tokenizer: Any) -> Vocabulary:
    ids = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "unk", "pad")}
    ids = {name: int(i) for name, i in ids.items() if i is not None and 0 <= i < len(vocabulary.tokens)}
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a", add_special_tokens=True)["input_ids"]
    before = whole[: len(whole) - len(plain)] if whole[-1:] == plain[-1:] else whole[:1]
    template = tokenizer.chat_template
    return replace(
        vocabulary,
        ids=ids,
        add_bos=bool(before) and before[0] == ids.get("bos"),
        add_eos=whole[-1:] != plain[-1:] and whole[-1] == ids.get("eos"),
        chat_template=template if isinstance(template, str) else None,
    )


def _steps(spec: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A normaliser or pre-tokenizer as a flat list."""
    if spec is None:
        return []
    if spec["type"] == "Sequence":
        parts = spec.get("normalizers") or spec.get("pretokenizers") or []
        return [step for part in parts for step in _steps(part)]
    return [spec]


def _types(spec: dict[str, Any] | None) -> set[str]:
    return {step["type"] for step in _steps(spec)}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
