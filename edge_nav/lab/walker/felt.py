"""What a guided walker has met, and where they were stopped at once, by their own reckoning of where they are.

Told that the way is free there, they know better.
"""

from __future__ import annotations

import math

REMEMBERED_S = 180.0
BODY_M = 0.25
ROOM_M = 0.3
"""A way that passes a felt place so closely leads into it again: half a body's width, and a little."""
AHEAD_M = 1.5
FAILED_M, FAILED_S, FAILED_DEG = 0.5, 25.0, 15.0
"""A heading in which they were stopped at once is not tried again until they have gone a little."""
FAILED_MOST, SAME_DEG = 6, 2.0
"""So many headings are remembered; within so many degrees it is the same one."""


class Felt:
    """Where they have walked, metres and degrees from where they began, and where they were touched."""

    def __init__(self) -> None:
        self._x = self._y = 0.0
        self._places: list[tuple[float, float, float, float]] = []
        """East and north of the start, until when it is remembered, and the least room to pass it."""
        self._failed: list[tuple[float, float, float]] = []
        """Headings, at how much of their way, and until when it counts."""

    def go(self, metres: float, heading_deg: float) -> None:
        """They have gone so far; backwards below 0."""
        a = math.radians(heading_deg)
        self._x += metres * math.sin(a)
        self._y += metres * math.cos(a)

    def touch(self, heading_deg: float, t: float, away_m: float = BODY_M, room_m: float = 0.0) -> None:
        """Something was touched on that side, so far from the body's middle; so much room at least it takes to pass."""
        a = math.radians(heading_deg)
        self._places = [p for p in self._places if p[2] > t]
        self._places.append((self._x + away_m * math.sin(a), self._y + away_m * math.cos(a), t + REMEMBERED_S, room_m))

    def bars(self, heading_deg: float, t: float, room_m: float = ROOM_M, ahead_m: float = AHEAD_M) -> bool:
        """Whether a heading leads into something that was touched not long ago, so near and so close to the way."""
        a = math.radians(heading_deg)
        for x, y, until, least_m in self._places:
            right, ahead = x - self._x, y - self._y
            along = right * math.sin(a) + ahead * math.cos(a)
            aside = right * math.cos(a) - ahead * math.sin(a)
            if t < until and 0.0 < along < ahead_m and abs(aside) < max(room_m, least_m):
                return True
        return False

    def fail(self, heading_deg: float, walked_m: float, t: float) -> None:
        """They were stopped there at once, or a cane found something, after so much of their whole way."""
        others = [f for f in self._failed if abs(turn(heading_deg, f[0])) > SAME_DEG]
        self._failed = [*others[1 - FAILED_MOST :], (heading_deg, walked_m, t + FAILED_S)]

    def in_vain(self, heading_deg: float, walked_m: float, t: float) -> bool:
        """Whether they were stopped there at once, and have not gone far since, or ran into something there."""
        return self.bars(heading_deg, t) or any(
            abs(turn(heading_deg, where)) < FAILED_DEG and walked_m < walked + FAILED_M and t < until
            for where, walked, until in self._failed
        )


def turn(from_deg: float, to_deg: float) -> float:
    """The shorter turn, positive to the right."""
    return (to_deg - from_deg + 180) % 360 - 180
