"""How someone who is guided and has a cane feels their way: the cane held short, a forearm before the face.

For what a STOP named, up to beyond where it was said to be; and where something is there, along it, as with a hand on a
wall, until the way to the goal is felt to be free.
"""

from __future__ import annotations

from collections.abc import Generator

from edge_nav.lab.walker.acts import Act, Plan
from edge_nav.lab.walker.body import HAND_M
from edge_nav.lab.walker.cane import SWEEP_S, Touch
from edge_nav.lab.walker.felt import BODY_M, Felt, turn
from edge_nav.lab.walker.moves import Moves
from edge_nav.lab.walker.search import Search
from edge_nav.lab.walker.words import Meaning

TOUCH_S = 0.35
"""From a touch to the act."""
CAREFUL_MPS, FEELING_MPS = 0.5, 0.3
PAUSE_S = 0.5
"""For a STOP: cane and arm go on before them."""
BEYOND_M, FEEL_DEG = 0.5, 30.0
"""So far beyond where something was said to be a cane feels for it; and only for what is no farther aside."""
TURNED_DEG = 15.0
"""Turned farther since the touch, it tells nothing of what is ahead now."""
TO_GOAL_M = 1.0
"""Felt to be free so far, the way to the goal is taken."""
ALONG_DEG, ALONG_M = (35.0, 65.0, 95.0, 130.0, 165.0), 0.3
"""Along what cane or arm found: off the goal's direction to the side that is tried, the first that nothing bars. By
small steps, twice as long where the last one in the same of these headings was free."""
OUT_DEG = 110.0
"""Farther off the goal's direction it is out of a corner again, and the goal is not felt for."""
UP_M = 0.35
"""So much they go up to what only the cane's tip met."""
SEARCH = 16
"""At every so many tries at one obstacle, those among them where they were told, the other side is taken."""
TOUCHED_M = BODY_M - HAND_M
"""Whoever feels their way passes what was touched as closely: a hand finds a thing's end up to its radius beyond."""


