"""How a trained walker behaves: stops at once, asks, turns on the spot, goes small steps, resumes when it is clear.

They know where the way to their goal leads next, what they hear when they have heard it, and what they touch. They see
nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from edge_nav.lab.walker.acts import Act, Now, Plan, Traits
from edge_nav.lab.walker.body import Bump
from edge_nav.lab.walker.cane import Touch
from edge_nav.lab.walker.feeling import CAREFUL_MPS, FEELING_MPS, TOUCH_S, Feeling
from edge_nav.lab.walker.felt import BODY_M, Felt, turn
from edge_nav.lab.walker.moves import REACTION_S, Moves
from edge_nav.lab.walker.search import Search
from edge_nav.lab.walker.words import Meaning, understand
from edge_nav.types import Priority

SLOW_MPS = 0.7
SLOW_FOR_S = 4.0
VEER_DEG, VEER_S = 20.0, 2.0
EDGE_DEG, EDGE_S = 10.0, 1.5
START_S = 2.0
BACK_M, BACK_MPS = 0.6, 0.4
"""After a STOP about something near: the way back is known to be free, and from there more can be seen."""
CLOSE_M = 1.2
SETTLE_S = 0.5
"""After a turn, until the aid has looked there."""
GO_M, MARGIN_M, STRIDE_M = 1.0, 0.3, 1.8
"""Go where so much is free; all but the margin, and not more than a few steps before asking again."""
UNSEEN_DEG, UNSEEN_M = 30.0, 0.5
"""Turned farther, who sets out goes where the aid has hardly looked yet: slowly for the first step."""
BUMPED_M = BODY_M + 0.02
"""What they ran into neither cane nor arm had met: it is passed by half their width and a little."""
SHORT_M = 0.4
"""Who is stopped within it was stopped at once."""
RESUME_M, AHEAD_DEG = 2.0, 12.0
LOOKS_DEG = (0.0, 45.0, 85.0, 125.0)
"""Off the goal's direction, to the side that is tried."""
ASKS = 4
"""Who has a cane asks every so many tries, and towards the goal only; between, they feel their way aside."""
BACK_DEG = 100.0
"""Whoever has a cane does not go farther off the goal's direction where they are told."""
FLIP = 8
"""Tries on one side, without a cane. In the latter half of so many they go round: not again where little is free
towards the goal."""
DETOUR_DEG, DETOUR_STRIDE_M = 60.0, 3.0


@dataclass(slots=True)
class _Due:
    at: float
    act: Literal["stop", "slow", "told", "bump", "cane"]
    meaning: Meaning = field(default_factory=Meaning)
    priority: Priority = "info"
    side: int = 0
    heading_deg: float = 0.0
    """When it happened."""


