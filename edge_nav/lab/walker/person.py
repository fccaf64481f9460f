"""A simulated person who does what they are told and no more, with or without a cane that stops at what it touches.

They stop at the STOP tone, ask which way is free, go there by small steps, and go on when it is free towards the goal.
Who ran into something steps back; after any touch they turn aside by chance. They remember nothing of what they met,
follow no wall, and keep to no side: a ruler for guidance, not a walker to be improved.

Frozen: figures of `bench walker` cannot be compared with older ones once this changes.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge_nav.lab.walker.words import Meaning, understand
from edge_nav.types import Priority

REACTION_S, TOUCH_S = 0.7, 0.35
"""To the act: from the end of a tone or of the words, and from a touch."""
START_S, FAULT_S = 2.0, 4.0
"""Listening before they set out, and where the aid has trouble."""
SLOW_MPS, CAREFUL_MPS, BACK_MPS = 0.7, 0.5, 0.4
SLOW_FOR_S = 4.0
VEER_DEG, VEER_S = 20.0, 2.0
EDGE_DEG, EDGE_S = 10.0, 1.5
"""Away from something that was said to be on one side."""
TURN_ERROR_DEG, TURN_ERROR = 2.0, 0.05
"""Standard deviation of a turn on the spot that nobody sees: so many degrees, and a share of it."""
SETTLE_S = 0.5
"""After a turn, until the aid has looked there."""
PATIENCE_S = 8.0
"""For an answer, or for the end of what is said."""
CLOSE_M, BACK_M, STEP_BACK_M = 1.2, 0.6, 0.3
"""After a STOP about something so near they go back where they came from, for more can be seen from there; by a step
after they ran into something. A cane leaves them room."""
LOOKS_DEG = (45.0, -45.0, 90.0, -90.0, 135.0)
"""Off the goal's direction: where else they turn and ask, one after the other, until a way is told."""
GO_M, MARGIN_M, STRIDE_M, TO_TURN_M = 1.0, 0.3, 1.8, 3.0
"""They go where so much is free, all but the margin, and not farther before they ask again; to where the way turns
farther, and without a margin."""
FIRST_M, FIRST_MPS = 0.5, 0.3
"""Their first step there is slow: the aid has hardly looked yet."""
RESUME_M, AHEAD_DEG = 2.0, 12.0
"""Free so far, so nearly towards the goal: they go on."""
ASIDE_DEG, ASIDE_M = (40.0, 110.0), (0.6, 2.0)
"""After a touch, by chance: off the goal's direction, and, without words to go by, so far."""

Question = Literal["free_way"]
Event = Literal["slow", "body", "cane"] | Priority


