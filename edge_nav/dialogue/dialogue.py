"""One question at a time: what it asks for, and the answer or the change that it wants. No threads, no clocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.intents import NO, SAFETY, UNDO, YES, Intent, Understanding
from edge_nav.dialogue.preferences import Preferences
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Scene

RATE_STEP, VOLUME_STEP = 1.2, 0.2
RATES, VOLUMES = (120, 600), (0.2, 1.0)
"""By voice it never becomes silent: who cannot hear it cannot ask it to speak up."""
VERBOSITIES: tuple[Literal["hazards", "normal", "talkative"], ...] = ("hazards", "normal", "talkative")

HISTORY = 16
"""That many changes can be taken back, one by one."""

Needs = Literal["nothing", "eyes", "reader"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the walk knows when a question comes."""

    scene: Scene | None
    at_s: float
    last_said: str
    last_obstacle: int | None
    failing: tuple[str, ...] = ()
    battery: int | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to say and do. ``needs``: a model or a reader has to look at the picture, too; ``otherwise`` is said where
    there is none.
    """

    text: str
    backend: str = "scene"
    grounded: bool = True
    facts: dict[str, object] = field(default_factory=dict)
    obstacle_id: int | None = None
    needs: Needs = "nothing"
    otherwise: str = ""
    hush: bool = False
    paused: bool | None = None
    changed: bool = False


class Dialogue:
    """Holds the walker's settings as changed by voice, and what is left of a long answer."""

    def __init__(self, guidance: GuidanceSettings, speech: SpeechSettings, preferences: Preferences) -> None:
        self._profile = (guidance, speech)
        self._understanding = Understanding(guidance.language)
        self.preferences = preferences
        self.rest: list[str] = []
        """Sentences of a model's answer beyond its first words: "more" asks for them."""
        self._adopt(preferences)
        self._before: deque[Preferences] = deque(maxlen=HISTORY)
        self._handlers: dict[str, Callable[[Situation], Outcome]] = {
            "repeat": self._repeat,
            "more": self._more,
            "less": lambda _: self._verbosity(-1),
            "louder": lambda _: self._volume(VOLUME_STEP),
            "softer": lambda _: self._volume(-VOLUME_STEP),
            "faster": lambda _: self._rate(RATE_STEP),
            "slower": lambda _: self._rate(1 / RATE_STEP),
            "metres": lambda _: self._change(Preferences(units="metres"), "metres"),
            "feet": lambda _: self._change(Preferences(units="feet"), "feet"),
            "steps": lambda _: self._change(Preferences(units="steps"), "steps"),
            "clock": lambda _: self._change(Preferences(directions="clock"), "clock"),
            "sides": lambda _: self._change(Preferences(directions="sides"), "sides"),
            "degrees": lambda _: self._change(Preferences(directions="degrees"), "degrees"),
            "pause": lambda _: Outcome(self.book.answer("paused"), "settings", paused=True),
            "resume": lambda _: Outcome(self.book.answer("resumed"), "settings", paused=False),
            "status": self._status,
            "stop_talking": lambda _: Outcome("", "settings", hush=True),
            "help": lambda _: Outcome(self.book.answer("help"), "settings"),
            "settings_read": lambda _: self._settings(),
            "settings_reset": lambda _: self._reset(),
            UNDO: lambda _: self._undo(),
            YES: lambda _: self._not_asked(),
            NO: lambda _: self._not_asked(),
            "introduction": lambda _: Outcome(self.introduction(), "settings"),
            SAFETY: lambda _: Outcome(self.book.answer("not_safety"), "settings"),
            "read": lambda _: Outcome("", "reader", grounded=False, needs="reader"),
        }

    def understand(self, text: str) -> Intent | None:
        """What is asked for; None where it is none of the known questions."""
        return self._understanding.intent(text)

    def canonical(self, intent: Intent) -> str:
        """A phrase for an intent, to be quoted: "is the way clear". Raises KeyError for one that has none."""
        return self._understanding.canonical(intent)

    def answer(self, intent: Intent | None, situation: Situation) -> Outcome:
        """The answer to a question that was understood, or that needs eyes."""
        if intent is None:
            return Outcome("", "eyes", grounded=False, needs="eyes", otherwise=self.book.answer("no_eyes"))
        if not self.scene_answers.knows(intent):
            return self._handlers[intent.name](situation)
        reply = self.scene_answers.answer(intent, situation.scene, situation.at_s, situation.last_obstacle)
        if reply.looks_further:  # what measuring cannot name, a model may see
            return Outcome("", "eyes", grounded=False, facts=reply.facts, needs="eyes", otherwise=reply.text)
        needs: Needs = "eyes" if intent.name == "describe" else "nothing"
        return Outcome(reply.text, facts=reply.facts, obstacle_id=reply.obstacle_id, needs=needs)

    def introduction(self) -> str:
        """The safety notice and how it speaks."""
        return f"{self.book.answer('notice')} {self.book.answer('introduction')}"

    def _adopt(self, preferences: Preferences) -> None:
        self.preferences = preferences
        self.guidance, self.speech = preferences.guidance(self._profile[0]), preferences.speech(self._profile[1])
        self.book = Phrasebook(self.guidance)
        self.scene_answers = SceneAnswers(self.book)

    def _renew(self, preferences: Preferences) -> None:
        """Adopt a change, and remember what was before it unless it changes nothing."""
        before, was = self.preferences, (self.guidance, self.speech)
        self._adopt(preferences)
        if was != (self.guidance, self.speech):
            self._before.append(before)

    def _undo(self) -> Outcome:
        """Take back the last change, and name what it is now where that has a name."""
        if not self._before:
            return Outcome(self.book.answer("nothing_to_take_back"), "settings")
        was = self.guidance
        self._adopt(self._before.pop().model_copy(update={"introduced": self.preferences.introduced}))
        now = self.guidance
        named = ((was.units, now.units), (was.directions, now.directions), (was.verbosity, now.verbosity))
        names = [self.book.answer(new) for old, new in named if old != new]
        return Outcome(" ".join([self.book.answer("taken_back"), *names]), "settings", changed=True)

    def _not_asked(self) -> Outcome:
        """Yes or no, and nothing was asked."""
        return Outcome(self.book.answer("not_understood"), "settings")

    def _change(self, change: Preferences, said: str) -> Outcome:
        """Take over what a change sets."""
        updates = {k: v for k, v in change.model_dump().items() if k != "introduced" and v is not None}
        self._renew(self.preferences.model_copy(update=updates))
        return Outcome(self.book.answer(said), "settings", facts=dict(updates), changed=True)

    def _repeat(self, situation: Situation) -> Outcome:
        return Outcome(situation.last_said or self.book.answer("nothing_said"), "settings")

    def _more(self, _: Situation) -> Outcome:
        """The rest of the last answer if there is any, else more words from now on."""
        if self.rest:
            text, self.rest = " ".join(self.rest), []
            return Outcome(text, "eyes", grounded=False)
        return self._verbosity(1)

    def _verbosity(self, step: int) -> Outcome:
        now = VERBOSITIES.index(self.guidance.verbosity)
        wanted = VERBOSITIES[min(max(now + step, 0), len(VERBOSITIES) - 1)]
        return self._change(Preferences(verbosity=wanted), wanted)

    def _volume(self, step: float) -> Outcome:
        low = min(VOLUMES[0], self.speech.volume)  # a profile may have set it softer still
        wanted = round(min(max(self.speech.volume + step, low), VOLUMES[1]), 2)
        return self._limited(
            Preferences(volume=wanted), wanted == self.speech.volume, "louder" if step > 0 else "softer"
        )

    def _rate(self, factor: float) -> Outcome:
        wanted = round(min(max(self.speech.rate_wpm * factor, RATES[0]), RATES[1]))
        return self._limited(
            Preferences(rate_wpm=wanted), wanted == self.speech.rate_wpm, "faster" if factor > 1 else "slower"
        )

    def _limited(self, change: Preferences, same: bool, said: str) -> Outcome:
        return Outcome(self.book.answer("limit"), "settings") if same else self._change(change, said)

    def _status(self, situation: Situation) -> Outcome:
        n = situation.battery
        power = self.book.answer("no_battery") if n is None else self.book.answer("battery", n=n)
        works = self.book.answer("failing", what=", ".join(situation.failing) + ".")
        if not situation.failing:
            works = self.book.answer("all_works")
        facts: dict[str, object] = {"battery_percent": n, "failing": list(situation.failing)}
        text = f"{power} {works}"
        if situation.paused:
            text += " " + self.book.answer("paused")
        return Outcome(text, "status", facts=facts)

    def _settings(self) -> Outcome:
        g, s = self.guidance, self.speech
        names = {k: self.book.answer(v) for k, v in (("units", g.units), ("directions", g.directions))}
        text = self.book.answer(
            "settings",
            rate=s.rate_wpm,
            volume=round(100 * s.volume),
            verbosity=self.book.answer(g.verbosity),
            **names,
        )
        return Outcome(text, "settings")

    def _reset(self) -> Outcome:
        self._renew(Preferences(introduced=self.preferences.introduced))
        return Outcome(self.book.answer("settings_reset"), "settings", changed=True)