class Person:
    """Told what they hear and feel; asked what they do, many times a second."""

    def __init__(self, traits: Traits) -> None:
        self.traits = traits
        self._moves = Moves(traits.seed)
        self._now = self._moves.now
        self._due: list[_Due] = []
        self._plan: Plan = self._start()
        self._walking = True
        """On the way to the goal, or on a way round: a STOP counts."""
        self._slow_until = self._veer_until = -1.0
        self._slow_until_m = 0.0
        """Of their whole way: past what they were told of."""
        self._veer_deg = 0.0
        self._search = Search(self._moves)
        self._recovering = self._aside = False
        self._near_m = inf
        """How near the thing is that the last STOP was about."""
        self._going_round = False
        self._felt = Felt()
        self._feeling = Feeling(traits.aided and traits.cane, self._moves, self._felt, self._search)
        self._backwards = False

    @property
    def feeling(self) -> bool:
        """Whether the cane is held short, and an arm before the face."""
        return self._feeling.on

    def hear_tone(self, priority: Priority, t: float) -> None:
        """The tone before the words: two high ones mean stop, one means caution, as walkers are told at first."""
        if priority == "stop":
            self._due.append(_Due(t + REACTION_S, "stop"))
        elif priority == "caution":
            self._due.append(_Due(t + REACTION_S, "slow"))

    def hear(self, priority: Priority, text: str, t: float) -> None:
        """A sentence has been heard to its end, or to where it was cut."""
        self._due.append(_Due(t + REACTION_S, "told", understand(text), priority))

    def feel_bump(self, bump: Bump, t: float) -> None:
        """They ran into something."""
        if any(d.act == "bump" for d in self._due):
            return
        back = 180.0 if self._backwards else 0.0
        self._felt.touch(self._now.heading_deg + bump.bearing_deg + back, t, room_m=BUMPED_M)
        for bearing, away in bump.along:
            self._felt.touch(self._now.heading_deg + bearing, t, away, BUMPED_M)
        self._due.append(_Due(t + TOUCH_S, "bump", side=_other(bump.bearing_deg)))

    def feel_cane(self, touch: Touch, t: float) -> None:
        """The cane found something."""
        if self._feeling.touch(touch, t) and not any(d.act == "cane" for d in self._due):
            self._due.append(_Due(t + TOUCH_S, "cane", side=touch.free, heading_deg=self._now.heading_deg))

    def feel_forearm(self, bump: Bump, t: float) -> None:
        """The raised arm found something, and the hand felt along it."""
        if any(d.act == "cane" for d in self._due):
            return
        for bearing, away in bump.along:
            self._felt.touch(self._now.heading_deg + bearing, t, away)
        self._due.append(_Due(t + TOUCH_S, "cane", side=_other(bump.bearing_deg), heading_deg=self._now.heading_deg))

    def act(self, now: Now) -> Act:
        """What they do at this moment."""
        straight = abs(turn(self._now.heading_deg, now.heading_deg)) < 3.0
        gone_m = now.walked_m - self._now.walked_m
        self._moves.behind_m = self._moves.behind_m + gone_m if straight else 0.0
        self._felt.go(-gone_m if self._backwards else gone_m, now.heading_deg)
        self._now = self._moves.now = now
        if self._search.leave_behind():
            self._feeling.leave()
        due, self._due = [d for d in self._due if d.at <= now.t], [d for d in self._due if d.at > now.t]
        for event in due:
            self._react(event)
        act = next(self._plan)
        if act.speed_mps:
            self._backwards = act.speed_mps < 0
        return act

    def _react(self, event: _Due) -> None:
        if event.act == "stop":
            self._feeling.told_of = Meaning()
            if self.feeling or (self._going_round and self._walking):
                self._moves.stopped = True
            elif self._walking:
                self._begin(self._go_round(0))
        elif event.act == "slow":
            self._slow_until = self._now.t + SLOW_FOR_S
        elif event.act == "bump":
            self._moves.bumped = True
            if not self._recovering:
                self._begin(self._recover(event.side))
        elif event.act == "cane":
            self._felt.fail(event.heading_deg, self._now.walked_m, self._now.t)
            if self.feeling:
                self._feeling.meet(event.side, event.heading_deg)
            elif self._aside:
                self._moves.stopped = True
            elif self._walking:
                self._begin(self._go_round(event.side) if self.traits.aided else self._feel_round(event.side))
        else:
            self._told(event)

    def _told(self, event: _Due) -> None:
        said, t = event.meaning, self._now.t
        if event.priority == "answer":
            self._moves.answer = said
        elif event.priority == "fault":
            if self._walking or self.feeling:
                self._begin(self._wait())
        elif said.clear:
            self._slow_until = self._veer_until = self._slow_until_m = -1.0
        elif said.stop:
            self._hint(said)
        elif event.priority == "caution":
            self._slow_until = t + SLOW_FOR_S
            thing = said.things[0] if said.things else None
            if thing is not None:
                self._slow_until_m = self._now.walked_m + thing.distance_m
            if said.veer is not None:
                self._veer_deg, self._veer_until = (VEER_DEG if said.veer == "right" else -VEER_DEG), t + VEER_S
            elif thing is not None and thing.bearing_deg != 0:
                self._veer_deg, self._veer_until = (EDGE_DEG if thing.bearing_deg < 0 else -EDGE_DEG), t + EDGE_S

    def _hint(self, said: Meaning) -> None:
        """Which side to try first, by the words of a STOP, and how near it is."""
        self._feeling.told_of = said
        self._near_m = min((t.distance_m for t in said.things), default=inf)
        if self._search.side != 0:
            return
        if said.veer is not None:
            self._search.commit(1 if said.veer == "right" else -1)
        elif said.things and said.things[0].bearing_deg != 0:
            self._search.commit(1 if said.things[0].bearing_deg < 0 else -1)

    def _begin(self, plan: Plan) -> None:
        self._plan.close()
        self._plan, self._moves.stopped, self._going_round = plan, False, False
        self._feeling.end()

    def _start(self) -> Plan:
        """Listen before going."""
        yield from self._moves.stand(START_S if self.traits.aided else 0.0)
        yield from self._walk()

    def _walk(self) -> Plan:
        """Towards the goal."""
        self._walking = True
        while True:
            now = self._now
            veer = self._veer_deg if now.t < self._veer_until else 0.0
            slow = now.t < self._slow_until or now.walked_m < self._slow_until_m
            speed = SLOW_MPS if slow else self.traits.speed_mps
            # Who has to turn far does it standing.
            off = abs(turn(now.heading_deg, now.goal_deg))
            yield Act(0.0 if off > 60 else speed, now.goal_deg + veer)
            if self._feeling.knows_of_it():
                self._due.append(_Due(self._now.t, "stop"))

    def _wait(self) -> Plan:
        """The aid has trouble: stand until it has had time to say that it is back."""
        self._walking = False
        yield from self._moves.stand(4.0)
        self._slow_until = self._now.t + SLOW_FOR_S
        yield from self._walk()

    def _go_round(self, side: int) -> Plan:
        """After a STOP: which way is free, go there a few steps, turn back to the goal, and again."""
        self._walking, self._going_round = False, True
        yield from self._moves.hear_out()
        if side and self._search.side == 0:
            self._search.commit(side)
        self._feeling.found = self._feeling.knows_of_it()
        while True:
            if self._feeling.can_tell(self._now.goal_deg) and (yield from self._feeling.ahead()):
                break
            if self._near_m <= CLOSE_M and self._moves.behind_m > BACK_M and not self._feeling.found:
                yield from self._moves.advance(BACK_M, -BACK_MPS)
            self._near_m = inf
            # An aid that errs would tell them of the same way again and again.
            found = None if self.traits.cane and self._search.tries % ASKS != 0 else (yield from self._find())
            if found is None and self.traits.cane and (yield from self._feeling.aside()):
                break
            if found is None and not self.traits.cane:  # who or what is in the way may move on
                yield from self._moves.stand(2.0)
                self._search.commit(-self._search.side if self._search.side else 1)
            if found is None:
                continue
            heading, metres, onward = found
            off = abs(turn(self._now.goal_deg, heading))
            if heading == self._now.heading_deg and off < AHEAD_DEG and metres >= RESUME_M:
                break  # nothing ahead
            # A leg that ends at a turn is gone to its end: the way on begins there.
            stride = DETOUR_STRIDE_M if off >= DETOUR_DEG else STRIDE_M
            began = self._now.walked_m
            yield from self._go(heading, min(metres if onward else metres - MARGIN_M, stride))
            self._search.tries += 1
            if self.traits.cane and self._now.walked_m - began >= SHORT_M and (yield from self._feeling.to_goal()):
                break
            if self._search.tries % FLIP == 0 and not self.traits.cane:
                self._search.commit(-self._search.side if self._search.side else 1)
        self._slow_until, self._going_round = self._now.t + SLOW_FOR_S, False
        self._feeling.leave()
        self._feeling.told_of = Meaning()
        yield from self._walk()

    def _go(self, heading_deg: float, metres: float) -> Plan:
        """One leg of a way round, where they were told that it is free."""
        off = turn(self._now.goal_deg, heading_deg)
        if self._search.side == 0 and abs(off) >= AHEAD_DEG:
            self._search.commit(1 if off > 0 else -1)
        unseen = abs(turn(self._now.heading_deg, heading_deg)) > UNSEEN_DEG
        yield from self._moves.turn_to(heading_deg)
        self._walking, self._moves.stopped, self._moves.bumped = True, False, False
        self._feeling.begin()
        began = self._now.walked_m
        if unseen:
            yield from self._moves.advance(min(metres, UNSEEN_M), FEELING_MPS)
        if not (self._moves.stopped or self._moves.bumped):
            yield from self._moves.advance(began + metres - self._now.walked_m, CAREFUL_MPS)
        self._walking = self._feeling.on = False
        if self._moves.stopped and not self._feeling.found:
            yield from self._moves.hear_out()
            if self._feeling.can_tell(heading_deg):
                yield from self._feeling.straight(max(began + metres - self._now.walked_m, 0.0))
        if self._now.walked_m - began >= SHORT_M:
            self._feeling.leave()
        elif not self._feeling.found:
            self._felt.fail(heading_deg, self._now.walked_m, self._now.t)

    def _find(self) -> Generator[Act, None, tuple[float, float, bool] | None]:
        """Turn to the goal and ask which way is free; then farther and farther to the side that is tried.

        Where to go, how far it was said to be free, and whether it goes on from there; None if no way was told.
        """
        farthest = BACK_DEG if self.traits.cane else 180.0
        for look in LOOKS_DEG[:1] if self.traits.cane else LOOKS_DEG:
            side = self._search.side or self._moves.either_side()
            yield from self._moves.turn_to(self._now.goal_deg + side * look)
            yield from self._moves.stand(SETTLE_S)
            reply = yield from self._moves.ask("free_way")
            if reply.free_deg is None:
                if self._search.side == 0:
                    self._search.commit(side)
                continue
            heading = self._now.heading_deg + reply.free_deg
            off = turn(self._now.goal_deg, heading)
            metres = reply.free_m if reply.free_m is not None else GO_M
            detour = self._search.tries % FLIP > FLIP // 2 - 1
            little = metres < RESUME_M and not reply.onward
            wrong = detour and (off * self._search.side < -AHEAD_DEG or (abs(off) < DETOUR_DEG and little))
            if wrong or (metres < GO_M and not reply.onward) or abs(off) > farthest or self._in_vain(heading):
                continue
            return heading, metres, reply.onward
        return None

    def _in_vain(self, heading_deg: float) -> bool:
        return self._felt.in_vain(heading_deg, self._now.walked_m, self._now.t)

    def _recover(self, side: int) -> Plan:
        """After running into something: a step back, and round it."""
        self._walking, self._recovering = False, True
        yield from self._moves.stand(0.5)
        yield from self._moves.advance(0.3, -0.4)
        self._recovering = False
        if self.traits.aided:
            yield from self._go_round(side)
        else:
            yield from self._feel_round(side)

    def _feel_round(self, side: int) -> Plan:
        """Without words: aside, farther each time, and on; to the other side where something stands on this one."""
        self._walking = False
        if self._search.side == 0:
            self._search.commit(side or self._moves.either_side())
        elif self._aside or self._search.tries % 5 == 4:
            self._search.commit(-self._search.side)
        self._aside = False
        self._search.tries += 1
        yield from self._moves.stand(0.5)
        metres = yield from self._search.turn_aside()
        self._walking = self._aside = True
        yield from self._moves.advance(metres, SLOW_MPS)
        if self._moves.stopped:  # the cane found something there: nearer to the goal, then
            yield from self._moves.stand(0.5)
            self._search.commit(-self._search.side)
        self._aside = self._moves.stopped = False
        yield from self._moves.turn_to(self._now.goal_deg)
        yield from self._walk()


def _other(bearing_deg: float) -> int:
    """The side away from what was touched; 0 for what is ahead."""
    return -1 if bearing_deg > 5 else 1 if bearing_deg < -5 else 0
