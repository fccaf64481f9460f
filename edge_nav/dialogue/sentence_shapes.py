"""Which sentences of a model have a shape that may be spoken: what is there, what it is made of, how it looks, what is
written on it.

One of two gates, and blind to the other: this one knows how harmless sentences are built, and wants at least one word
in them that is known to be harmless. Whatever it cannot parse is not spoken.
"""

from __future__ import annotations

import re
from functools import lru_cache

from edge_nav.dialogue.sentence_words import BLOCKED, PlainSentence, plain, sentence_words
from edge_nav.types import Language

MOST_KINDS = 40
"""Words of the longest sentence that is looked at."""
_HARMLESS = re.compile(r"[ANMLF]|S[^T]*T|T[^S]*S")


def fits(sentence: PlainSentence, language: Language, *, about_harmless: bool = False) -> bool:
    """Whether a sentence has an allowed shape. ``about_harmless``: what it is about is known from the question."""
    kinds = sentence.kinds
    if unsure(sentence, language):
        return True
    if BLOCKED in kinds or not 0 < len(kinds) <= MOST_KINDS:
        return False
    known, unknown = len(_HARMLESS.findall(kinds)), kinds.count("W") + kinds.count("w")
    shape, unfit = _patterns(language)
    about = known > 0 or (about_harmless and unknown == 0)
    return about and unknown <= known + 1 and shape.fullmatch(kinds) is not None and not unfit.search(kinds)


def unsure(sentence: PlainSentence, language: Language) -> bool:
    """Whether it says no more than that the picture, or a writing, cannot be made out."""
    return any(
        re.fullmatch(plain(pattern, language), sentence.text)
        for pattern in sentence_words(language).unsure.splitlines()
    )


def names_something(sentence: PlainSentence) -> bool:
    """Whether it names a thing that no walker meets in the street."""
    return "N" in sentence.kinds


@lru_cache
def _patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = sentence_words(language)
    return re.compile(data.shape), re.compile("|".join(data.unfit.split()))
