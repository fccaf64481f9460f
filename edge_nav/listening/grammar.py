"""Phrases -> a JSGF grammar, for recognisers that choose among known sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

THING = "{thing}"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What may be said: phrases, in which ``{thing}`` stands for any of the things."""

    phrases: tuple[str, ...]
    things: tuple[str, ...]


def jsgf(vocabulary: Vocabulary, knows: Callable[[str], bool]) -> str:
    """A grammar of all phrases whose words the recogniser ``knows``. Format: JSpeech Grammar Format 1.0 (W3C, 2000)."""
    things = [t for t in vocabulary.things if _known(t, knows)]
    phrases = [p for p in vocabulary.phrases if _known(p.replace(THING, ""), knows) and (things or THING not in p)]
    lines = ["#JSGF V1.0;", "grammar questions;"]
    lines.append(f"public <question> = {' | '.join(p.replace(THING, '<thing>') for p in phrases)};")
    if things:
        lines.append(f"<thing> = {' | '.join(things)};")
    return "\n".join(lines) + "\n"


def sentences(vocabulary: Vocabulary) -> Callable[[str], bool]:
    """Whether a text is a whole sentence of the vocabulary, not only the beginning of one."""
    things = "|".join(re.escape(t) for t in vocabulary.things) or r"(?!)"
    patterns = [re.escape(p).replace(re.escape(THING), f"(?:{things})") for p in vocabulary.phrases]
    whole = re.compile("|".join(f"(?:{p})" for p in patterns) or r"(?!)")
    return lambda text: whole.fullmatch(text) is not None


def _known(text: str, knows: Callable[[str], bool]) -> bool:
    words: Iterable[str] = text.split()
    return all(knows(word) for word in words)
