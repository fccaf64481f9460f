"""Words: `[urgency] [what] [where] [how far]`, from one data file per language."""

from __future__ import annotations

import importlib.resources
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import yaml
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.types import AHEAD_DEG, Language, clock_hour, side_of

FOOT_M = 0.3048


class Sentence(Settings):
    """Order of the parts."""

    ahead: str
    aside: str
    stop: str
    end: str


class Sides(Settings):
    """A word or pattern for each side."""

    left: str
    right: str
    ahead: str = ""


class Metres(Settings):
    """Metres and half metres."""

    half: str
    one: str
    one_half: str
    whole: str
    and_half: str


class Count(Settings):
    """One, and many."""

    one: str
    whole: str


class Phrases(Settings):
    """A language's file, checked for completeness when it is read."""

    language: Language
    sentence: Sentence
    numbers: list[str] = Field(min_length=21, max_length=21, description="Zero to twenty.")
    clock: str
    clock_one: str
    side: Sides
    degrees: Sides
    about: str
    metres: Metres
    feet: Count
    steps: Count
    what: dict[str, str]
    names: dict[str, str]
    veer: Sides
    messages: dict[str, str]
    answers: dict[str, str]


@lru_cache
def phrases(language: Language) -> Phrases:
    """The phrases of a language."""
    file = importlib.resources.files("edge_nav.guidance").joinpath(f"phrases/{language}.yaml")
    return Phrases.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


class Phrasebook:
    """Turns measured values into words, in the walker's language, units and direction words."""

    def __init__(self, settings: GuidanceSettings) -> None:
        self._settings = settings
        self._p = phrases(settings.language)

    def message(self, name: str) -> str:
        """A fixed sentence."""
        return self._p.messages[name]

    def answer(self, name: str, **parts: object) -> str:
        """A sentence of an answer."""
        return self._p.answers[name].format(**parts)

    def hazard(
        self,
        kind: str,
        bearing_deg: float,
        distance_m: float,
        *,
        name: str | None = None,
        urgent: bool,
        hedged: bool,
        veer: Literal["left", "right"] | None,
    ) -> str:
        """One callout about a thing at a bearing and distance. ``hedged`` adds "about" to the distance; ``name`` is
        said in place of "obstacle" where the language has a word for it.
        """
        p = self._p
        what = p.names.get(name or "", p.what[kind]) if alerts().is_named(kind) else p.what[kind]
        distance = self.distance(distance_m, hedged=hedged)
        where = self.where(bearing_deg)
        if where == p.side.ahead:
            rest = p.sentence.ahead.format(what=what, distance=distance)
        else:
            rest = p.sentence.aside.format(what=what, where=where, distance=distance)
        text = (p.sentence.stop.format(rest=rest) if urgent else rest) + p.sentence.end
        return text + (getattr(p.veer, veer) if veer else "")

    def where(self, bearing_deg: float) -> str:
        """Direction words; straight ahead is "ahead" in each of the three ways of speaking."""
        p, side = self._p, side_of(bearing_deg)
        if side == "ahead":
            return p.side.ahead
        if self._settings.directions == "sides":
            return str(getattr(p.side, side))
        if self._settings.directions == "degrees":
            tens = 10 * _nearest(abs(bearing_deg) / 10)
            return str(getattr(p.degrees, side)).format(n=tens)
        hour = clock_hour(bearing_deg)
        return p.clock_one if hour == 1 else p.clock.format(n=p.numbers[hour])

    def heading(self, bearing_deg: float) -> str:
        """Where to turn: in steps of five degrees, for an hour of the clock is too coarse to find a gap by."""
        p, turn = self._p, 5 * _nearest(abs(bearing_deg) / 5)
        if turn == 0:
            return p.side.ahead
        side = "left" if bearing_deg < 0 else "right"
        if self._settings.directions == "sides" and turn > AHEAD_DEG:
            return str(getattr(p.side, side))
        return str(getattr(p.degrees, side)).format(n=turn)

    def distance(self, distance_m: float, *, hedged: bool = False, at_least: bool = False) -> str:
        """Half metres below three metres, whole ones beyond; whole feet; whole steps. ``hedged`` adds "about"; with
        ``at_least`` it is rounded down: what is said to be free must be free.
        """
        plain = self._plain_distance(distance_m, math.floor if at_least else _nearest)
        return self._p.about.format(distance=plain) if hedged else plain

    def _plain_distance(self, distance_m: float, rounded: Callable[[float], int]) -> str:
        p = self._p
        if self._settings.units == "feet":
            return self._count(p.feet, rounded(distance_m / FOOT_M + 1e-6))
        if self._settings.units == "steps":
            return self._count(p.steps, rounded(distance_m / self._settings.step_length_m + 1e-6))
        near = 3.0 if rounded is math.floor else 2.75
        halves = rounded(distance_m * 2 + 1e-6) if distance_m < near else 2 * rounded(distance_m + 1e-6)
        whole, half = divmod(max(halves, 1), 2)
        if whole == 0:
            return p.metres.half
        if whole == 1:
            return p.metres.one_half if half else p.metres.one
        return (p.metres.and_half if half else p.metres.whole).format(n=self._number(whole))

    def _count(self, words: Count, count: int) -> str:
        n = max(1, count)
        return words.one if n == 1 else words.whole.format(n=self._number(n))

    def _number(self, n: int) -> str:
        return self._p.numbers[n] if n < len(self._p.numbers) else str(n)


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)
