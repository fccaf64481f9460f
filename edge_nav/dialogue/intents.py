"""A question in words -> what is asked for. The words are data, a file per language.

Matching is by meaning words, so that a paraphrase, another order or a politeness changes nothing: the question and all
known phrases are reduced to the same few names (see the data's `same`), and the phrase that shares most of them, each
weighed by how much it tells, wins. A word that no phrase knows counts against all of them: "what colour is the door" is
not "where is the door".

Whether something is safe is never answered by a measurement: words of safety, and words of traffic in a question that a
measurement would answer, make it the intent SAFETY.
"""

from __future__ import annotations

import importlib.resources
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import yaml
from pydantic import Field
from rapidfuzz.distance import DamerauLevenshtein

from edge_nav.base_settings import Settings
from edge_nav.types import Language

NEEDED = 0.72
"""Share of meaning that must be common. Set on phrasings of our own; tests hold it against others."""
FUZZY_LETTERS = 5
"""From this length on, a word with one wrong letter is still that word: recognisers and typists slip."""
THING = "{thing}"
SAFETY = "safety"
"""Asked whether something is safe, or what traffic does."""
UNDO, YES, NO = "undo", "yes", "no"
HOW_IT_SPEAKS = ("less", "more", "louder", "softer", "faster", "slower")
HOW_IT_MEASURES = ("metres", "feet", "steps", "clock", "sides", "degrees")
COMMANDS = frozenset((*HOW_IT_SPEAKS, *HOW_IT_MEASURES, "pause", "resume", "settings_reset", UNDO, "stop_talking"))
"""What changes something: to be carried out only where the whole utterance says so (``Intent.whole``)."""
ABOUT_THE_WAY = frozenset(("way_clear", "free_way", "ahead", "left", "right", "around", "nearest", "how_far"))
"""Answered by what was measured of the way and around: that tells nothing of a road with traffic."""
ABOUT_A_THING = ("where_thing", "how_far_thing")
UNMEASURED = frozenset(("read", "repeat", "introduction", "help", "settings_read", "status", YES, NO))
"""Nothing measured is in their answers, so that they may be about a road or its traffic."""
SIGNS = frozenset(("read", "introduction"))
"""May hold words of safety where the whole utterance is known: "play the safety notice"."""
SIDEWAYS = ("way_clear", "ahead", "nearest")
"""Questions about the way ahead, unless a side is named."""
INSTEAD = "{instead}"
NOT, AGREED = "not", "AGREED"
PERHAPS_A_REMARK = 0.9
"""Certainty at most, of what people as often say to each other."""


class Phrasings(Settings):
    """The ways of saying one thing."""

    core: list[str] = Field(min_length=1)
    also: list[str] = Field(default_factory=list)


