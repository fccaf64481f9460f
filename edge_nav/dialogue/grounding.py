"""What of a model's answer may be spoken: names and looks, never numbers, sides or safety."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import yaml

from edge_nav.types import Language

MOST_WORDS = 40
"""Of a model's answer, unless more is asked for."""


@lru_cache
def _guard(language: Language) -> re.Pattern[str]:
    file = importlib.resources.files("edge_nav.dialogue").joinpath("guarded.yaml")
    words: list[str] = yaml.safe_load(file.read_text(encoding="utf-8"))[language]
    # Not \b: it knows nothing of Devanagari's vowel signs.
    return re.compile(
        rf"\d|(?<![^\W\d_])(?<![\u0900-\u097F])(?:{'|'.join(map(re.escape, words))})(?![^\W\d_])(?![\u0900-\u097F])",
        re.IGNORECASE,
    )


def may_be_said(sentence: str, language: Language) -> bool:
    """Whether a model's sentence holds nothing that only measuring may tell."""
    return _guard(language).search(sentence) is None


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces of text as they come -> whole sentences as soon as each is complete."""
    text = ""
    for piece in pieces:
        text += piece
        while (end := re.search(r"[.!?।]+(?=\s)|\n", text)) is not None:
            sentence, text = text[: end.end()].strip(), text[end.end() :]
            if sentence:
                yield sentence
    if text.strip():
        yield text.strip()
