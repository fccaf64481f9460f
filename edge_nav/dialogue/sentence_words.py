"""A sentence of a model, made plain, as words of known kinds. The words of a language are its file in `sentences/`.

Made plain means: as it would be heard, not as it is spelt. Full-width and look-alike letters, accents, invisible
characters and capitals make no difference; what is left that the language does not write with is of the kind `BLOCKED`.
"""

from __future__ import annotations

import importlib.resources
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import yaml
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Language, Side

Kind = Literal[
    "opener", "definite", "determiner", "your", "subject", "quantity", "degree", "hedge", "relative", "connector",
    "preposition", "locative", "copula", "verb", "saying", "tail", "blocked", "vehicle", "signal_like", "mover",
    "signal_colour", "extent", "plain", "weak", "thing",
]  # fmt: skip
LETTERS: dict[Kind, str] = {
    "opener": "O", "definite": "d", "determiner": "D", "your": "Y", "subject": "I", "quantity": "Q", "degree": "G",
    "hedge": "K", "relative": "R", "connector": "C", "preposition": "P", "locative": "p", "copula": "B", "verb": "V",
    "saying": "S", "tail": "Z", "blocked": "X", "vehicle": "F", "signal_like": "L", "mover": "M", "signal_colour": "c",
    "extent": "h", "plain": "A", "weak": "a", "thing": "N",
}  # fmt: skip
"""Each kind as the letter that the shapes of sentences are written in. Others: W an unknown word, w one in German that
is no noun, T quoted text, Z a place or distance that is judged elsewhere, and a comma."""
BLOCKED = "X"
MOST_LETTERS = 400
"""A longer sentence is not looked at."""
NAMES: tuple[Kind, ...] = ("vehicle", "signal_like", "mover", "signal_colour", "extent", "plain", "weak", "thing")
"""Kinds of word that have endings, most telling first."""
PLACE, HARMLESS, FAINT, QUOTE = "\ue000", "\ue001", "\ue002", "\ue003"
"""Stand in a sentence for what was taken out of it; no model's text may hold them."""
_MARKS = {PLACE: "Z", HARMLESS: "N", FAINT: "a", QUOTE: "T"}
_LOOKALIKE = str.maketrans(
    "абвгекмнорстухіѕјԁɡѵ" + "αβεικνορτυχ" + "ıøłđ’ʼ`´ँ०१२३४५६७८९",
    "a6brekmhopctyxisjdgv" + "abeikvoptux" + "iold''''ं0123456789",
)
_QUOTED = re.compile(r"[“\"„«”]([^“\"„«”»]+)[”\"“»]|(?<!\w)[‘'‚]([^‘'’]+)['’‘](?!\w)")
_TOKEN = re.compile(r"[^\W\d_](?:[\w'\u0900-\u0963-]*[\w\u0900-\u0963])?|\d[\w.,]*\w|\d|[\ue000-\ue003]|\S")


class ClaimWords(Settings):
    """How a language tells distances and sides. All but the two tables are regular expressions, in which {number},
    {unit}, {ours} (the walker, or what lies before them), {mild} and {about} stand for what is given here by that name.
    """

    numbers: dict[str, float] = Field(description="Beyond those of the phrase book.")
    units: dict[str, float] = Field(description="In metres; that of a step is not a number.")
    half: str = Field(description='"And a half", after a number.')
    half_after: str = Field(description="The same, after the unit.")
    vague: str = Field(description='"A few" and the like.')
    footed: str = Field(description="Number and unit that are a distance only with a word of distance beside them.")
    away: str = Field(description="Words of distance after the unit.")
    below: str
    above: str
    about: str
    joiner: str = Field(description="Between the two ends of a range.")
    mild: str
    ours: str
    sides: dict[Side, list[str]]
    near: str
    clock: str = Field(description="With a group named hour.")
    degrees: dict[Literal["left", "right"], str] = Field(description="With a group named n.")
    not_a_side: str = Field(description="Words that look like a side and are none.")
    unknowable: str = Field(description="Sizes, and places relative to another thing than the walker.")
    clauses: str = Field(description="What stands between clauses.")
    say: dict[Literal["left", "right", "ahead", "clock"], str] = Field(
        default_factory=dict,
        description="What takes the place of a wrong side; a language without it has none put right.",
    )


