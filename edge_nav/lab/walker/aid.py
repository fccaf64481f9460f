"""Edge Nav as a simulated walker carries it: the real loop, policy, voice queue and answers, in simulated time."""

from __future__ import annotations

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


class AudioCue(NamedTuple):
    """Something that was heard. ``text`` is empty for the tone of a STOP or caution, which comes before the words."""

    priority: Priority
    text: str


@dataclass(slots=True)
class Aid:
    """One walk's guidance. ``latency_s``: from capture to the first sound, beyond the wait for the voice's turn."""

    loop: Loop
    latency_s: float
    queue: VoiceQueue = field(init=False)
    answers: SceneAnswers = field(init=False)
    said: list[Callout] = field(default_factory=list)
    """Every callout that the policy decided on, in order."""
    _scene: Scene | None = None
    """The latest that was measured."""
    _coming: list[tuple[float, Callout]] = field(default_factory=list)
    _speaking: Callout | None = None
    _words_from_s: float = 0.0
    _ends_s: float = 0.0
    _toned: bool = False
    _asked: list[tuple[float, Intent]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = VoiceQueue(self.loop.policy.is_current)
        self.answers = SceneAnswers(Phrasebook(GuidanceSettings()))

    @property
    def speaking(self) -> bool:
        return not self.queue.idle

    def see(self, frame: Frame) -> list[Callout]:
        """One frame; what was decided on it, which will be heard later."""
        step = self.loop.step(frame)
        self._scene = step.scene or self._scene
        self._coming += [(frame.t + self.latency_s, c) for c in step.callouts]
        self.said += step.callouts
        return step.callouts

    def ask(self, question: str, t: float) -> None:
        """The walker begins to ask."""
        self._asked.append((t + ASKING_S, Intent(question, None, 1.0)))

    def hear(self, t: float) -> list[AudioCue]:
        """What has been heard up to now."""
        for at, intent in [a for a in self._asked if a[0] <= t]:
            self._asked.remove((at, intent))
            text, number = self.answers.answer(intent, self._scene, t, None).text, FIRST_ID + round(1000 * at)
            self.queue.put(Callout(number, MEASURED, "answer", text, f"answer:{number}", t, t + ANSWER_EXPIRES_S))
        for at, callout in [c for c in self._coming if c[0] <= t]:
            self._coming.remove((at, callout))
            self.queue.put(callout)
        heard: list[AudioCue] = []
        if self._speaking is not None and t >= self._ends_s:
            heard += self._heard_until(self._ends_s)
            self.queue.finished()
        decision = self.queue.decide(t)
        for callout in decision.expired:
            self.loop.policy.unsaid(callout.id)
        if decision.start is not None:
            heard += self._heard_until(t)
            self._begin(decision.start, t)
        now = self._speaking
        if now is not None and now.priority in ("stop", "caution") and not self._toned and t >= self._words_from_s:
            self._toned = True
            heard.append(AudioCue(now.priority, ""))
        return heard

    def _begin(self, callout: Callout, t: float) -> None:
        self._speaking, self._toned = callout, False
        self._words_from_s = t + sum(seconds for _, seconds in PATTERNS[callout.priority])
        self._ends_s = self._words_from_s + WORD_S * len(callout.text.split())

    def _heard_until(self, t: float) -> list[AudioCue]:
        """As many words of what is spoken as there was time for; it is spoken no longer."""
        callout, self._speaking = self._speaking, None
        words = [] if callout is None else callout.text.split()
        words = words[: max(int((t - self._words_from_s) / WORD_S + 1e-6), 0)]
        return [AudioCue(callout.priority, " ".join(words))] if callout is not None and words else []
