"""What has been said: so that nothing is repeated too soon, and nothing new is taken for a repetition."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge_nav.guidance.hazards_in_view import Candidate
from edge_nav.guidance.zones import NEARNESS, Zone
from edge_nav.types import Callout

REPEAT_S = 5.0
"""The same hazard in the same zone is not spoken again sooner."""
REPEAT_GROWTH = 2.0
"""And each time only after twice as long: who stands before a wall knows it by now."""
FORGET_S = 30.0
"""What was said so long ago is new again."""
LEFT_S = 1.0
"""A hazard that was not in the STOP zone for so long has been left."""
PAUSE_S = 1.5
"""Between two callouts that are not STOP: a phrase and a breath."""
MINUTE_S = 60.0
SENT = 8
"""More callouts do not wait for the voice at once."""


@dataclass(slots=True)
class SpokenHazard:
    """The last callout about one hazard."""

    general_kind: str
    obstacle_id: int
    zone: Zone
    t: float
    distance_m: float
    bearing_deg: float
    wait_s: float
    stop_t: float
    """When it was last in the STOP zone."""
    left_t: float | None = None
    """Since when it is not; None while it is."""
    returned: bool = False
    """It had been left for a while, and the walker came back to it."""


@dataclass(slots=True)
class LastSpoken:
    """The latest callouts, whatever they were about."""

    t: float = float("-inf")
    distance_m: float = float("-inf")
    """Of the last hazard."""
    stop_t: float = float("-inf")
    stop_rank: int = 0
    text_t: dict[str, float] = field(default_factory=dict)
    """When each text of the last REPEAT_S was said."""

    def pauses(self, t: float) -> bool:
        """Whether what was said last still needs its breath."""
        return t - self.t < PAUSE_S

    def note(self, candidate: Candidate, text: str, t: float) -> None:
        """Words about a hazard."""
        self.text_t = {text: t, **{k: at for k, at in self.text_t.items() if t - at < REPEAT_S and k != text}}
        self.t, self.distance_m = t, candidate.obstacle.distance_m
        if candidate.zone == "stop":
            self.stop_t, self.stop_rank = t, candidate.rank

    def take_back(self, callout: Callout) -> None:
        """It was never heard."""
        if self.text_t.get(callout.text) == callout.t:
            del self.text_t[callout.text]
        if self.t == callout.t:
            self.t = float("-inf")
        if self.stop_t == callout.t:
            self.stop_t = float("-inf")


class Memory:
    """Recent callouts by hazard and altogether, and the minute's budget."""

    def __init__(self, max_per_minute: int) -> None:
        self.last = LastSpoken()
        self._hazards: list[SpokenHazard] = []
        self._unasked_t: deque[float] = deque()
        self._max_per_minute = max_per_minute
        self._sent: deque[Callout] = deque(maxlen=SENT)

    def worth_saying(self, c: Candidate, t: float) -> bool:
        """New, or a zone nearer than last time, or in STOP and still there after a while."""
        spoken = self._find(c)
        if spoken is None:
            return True
        if NEARNESS[c.zone] > NEARNESS[spoken.zone]:
            return True
        return c.zone == "stop" and (spoken.returned or t - spoken.t >= spoken.wait_s)

    def is_news(self, c: Candidate, text: str, t: float) -> bool:
        """Whether the words tell anything: the same ones about another thing in the same place do not. But a STOP
        about another thing is news even in the same words.
        """
        spoken = self._find(c)
        if spoken is not None and spoken.returned:
            return True
        silence = PAUSE_S if c.zone == "stop" else REPEAT_S
        return t - self.last.text_t.get(text, float("-inf")) >= silence

    def affordable(self, zone: Zone, t: float) -> bool:
        """Whether the minute's budget has room; STOP always has. A third is kept for cautions."""
        if zone == "stop":
            return True
        while self._unasked_t and t - self._unasked_t[0] >= MINUTE_S:
            self._unasked_t.popleft()
        room = self._max_per_minute - len(self._unasked_t)
        return room > (0 if zone == "caution" else self._max_per_minute // 3)

    def spend(self, t: float) -> None:
        """One unasked message is being said."""
        self._unasked_t.append(t)
        self.last.t = t

    def remember(self, c: Candidate, t: float, *, spoken: bool) -> None:
        """Note what is being said now, or (not ``spoken``) what other words have just covered."""
        before = self._find(c)
        wait_s = REPEAT_S
        if before is not None:
            self._hazards.remove(before)
            wait_s = before.wait_s * REPEAT_GROWTH if before.zone == c.zone == "stop" else REPEAT_S
        o = c.obstacle
        self._hazards.append(SpokenHazard(c.general_kind, o.id, c.zone, t, o.distance_m, o.bearing_deg, wait_s, t))
        if spoken and c.zone != "stop":  # who is stopped often needs the words in between all the more
            self._unasked_t.append(t)

    def sent(self, callout: Callout) -> None:
        """A callout about a hazard is on its way to the voice."""
        self._sent.append(callout)

    def take_back(self, callout_id: int) -> tuple[Callout, ...]:
        """A callout was never heard: what it was about is new, and cost no words. What is taken back."""
        unheard = tuple(c for c in self._sent if c.id == callout_id)
        for callout in unheard:
            self._hazards = [h for h in self._hazards if h.t != callout.t]
            if callout.t in self._unasked_t:
                self._unasked_t.remove(callout.t)
            self.last.take_back(callout)
        return unheard

    def follow(self, c: Candidate, t: float) -> None:
        """Keep the place of a hazard that is still seen, so that it is recognised when its track is lost."""
        spoken = self._find(c)
        if spoken is None:
            return
        if c.zone == "stop":
            spoken.returned = spoken.returned or (spoken.left_t is not None and t - spoken.left_t >= LEFT_S)
            spoken.stop_t, spoken.left_t = t, None
        o = c.obstacle
        spoken.obstacle_id, spoken.distance_m, spoken.bearing_deg = o.id, o.distance_m, o.bearing_deg

    def note_left(self, t: float) -> None:
        """After all hazards of a frame were followed: the others are not in the STOP zone now."""
        for spoken in self._hazards:
            if spoken.stop_t != t and spoken.left_t is None:
                spoken.left_t = t

    def forget_hazards(self) -> None:
        """Everything said is over; the minute's budget is not."""
        self._hazards.clear()
        self.last.text_t.clear()

    def forget(self, t: float) -> None:
        """Drop what was said long ago."""
        self._hazards = [h for h in self._hazards if t - h.t < FORGET_S]

    def _find(self, c: Candidate) -> SpokenHazard | None:
        """What was last said of this hazard: by its id, or by its kind and place if the track was lost."""
        same_kind = [h for h in self._hazards if h.general_kind == c.general_kind]
        for spoken in same_kind:
            if spoken.obstacle_id == c.obstacle.id:
                return spoken
        return next((h for h in same_kind if c.is_at(h.bearing_deg, h.distance_m)), None)
