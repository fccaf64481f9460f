"""What of a model's answer may be spoken: how things look and what is written on them, never numbers, sides or safety.

A sentence must pass two gates: it has a shape that is allowed (`sentence_shapes`), and it touches no topic that is not
(`never_topics`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from edge_nav.dialogue.never_topics import topics
from edge_nav.dialogue.sentence_shapes import fits, names_something, unsure
from edge_nav.dialogue.sentence_words import PLACE, PlainSentence, plain_sentence, sentence_words
from edge_nav.types import Language

MOST_WORDS = 40
"""Of a model's answer, unless more is asked for."""
_END = re.compile(
    r"(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bSr\.)(?<!\bMrs\.)(?<!\bDra\.)(?<!\bSra\.)(?<!डॉ\.)(?<=[.!?।])(?=\s)|\n"
)


def may_be_said(sentence: str, language: Language) -> bool:
    """Whether a model's sentence holds nothing that only measuring may tell."""
    return PLACE not in sentence and passes(plain_sentence(sentence, language), language)


def passes(sentence: PlainSentence, language: Language, *, about_harmless: bool = False) -> bool:
    """Whether a sentence passes both gates. ``about_harmless``: what it is about is known from the question."""
    if unsure(sentence, language):
        return True
    return fits(sentence, language, about_harmless=about_harmless) and not topics(sentence, language)


def asks_of_harmless(question: str, language: Language) -> bool:
    """Whether a question names a harmless thing and wants nothing that only measuring may tell."""
    if not question:
        return False
    asked = plain_sentence(re.sub(r"[?¿]", " ", question), language)
    return names_something(asked) and not topics(asked, language)


def without_yes(sentence: str, language: Language) -> tuple[str, str]:
    """The yes or no that a sentence begins with, as "yes", "no" or "", and what it says beyond that."""
    data = sentence_words(language)
    for word, pattern in (("yes", data.agreeing), ("no", data.denying)):
        match = re.match(pattern, sentence.strip(), re.IGNORECASE)
        if match is not None:
            return word, sentence.strip()[match.end() :]
    return "", sentence


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces of text as they come -> whole sentences as soon as each is complete."""
    text = ""
    for piece in pieces:
        text += piece
        while (end := _END.search(text)) is not None:
            sentence, text = text[: end.end()].strip(), text[end.end() :]
            if sentence:
                yield sentence
    if text.strip():
        yield text.strip()
