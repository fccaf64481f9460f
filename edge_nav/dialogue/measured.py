"""What was measured, as text before a question, and a model's answer held against it, sentence by sentence.

Plain and deterministic, and the same in every language. What a sentence claims about distances and sides is judged by
what was measured; what is left of it must pass the gates of `grounding` like any other. A distance stands where a
measured thing on the claimed side lies about there; where exactly one thing is on that side, its measured distance
takes the place of a wrong one. A wrong side is put right only where the claimed distance tells which thing is meant and
the language has words for that. Whatever says that there is nothing gives way to what was measured on that side.
"""

from __future__ import annotations

import importlib.resources
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import yaml

from edge_nav.dialogue.answers import CONFIDENT, FAR_M, SURE, SceneAnswers
from edge_nav.dialogue.claims import Claim, claims_of
from edge_nav.dialogue.grounding import asks_of_harmless, passes, sentences, without_yes
from edge_nav.dialogue.intents import Intent
from edge_nav.dialogue.never_topics import NEGATION, topics
from edge_nav.dialogue.sentence_words import PLACE, bounded, plain, plain_sentence, sentence_words
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook, phrases
from edge_nav.types import Language, Obstacle, Scene, Side, side_of

NEAR_M = 2.0
"""What is nearer may be called near."""
LEAST_ERROR_M, ERROR = 0.3, 0.17
"""A distance is right within this many metres, or this share: what is spoken is rounded to half and whole metres."""
MOST_RANGE_M, RANGE = 1.0, 0.5
"""A range of distances says something while it is no wider than this, or this share of what was measured."""
_GIVES_WAY = frozenset((NEGATION, "clear", "way", "side", "other", "doorlike open_close", "vehicle standing"))
"""Topics of a sentence that says that there is nothing. With any other it is removed instead."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sentence after the check; empty where it was removed. ``changed``: not as the model gave it."""

    text: str
    changed: bool


