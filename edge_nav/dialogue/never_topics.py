"""What no sentence of a model may be about: signals, traffic, people who come or do not, the way, permission, safety.

One of two gates, and blind to the other: this one knows words, whatever the sentence around them looks like. A word
that nobody knows counts as the forbidden one that it is a slip of the pen away from.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_args

from rapidfuzz.distance import DamerauLevenshtein

from edge_nav.dialogue.sentence_words import PlainSentence, plain, plain_sentence, sentence_words
from edge_nav.types import Language

FUZZY_LETTERS = 5
"""From this length on, a word with one wrong letter is still that word."""
NEGATION = "negation"
"""The topic of saying that something is not."""


def topics(sentence: PlainSentence, language: Language) -> set[str]:
    """The forbidden topics that a sentence touches; "quoted" where the text it quotes may be taken for advice."""
    found = {name for name, pattern in _topics(language).items() if pattern.search(sentence.text)}
    parts = {name for name, pattern in _parts(language).items() if pattern.search(sentence.text)}
    found |= {f"{a} {b}" for a, b in sentence_words(language).pairs if {a, b} <= parts}
    unknown = [w for w, kind in zip(sentence.words, sentence.kinds, strict=True) if kind in "Ww"]
    found |= {name for name, stems in _stems(language).items() if any(_slip(w, s) for w in unknown for s in stems)}
    if any(_advises(quote) for quote in sentence.quotes):
        found.add("quoted")
    return found


def _advises(quote: str) -> bool:
    """Whether a text may be taken for advice to the walker in any of the languages."""
    for language in get_args(Language):
        text = plain_sentence(quote, language).text
        if any(_topics(language)[name].search(text) for name in sentence_words(language).quoted):
            return True
    return False


@lru_cache
def _topics(language: Language) -> dict[str, re.Pattern[str]]:
    return {name: _pattern(words, language) for name, words in sentence_words(language).never.items()}


@lru_cache
def _parts(language: Language) -> dict[str, re.Pattern[str]]:
    return {name: _pattern(words, language) for name, words in sentence_words(language).parts.items()}


def _pattern(words: str, language: Language) -> re.Pattern[str]:
    r"""Words as one expression; _ is a space, * any letters. In a hyphenated word each part counts, and the whole."""
    text = "|".join(words.split()).replace("_", r"[\s-]+").replace("*", r"[^\s-]*")
    return re.compile(rf"(?<![^\s-])(?:{plain(text, language).lower()})(?![^\s'-])")


@lru_cache
def _stems(language: Language) -> dict[str, list[str]]:
    """The long single words of each topic, * at the end where any ending is meant."""
    found = {}
    for name, words in sentence_words(language).never.items():
        forms = [plain(w, language).lower() for w in words.split()]
        found[name] = [w for w in forms if re.fullmatch(r"[^\W_]+\*?", w) and len(w.rstrip("*")) >= FUZZY_LETTERS]
    return found


def _slip(word: str, stem: str) -> bool:
    """Whether a word is a stem but for one slip; letters that are doubled count once."""
    word, begun = _undoubled(word), stem.endswith("*")
    stem = _undoubled(stem.rstrip("*"))
    if word[:1] != stem[:1] or len(word) < FUZZY_LETTERS - 1 or len(stem) < FUZZY_LETTERS - (not begun):
        return False
    ends = range(len(stem) - 1, len(stem) + 2) if begun else [len(word)]
    return any(DamerauLevenshtein.distance(word[:end], stem, score_cutoff=1) <= 1 for end in ends)


def _undoubled(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)
