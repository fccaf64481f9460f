"""Scene -> Callouts: which hazard is worth a word now, and which word. Plain, without clocks, threads or sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edge_nav.guidance.choosing import choose
from edge_nav.guidance.end_of_hazard import EndOfHazard
from edge_nav.guidance.faults import FaultNews
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.hazards_in_view import Candidate, Companion, HazardsInView
from edge_nav.guidance.memory import Memory
from edge_nav.guidance.pace import Pace
from edge_nav.guidance.views import FloorLoss, ViewTrouble
from edge_nav.guidance.wording import Wording
from edge_nav.types import Callout, Fault, Scene


class GuidancePolicy:
    """Decides over one walk what is said unasked."""

    def __init__(self, settings: GuidanceSettings, companion: Companion = "cane") -> None:
        self._settings = settings
        self._memory = Memory(settings.max_callouts_per_minute)
        self._pace = Pace()
        self._in_view = HazardsInView(companion)
        self._end = EndOfHazard()
        self._floor = FloorLoss()
        self._view_trouble = ViewTrouble()
        self._faults = FaultNews()
        self._wording = Wording(settings)
        self._unsaid: deque[int] = deque()
        self._frame_t: float | None = None
        self.paused = False
        """Only STOP and faults are spoken: asked for by the walker who stands and talks to someone."""

    def update(self, scene: Scene) -> list[Callout]:
        """What to say about this scene: nothing most of the time, and one thing at most about obstacles."""
        t = scene.t
        since_s = None if self._frame_t is None else max(t - self._frame_t, 0.0)
        self._frame_t = t
        self._memory.forget(t)
        self._take_back()
        self._wording.note_free_side(scene)
        self._pace.note(scene.motion, scene.obstacles, since_s or 0.0)
        callouts = self._views(scene)
        candidates = self._in_view.update(scene, since_s, self._settings, self._pace.speed_mps)
        for candidate in candidates:
            self._memory.follow(candidate, t)
        self._memory.note_left(t)
        chosen = choose(candidates, self._memory, self._pace, t)
        if chosen is not None:
            callouts += self._speak(chosen, scene)
        elif not callouts:
            callouts = self._quiet(scene, candidates)
        return [c for c in callouts if c.priority in ("stop", "fault")] if self.paused else callouts

    def pause(self, paused: bool) -> None:
        """Speak of STOP and faults only, or of everything again: then all that is there is new."""
        if self.paused and not paused:
            self._memory.forget_hazards()
        self.paused = paused

    def adjust(self, settings: GuidanceSettings) -> None:
        """Other words, units or verbosity, from the next scene on."""
        self._settings = settings
        self._wording.adjust(settings)

    def fault(self, fault: Fault, t: float) -> list[Callout]:
        """Say that something broke, or that it works again; the same fault not more than every ten seconds.

        What does not touch the walk itself, such as a recording that ends, is for the log alone.
        """
        alert = self._faults.news(fault, t)
        if alert is None:
            return []
        return [self._wording.message(alert, f"fault:{fault.component}:{alert.kind}", t)]

    def is_current(self, callout: Callout) -> bool:
        """Whether what a waiting callout says still holds; asked again when it is about to be spoken."""
        return callout.obstacle_id is None or self._in_view.still_holds(callout)

    def unsaid(self, callout_id: int) -> None:
        """A callout was never heard: what it was about is news still. From any thread; counts from the next scene."""
        self._unsaid.append(callout_id)

    def _take_back(self) -> None:
        while self._unsaid:
            for callout in self._memory.take_back(self._unsaid.popleft()):
                self._end.take_back(callout.t)

    def _speak(self, c: Candidate, scene: Scene) -> list[Callout]:
        text = self._wording.text(c, scene)
        news = self._memory.is_news(c, text, scene.t)
        self._memory.remember(c, scene.t, spoken=news)
        if not news:
            return []
        self._memory.last.note(c, text, scene.t)
        self._end.warned(c, scene.t)
        callout = self._wording.hazard(c, text, scene.t)
        self._memory.sent(callout)
        return [callout]

    def _views(self, scene: Scene) -> list[Callout]:
        alert = self._view_trouble.news(scene.view, scene.t)
        return [] if alert is None else [self._wording.message(alert, f"view:{scene.view}", scene.t)]

    def _quiet(self, scene: Scene, candidates: Sequence[Candidate]) -> list[Callout]:
        """What is said where no hazard is worth a word."""
        clear = self._end.news(scene, candidates, self._memory)
        floor_lost = self._floor.news(scene, self._memory)
        news = ((clear, "clear"), (floor_lost, "floor"))
        return [self._wording.message(alert, key, scene.t) for alert, key in news if alert is not None]