class Measured:
    """One scene, as words and as judge of words. Only what was seen with an open view supports anything."""

    def __init__(self, scene: Scene, guidance: GuidanceSettings) -> None:
        self._guidance, self._scene = guidance, scene
        self._answers, self._book = SceneAnswers(Phrasebook(guidance)), Phrasebook(guidance)
        self._open, self._claims = scene.view == "ok", claims_of(guidance.language)
        self._known = [o for o in scene.obstacles if o.confidence >= CONFIDENT and o.distance_m < FAR_M]

    def facts(self) -> str:
        """What is where, in metres and sides, and how far the way is free."""
        plain = self._guidance.model_copy(update={"units": "metres", "directions": "sides"})
        answers = SceneAnswers(Phrasebook(plain))
        return answers.answer(Intent("describe", None, 1.0), self._scene, self._scene.t, None).text

    def prompt(self, question: str) -> str:
        """The question with the facts before it."""
        return said(self._guidance.language, "prompt", facts=self.facts(), question=question)

    def instead(self) -> str:
        """What is said where nothing of an answer is left."""
        return said(self._guidance.language, "instead", facts=self.facts())

    def checked(self, pieces: Iterable[str], question: str = "") -> Iterator[Verdict]:
        """A model's answer as it comes -> its sentences as they may be said; nothing is said twice. A yes or no claims
        what the ``question`` asked, so it gives way to what was measured where that is a matter of measuring.
        """
        told: set[str] = set()
        for sentence in sentences(pieces):
            verdict = self.check(sentence, question)
            if verdict.text not in told:
                told.add(verdict.text)
                yield verdict
            elif not verdict.text:
                yield verdict

    def check(self, sentence: str, question: str = "") -> Verdict:
        """One sentence of the answer to a question."""
        language = self._guidance.language
        word, _ = without_yes(sentence, language)
        if not self._open or (word and asks_of_harmless(question, language)):
            return _unmeasured(sentence, language, question)
        if word and question:
            about = _sides(self._found(question)) if self._is_measured(question) else None
            return Verdict("" if about is None else self._told(about), True)
        found = self._found(sentence)
        instead = self._instead_of_nothing(sentence, found)
        if instead is not None:
            return Verdict(instead, True)
        if PLACE in sentence or self._claims.unknowable(sentence):
            return Verdict("", True)
        masked = plain_sentence(self._claims.masked(_composed(sentence), found), language)
        if not passes(masked, language, about_harmless=asks_of_harmless(question, language)):
            return Verdict("", True)
        return (
            self._corrected(_composed(sentence), self._by_clause(_composed(sentence), found))
            if found
            else Verdict(sentence, False)
        )

    def _found(self, sentence: str) -> list[Claim]:
        return self._claims.find(_composed(sentence), self._guidance.step_length_m)

    def _is_measured(self, question: str) -> bool:
        """Whether what is asked is for measuring alone to tell."""
        language = self._guidance.language
        return bool(self._found(question) or topics(plain_sentence(question, language), language))

    def _instead_of_nothing(self, sentence: str, found: list[Claim]) -> str | None:
        """What was measured, where a sentence says that there is nothing or that the way is free; else None."""
        language, sides = self._guidance.language, _sides(found)
        masked = plain_sentence(self._claims.masked(_composed(sentence), found), language)
        touched = topics(masked, language)
        empty = any(
            re.search(bounded(plain(pattern, language)), masked.text)
            for pattern in sentence_words(language).empty.splitlines()
        )
        if not touched <= _GIVES_WAY or not (empty or (sides and touched & {NEGATION, "clear"})):
            return None
        return self._told(sides)

    def _told(self, sides: list[Side]) -> str:
        """What was measured on some sides; ahead where none is named."""
        return " ".join(self._about(side) for side in sides or ["ahead"])

    def _about(self, side: Side) -> str:
        """What was measured on a side."""
        intent = Intent(side, None, 1.0)
        return self._answers.answer(intent, self._scene, self._scene.t, None).text

    def _corrected(self, sentence: str, clauses: list[tuple[str, list[Claim]]]) -> Verdict:
        changes: list[tuple[Claim, str]] = []
        found = [claim for _, inside in clauses for claim in inside]
        sides = {claim.side for claim in found if claim.kind == "side"}
        if len(sides) <= 1 and sum(claim.kind == "distance" for claim in found) <= 1:
            clauses = [(sentence, found)]  # all of one thing
        for text, inside in clauses:
            fixed = self._judge(text, inside)
            if fixed is None:
                return Verdict("", True)
            changes += fixed
        text = sentence
        for claim, words in sorted(changes, key=lambda c: -c[0].start):
            text = text[: claim.start] + words + text[claim.end :]
        return Verdict(text[:1].upper() + text[1:] if changes else sentence, bool(changes))

    def _by_clause(self, sentence: str, found: list[Claim]) -> list[tuple[str, list[Claim]]]:
        """Its clauses that claim something, each with what it claims."""
        matches = self._claims.clauses.finditer(sentence)
        between = [m.start() for m in matches if not any(c.start <= m.start() < c.end for c in found)]
        starts = [0, *between]
        clauses: list[tuple[str, list[Claim]]] = []
        for start, end in zip(starts, [*between, len(sentence)], strict=True):
            inside = [c for c in found if start <= c.start < end]
            text = sentence[start:end]
            # "On the left, two metres away": a place and a distance with nothing but a comma between are of one thing.
            if clauses and text.startswith(",") and _completes(clauses[-1][1], inside):
                clauses[-1] = (clauses[-1][0] + text, clauses[-1][1] + inside)
            else:
                clauses.append((text, inside))
        return [c for c in clauses if c[1]]

    def _names(self, text: str, label: str) -> bool:
        """Whether a measured thing's name is said."""
        name = phrases(self._guidance.language).names.get(label, label.replace("_", " "))
        return re.search(bounded(rf"{re.escape(name)}s?"), text, re.IGNORECASE) is not None

    def _judge(self, text: str, clause: list[Claim]) -> list[tuple[Claim, str]] | None:
        """Changes that make a clause true; None where nothing measured does. A thing that was measured with its name
        is meant where the name is said.
        """
        known = [o for o in self._known if o.label and self._names(text, o.label)] or self._known
        where = [c for c in clause if c.kind in ("side", "bearing")]
        how_far = [c for c in clause if c.kind == "distance"]
        near = [c for c in clause if c.kind == "near"]
        there = [o for o in known if all(_lies(o, c) for c in where)]
        if near and not any(o.distance_m <= NEAR_M for o in there):
            return None
        if not how_far:
            return [] if there or not where else None
        if len(how_far) > 1 or len(where) > 1 + sum(c.kind == "bearing" for c in where):
            return None
        claim = how_far[0]
        if any(_reaches(o, claim) for o in there):
            return []
        if len(there) == 1:
            return [(claim, self._distance(there[0], claim))]
        meant = [o for o in known if _reaches(o, claim)]
        if where and not there and len(meant) == 1 and (words := self._where(meant[0], where[0])) is not None:
            return [(where[0], words), *((c, "") for c in where[1:])]
        return None

    def _distance(self, o: Obstacle, claim: Claim) -> str:
        unsure = min(self._scene.certainty, o.confidence) < SURE
        return self._book.distance(o.distance_m, hedged=unsure or claim.hedged)

    def _where(self, o: Obstacle, claim: Claim) -> str | None:
        """Words for where a thing is in place of a claim; None where the language has none."""
        side = side_of(o.bearing_deg)
        say = sentence_words(self._guidance.language).claims.say
        if side == "ahead" or claim.kind == "side":
            return say.get(side)
        clock = Phrasebook(self._guidance.model_copy(update={"directions": "clock"})).where(o.bearing_deg)
        return say["clock"].format(where=clock) if "clock" in say else None


