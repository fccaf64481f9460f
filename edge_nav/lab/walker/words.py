"""What a listener understands from spoken guidance: from its English words alone, as a person would.

The one part of the walker that follows the product: whoever changes it together with the spoken grammar reports the
figures of `bench walker` before and after, on the same walks.
"""

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
_WHERE = r"(?:ahead|(?P<degrees>\d+) degrees (?P<side>left|right))"
_FREE = re.compile(rf"Free {_WHERE}(?:, {_DISTANCE}(?P<onward>, and on)?)?")
_VEER = re.compile(r"Veer (left|right)")


@dataclass(frozen=True, slots=True)
class NamedThing:
    """What was named, where (degrees, positive right) and how far (metres)."""

    what: str
    bearing_deg: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """``free_deg``: where the way is free, and ``free_m`` how far, None where that was not said; ``onward``: from there
    it goes on in another direction.
    """

    stop: bool = False
    things: tuple[NamedThing, ...] = ()
    veer: Literal["left", "right"] | None = None
    clear: bool = False
    free_deg: float | None = None
    free_m: float | None = None
    onward: bool = False


def understand(text: str) -> Meaning:
    """The meaning of one callout or answer; what is not understood is left out."""
    rest = text.removeprefix("Stop. ")
    free, veer = _FREE.search(text), _VEER.search(text)
    return Meaning(
        stop=text.startswith("Stop"),
        things=tuple(
            NamedThing(m["what"].strip(), _bearing(m["hour"]), _metres(m["distance"])) for m in _THING.finditer(rest)
        ),
        veer=None if veer is None else ("left" if veer[1] == "left" else "right"),
        clear=text == "Clear.",
        free_deg=None if free is None else float(free["degrees"] or 0) * (-1 if free["side"] == "left" else 1),
        free_m=None if free is None or free["distance"] is None else _metres(free["distance"]),
        onward=free is not None and free["onward"] is not None,
    )


def _bearing(hour: str | None) -> float:
    degrees = 0.0 if hour is None else NUMBERS.index(hour) * 30.0
    return degrees - 360.0 if degrees > 180.0 else degrees


def _metres(words: str) -> float:
    if words == "half a metre":
        return 0.5
    return NUMBERS.index(words.partition(" ")[0]) + (0.5 if "and a half" in words else 0.0)
