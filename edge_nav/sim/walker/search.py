"""On which side of an obstacle a way is looked for, and since when."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf

from edge_nav.sim.walker.acts import Act
from edge_nav.sim.walker.moves import Moves

PROGRESS_M = 1.5
"""So much nearer the goal, and an obstacle is behind: the next one may be passed on the other side."""


@dataclass(slots=True)
class Search:
    """``side``: -1 left, 1 right, 0 not decided. ``tries``: so often since an obstacle began, on either side."""

    side: int = 0
    tries: int = 0
    _goal_m: float = inf

    def commit(self, side: int, goal_m: float) -> None:
        """To that side, from so far before the goal."""
        self.side, self._goal_m = side, goal_m

    def leave_behind(self, goal_m: float) -> bool:
        """Where the obstacle is behind, no side is decided any more; whether it is."""
        if goal_m >= self._goal_m - PROGRESS_M:
            return False
        self.side, self.tries, self._goal_m = 0, 0, inf
        return True


def turn_aside(moves: Moves, search: Search) -> Generator[Act, None, float]:
    """Away from the goal to the side that is tried, farther each time; how far to go there, in metres."""
    yield from moves.turn_to(moves.now.goal_deg + search.side * (50.0 + 15.0 * min(search.tries % 5, 3)))
    return 0.6 + 0.3 * min(search.tries, 5)
