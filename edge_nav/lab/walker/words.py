"""What a listener understands from spoken guidance: from its English words alone, as a person would."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NUMBERS = re.findall(
    "[a-z]+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty",
)
_DISTANCE = r"(?:about )?(?P<distance>half a metre|[a-z]+ and a half metres|one metre|[a-z]+ metres)"
_THING = re.compile(rf"(?P<what>[A-Z][\w' -]*?)(?: ahead|, (?P<hour>[a-z]+) o'clock), {_DISTANCE}")
_CLEAR_FOR = re.compile(rf"(?:Clear|Nothing ahead) for {_DISTANCE}")
_WHERE = r"(?:ahead|(?P<degrees>\d+) degrees (?P<side>left|right))"
_FREE = re.compile(rf"Free {_WHERE}(?:, {_DISTANCE}(?P<onward>, and on)?)?")
_VEER = re.compile(r"Veer (left|right)")
DROPS = ("Drop-off", "Stairs down", "Step down", "Unseen floor")


@dataclass(frozen=True, slots=True)
class Thing:
    """What was named, where (degrees, positive right) and how far (metres)."""

    what: str
    bearing_deg: float
    distance_m: float

    @property
    def drop(self) -> bool:
        return self.what in DROPS


@dataclass(frozen=True, slots=True)
class Meaning:
    """``clear_m``: the way ahead is free so far, None where that was not said. ``free_deg``: where the way is free,
    and ``free_m`` how far, None where that was not said; ``onward``: from there it goes on in another direction.
    """

    stop: bool = False
    things: tuple[Thing, ...] = ()
    veer: Literal["left", "right"] | None = None
    clear: bool = False
    clear_m: float | None = None
    free_deg: float | None = None
    free_m: float | None = None
    onward: bool = False
    floor_seen: bool = True

    @property
    def ahead_m(self) -> float:
        """How far one may go straight on by these words: 0 where they do not tell."""
        near = [t.distance_m for t in self.things]
        if near:
            return min(near)
        return self.clear_m if self.clear_m is not None and self.floor_seen else 0.0


def understand(text: str) -> Meaning:
    """The meaning of one callout or answer; what is not understood is left out."""
    rest = text.removeprefix("Stop. ")
    things = tuple(Thing(m["what"].strip(), _bearing(m["hour"]), _metres(m["distance"])) for m in _THING.finditer(rest))
    far, free, veer = _CLEAR_FOR.search(text), _FREE.search(text), _VEER.search(text)
    return Meaning(
        stop=text.startswith("Stop"),
        things=things,
        veer=None if veer is None else ("left" if veer[1] == "left" else "right"),
        clear=text == "Clear.",
        clear_m=None if far is None else _metres(far["distance"]),
        free_deg=None if free is None else _turn(free["degrees"], free["side"]),
        free_m=None if free is None or free["distance"] is None else _metres(free["distance"]),
        onward=free is not None and free["onward"] is not None,
        floor_seen="Floor not seen" not in text,
    )


def _bearing(hour: str | None) -> float:
    if hour is None:
        return 0.0
    degrees = NUMBERS.index(hour) * 30.0
    return degrees - 360.0 if degrees > 180.0 else degrees


def _turn(degrees: str | None, side: str | None) -> float:
    return 0.0 if degrees is None else float(degrees) * (-1.0 if side == "left" else 1.0)


def _metres(words: str) -> float:
    if words == "half a metre":
        return 0.5
    whole = float(NUMBERS.index(words.partition(" ")[0]))
    return whole + 0.5 if "and a half" in words else whole
