"""On which side of an obstacle a way is looked for, and since when."""

from __future__ import annotations

from collections.abc import Generator
from math import inf

from edge_nav.lab.walker.acts import Act
from edge_nav.lab.walker.moves import Moves

PROGRESS_M = 1.5
"""So much nearer the goal, and an obstacle is behind: the next one may be passed on the other side."""


class Search:
    """``side``: -1 left, 1 right, 0 not decided. ``tries``: so often since an obstacle began, on either side."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self.side = self.tries = 0
        self._goal_m = inf
        """How far the goal was when the side was decided."""

    def commit(self, side: int) -> None:
        """To that side, from here on."""
        self.side, self._goal_m = side, self._moves.now.goal_m

    def leave_behind(self) -> bool:
        """Where the obstacle is behind, no side is decided any more; whether it is."""
        if self._moves.now.goal_m >= self._goal_m - PROGRESS_M:
            return False
        self.side, self.tries, self._goal_m = 0, 0, inf
        return True

    def turn_aside(self) -> Generator[Act, None, float]:
        """Away from the goal to the side that is tried, farther each time; how far to go there, in metres."""
        off = 50.0 + 15.0 * min(self.tries % 5, 3)
        yield from self._moves.turn_to(self._moves.now.goal_deg + self.side * off)
        return 0.6 + 0.3 * min(self.tries, 5)
