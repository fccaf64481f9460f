"""Edge Nav as a simulated walker carries it: the real loop, policy, voice queue and answers, in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.speech.earcons import PATTERNS
from edge_nav.speech.queue import MEASURED, VoiceQueue
from edge_nav.types import Callout, Frame, Priority, Scene
from edge_nav.walk.loop import Loop

WORD_S = 60.0 / 300.0
ASKING_S = 1.8
"""To ask four words, and for them to be recognised."""
ANSWER_EXPIRES_S = 2.0
FIRST_ID = 1_000_000


class Heard(NamedTuple):
    """Something that was heard. ``text`` is empty for the tone of a STOP or caution, which comes before the words."""

    priority: Priority
    text: str


@dataclass(slots=True)
class _Speaking:
    callout: Callout
    words_from: float
    ends: float
    toned: bool = False


@dataclass(slots=True)
class Aid:
    """One walk's guidance. ``latency_s``: from capture to the first sound, beyond the wait for the voice's turn."""

    loop: Loop
    latency_s: float
    queue: VoiceQueue = field(init=False)
    answers: SceneAnswers = field(init=False)
    words: int = 0
    said: list[Callout] = field(default_factory=list)
    """Every callout that the policy decided on, in order."""
    _scene: Scene | None = None
    _coming: list[tuple[float, Callout]] = field(default_factory=list)
    _asked: list[tuple[float, Intent]] = field(default_factory=list)
    _speaking: _Speaking | None = None
    _next_id: int = FIRST_ID

    def __post_init__(self) -> None:
        self.queue = VoiceQueue(self.loop.policy.is_current)
        self.answers = SceneAnswers(Phrasebook(GuidanceSettings()))

    @property
    def speaking(self) -> bool:
        return not self.queue.idle

    @property
    def scene(self) -> Scene | None:
        """The latest that was measured."""
        return self._scene

    def see(self, frame: Frame) -> list[Callout]:
        """One frame; what was decided on it, which will be heard later."""
        step = self.loop.step(frame)
        if step.scene is not None:
            self._scene = step.scene
        self._coming += [(frame.t + self.latency_s, c) for c in step.callouts]
        self.said += step.callouts
        return step.callouts

    def ask(self, question: str, t: float) -> None:
        """The walker begins to ask."""
        self._asked.append((t + ASKING_S, Intent(question, None, 1.0)))

    def hear(self, t: float) -> list[Heard]:
        """What has been heard up to now."""
        for at, intent in [a for a in self._asked if a[0] <= t]:
            self._asked.remove((at, intent))
            self._answer(intent, t)
        for at, callout in [c for c in self._coming if c[0] <= t]:
            self._coming.remove((at, callout))
            self.queue.put(callout)
        heard: list[Heard] = []
        now = self._speaking
        if now is not None and t >= now.ends:
            heard += self._told(now, now.ends)
            self.queue.finished()
            self._speaking = None
        decision = self.queue.decide(t)
        for callout in decision.expired:
            self.loop.policy.unsaid(callout.id)
        if decision.start is not None:
            if self._speaking is not None:
                heard += self._told(self._speaking, t)
            self._speaking = _begun(decision.start, t)
        now = self._speaking
        if now is not None and now.callout.priority in ("stop", "caution") and not now.toned and t >= now.words_from:
            now.toned = True
            heard.append(Heard(now.callout.priority, ""))
        return heard

    def _told(self, speaking: _Speaking, until: float) -> list[Heard]:
        """As many words as there was time for."""
        words = speaking.callout.text.split()
        count = min(len(words), int((until - speaking.words_from) / WORD_S + 1e-6))
        self.words += max(count, 0)
        return [Heard(speaking.callout.priority, " ".join(words[:count]))] if count > 0 else []

    def _answer(self, intent: Intent, t: float) -> None:
        reply = self.answers.answer(intent, self._scene, t, None)
        callout = Callout(
            self._next_id, MEASURED, "answer", reply.text, f"answer:{self._next_id}", t, t + ANSWER_EXPIRES_S
        )
        self._next_id += 1
        self.queue.put(callout)


def _begun(callout: Callout, t: float) -> _Speaking:
    tone = sum(seconds for _, seconds in PATTERNS[callout.priority])
    return _Speaking(callout, t + tone, t + tone + WORD_S * len(callout.text.split()))


AidMaker = Callable[[], Aid]