def guarded(pieces: Iterable[str], language: Language, question: str = "") -> Iterator[Verdict]:
    """A model's answer where nothing was measured: sentences that hold nothing that only measuring may tell; nor a yes
    to a ``question`` about that.
    """
    for sentence in sentences(pieces):
        yield _unmeasured(sentence, language, question)


def _unmeasured(sentence: str, language: Language, question: str) -> Verdict:
    """A sentence as it may be said where nothing was measured."""
    harmless = asks_of_harmless(question, language)
    word, rest = without_yes(sentence, language)
    if PLACE in sentence or (word and not harmless):
        return Verdict("", True)
    bare = word == "yes" and not rest.strip()
    if bare or passes(plain_sentence(rest, language), language, about_harmless=harmless):
        return Verdict(sentence, False)
    return Verdict("", True)


def said(language: Language, name: str, **parts: str) -> str:
    """A sentence from measured.yaml."""
    text = _words()[language][name]
    for part, value in parts.items():
        text = text.replace(f"{{{part}}}", value)
    return text


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    file = importlib.resources.files("edge_nav.dialogue").joinpath("measured.yaml")
    words: dict[str, dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return words


def _sides(found: list[Claim]) -> list[Side]:
    """Each side that is claimed, once."""
    return list(dict.fromkeys(c.side or side_of(c.bearing_deg) for c in found if c.kind in ("side", "bearing")))


def _composed(sentence: str) -> str:
    """A sentence as the claims' words are written."""
    return unicodedata.normalize("NFC", sentence)


def _lies(o: Obstacle, claim: Claim) -> bool:
    """Whether a thing lies where a claim says."""
    if claim.kind == "bearing":
        return abs(o.bearing_deg - claim.bearing_deg) <= claim.within_deg + 1e-6
    return side_of(o.bearing_deg) == claim.side or (claim.side == "ahead" and o.in_corridor)


def _reaches(o: Obstacle, claim: Claim) -> bool:
    """Whether a thing is as far away as a claim says."""
    if claim.low_m > 0.0 and max(MOST_RANGE_M, RANGE * o.distance_m) < claim.high_m - claim.low_m < math.inf:
        return False
    error = max(LEAST_ERROR_M, ERROR * o.distance_m)
    return claim.low_m - error <= o.distance_m <= claim.high_m + error


def _completes(before: list[Claim], after: list[Claim]) -> bool:
    far = [{c.kind == "distance" for c in part if c.kind != "near"} for part in (before, after)]
    return far in ([{True}, {False}], [{False}, {True}])
