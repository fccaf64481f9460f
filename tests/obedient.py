"""A simulated person in an open plain, to be told things, and what they do."""

from __future__ import annotations

from collections.abc import Callable

from edge_nav.lab.walker.person import Act, Now, WalkingPerson


class Walker:
    """A person in an open plain, who is obeyed at once."""

    def __init__(self, *, aided: bool = True) -> None:
        self.person = WalkingPerson(1.2, seed=3, aided=aided)
        self.t = self.heading = self.walked = 0.0
        self.asked: list[str] = []
        self.acts: list[Act] = []
        self.reply = ""
        """To whatever is asked."""

    def go(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            act = self.person.act(Now(self.t, self.heading, 0.0, self.walked))
            if act.ask is not None:
                self.asked.append(act.ask)
                if self.reply:
                    self.person.hear("answer", self.reply, self.t)
            self.heading, self.walked = act.heading_deg, self.walked + abs(act.speed_mps) * 0.05
            self.acts.append(act)
            self.t += 0.05

    def go_until(self, done: Callable[[], bool]) -> None:
        for _ in range(1200):
            if done():
                return
            self.go(0.05)
        raise AssertionError("nothing of it in a minute")

    @property
    def speed(self) -> float:
        return self.acts[-1].speed_mps