class Feeling:
    """``on``: the cane and a raised arm go first, and what they find ends it. ``found``: they did. ``told_of``: the
    words of the last STOP.
    """

    def __init__(self, able: bool, moves: Moves, felt: Felt, search: Search) -> None:
        self._able, self._moves, self._felt, self._search = able, moves, felt, search
        self.on = self.found = False
        self.told_of = Meaning()
        self._going_up = self._room = False
        """To what the cane found, and whether there is room for it."""
        self._along_at: int | None = None
        """Where among the headings along what was found they are; None where they are not going along a thing."""
        self._last_along = -1
        """The last of them that was free, at an earlier obstacle, too."""

    def begin(self) -> None:
        """The cane short, the arm up."""
        self.on, self.found = self._able, False

    def end(self) -> None:
        """What was planned is over."""
        self.on = self.found = self._going_up = False

    def leave(self) -> None:
        """Away from what they went along."""
        self._along_at = None

    def touch(self, touch: Touch, t: float) -> bool:
        """An edge that the cane found is remembered. Whether what it found counts."""
        if self._going_up and not touch.near:
            return False
        self._room = not touch.near
        if touch.drop:
            self._felt.touch(self._moves.now.heading_deg + touch.bearing_deg, t, touch.away_m)
        return True

    def meet(self, side: int, heading_deg: float) -> None:
        """Cane or arm found something in that heading, and nothing on that side; 0 if neither or both are free."""
        if abs(turn(self._moves.now.heading_deg, heading_deg)) > TURNED_DEG:
            return
        self.found = self._moves.stopped = True
        ahead = abs(turn(self._moves.now.goal_deg, heading_deg)) < FEEL_DEG
        if side and ahead and self._along_at is None:
            self._search.commit(side)

    def can_tell(self, heading_deg: float) -> bool:
        """Whether cane and arm can tell if what they were stopped for is there, and have not told already."""
        ahead = self.told_of.things and abs(self.told_of.things[0].bearing_deg) <= FEEL_DEG
        return self._able and bool(ahead) and not self._in_vain(heading_deg)

    def knows_of_it(self) -> bool:
        """Whether something that they met before stands or hangs in the way to the goal."""
        now = self._moves.now
        return self._able and self._felt.bars(now.goal_deg, now.t, TOUCHED_M)

    def ahead(self) -> Generator[Act, None, bool]:
        """Towards the goal past where something was said to be: whether the cane found nothing there."""
        told = [t.distance_m for t in self.told_of.things]
        return bool(told) and (yield from self.to_goal(min(told) + BEYOND_M))

    def to_goal(self, metres: float = TO_GOAL_M) -> Generator[Act, None, bool]:
        """So far towards the goal: whether nothing was found."""
        yield from self._moves.turn_to(self._moves.now.goal_deg)
        return (yield from self.straight(metres))

    def aside(self) -> Generator[Act, None, bool]:
        """Where no way was told: along what cane or arm found, else aside, farther each time; and towards the goal."""
        search = self._search
        if search.side == 0 or search.tries % SEARCH == SEARCH - 1:
            search.commit(-search.side if search.side else self._moves.either_side())
            self._along_at = None
        search.tries += 1
        if self._along_at is not None or self.found:
            return (yield from self._along())
        metres = yield from search.turn_aside()
        if (yield from self.straight(metres)):
            return (yield from self.to_goal())
        search.commit(-search.side)
        return False

    def straight(self, metres: float) -> Generator[Act, None, bool]:
        """So far straight on, the cane before them and an arm before the face; whether nothing was found. A STOP is a
        pause. Where they met something before they do not begin.
        """
        self._room = self._moves.stopped = False
        self.begin()
        yield from self._moves.stand(SWEEP_S + TOUCH_S)
        now = self._moves.now
        self.found = self.found or self._felt.bars(now.heading_deg, now.t, TOUCHED_M, min(metres, TO_GOAL_M) + BODY_M)
        until = now.walked_m + metres
        while not self.found and self._moves.now.walked_m < until:
            yield from self._moves.advance(until - self._moves.now.walked_m, CAREFUL_MPS)
            if self._moves.stopped and not self.found:
                yield from self._moves.stand(PAUSE_S)
            self._moves.stopped = False
        self.on, self.told_of = False, Meaning()
        if self.found:
            self._felt.fail(self._moves.now.heading_deg, self._moves.now.walked_m, self._moves.now.t)
        return not self.found

    def _along(self) -> Generator[Act, None, bool]:
        """As with a hand on a wall: by the first heading that nothing bars, from where the last step went; towards the
        goal after each. Where everything to this side is barred, from the first heading again, then the other side.
        """
        first = self._along_at or 0
        for at in range(first, len(ALONG_DEG)):
            now, out = self._moves.now, ALONG_DEG[at] > OUT_DEG
            heading = now.goal_deg + self._search.side * ALONG_DEG[at]
            if self._felt.bars(heading, now.t, TOUCHED_M, ALONG_M + BODY_M):
                continue
            yield from self._moves.turn_to(heading)
            if (yield from self.straight(2 * ALONG_M if at == self._last_along else ALONG_M)):
                self._last_along, self._along_at = at, at - 2 if out else at
                return not out and (yield from self.to_goal())
            self._last_along = -1
            if self._room:
                yield from self._go_up()
        if first > 0:
            self._along_at = 0
        else:
            self._search.commit(-self._search.side)
            self._along_at, self.found = None, True
        return False

    def _go_up(self) -> Plan:
        """To what the cane found at its tip, as near as the cane drawn in lets them."""
        self.begin()
        self._going_up, self._moves.stopped = True, False
        yield from self._moves.advance(UP_M, FEELING_MPS)
        self.on = self._going_up = False

    def _in_vain(self, heading_deg: float) -> bool:
        return self._felt.in_vain(heading_deg, self._moves.now.walked_m, self._moves.now.t)