class SentenceWords(Settings):
    """A language's file. Lists of words are text, with _ for the space within a phrase; lists of regular expressions
    are text, one a line. ``shape`` and ``unfit`` match letters of `LETTERS`: the sentences that are allowed, but for
    those in which something of ``unfit`` is found.
    """

    language: Language
    written_out: dict[str, str] = Field(default_factory=dict)
    kinds: dict[Kind, str]
    endings: list[tuple[str, str]]
    compounds: bool = False
    letters: str
    harmless: str
    faint: str
    unsure: str
    agreeing: str
    denying: str
    shape: str
    unfit: str
    never: dict[str, str]
    parts: dict[str, str]
    pairs: list[tuple[str, str]]
    quoted: list[str]
    empty: str
    claims: ClaimWords

    @cached_property
    def names(self) -> dict[str, str]:
        """Each word with endings -> its kind's letter."""
        found: dict[str, str] = {}
        for kind in NAMES:
            for word in self.kinds.get(kind, "").split():
                found.setdefault(plain(word, self.language).lower(), LETTERS[kind])
        return found

    @cached_property
    def phrases(self) -> dict[tuple[str, ...], str]:
        """Each word or phrase without endings -> its kind's letter."""
        found: dict[tuple[str, ...], str] = {}
        for kind, text in self.kinds.items():
            for phrase in text.split() if kind not in NAMES else [p for p in text.split() if "_" in p]:
                found.setdefault(tuple(plain(phrase, self.language).lower().split("_")), LETTERS[kind])
        return found

    @cached_property
    def masks(self) -> list[tuple[re.Pattern[str], str]]:
        """What is harmless as a whole, whatever its words are, and the mark that takes its place."""
        found = [(p, HARMLESS) for p in self.harmless.splitlines()] + [(p, FAINT) for p in self.faint.splitlines()]
        return [(re.compile(bounded(plain(p, self.language)), re.IGNORECASE), mark) for p, mark in found]

    @cached_property
    def longest(self) -> int:
        """Words of the longest phrase."""
        return max(map(len, self.phrases))

    def kind_of_name(self, word: str) -> str:
        """The letter of a word with or without an ending; empty where it is unknown."""
        forms = [word, *(word[: -len(old)] + new for old, new in self.endings if word.endswith(old))]
        for form in forms:
            if form in self.names:
                return self.names[form]
        if self.compounds:
            for form in forms:
                for n in range(3, len(form) - 3):
                    if form[n:] in self.names:
                        return self.names[form[n:]]
        return ""


@lru_cache
def sentence_words(language: Language) -> SentenceWords:
    """The words of a language."""
    file = importlib.resources.files("edge_nav.dialogue").joinpath(f"sentences/{language}.yaml")
    return SentenceWords.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def plain(text: str, language: Language) -> str:
    """Text as it would be heard: one way of writing for each letter. Capitals stay."""
    text = unicodedata.normalize("NFKC", text)
    if language == "de":
        for letter, pair in zip("äöüßÄÖÜ", ("ae", "oe", "ue", "ss", "Ae", "Oe", "Ue"), strict=True):
            text = text.replace(letter, pair)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f" and c != "\u093c")
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", "".join(_alike(c) for c in text))


def _alike(c: str) -> str:
    found = c.lower().translate(_LOOKALIKE)
    return c if found == c.lower() else found.upper() if c.isupper() else found


@dataclass(frozen=True, slots=True)
class PlainSentence:
    """A sentence made plain: its ``words`` (or phrases) in small letters, each with its kind's letter in ``kinds``,
    and the texts that it quotes.
    """

    words: tuple[str, ...]
    kinds: str
    quotes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words without commas, a space between them."""
        return " ".join(w for w in self.words if w != "," and w not in _MARKS)


@lru_cache(maxsize=64)
def plain_sentence(sentence: str, language: Language) -> PlainSentence:
    """A sentence as words of known kinds. `PLACE` in it stands for places and distances that are judged elsewhere."""
    data = sentence_words(language)
    if len(sentence) > MOST_LETTERS:
        return PlainSentence(("",), BLOCKED, ())
    sentence = re.sub(f"[{HARMLESS}{FAINT}{QUOTE}]", "\ufffd", sentence)
    quotes = tuple(a or b for a, b in _QUOTED.findall(sentence))
    text = re.sub(r"[.!।…]+\s*$", "", plain(_QUOTED.sub(f" {QUOTE} ", sentence), language).strip())
    for short, long in data.written_out.items():
        text = re.sub(short, long, text, flags=re.IGNORECASE)
    for pattern, mark in data.masks:
        text = pattern.sub(f" {mark} ", text)
    tokens = _TOKEN.findall(text)
    words, letters, n = [], "", 0
    while n < len(tokens):
        length, letter = _phrase(tokens, n, data)
        words.append("," if letter == "," else " ".join(tokens[n : n + length]).lower())
        letters += letter
        n += length
    return PlainSentence(tuple(words), letters, quotes)


def bounded(pattern: str) -> str:
    """A regular expression that begins and ends at the edges of words."""
    return edges(rf"\b(?:{pattern})\b")


def edges(pattern: str) -> str:
    r"""A regular expression whose \b knows the vowel signs of Devanagari."""
    letter = r"[\w\u0900-\u0963]"
    return pattern.replace(r"\b", rf"(?:(?<!{letter})(?={letter})|(?<={letter})(?!{letter}))")


def _phrase(tokens: list[str], start: int, data: SentenceWords) -> tuple[int, str]:
    """How many tokens from ``start`` on are one known phrase, and its kind's letter."""
    for length in range(min(data.longest, len(tokens) - start), 0, -1):
        key = tuple(t.lower() for t in tokens[start : start + length])
        if key in data.phrases:
            return length, data.phrases[key]
    return 1, _kind(tokens[start], data)


def _kind(token: str, data: SentenceWords) -> str:
    """The letter of one word or sign."""
    low = token.lower()
    if token in _MARKS:
        return _MARKS[token]
    if token in ",;:()–—-":
        return ","
    if re.fullmatch(r"\d+(?:[.,]\d+)?", token):
        return "Q"
    if not re.fullmatch(rf"(?:{data.letters}|['-])+", low) or len(low) == 1:
        return BLOCKED
    known = data.kind_of_name(low) or data.kind_of_name(low.replace("-", ""))
    if known:
        return "w" if data.compounds and known in "NMLF" and not token[:1].isupper() else known
    parts = low.split("-")
    if len(parts) > 1:
        kinds = [_phrase([part], 0, data)[1] for part in parts]
        return BLOCKED if BLOCKED in kinds else kinds[-1]
    return "w" if data.compounds and not token[:1].isupper() else "W"
