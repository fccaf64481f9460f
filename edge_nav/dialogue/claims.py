"""What a sentence claims about distances and sides, as the walker would take it. The words are data, per language."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from edge_nav.dialogue.sentence_words import PLACE, edges, sentence_words
from edge_nav.guidance.phrasebook import phrases
from edge_nav.types import Language, Side


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of a sentence, ``start`` to ``end``, that only measuring can support."""

    kind: Literal["distance", "side", "bearing", "near"]
    start: int
    end: int
    low_m: float = math.nan
    high_m: float = math.nan
    """Of a distance; not a number where it is vague ("a few metres")."""
    hedged: bool = False
    side: Side | None = None
    bearing_deg: float = math.nan
    within_deg: float = 0.0


class Claims:
    """Finds the claims in one language."""

    def __init__(self, language: Language) -> None:
        self._w = w = sentence_words(language).claims
        self._numbers = dict(w.numbers)
        for n, word in enumerate(phrases(language).numbers):
            self._numbers.setdefault(unicodedata.normalize("NFC", word), float(n))
        self._word = "|".join(map(re.escape, sorted(self._numbers, key=len, reverse=True)))
        self._number = (
            rf"(?:\d+(?:[.,]\d+)?(?:\s+{w.half})?|(?:{self._word})(?:[\s-]+(?:{self._word}))?(?:\s+{w.half})?"
            rf"|{w.vague})"
        )
        self._unit = rf"(?:{'|'.join(map(re.escape, sorted(w.units, key=len, reverse=True)))})"
        self._distance = self._compiled(
            rf"(?:\b(?P<how>{w.below}|{w.above}|{w.about})\s+)?"
            rf"(?:\b(?P<low>{{number}}){w.joiner})?\b(?P<high>{{number}})[\s-]*(?P<unit>{{unit}})\b(?P<half>\s+{w.half_after}\b)?"
        )
        self._away = self._compiled(rf"\s*,?\s*(?:{w.away})")
        self._sides = [(side, self._compiled(p)) for side, patterns in w.sides.items() for p in patterns]
        self._clock, self._near = self._compiled(w.clock), self._compiled(w.near)
        self._degrees = [(side, self._compiled(p)) for side, p in w.degrees.items()]
        self._not_a_side, self._unknowable = self._compiled(w.not_a_side), self._compiled(w.unknowable)
        self.clauses = self._compiled(w.clauses)
        """Matches between clauses."""

    def find(self, sentence: str, step_m: float) -> list[Claim]:
        """Every distance and side in a sentence, in order; where two overlap, the first kind below wins."""
        found = [*self._bearings(sentence), *self._distances(sentence, step_m)]
        plain = [m.span() for m in self._not_a_side.finditer(sentence)]
        for side, pattern in self._sides:
            for match in pattern.finditer(sentence):
                if not any(a < match.end() and match.start() < b for a, b in plain):
                    found.append(Claim("side", *match.span(), side=side))
        found += [Claim("near", *match.span()) for match in self._near.finditer(sentence)]
        kept: list[Claim] = []
        for claim in found:
            if not any(claim.start < other.end and other.start < claim.end for other in kept):
                kept.append(claim)
        return sorted(kept, key=lambda c: c.start)

    def unknowable(self, sentence: str) -> bool:
        """Whether it tells a size, or a place relative to another thing than the walker, which is not measured."""
        return self._unknowable.search(sentence) is not None

    def masked(self, sentence: str, found: list[Claim]) -> str:
        """The sentence with `PLACE` for each of its claims and the words of distance that follow it."""
        for claim in sorted(found, key=lambda c: -c.start):
            away = self._away.match(sentence, claim.end) if claim.kind == "distance" else None
            end = away.end() if away is not None else claim.end
            sentence = f"{sentence[: claim.start]} {PLACE} {sentence[end:]}"
        return sentence

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        """A pattern with its names filled in; an empty one matches nothing."""
        w = self._w
        parts = {"mild": w.mild, "ours": w.ours, "about": w.about, "number": self._number, "unit": self._unit}
        for name, part in parts.items():
            pattern = pattern.replace(f"{{{name}}}", part)
        return re.compile(edges(unicodedata.normalize("NFC", pattern)) or r"(?!)", re.IGNORECASE)

    def _distances(self, sentence: str, step_m: float) -> list[Claim]:
        found = []
        for match in self._distance.finditer(sentence):
            told = f"{match['high']} {match['unit']}".lower()
            footed = re.fullmatch(self._w.footed, told) is not None
            # Steps may be stairs, and a foot a foot: only "three steps away" is a distance.
            if footed and not self._away.match(sentence, match.end()) and match["how"] is None:
                continue
            unit = self._w.units[match["unit"].lower()]
            unit = step_m if math.isnan(unit) else unit
            high = self._value(match["high"]) + (0.5 if match["half"] else 0.0)
            low = self._value(match["low"]) if match["low"] else high
            how = (match["how"] or "").lower()
            if how and re.fullmatch(self._w.below, how):
                low = 0.0 * high
            elif how and re.fullmatch(self._w.above, how):
                high = math.inf * high
            hedged = bool(how) and re.fullmatch(self._w.about, how) is not None
            found.append(Claim("distance", *match.span(), low * unit, high * unit, hedged=hedged))
        return found

    def _bearings(self, sentence: str) -> list[Claim]:
        found = []
        for side, pattern in self._degrees:
            for match in pattern.finditer(sentence):
                degrees = self._value(match["n"]) * (-1.0 if side == "left" else 1.0)
                found.append(Claim("bearing", *match.span(), bearing_deg=degrees, within_deg=10.0))
        for match in self._clock.finditer(sentence):
            hour = self._value(match["hour"])
            if 1 <= hour <= 12:
                bearing = (hour * 30.0 + 180.0) % 360.0 - 180.0
                found.append(Claim("bearing", *match.span(), bearing_deg=bearing, within_deg=15.0))
        return found

    def _value(self, text: str) -> float:
        """Not a number for "a few" and the like."""
        text = " ".join(text.lower().replace("-", " ").split())
        if text in self._numbers:
            return self._numbers[text]
        bare = re.sub(rf"\s*{self._w.half}$", "", text)
        half = 0.5 if bare != text else 0.0
        if re.fullmatch(r"\d+(?:[.,]\d+)?", bare):
            return float(bare.replace(",", ".")) + half
        values = [self._numbers.get(part, math.nan) for part in ([bare] if bare in self._numbers else bare.split())]
        value = values[0] * values[1] if len(values) == 2 and values[1] == 100.0 else sum(values)
        return value + half


@lru_cache
def claims_of(language: Language) -> Claims:
    """The finder of a language."""
    return Claims(language)
