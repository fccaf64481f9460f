"""The rule for every sentence of Edge Nav's own, asked for or not: nothing says that it is safe, that a road may be
crossed, that someone may go, or what colour a light has.

Every word of ours comes through the phrasebook, and the phrasebook through here. The phrases that may use such words
are listed by name in never_spoken.yaml. The phrases themselves are held to the rule by tests; at run time it can only
be broken by what is put into their blanks.
"""

from __future__ import annotations

import importlib.resources
import re
from functools import lru_cache

import yaml
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Language


class NeverSpoken(Settings):
    """The file, checked when it is read."""

    never: dict[Language, list[str]] = Field(min_length=4, max_length=4)
    may_say: list[str] = Field(alias="except")


@lru_cache(maxsize=1)
def never_spoken() -> NeverSpoken:
    """The rule's data."""
    file = importlib.resources.files("edge_nav.guidance").joinpath("never_spoken.yaml")
    return NeverSpoken.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def may_be_spoken(phrase: str, text: str, language: Language) -> bool:
    """Whether a sentence of ours may be said. ``phrase``: its name in phrases/*.yaml, or a hazard's kind."""
    return phrase in never_spoken().may_say or _pattern(language).search(text) is None


@lru_cache
def _pattern(language: Language) -> re.Pattern[str]:
    words = "|".join(never_spoken().never[language])
    # Not \b: it knows nothing of Devanagari's vowel signs.
    before, after = r"(?<![^\W_])(?<![\u0900-\u097F])", r"(?![^\W_])(?![\u0900-\u097F])"
    return re.compile(f"{before}(?:{words}){after}", re.IGNORECASE)
