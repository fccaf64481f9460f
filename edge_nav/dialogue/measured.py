"""What was measured, as text before a question, and a model's answer held against it, sentence by sentence.

Plain and deterministic. A distance in an English answer stands where a measured thing on the claimed side lies about
there; where exactly one thing is on that side, its measured distance takes the place of a wrong one. A wrong side is
put right only where the claimed distance tells which thing is meant. Whatever says that there is nothing gives way to
what was measured on that side. Everything else that only measuring can tell is removed with its sentence: other
numbers, sizes, places relative to other things, advice where to go, and whether anything is safe. In other languages
every sentence with a number or a side is removed.
"""

from __future__ import annotations

import importlib.resources
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import yaml

from edge_nav.dialogue import claims_en as en
from edge_nav.dialogue.answers import CONFIDENT, FAR_M, SURE, SceneAnswers
from edge_nav.dialogue.claims_en import Claim
from edge_nav.dialogue.grounding import may_be_said, sentences
from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.types import Language, Obstacle, Scene, Side, side_of

NEAR_M = 2.0
"""What is nearer may be called near."""
LEAST_ERROR_M, ERROR = 0.3, 0.17
"""A distance is right within this many metres, or this share: what is spoken is rounded to half and whole metres."""
STEP_M = 0.7
"""Stands for the walker's step where it only matters that a distance is told."""
MOST_RANGE_M, RANGE = 1.0, 0.5
"""A range of distances says something while it is no wider than this, or this share of what was measured."""
_CLAUSES = re.compile(r"[,;]|\b(?:and|but|while|whereas|with)\b", re.IGNORECASE)


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
        self._open = scene.view == "ok"
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
        """A model's answer as it comes -> its sentences as they may be said; nothing is said twice. A bare yes or no
        claims what the ``question`` asked, so it gives way to what was measured where that is a matter of measuring.
        """
        told: set[str] = set()
        for sentence in sentences(pieces):
            verdict = self._yes_or_no(question) if en.bare(sentence) else None
            verdict = verdict or self.check(sentence)
            if verdict.text and verdict.text not in told:
                told.add(verdict.text)
                yield verdict
            elif not verdict.text:
                yield verdict

    def check(self, sentence: str) -> Verdict:
        """One sentence."""
        if not self._open or self._guidance.language != "en":
            kept = _unmeasured(sentence, self._guidance.language)
            return Verdict(sentence if kept else "", not kept)
        found = en.claims(sentence, self._guidance.step_length_m)
        sides = _sides(found)
        if en.advises(sentence):
            return Verdict("", True)
        clauses = _by_clause(sentence, found)
        denied = any(en.denies(text) for text, inside in clauses if inside)
        if en.says_empty(sentence) or (denied and sides):
            return Verdict(" ".join(self._about(side) for side in sides or ["ahead"]), True)
        if en.unknowable(sentence) or en.says_absent(sentence) or denied:
            return Verdict("", True)
        if not may_be_said(en.without(sentence, found), "en"):
            return Verdict("", True)
        return self._corrected(sentence, [c for c in clauses if c[1]])

    def _yes_or_no(self, question: str) -> Verdict | None:
        language = self._guidance.language
        if _unmeasured(question, language):
            return None
        if not self._open or language != "en":
            return Verdict("", True)
        sides = _sides(en.claims(question, self._guidance.step_length_m))
        return Verdict(" ".join(self._about(side) for side in sides or ["ahead"]), True)

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

    def _judge(self, text: str, clause: list[Claim]) -> list[tuple[Claim, str]] | None:
        """Changes that make a clause true; None where nothing measured does. A thing that was measured with its name
        is meant where the name is said.
        """
        known = [o for o in self._known if o.label and _names(text, o.label)] or self._known
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
        if where and not there and len(meant) == 1:
            return [(where[0], self._where(meant[0], where[0])), *((c, "") for c in where[1:])]
        return None

    def _distance(self, o: Obstacle, claim: Claim) -> str:
        unsure = min(self._scene.certainty, o.confidence) < SURE
        return self._book.distance(o.distance_m, hedged=unsure or claim.hedged)

    def _where(self, o: Obstacle, claim: Claim) -> str:
        side = side_of(o.bearing_deg)
        if side == "ahead":
            return "ahead"
        if claim.kind == "side":
            return f"on the {side}"
        return f"at {Phrasebook(self._guidance.model_copy(update={'directions': 'clock'})).where(o.bearing_deg)}"


def guarded(pieces: Iterable[str], language: Language, question: str = "") -> Iterator[Verdict]:
    """A model's answer where nothing was measured: sentences without numbers, sides and judgements of safety; nor a
    bare yes to a ``question`` about them.
    """
    for sentence in sentences(pieces):
        kept = _unmeasured(sentence, language) and not (en.bare(sentence) and not _unmeasured(question, language))
        yield Verdict(sentence if kept else "", not kept)


def _unmeasured(sentence: str, language: Language) -> bool:
    """Whether nothing in it is for measuring alone to tell."""
    if not may_be_said(sentence, language):
        return False
    told = (en.advises, en.says_empty, en.says_absent, en.unknowable)
    return language != "en" or not (any(tells(sentence) for tells in told) or en.claims(sentence, STEP_M))


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


def _names(text: str, label: str) -> bool:
    return re.search(rf"\b{re.escape(label.replace('_', ' '))}s?\b", text, re.IGNORECASE) is not None


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


def _by_clause(sentence: str, found: list[Claim]) -> list[tuple[str, list[Claim]]]:
    """Its clauses, each with what it claims."""
    between = [m for m in _CLAUSES.finditer(sentence) if not any(c.start <= m.start() < c.end for c in found)]
    starts = [0, *(m.start() for m in between)]
    ends = [*starts[1:], len(sentence)]
    clauses: list[tuple[str, list[Claim]]] = []
    for start, end in zip(starts, ends, strict=True):
        inside = [c for c in found if start <= c.start < end]
        text = sentence[start:end]
        # "On the left, two metres away": a place and a distance with nothing but a comma between are of one thing.
        if clauses and text.startswith(",") and _completes(clauses[-1][1], inside):
            clauses[-1] = (clauses[-1][0] + text, clauses[-1][1] + inside)
        else:
            clauses.append((text, inside))
    return clauses


def _completes(before: list[Claim], after: list[Claim]) -> bool:
    far = [{c.kind == "distance" for c in part if c.kind != "near"} for part in (before, after)]
    return far in ([{True}, {False}], [{False}, {True}])
