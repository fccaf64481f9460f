"""Of all hazards in view the one that is worth a word now."""

from __future__ import annotations

from collections.abc import Sequence

from edge_nav.guidance.hazards_in_view import Candidate
from edge_nav.guidance.memory import PAUSE_S, Memory
from edge_nav.guidance.pace import Pace
from edge_nav.guidance.zones import NEARNESS
from edge_nav.types import Obstacle

NEARER_M, NEARER_SHARE, HEARD_S = 0.3, 1 / 3, 0.45
"""A second STOP cuts the first short for something so much nearer, by this share too (by half before the
first's tone and word have been heard): else of someone who comes towards the walker one hears beginnings only."""
STANDING_M, APPROACH_MPS = 2.0, 0.3
"""Who stands is told of what is so near, or comes nearer by itself."""


def choose(candidates: Sequence[Candidate], memory: Memory, pace: Pace, t: float) -> Candidate | None:
    """The nearest zone first, then the table's order, then the nearer thing; of those worth saying now."""
    if pace.stands:  # what passes the view while they turn on the spot is told when they have turned
        candidates = [c for c in candidates if c.zone == "stop" or (not pace.turns and _is_near(c.obstacle))]
    stopped = False
    for c in sorted(
        candidates, key=lambda c: (-NEARNESS[c.zone], not c.obstacle.in_corridor, round(c.obstacle.distance_m), c.rank)
    ):
        if not memory.worth_saying(c, t):
            stopped = stopped or c.zone == "stop"
            continue
        if c.zone == "stop":
            if not _may_stop(c, memory, stopped, t):
                continue
        elif stopped or memory.last.pauses(t):
            return None  # who has just been stopped is not told of farther things meanwhile
        if c.alert.always or _will_be_met(c) or memory.affordable(c.zone, t):
            return c
    return None


def _will_be_met(c: Candidate) -> bool:
    """Whether it stands in the way and is near: such a thing is never muted for want of words."""
    return c.zone == "caution" and c.obstacle.in_corridor


def _may_stop(c: Candidate, memory: Memory, stopped: bool, t: float) -> bool:
    """A second STOP lets the first be heard, unless it is about something nearer or a fall."""
    last = memory.last
    since_s = t - (last.t if stopped else last.stop_t)
    if since_s >= PAUSE_S:
        return True
    share = NEARER_SHARE if since_s > HEARD_S else 1 / 2
    nearer = c.obstacle.distance_m <= last.distance_m - max(NEARER_M, share * last.distance_m)
    return nearer or (c.alert.always and c.rank < last.stop_rank)


def _is_near(o: Obstacle) -> bool:
    return o.distance_m < STANDING_M or o.closing_mps > APPROACH_MPS
