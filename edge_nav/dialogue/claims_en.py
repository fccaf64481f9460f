"""What an English sentence claims about distances and sides, as the walker would take it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from edge_nav.guidance.phrasebook import FOOT_M
from edge_nav.types import Side

_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
_NUMBERS = {word: float(n) for n, word in enumerate(_TO_TWENTY.split())}
_NUMBERS |= {word: 10.0 * n for n, word in enumerate(_TENS.split(), 3)}
_UNITS = {
    "m": 1.0,
    "metre": 1.0,
    "meter": 1.0,
    "cm": 0.01,
    "centimetre": 0.01,
    "centimeter": 0.01,
    "km": 1000.0,
    "kilometre": 1000.0,
    "kilometer": 1000.0,
    "foot": FOOT_M,
    "feet": FOOT_M,
    "ft": FOOT_M,
    "inch": 0.0254,
    "inche": 0.0254,
    "yard": 0.9144,
    "yd": 0.9144,
    "mm": 0.001,
    "millimetre": 0.001,
    "millimeter": 0.001,
    "mile": 1609.344,
    "step": math.nan,
    "pace": math.nan,
}
"""In metres, without the plural's s; a step is as long as the walker's."""

_WORD = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_NUMBER = (
    rf"(?:\d+(?:[.,]\d+)?(?:\s+and\s+a\s+half)?|(?:{_WORD})(?:\s+point\s+(?:{_WORD})|[\s-](?:{_WORD}))?"
    r"(?:\s+and\s+a\s+half)?|half(?:\s+an?)?|an?\s+half|an?|(?:an?\s+)?(?:couple(?:\s+of)?|few)|several|some)"
)
_UNIT = rf"(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})s?"
_BELOW = "less than|fewer than|no more than|not more than|closer than|at most|up to|under|within|below"
_ABOVE = "no less than|not less than|more than|farther than|further than|at least|beyond|over|above"
_ABOUT = "about|around|approximately|roughly|nearly|almost|perhaps|maybe|probably|some"
_DISTANCE = re.compile(
    rf"(?:\b(?P<how>{_BELOW}|{_ABOVE}|{_ABOUT})\s+)?\b(?:between\s+)?"
    rf"(?:(?P<low>{_NUMBER})(?:\s*[-–]\s*|\s+(?:to|or|and(?!\s+a\s+half))\s+))?(?P<high>{_NUMBER})[\s-]*(?P<unit>{_UNIT})\b"
    r"(?P<half>\s+and\s+a\s+half\b)?",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\s*,?\s*(?:away|ahead|off|from (?:you|me|here|the (?:camera|viewer))|in front|to (?:your|the)|on)\b"
)

_PICTURE = r"(?:image|picture|photo|frame|scene|view|path|walkway|sidewalk|pavement|road|street|hallway|corridor)"
_OURS = rf"(?:you|me|us|(?:the|your)\s+{_PICTURE})"
_MILD = r"(?:(?:just|slightly|directly|immediately|far|straight|right|up|a\s+(?:little|bit))\s+)*"
_SIDE = re.compile(
    rf"\b{_MILD}(?:(?:to|on|at|in|towards?|from)\s+)?(?:(?:the|your|my|our)\s+)?(?:(?:far|near|immediate)\s+)?"
    rf"(?P<side>left|right)(?:[-\s]hand)?(?:\s+side)?(?P<of>\s+of\s+{_OURS}\b)?",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    rf"\b{_MILD}(?:in\s+front(?:\s+of\s+{_OURS})?|ahead(?:\s+of\s+{_OURS})?|before\s+you|in\s+(?:your|the)\s+way"
    rf"|in\s+(?:your|the)\s+path|in\s+the\s+(?:cent(?:re|er)|middle)(?:\s+of\s+{_OURS})?)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    rf"\b{_MILD}(?:(?:at|to|towards?|on|in)\s+)?(?:(?:the|your)\s+)?(?P<hour>\d{{1,2}}|{_WORD})\s*o['’]?\s?clock\b"
    r"(?:\s+(?:position|direction))?",
    re.IGNORECASE,
)
_DEGREES = re.compile(
    rf"\b(?:(?:{_ABOUT})\s+)?(?:at\s+)?(?P<n>\d+(?:\.\d+)?|{_WORD})\s*(?:°|degrees?)\s+(?:to\s+(?:the|your)\s+)?"
    r"(?P<side>left|right)\b",
    re.IGNORECASE,
)
_NEAR = re.compile(
    r"\b(?:(?:very|quite|right|really)\s+)*(?:nearby|near(?:\s+(?:you|me|here))?|next\s+to\s+you|beside\s+you"
    r"|close(?:\s+(?:by|to\s+you))?)\b",
    re.IGNORECASE,
)
_NOT_A_SIDE = re.compile(
    r"\b(?:all|that['’]s|you\s+are)\s+right\b|\balright\b|\bright\s+(?:now|away|angles?|next|beside|above|below|under"
    r"|there|here|behind|after|before(?!\s+you))\b|\b(?:the|a)\s+right\s+(?:way|one|place|thing|answer|size|colou?r)\b"
    r"|\b(?:has|have|had|been|was|were|is|are|someone|somebody|they|he|she)\s+left\s+(?:a|an|the|open|alone|behind|over"
    r"|unattended|it|his|her|their)\b",
    re.IGNORECASE,
)
"""Words that look like a side and are none."""
_BODY = r"(?:hand|arm|leg|foot|ear|eye|shoulder|shoe|knee|wrist|cheek|glove|sleeve|pocket)s?"
_UNKNOWABLE = re.compile(
    # Relative to another thing than the walker, or of another thing's body.
    rf"\b(?:left|right)(?:[-\s]hand)?(?:\s+side)?\s+of\s+(?!{_OURS}\b)|\bin\s+front\s+of\s+(?!{_OURS}\b)"
    rf"|\b(?:his|her|its|their)\s+(?:left|right)\b|\b(?:left|right)\s+{_BODY}\b|\bbehind\b"
    rf"|\b{_UNIT}\s+(?:away\s+)?from\s+(?!you\b|me\b|us\b|here\b|the\s+(?:camera|viewer)\b)"
    # Sizes, heights, and distances between other things.
    rf"|\b(?!steps?\b|paces?\b){_UNIT}[\s-]*(?:tall|high|wide|long|deep|thick|broad|apart|square|above|below|off\s+the|up\b|old)\b"
    rf"|\b{_UNIT}\s+in\s+(?:height|width|length|diameter|depth)|\b(?:square|cubic)\s+{_UNIT}\b|\b{_UNIT}\s+of\b"
    r"|\b\w+-(?:met(?:re|er)|foot|inch|yard)\s+(?!away|ahead)\w+|\b(?:both|either|each)\s+sides?\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"(?:^|[,;:.]\s*|\b(?:and|so|then|please|to|you\s+(?:can|could|should|may|might|must|will|need\s+to|have\s+to))\s+)"
    r"(?:(?:carefully|slowly|safely|just|simply|then|please)\s+)*"
    r"(?:turn|go|walk|move|step|veer|steer|bear|head|keep|stay|proceed|continue|cross|pass)\b(?!\s+in\s+mind)"
    r"|^\W*(?:take|use|try|avoid|follow|aim|bypass|skirt)\b|\byou(?:['’]d|\s+had)\s+better\b"
    r"|\bI(?:['’]d|\s+would)?\s+(?:suggest|recommend|advise)\b|\b(?:it\s+is|it['’]s)\s+(?:best|better|advisable)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:(?:no|not)(?!\s+(?:more|less)\s+than)|none|nothing|nobody|never|without|cannot|neither|nor|free\s+of"
    r"|clear\s+of)\b|n['’]t\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"\b(?:no|zero|any|without|free\s+of|clear\s+of)\s+(?:\w+\s+)?(?:obstacles?|hazards?|obstructions?|objects?|barriers?|things?)\b"
    r"|\bnothing\s+(?:is\s+|lies\s+|stands\s+)?(?:in|on|ahead|around|near|there|visible|blocks|blocking)\b"
    rf"|\b(?:{_PICTURE}|way|floor|ground|area|space|room|route)\s+(?:ahead\s+|forward\s+|in\s+front(?:\s+of\s+you)?\s+)?"
    r"(?:is|looks|seems|appears)\s+(?:to\s+be\s+)?(?:\w+\s+)?(?:clear|free|empty|open|unobstructed|unblocked)\b"
    rf"|\b(?:{_PICTURE}|way|route)\s+(?:leads|continues|runs|goes|extends)\b"
    r"|\b(?:left|right)(?:[-\s]hand)?(?:\s+side)?\s+(?:is|looks|seems|appears)\s+(?:\w+\s+)?"
    r"(?:clear|free|empty|open|unobstructed|unblocked)\b|\b(?:gap|opening|passage|way\s+through)\b"
    r"|\b(?:see|sees|notice|spot|detect)\s+nothing\b|^\W*nothing\W*$|\bwon['’]t\s+(?:hit|bump|trip|fall)\b"
    rf"|\b(?:clear|free|open|unobstructed)\s+(?:{_PICTURE}|way|space|route)\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:no|zero|any|without|free\s+of|clear\s+of|not\s+an?)\s+(?:\w+\s+){0,2}?(?:cars?|vehicles?|traffic|trucks?|lorr(?:y|ies)"
    r"|bus(?:es)?|bikes?|bicycles?|cyclists?|trains?|trams?|people|persons?|pedestrians?|stairs?|steps?|kerbs?|curbs?"
    r"|holes?|drops?|edges?|danger|poles?|doors?|walls?)\b|\b(?:nobody|no\s+one)\b",
    re.IGNORECASE,
)
"""What a walker could run into, said not to be there: a model that does not see it says so, too."""
_BARE = re.compile(
    r"(?:yes|yeah|yep|no|nope|correct|exactly|true|false|right|indeed)\b[\s,.!]*"
    r"(?:(?:there|it|they|you)\s+(?:is|are|does|do|can|could)(?:\s+not|n['’]t)?[\s.!]*)?",
    re.IGNORECASE,
)


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


def claims(sentence: str, step_m: float) -> list[Claim]:
    """Every distance and side in a sentence, in order; where two overlap, the first kind below wins."""
    found: list[Claim] = [*_degrees(sentence), *_clocks(sentence), *_distances(sentence, step_m)]
    plain = [m.span() for m in _NOT_A_SIDE.finditer(sentence)]
    for match in _AHEAD.finditer(sentence):
        found.append(Claim("side", *match.span(), side="ahead"))
    for match in _SIDE.finditer(sentence):
        at = match.start("side")
        if not any(a <= at < b for a, b in plain):
            side: Side = "left" if match["side"].lower() == "left" else "right"
            found.append(Claim("side", *match.span(), side=side))
    found += [Claim("near", *match.span()) for match in _NEAR.finditer(sentence)]
    kept: list[Claim] = []
    for claim in found:
        if not any(claim.start < other.end and other.start < claim.end for other in kept):
            kept.append(claim)
    return sorted(kept, key=lambda c: c.start)


def unknowable(sentence: str) -> bool:
    """Whether it tells a size, or a place relative to another thing than the walker, which is not measured."""
    return _UNKNOWABLE.search(sentence) is not None


def advises(sentence: str) -> bool:
    """Whether it tells the walker where to go."""
    return _ADVICE.search(sentence) is not None


def denies(sentence: str) -> bool:
    """Whether something in it is said not to be."""
    return _NOT.search(sentence) is not None


def says_empty(sentence: str) -> bool:
    """Whether it says that there is nothing, or that the way is clear."""
    return _EMPTY.search(sentence) is not None


def says_absent(sentence: str) -> bool:
    """Whether it says that something to run into, or to fall from, is not there."""
    return _ABSENT.search(sentence) is not None and denies(sentence)


def bare(sentence: str) -> bool:
    """Whether it says no more than yes or no, and so claims what the question asked."""
    return _BARE.fullmatch(sentence.strip()) is not None


def without(sentence: str, parts: list[Claim]) -> str:
    """The sentence with its claims, and words that only look like sides, blanked out."""
    spans = [(c.start, c.end) for c in parts] + [m.span() for m in _NOT_A_SIDE.finditer(sentence)]
    for start, end in spans:
        sentence = sentence[:start] + " " * (end - start) + sentence[end:]
    return sentence


def _distances(sentence: str, step_m: float) -> list[Claim]:
    found = []
    for match in _DISTANCE.finditer(sentence):
        unit = _metres(match["unit"], step_m)
        # Steps may be stairs, and a foot a foot: only "three steps away" is a distance.
        footed = match["unit"].lower().rstrip("s") in ("step", "pace", "foot") or match["high"].lower() in ("a", "an")
        if footed and not _AWAY.match(sentence, match.end()) and match["how"] is None:
            continue
        high, low = _number(match["high"]), _number(match["low"]) if match["low"] else None
        high += 0.5 if match["half"] else 0.0
        low = high if low is None else low
        how = (match["how"] or "").lower()
        start = match.start()
        if how in _BELOW.split("|"):
            low = 0.0 * high
        elif how in _ABOVE.split("|"):
            high = math.inf * high
        found.append(Claim("distance", start, match.end(), low * unit, high * unit, hedged=how in _ABOUT.split("|")))
    return found


def _clocks(sentence: str) -> list[Claim]:
    found = []
    for match in _CLOCK.finditer(sentence):
        hour = _number(match["hour"])
        bearing = (hour * 30.0 + 180.0) % 360.0 - 180.0
        if 1 <= hour <= 12:
            found.append(Claim("bearing", *match.span(), bearing_deg=bearing, within_deg=15.0))
    return found


def _degrees(sentence: str) -> list[Claim]:
    found = []
    for match in _DEGREES.finditer(sentence):
        sign = -1.0 if match["side"].lower() == "left" else 1.0
        found.append(Claim("bearing", *match.span(), bearing_deg=sign * _number(match["n"]), within_deg=10.0))
    return found


def _metres(unit: str, step_m: float) -> float:
    unit = unit.lower()
    metres = _UNITS[unit] if unit in _UNITS else _UNITS[unit.removesuffix("s")]
    return step_m if math.isnan(metres) else metres


def _number(text: str) -> float:
    """Not a number for "a few" and the like."""
    text = " ".join(text.lower().replace("-", " ").split())
    if re.search(r"couple|few|several|some", text):
        return math.nan
    half = 0.5 if text.endswith(" and a half") else 0.0
    text = text.removesuffix(" and a half")
    if re.fullmatch(r"half(?: an?)?|an? half", text):
        return 0.5
    if text in ("a", "an"):
        return 1.0 + half
    if text[0].isdigit():
        return float(text.replace(",", ".")) + half
    if " point " in text:
        whole, _, part = text.partition(" point ")
        return float(f"{_NUMBERS[whole]:.0f}.{_NUMBERS[part]:.0f}") + half
    value = 0.0
    for word in text.split():
        value = value * 100.0 if word == "hundred" and value else value + _NUMBERS[word]
    return value + half
