"""Scene -> Callouts: which hazard is worth a word now, and which word. Plain, without clocks, threads or sound."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.hazards import NEARNESS, Hazard, Zone, hazard_table
from edge_nav.guidance.memory import REPEAT_S, Memory, general, same_place
from edge_nav.guidance.pace import Pace
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.guidance.sight import Sight
from edge_nav.types import Callout, Fault, Obstacle, Priority, Scene

MAX_WORDS = 12
SENT = 8
"""More callouts do not wait for the voice at once."""
EXPIRY_S: dict[Priority, float] = {
    "stop": 1.5,
    "fault": 10.0,
    "caution": 2.0,
    "answer": 30.0,
    "notice": 2.5,
    "info": 4.0,
}
"""After this it is no longer true: two seconds are two and a half metres of walking."""
PAUSE_S = 1.5
"""Between two callouts that are not STOP: a phrase and a breath."""
NEARER_M, NEARER_SHARE, HEARD_S = 0.3, 1 / 3, 0.45
"""A second STOP cuts the first short for something so much nearer, by this share too (by half before the
first's tone and word have been heard): else of someone who comes towards the walker one hears beginnings only."""
CLEAR_AFTER_S, CLEAR_M = 1.0, 2.5
"""A spoken hazard is over when none has been in the corridor for so long, and so far is seen to be free."""
FLOOR_LOST_S, FLOOR_REPEAT_S = 4.0, 60.0
FAULT_REPEAT_S = 10.0
SURE = 0.6
"""Below this certainty distances are hedged."""
FLICKER_S = 0.3
"""A network sees what it is not sure of in one frame and not in the next: a STOP for it holds so much longer."""
VEER_DEG = (10.0, 40.0)
VEER_FRAMES = 3
WAY_M = 2.5
"""A side is named when it is free this far."""
STANDING_M, APPROACH_MPS = 2.0, 0.3
"""Who stands is told of what is so near, or comes nearer by itself."""
SLOW_FRAMES_S = 0.4
"""Where frames come more seldom than this, a second look would come too late; at the very first, too."""

FAULT_MESSAGES: dict[str, str] = {
    "camera": "camera_lost",
    "frozen": "frozen",
    "depth": "depth",
    "slow": "slow",
    "watchdog": "stalled",
    "speech": "speech",
    "log": "log",
    "walk": "failed",
    "microphone": "microphone",
    "recogniser": "recogniser",
    "answers": "answers",
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    hazard: Hazard
    obstacle: Obstacle
    zone: Zone
    rank: int


class GuidancePolicy:
    """Holds what has been said in one walk."""

    def __init__(self, settings: GuidanceSettings, companion: Literal["none", "cane", "dog"] = "cane") -> None:
        self._settings = settings
        self._companion = companion
        self._book = Phrasebook(settings)
        self._memory = Memory(settings.max_callouts_per_minute)
        self._zones: dict[int, Zone] = {}
        self._active: frozenset[str] = frozenset()
        self._seen: tuple[_Candidate, ...] = ()
        self._sent: deque[Callout] = deque(maxlen=SENT)
        self._unsaid: deque[int] = deque()
        self._next_id = 1
        self._last_t = self._last_m = self._stop_t = float("-inf")
        self._stop_rank = 0
        self._doubtful_stop_t = float("-inf")
        self._warned_t: float | None = None
        self._quiet_since: float | None = None
        self._free_sides: deque[str | None] = deque(maxlen=VEER_FRAMES)
        self._sight = Sight()
        self._floor_t: float | None = None
        self._floor_said_t = float("-inf")
        self._frame_t: float | None = None
        self._pace = Pace()
        self._fault_t: dict[str, float] = {}
        self._texts: dict[str, float] = {}
        self.paused = False
        """Only STOP and faults are spoken: asked for by the walker who stands and talks to someone."""

    def update(self, scene: Scene) -> list[Callout]:
        """What to say about this scene: nothing most of the time, and one thing at most about obstacles."""
        t = scene.t
        self._memory.forget(t)
        self._take_back()
        self._note_free_side(scene)
        self._pace.note(scene.motion, scene.obstacles, 0.0 if self._frame_t is None else max(t - self._frame_t, 0.0))
        callouts = self._views(scene)
        candidates = self._candidates(scene)
        self._active = frozenset(_key(c) for c in candidates)
        self._seen = tuple(candidates)
        if any(c.zone == "stop" and c.obstacle.certainty < SURE for c in candidates):
            self._doubtful_stop_t = t
        chosen = self._choose(candidates, t)
        if chosen is not None:
            callouts += self._speak(chosen, scene)
        elif not callouts:
            callouts = [*self._clear(scene, candidates), *self._floor(scene)][:1]
        self._frame_t = t
        return [c for c in callouts if c.priority in ("stop", "fault")] if self.paused else callouts

    def pause(self, paused: bool) -> None:
        """Speak of STOP and faults only, or of everything again: then all that is there is new."""
        if self.paused and not paused:
            self._memory.forget_hazards()
            self._texts.clear()
        self.paused = paused

    def adjust(self, settings: GuidanceSettings) -> None:
        """Other words, units or verbosity, from the next scene on."""
        self._settings, self._book = settings, Phrasebook(settings)

    def fault(self, fault: Fault, t: float) -> list[Callout]:
        """Say that something broke, or that it works again; the same fault not more than every ten seconds.

        What does not touch the walk itself, such as a recording that ends, is for the log alone.
        """
        if fault.component not in FAULT_MESSAGES:
            return []
        name = "recovered" if fault.recovered else FAULT_MESSAGES[fault.component]
        key = f"fault:{fault.component}:{name}"
        if t - self._fault_t.get(key, float("-inf")) < FAULT_REPEAT_S:
            return []
        self._fault_t[key] = t
        # Broken, mended and broken again is news each time.
        other = FAULT_MESSAGES[fault.component] if fault.recovered else "recovered"
        self._fault_t.pop(f"fault:{fault.component}:{other}", None)
        return [self._message(name, "info" if fault.recovered else "fault", key, t)]

    def is_current(self, callout: Callout) -> bool:
        """Whether what a waiting callout says still holds; asked again when it is about to be spoken.

        A STOP holds as long as there is anything to stop for, whatever it is called by now.
        """
        if callout.obstacle_id is None or callout.key in self._active:
            return True
        if callout.priority == "stop":
            flickers = self._frame_t is not None and self._frame_t - self._doubtful_stop_t < FLICKER_S
            if flickers or any(c.zone == "stop" for c in self._seen):
                return True
        # Its track may have been lost and found again under another number while it waited, or told more exactly.
        return any(
            general(callout.kind) == general(c.hazard.kind)
            and same_place(callout.bearing_deg or 0.0, callout.distance_m or 0.0, c.obstacle)
            for c in self._seen
        )

    def unsaid(self, callout_id: int) -> None:
        """A callout was never heard: what it was about is news still. From any thread; counts from the next scene."""
        self._unsaid.append(callout_id)

    def _take_back(self) -> None:
        while self._unsaid:
            callout_id = self._unsaid.popleft()
            for callout in [c for c in self._sent if c.id == callout_id]:
                self._memory.take_back(callout.t)
                if self._texts.get(callout.text) == callout.t:
                    del self._texts[callout.text]
                if self._last_t == callout.t:
                    self._last_t = float("-inf")
                if self._stop_t == callout.t:
                    self._stop_t = float("-inf")
                if self._warned_t == callout.t:
                    self._warned_t = None  # nor is its end worth a "clear"

    def _candidates(self, scene: Scene) -> list[_Candidate]:
        rows = [r for r in hazard_table() if r.kind != "beside" or self._settings.verbosity == "talkative"]
        slow = self._frame_t is None or scene.t - self._frame_t > SLOW_FRAMES_S
        candidates = []
        zones: dict[int, Zone] = {}
        for obstacle in scene.obstacles:
            rank, row = next(((n, r) for n, r in enumerate(rows) if r.fits(obstacle)), (0, None))
            if row is None or obstacle.confidence < row.confidence:
                continue
            if obstacle.seen_frames < (1 if slow else row.onset_frames):
                continue
            zone = row.zone(obstacle, self._zones.get(obstacle.id), self._pace.speed_mps)
            if zone is None:
                continue
            zones[obstacle.id] = zone
            if self._heeded(row, zone):
                candidates.append(_Candidate(row, obstacle, zone, rank))
                self._memory.follow(row.kind, obstacle, zone, scene.t)
        self._zones = zones
        self._memory.note_left(scene.t)
        return candidates

    def _heeded(self, row: Hazard, zone: Zone) -> bool:
        if self._settings.verbosity == "hazards" and zone == "notice":
            return False
        if self._companion == "none":
            return True
        heed = row.companion.cane if self._companion == "cane" else row.companion.dog
        return heed == "full" or (heed == "stop" and zone == "stop")

    def _choose(self, candidates: list[_Candidate], t: float) -> _Candidate | None:
        """The nearest zone first, then the table's order, then the nearer thing; of those worth saying now."""
        if self._pace.stands:  # what passes the view while they turn on the spot is told when they have turned
            turns = self._pace.turns
            candidates = [c for c in candidates if c.zone == "stop" or (not turns and _near(c.obstacle))]
        stopped = False
        for c in sorted(candidates, key=lambda c: (-NEARNESS[c.zone], c.rank, c.obstacle.distance_m)):
            if not self._memory.worth_saying(c.hazard.kind, c.obstacle, c.zone, t):
                stopped = stopped or c.zone == "stop"
                continue
            if stopped and c.zone != "stop":
                return None  # who has just been stopped is not told of farther things meanwhile
            since_s = t - (self._last_t if stopped else self._stop_t)
            share = NEARER_SHARE if since_s > HEARD_S else 1 / 2
            nearer = c.obstacle.distance_m <= self._last_m - max(NEARER_M, share * self._last_m)
            worse = c.hazard.always and c.rank < self._stop_rank
            if c.zone == "stop" and since_s < PAUSE_S and not (nearer or worse):
                continue  # a second STOP lets the first be heard, unless it is about something nearer or a fall
            if c.zone != "stop" and t - self._last_t < PAUSE_S:
                return None
            if c.hazard.always or self._memory.affordable(c.zone, t):
                return c
        return None

    def _speak(self, c: _Candidate, scene: Scene) -> list[Callout]:
        t, o = scene.t, c.obstacle
        text = self._text(c, scene)
        # The same words about another thing in the same place tell nothing new.
        returned = self._memory.returned(c.hazard.kind, o)
        # But a STOP about another thing is news even in the same words.
        silence = PAUSE_S if c.zone == "stop" else REPEAT_S
        fresh = returned or t - self._texts.get(text, float("-inf")) >= silence
        self._memory.remember(c.hazard.kind, o, c.zone, t, spoken=fresh)
        if not fresh:
            return []
        self._texts = {text: t, **{k: said for k, said in self._texts.items() if t - said < REPEAT_S and k != text}}
        self._last_t, self._last_m = t, o.distance_m
        if c.zone == "stop":
            self._stop_t, self._stop_rank = t, c.rank
        if c.hazard.clear and c.zone != "notice":
            self._warned_t = t
        callout = self._callout(c.hazard.kind, c.zone, text, _key(c), t, o)
        self._sent.append(callout)
        return [callout]

    def _text(self, c: _Candidate, scene: Scene) -> str:
        """The words, with the free side where it is certain and there is room for it."""
        o = c.obstacle
        hedged = min(scene.certainty, o.certainty, o.confidence) < SURE
        veer = self._veer() if c.hazard.veer and c.zone != "notice" else None
        urgent = c.zone == "stop"
        text = ""
        for advice in (veer, None):
            text = self._book.hazard(
                c.hazard.kind, o.bearing_deg, o.distance_m, name=o.label, urgent=urgent, hedged=hedged, veer=advice
            )
            if len(text.split()) <= MAX_WORDS:
                break
        return text

    def _veer(self) -> Literal["left", "right"] | None:
        sides = set(self._free_sides)
        if not self._settings.veer_advice or len(self._free_sides) < VEER_FRAMES or len(sides) != 1:
            return None
        side = sides.pop()
        return "left" if side == "left" else "right" if side == "right" else None

    def _note_free_side(self, scene: Scene) -> None:
        way = scene.free_bearing_deg
        leads = not scene.free_onward and (scene.free_reach_m is None or scene.free_reach_m >= WAY_M)
        certain = way is not None and leads and scene.certainty >= SURE and VEER_DEG[0] <= abs(way) <= VEER_DEG[1]
        self._free_sides.append(("left" if way < 0 else "right") if way is not None and certain else None)

    def _clear(self, scene: Scene, candidates: list[_Candidate]) -> list[Callout]:
        """One word when the hazards that were spoken of have ended and the way is seen to be free."""
        if any(o.remembered for o in scene.obstacles):
            self._warned_t = None  # it went out of sight, which is not its end: nothing is called clear
        if self._warned_t is None:
            return []
        ended = not any(c.zone != "notice" for c in candidates) and scene.view == "ok"
        free = scene.clearance_m is not None and scene.clearance_m >= CLEAR_M
        if not (ended and free):
            self._quiet_since = None
            return []
        if self._quiet_since is None:
            self._quiet_since = scene.t
        if scene.t - self._quiet_since < CLEAR_AFTER_S:
            return []
        self._warned_t = self._quiet_since = None
        if not self._memory.affordable("notice", scene.t):
            return []
        self._memory.spend(scene.t)
        self._last_t = scene.t
        # Whatever stands there after a "clear" is new to the walker.
        self._memory.forget_hazards()
        self._texts.clear()
        return [self._message("clear", "info", "clear", scene.t)]

    def _views(self, scene: Scene) -> list[Callout]:
        """The camera's own trouble, and its end."""
        told = self._sight.news(scene.view, scene.t)
        if told is None:
            return []
        if told == "ok":
            return [self._message("recovered", "info", "view:ok", scene.t)]
        priority: Priority = "info" if told == "uncalibrated" else "fault"
        return [self._message(told, priority, f"view:{told}", scene.t)]

    def _floor(self, scene: Scene) -> list[Callout]:
        """No floor, no drop-offs: say so, seldom. A thing right ahead explains it, and is spoken of itself."""
        t = scene.t
        near = scene.clearance_m is not None and scene.clearance_m < 1.5
        if scene.ground is not None or scene.view != "ok" or near or self._floor_t is None:
            self._floor_t = t
            return []
        if t - self._floor_t < FLOOR_LOST_S or t - self._floor_said_t < FLOOR_REPEAT_S:
            return []
        if not self._memory.affordable("caution", t) or t - self._last_t < PAUSE_S:
            return []
        self._floor_said_t = self._last_t = t
        self._memory.spend(t)
        return [self._message("floor_lost", "notice", "floor", t)]

    def _message(self, name: str, priority: Priority, key: str, t: float) -> Callout:
        return self._callout(name, priority, self._book.message(name), key, t, None)

    def _callout(
        self, kind: str, priority: Priority, text: str, key: str, t: float, obstacle: Obstacle | None
    ) -> Callout:
        callout = Callout(
            self._next_id,
            kind,
            priority,
            text,
            key,
            t,
            t + EXPIRY_S[priority],
            None if obstacle is None else obstacle.id,
            None if obstacle is None else obstacle.distance_m,
            None if obstacle is None else obstacle.bearing_deg,
        )
        self._next_id += 1
        return callout


def _near(o: Obstacle) -> bool:
    return o.distance_m < STANDING_M or o.closing_mps > APPROACH_MPS


def _key(c: _Candidate) -> str:
    return f"{c.hazard.kind}:{c.obstacle.id}"