@dataclass(frozen=True, slots=True)
class Now:
    """What a walker knows of themselves. ``listening``: the aid is speaking."""

    t: float
    heading_deg: float
    goal_deg: float
    walked_m: float
    listening: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What they do now. A speed below 0 is backwards."""

    speed_mps: float
    heading_deg: float
    ask: Question | None = None


Plan = Generator[Act, None, None]


class WalkingPerson:
    """Told what they hear and feel; asked what they do, many times a second. ``aided``: guided by speech, else by
    touch alone. ``seed``: of their turns and chances.
    """

    def __init__(self, speed_mps: float = 1.2, seed: int = 0, *, aided: bool = True) -> None:
        self._speed_mps, self._aided = speed_mps, aided
        self._rng = np.random.default_rng(seed)
        self._now = Now(0.0, 0.0, 0.0, 0.0)
        self._due: list[tuple[float, Event, Meaning, float]] = []
        """When, what, the words, and on which side."""
        self._plan = self._walk(START_S if aided else 0.0)
        self._on_the_way = True
        """Towards the goal; else each STOP and touch is heeded by what they are doing."""
        self._halted = self._backwards = False
        self._answer: Meaning | None = None
        self._near_m = np.inf
        """How near the thing is that the last STOP was about."""
        self._straight_m = 0.0
        """So far they have come straight on: the way back is free."""
        self._slow_until_s = self._slow_until_m = self._veer_until_s = self._veer_deg = 0.0

    def hear(self, priority: Priority, text: str, t: float) -> None:
        """A sentence has been heard to its end, or to where it was cut; without text, the tone before it: two high ones
        mean stop, one means caution, as walkers are told at first.
        """
        meaning = understand(text)
        if not text:
            self._due.append((t + REACTION_S, "stop" if priority == "stop" else "slow", meaning, 0.0))
        elif priority == "stop":
            self._near_m = min((thing.distance_m for thing in meaning.things), default=np.inf)
        else:
            self._due.append((t + REACTION_S, priority, meaning, 0.0))

    def touch(self, bearing_deg: float | None, t: float, by: Literal["body", "cane"] = "body") -> None:
        """They ran into something, or their cane found it, on that side, degrees from ahead; None: nothing."""
        if bearing_deg is not None and not any(what in ("body", "cane") for _, what, _, _ in self._due):
            self._due.append((t + TOUCH_S, by, Meaning(), bearing_deg))

    def act(self, now: Now) -> Act:
        """What they do at this moment."""
        straight = abs(_turn(self._now.heading_deg, now.heading_deg)) < 3.0
        self._straight_m = self._straight_m + now.walked_m - self._now.walked_m if straight else 0.0
        self._now = now
        due, self._due = [d for d in self._due if d[0] <= now.t], [d for d in self._due if d[0] > now.t]
        for _, what, meaning, bearing in due:
            self._react(what, meaning, bearing)
        return next(self._plan)

    def _react(self, what: Event, said: Meaning, bearing_deg: float) -> None:
        now = self._now
        if what == "answer":
            self._answer = said
        elif what in ("body", "cane") and not self._backwards:
            self._begin(self._recover(bearing_deg, STEP_BACK_M if what == "body" else 0.0))
        elif what in ("stop", "fault", "body"):
            self._halted = True
            if self._on_the_way:
                self._begin(self._go_round() if what == "stop" else self._walk(FAULT_S, slowly=True))
        elif what == "slow":
            self._slow_until_s = now.t + SLOW_FOR_S
        elif said.clear:
            self._slow_until_s = self._slow_until_m = self._veer_until_s = 0.0
        elif what == "caution":
            self._heed(said)

    def _heed(self, said: Meaning) -> None:
        """Slowly up to what was named, and away from its side, or where one is told to veer."""
        now = self._now
        self._slow_until_s = now.t + SLOW_FOR_S
        bearing = said.things[0].bearing_deg if said.things else 0.0
        if said.things:
            self._slow_until_m = now.walked_m + said.things[0].distance_m
        if said.veer is not None:
            self._veer_deg, self._veer_until_s = (VEER_DEG if said.veer == "right" else -VEER_DEG), now.t + VEER_S
        elif bearing:
            self._veer_deg, self._veer_until_s = (EDGE_DEG if bearing < 0 else -EDGE_DEG), now.t + EDGE_S

    def _begin(self, plan: Plan) -> None:
        self._plan.close()
        self._plan, self._on_the_way, self._backwards = plan, False, False

    def _walk(self, after_s: float = 0.0, *, slowly: bool = False) -> Plan:
        """Stand so long, and then towards the goal."""
        yield from self._stand(after_s)
        self._on_the_way = True
        if slowly:
            self._slow_until_s = self._now.t + SLOW_FOR_S
        while True:
            now = self._now
            veer = self._veer_deg if now.t < self._veer_until_s else 0.0
            slow = now.t < self._slow_until_s or now.walked_m < self._slow_until_m
            # Who has to turn far does it standing.
            off = abs(_turn(now.heading_deg, now.goal_deg))
            yield Act(0.0 if off > 60 else SLOW_MPS if slow else self._speed_mps, now.goal_deg + veer)

    def _recover(self, bearing_deg: float, back_m: float) -> Plan:
        """A step back, and aside by chance, away from where they were touched; then as they are told, else on."""
        yield from self._stand(0.5)
        yield from self._advance(back_m, -BACK_MPS)
        side = -np.sign(bearing_deg) if abs(bearing_deg) > 5 else self._rng.choice((-1, 1))
        aside = side * self._rng.uniform(*ASIDE_DEG)
        if self._aided:
            yield from self._go_round(aside)
        yield from self._turn_to(self._now.goal_deg + aside)
        yield from self._advance(self._rng.uniform(*ASIDE_M), SLOW_MPS)
        yield from self._turn_to(self._now.goal_deg)
        yield from self._walk()

    def _go_round(self, first_deg: float = 0.0) -> Plan:
        """After a STOP: which way is free, go there a few steps, turn back to the goal, and again. After a touch they
        first look so far off the goal's direction.
        """
        self._halted = True
        while True:
            if self._halted:
                yield from self._listen()
            if self._near_m <= CLOSE_M and self._straight_m > BACK_M:
                yield from self._advance(BACK_M, -BACK_MPS)
            self._near_m = np.inf
            found = yield from self._find(first_deg)
            first_deg = 0.0
            if found is None:  # who or what is in the way may move on
                yield from self._stand(2.0)
                continue
            heading, metres, onward = found
            towards_goal = abs(_turn(self._now.goal_deg, heading)) < AHEAD_DEG
            if towards_goal and abs(_turn(self._now.heading_deg, heading)) < AHEAD_DEG and metres >= RESUME_M:
                break
            yield from self._turn_to(heading)
            yield from self._stand(SETTLE_S)
            # A leg that ends at a turn is gone to its end: the way on begins there.
            metres = min(metres, TO_TURN_M) if onward else min(metres - MARGIN_M, STRIDE_M)
            yield from self._advance(min(metres, FIRST_M), FIRST_MPS)
            if not self._halted:
                yield from self._advance(metres - FIRST_M, CAREFUL_MPS)
        yield from self._walk(slowly=True)

    def _find(self, first_deg: float) -> Generator[Act, None, tuple[float, float, bool] | None]:
        """Turn to the goal and ask which way is free, then farther and farther off: where to go, how far it was said to
        be free, and whether it goes on from there; None if no way was told.
        """
        side = self._rng.choice((-1.0, 1.0))
        for look in (first_deg, *(side * look for look in LOOKS_DEG)):
            yield from self._turn_to(self._now.goal_deg + look)
            yield from self._stand(SETTLE_S)
            told = yield from self._ask("free_way")
            metres = GO_M if told.free_m is None else told.free_m
            if told.free_deg is not None and (metres >= GO_M or told.onward):
                return self._now.heading_deg + told.free_deg, metres, told.onward
        return None

    def _ask(self, question: Question) -> Generator[Act, None, Meaning]:
        """Ask, and hear the answer; nothing is understood where none comes."""
        self._answer = None
        yield Act(0.0, self._now.heading_deg, question)
        until = self._now.t + PATIENCE_S
        while self._answer is None and self._now.t < until:
            yield Act(0.0, self._now.heading_deg)
        return self._answer or Meaning()

    def _listen(self) -> Plan:
        """Until all has been said and understood."""
        yield from self._stand(0.6)
        until = self._now.t + PATIENCE_S
        while self._now.listening and self._now.t < until:
            yield Act(0.0, self._now.heading_deg)
        yield from self._stand(REACTION_S)

    def _stand(self, seconds: float) -> Plan:
        until = self._now.t + seconds
        while self._now.t < until:
            yield Act(0.0, self._now.heading_deg)

    def _turn_to(self, heading_deg: float) -> Plan:
        """Turn on the spot, as exactly as people do."""
        far = abs(_turn(self._now.heading_deg, heading_deg))
        aim = heading_deg + float(self._rng.normal(0.0, TURN_ERROR_DEG + TURN_ERROR * far))
        while abs(_turn(self._now.heading_deg, aim)) > 2.0:
            yield Act(0.0, aim)

    def _advance(self, metres: float, speed_mps: float) -> Plan:
        """So far straight on, or for as long as it takes; a STOP ends it."""
        start, heading, self._halted = self._now.walked_m, self._now.heading_deg, False
        until, self._backwards = self._now.t + metres / abs(speed_mps) + 1.0, speed_mps < 0
        while self._now.walked_m - start < metres and self._now.t < until and not self._halted:
            yield Act(speed_mps, heading)
        if self._backwards:
            self._straight_m, self._backwards = 0.0, False


def _turn(from_deg: float, to_deg: float) -> float:
    """The shorter turn, positive to the right."""
    return (to_deg - from_deg + 180) % 360 - 180