class IntentTable(Settings):
    """A language's file."""

    language: Language
    fillers: list[str]
    contractions: dict[str, str] = Field(default_factory=dict)
    instead: list[str] = Field(default_factory=list)
    choices: list[str] = Field(default_factory=list)
    negation: list[str]
    remarks: list[str]
    safety: list[str]
    traffic: list[str]
    roads: list[str]
    moving: list[str]
    same: dict[str, list[str]]
    things: dict[str, list[str]]
    intents: dict[str, Phrasings]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is asked for. ``thing`` is a name from the table where one is asked for; ``certainty`` is 0..1."""

    name: str
    thing: str | None
    certainty: float

    @property
    def whole(self) -> bool:
        """Whether the whole utterance, politeness apart, is a known phrase. A command that is not wants asking back."""
        return self.certainty == 1.0


@lru_cache
def intent_table(language: Language) -> IntentTable:
    """The phrases of a language."""
    file = importlib.resources.files("edge_nav.dialogue").joinpath(f"intents/{language}.yaml")
    return IntentTable.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


class SafetyWords:
    """Tells questions about safety, and about what traffic does, by the words they hold."""

    def __init__(self, table: IntentTable) -> None:
        self._contractions = table.contractions
        self._safety, self._traffic, self._roads, self._moving = (
            [self._bounded(phrase, phrase.startswith(". "), phrase.endswith(" .")) for phrase in phrases]
            for phrases in (table.safety, table.traffic, table.roads, table.moving)
        )

    def asked(self, text: str, found: Intent | None) -> bool:
        """Whether a question is about safety. ``found``: the intent that its phrase alone would give."""
        spoken, name = self._bounded(text, True, True), None if found is None else found.name
        if _holds(spoken, self._safety):
            return found is None or name not in SIGNS or not found.whole
        if not _holds(spoken, self._traffic) and not _holds(spoken, self._roads):
            return name == SAFETY
        return name in ABOUT_THE_WAY or (name not in UNMEASURED and _holds(spoken, self._moving))

    def of_traffic(self, text: str) -> bool:
        """Whether words of traffic are in it."""
        return _holds(self._bounded(text, True, True), self._traffic)

    def _bounded(self, phrase: str, begins: bool, ends: bool) -> str:
        """Words between spaces, to be looked for in others; a full stop where an utterance begins or ends."""
        words = " ".join(_words(phrase, self._contractions))
        return f"{' .' * begins} {words} {'. ' * ends}"


class Understanding:
    """Finds the intent of a question."""

    def __init__(self, language: Language) -> None:
        table = intent_table(language)
        self._table = table
        self._replacements = _replacements(table)
        self._longest = max(len(words) for words in self._replacements)
        self._things = {_thing_token(name): name for name in table.things}
        phrases = [
            (name, Counter(self._reduced(phrase)))
            for name, phrasings in table.intents.items()
            for phrase in (*phrasings.core, *phrasings.also)
        ]
        self._phrases = [(name, words) for name, words in phrases if words]
        self._weights = _weights(self._phrases)
        self._unknown = max(self._weights.values())
        self._negation = {NOT, *table.negation}
        self._remarks = [_words(remark, table.contractions) for remark in table.remarks]
        self._safety = SafetyWords(table)

    def intent(self, text: str) -> Intent | None:
        """The intent, or None where the question is none of those known: it may want eyes."""
        tokens = [self._mended(t) for t in self._reduced(text)]
        thing = next((self._things[t] for t in tokens if t in self._things), None)
        asked = Counter(THING if t in self._things else t for t in tokens)
        if len(asked) > 1:
            asked.pop(AGREED, None)  # before something else it tells nothing
        if not asked:
            return None
        found = self._known(asked, thing)
        if found is not None and found.name in COMMANDS and self._is_remark(text):
            found = replace(found, certainty=min(found.certainty, PERHAPS_A_REMARK))
        if self._safety.asked(text, found):
            return Intent(SAFETY, None, max(self._likeness(asked, w) for name, w in self._phrases if name == SAFETY))
        if found is not None and found.name == "describe" and self._safety.of_traffic(text):
            return None  # for eyes only: a description begins with what was measured
        return found

    def canonical(self, intent: Intent) -> str:
        """The first phrase for an intent, to be quoted. Raises KeyError for one that the table does not have."""
        phrase = self._table.intents[intent.name].core[0]
        return phrase if intent.thing is None else phrase.replace(THING, self._table.things[intent.thing][0])

    def _known(self, asked: Counter[str], thing: str | None) -> Intent | None:
        """The intent of the phrase that is most like what is asked, if it is like it enough."""
        likeness = [(name, self._likeness(asked, words)) for name, words in self._phrases]
        name, certainty = max(likeness, key=lambda found: found[1])
        if name in COMMANDS:  # "don't stop" is not "stop"
            phrases = [words for other, words in self._phrases if other == name]
            alike = [words for words in phrases if self._negates(words) == self._negates(asked)]
            certainty = max((self._likeness(asked, words) for words in alike), default=0.0)
        if certainty < (1.0 if name in (YES, NO) else NEEDED):
            return None
        if name in SIDEWAYS:  # "is it clear on the left" is not about what is ahead
            sides = [side for word, side in (("LEFT", "left"), ("RIGHT", "right")) if word in asked]
            name = sides[0] if len(sides) == 1 else name
        return Intent(name, thing if name in ABOUT_A_THING else None, certainty)

    def _negates(self, words: Counter[str]) -> bool:
        return not self._negation.isdisjoint(words)

    def _is_remark(self, text: str) -> bool:
        """Whether it is one of the remarks, fillers apart that the remark itself does not have."""
        words = _words(text, self._table.contractions)
        fillers = {word for word in words if self._replacements.get((word,)) == ""}
        return any([w for w in words if w in remark or w not in fillers] == remark for remark in self._remarks)

    def _reduced(self, text: str) -> list[str]:
        """Names of meaning, in order."""
        words = _words(text, self._table.contractions)
        reduced: list[str] = []
        n = 0
        while n < len(words):
            for length in range(min(self._longest, len(words) - n), 0, -1):
                name = self._replacements.get(tuple(words[n : n + length]))
                if name is not None:
                    reduced += [name] if name else []
                    n += length
                    break
            else:
                reduced.append(words[n])
                n += 1
        return self._chosen(reduced)

    def _chosen(self, reduced: list[str]) -> list[str]:
        """Without "instead of" and the choice after it."""
        kept: list[str] = []
        for before, word in zip(["", *reduced], reduced, strict=False):
            if before == INSTEAD and word in self._table.choices:
                kept.pop()
            elif not kept or kept[-1] != word:  # said twice in two ways is said once
                kept.append(word)
        return [NOT if word == INSTEAD else word for word in kept]

    def _mended(self, word: str) -> str:
        """A word with a slip as the word that was meant."""
        if word in self._weights or word in self._things or len(word) < FUZZY_LETTERS:
            return word
        for known in self._replacements:
            name = self._replacements[known]
            alike = len(known) == 1 and len(known[0]) >= FUZZY_LETTERS and known[0][0] == word[0]
            if name and alike and DamerauLevenshtein.distance(word, known[0]) == 1:
                return name
        return word

    def _likeness(self, asked: Counter[str], known: Counter[str]) -> float:
        """Weighed Dice coefficient: twice the common meaning over the sum of both. Exactly 1 for the same words."""
        if asked == known:
            return 1.0
        common = sum(self._weight(w) * min(n, known[w]) for w, n in asked.items() if w in known)
        total = sum(self._weight(w) * n for w, n in asked.items()) + sum(self._weight(w) * n for w, n in known.items())
        return 2 * common / total

    def _weight(self, word: str) -> float:
        return self._weights.get(word, self._unknown)


def _words(text: str, contractions: dict[str, str]) -> list[str]:
    text = unicodedata.normalize("NFC", text).lower().replace("\u2019", "'").replace("\u2018", "'")
    words = re.findall(r"\{thing\}|[\u0900-\u0963\u0966-\u097F]+|[^\W_]+(?:'[^\W_]+)?", text)
    return [part for word in words for part in _written_out(word, contractions).split()]


def _holds(spoken: str, phrases: list[str]) -> bool:
    return any(phrase in spoken for phrase in phrases)


def _written_out(word: str, contractions: dict[str, str]) -> str:
    """A contraction as its words; one that begins with an apostrophe stands for any word that ends with it."""
    stem, apostrophe, ending = word.partition("'")
    ending = apostrophe + ending
    if word not in contractions and ending in contractions:
        return f"{stem} {contractions[ending]}"
    return contractions.get(word, word)


def _replacements(table: IntentTable) -> dict[tuple[str, ...], str]:
    """Words -> the name that stands for them, empty for fillers. Longer phrases are looked up first."""
    found: dict[tuple[str, ...], str] = {}
    for phrase in table.instead:
        found[tuple(_words(phrase, table.contractions))] = INSTEAD
    for name, phrases in table.same.items():
        for phrase in phrases:
            found.setdefault(tuple(_words(phrase, table.contractions)), name)
        found[(name.lower(),)] = name
    for name, phrases in table.things.items():
        for phrase in phrases:
            found.setdefault(tuple(_words(phrase, table.contractions)), _thing_token(name))
    for phrase in table.fillers:
        found.setdefault(tuple(_words(phrase, table.contractions)), "")
    return found


def _thing_token(name: str) -> str:
    return f"{{{name}}}"


def _weights(phrases: list[tuple[str, Counter[str]]]) -> dict[str, float]:
    """How much a word tells: the fewer intents use it, the more (inverse document frequency over intents)."""
    intents = {name for name, _ in phrases}
    users: dict[str, set[str]] = {}
    for name, words in phrases:
        for word in words:
            users.setdefault(word, set()).add(name)
    return {word: 0.3 + math.log((1 + len(intents)) / (1 + len(names))) for word, names in users.items()}
