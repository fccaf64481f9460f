"""What has been said: so that nothing is repeated too soon, and nothing new is taken for a repetition."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge_nav.guidance.hazards import NEARNESS, Zone
from edge_nav.types import Obstacle

REPEAT_S = 5.0
"""The same hazard in the same zone is not spoken again sooner."""
REPEAT_GROWTH = 2.0
"""And each time only after twice as long: who stands before a wall knows it by now."""
LEFT_S = 1.0
"""A hazard that was not in the STOP zone for so long has been left."""
SAME_BEARING_DEG, SAME_DISTANCE_M = 25.0, 0.8
"""A hazard of the same kind this near to one just spoken of is that one, though its track was lost."""


SAME_KIND = {"step_down": "drop"}
"""An edge that is told more exactly from nearer is no new one; that it is stairs is worth a word."""


def general(kind: str) -> str:
    """What a hazard counts as when it is asked whether it is still the same one."""
    return SAME_KIND.get(kind, kind)


@dataclass(slots=True)
class Said:
    """The last callout about one hazard."""

    kind: str
    obstacle_id: int
    zone: Zone
    t: float
    distance_m: float
    bearing_deg: float
    wait_s: float = REPEAT_S
    stop_t: float = 0.0
    """When it was last in the STOP zone."""
    left_t: float | None = None
    """Since when it is not; None while it is."""
    returned: bool = False
    """It had been left for a while, and the walker came back to it."""


class Memory:
    """Recent callouts by hazard, and the minute's budget."""

    def __init__(self, max_per_minute: int) -> None:
        self._said: list[Said] = []
        self._unasked: deque[float] = deque()
        self._max_per_minute = max_per_minute

    def last(self, kind: str, obstacle: Obstacle) -> Said | None:
        """What was last said of this hazard: by its id, or by its kind and place if the track was lost."""
        kind = general(kind)
        for said in self._said:
            if said.obstacle_id == obstacle.id and said.kind == kind:
                return said
        for said in self._said:
            if said.kind == kind and same_place(said.bearing_deg, said.distance_m, obstacle):
                return said
        return None

    def worth_saying(self, kind: str, obstacle: Obstacle, zone: Zone, t: float) -> bool:
        """New, or a zone nearer than last time, or in STOP and still there after a while."""
        said = self.last(kind, obstacle)
        if said is None:
            return True
        if NEARNESS[zone] > NEARNESS[said.zone]:
            return True
        return zone == "stop" and (said.returned or t - said.t >= said.wait_s)

    def returned(self, kind: str, obstacle: Obstacle) -> bool:
        """Whether the walker left this hazard after it was spoken of, and came back to it."""
        said = self.last(kind, obstacle)
        return said is not None and said.returned

    def affordable(self, zone: Zone, t: float) -> bool:
        """Whether the minute's budget has room; STOP always has. A third is kept for cautions."""
        if zone == "stop":
            return True
        while self._unasked and t - self._unasked[0] >= 60.0:
            self._unasked.popleft()
        room = self._max_per_minute - len(self._unasked)
        return room > (0 if zone == "caution" else self._max_per_minute // 3)

    def remember(self, kind: str, obstacle: Obstacle, zone: Zone, t: float, *, spoken: bool = True) -> None:
        """Note what is being said now, or (not ``spoken``) what other words have just covered."""
        before = self.last(kind, obstacle)
        wait = REPEAT_S
        if before is not None:
            self._said.remove(before)
            wait = before.wait_s * REPEAT_GROWTH if before.zone == zone == "stop" else REPEAT_S
        self._said.append(Said(general(kind), obstacle.id, zone, t, obstacle.distance_m, obstacle.bearing_deg, wait, t))
        if spoken and zone != "stop":  # who is stopped often needs the words in between all the more
            self.spend(t)

    def take_back(self, t: float) -> None:
        """What was noted at a time was never heard: it is new, and cost no words."""
        self._said = [s for s in self._said if s.t != t]
        if t in self._unasked:
            self._unasked.remove(t)

    def follow(self, kind: str, obstacle: Obstacle, zone: Zone, t: float) -> None:
        """Keep the place of a hazard that is still seen, so that it is recognised when its track is lost."""
        said = self.last(kind, obstacle)
        if said is not None:
            if zone == "stop":
                said.returned = said.returned or (said.left_t is not None and t - said.left_t >= LEFT_S)
                said.stop_t, said.left_t = t, None
            said.obstacle_id, said.distance_m, said.bearing_deg = obstacle.id, obstacle.distance_m, obstacle.bearing_deg

    def note_left(self, t: float) -> None:
        """After all hazards of a frame were followed: the others are not in the STOP zone now."""
        for said in self._said:
            if said.stop_t != t and said.left_t is None:
                said.left_t = t

    def spend(self, t: float) -> None:
        """Count one unasked callout."""
        self._unasked.append(t)

    def forget_hazards(self) -> None:
        """Everything said is over; the minute's budget is not."""
        self._said.clear()

    def forget(self, t: float, seconds: float = 30.0) -> None:
        """Drop what was said long ago."""
        self._said = [s for s in self._said if t - s.t < seconds]


def same_place(bearing_deg: float, distance_m: float, obstacle: Obstacle) -> bool:
    """Whether an obstacle is where another of its kind was."""
    near = abs(distance_m - obstacle.distance_m) < SAME_DISTANCE_M
    return near and abs(bearing_deg - obstacle.bearing_deg) < SAME_BEARING_DEG
