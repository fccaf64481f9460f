"""What walkers do as one act after another, each until it is done: stand, turn on the spot, go straight on, ask."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from edge_nav.lab.walker.acts import Act, Now, Plan, Question
from edge_nav.lab.walker.felt import turn
from edge_nav.lab.walker.words import Meaning

REACTION_S = 0.7
"""From the end of a tone or of the words to the act."""
TURN_ERROR_DEG, TURN_ERROR = 2.0, 0.05
"""Standard deviation of a turn on the spot that nobody sees: so many degrees, and a share of it."""
PATIENCE_S = 6.0
"""For an answer, before asking again."""


class Moves:
    """``now``, ``stopped``, ``bumped`` and ``answer`` are told to it while it goes on."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.now = Now(0.0, 0.0, 0.0, 0.0, 0.0)
        self.stopped = self.bumped = False
        self.answer: Meaning | None = None
        self.behind_m = 0.0
        """So far they have come straight on: the way back is free."""

    def either_side(self) -> int:
        """By chance: -1 left, 1 right."""
        return 1 if self._rng.random() < 0.5 else -1

    def stand(self, seconds: float) -> Plan:
        """So long."""
        until = self.now.t + seconds
        while self.now.t < until:
            yield Act(0.0, self.now.heading_deg)

    def turn_to(self, heading_deg: float) -> Plan:
        """Turn on the spot, as exactly as people do."""
        far = abs(turn(self.now.heading_deg, heading_deg))
        aim = heading_deg + float(self._rng.normal(0.0, TURN_ERROR_DEG + TURN_ERROR * far))
        while abs(turn(self.now.heading_deg, aim)) > 2.0:
            yield Act(0.0, aim)

    def advance(self, metres: float, speed_mps: float) -> Plan:
        """So far straight on; a STOP ends it."""
        start, heading = self.now.walked_m, self.now.heading_deg
        self.bumped = False
        while self.now.walked_m - start < metres and not self.stopped and not self.bumped:
            yield Act(speed_mps, heading)
        if speed_mps < 0:
            self.behind_m = 0.0

    def listen(self) -> Plan:
        """Until nothing more is said."""
        until = self.now.t + PATIENCE_S
        while self.now.listening and self.now.t < until:
            yield Act(0.0, self.now.heading_deg)

    def ask(self, question: Question) -> Generator[Act, None, Meaning]:
        """Ask, and hear the answer; nothing is understood where none comes."""
        for _ in range(2):
            yield from self.listen()
            self.answer = None
            yield Act(0.0, self.now.heading_deg, question)
            until = self.now.t + PATIENCE_S
            while self.now.t < until:
                if self.answer is not None:
                    return self.answer
                yield Act(0.0, self.now.heading_deg)
        return Meaning()

    def hear_out(self) -> Plan:
        """Stand until all has been said and understood."""
        yield from self.stand(0.6)
        yield from self.listen()
        yield from self.stand(REACTION_S)
