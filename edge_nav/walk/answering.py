"""One question after the other to its answer: measured ones at once, what needs a look at the picture in its time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from edge_nav.dialogue.battery import battery_percent
from edge_nav.dialogue.dialogue import Dialogue, Outcome, Situation
from edge_nav.dialogue.preferences import write_preferences
from edge_nav.types import Answer, Fault, Frame, PictureModel, Query, Scene
from edge_nav.walk.answer_voice import AnswerVoice
from edge_nav.walk.host import Host
from edge_nav.walk.picture_answers import PictureAnswers, tell_that_it_works


class Answering:
    """Answers by the dialogue, and carries out what it asks of the walk. To be used from one thread."""

    def __init__(self, host: Host, dialogue: Dialogue, preferences_path: Path, model: PictureModel | None) -> None:
        self._host, self._dialogue, self._preferences_path = host, dialogue, preferences_path
        self.voice = AnswerVoice(host)
        self.pictures = PictureAnswers(host, dialogue, self.voice, model)
        self.seen: tuple[Frame, Scene | None] | None = None
        """The newest frame and what was measured in it; set from any thread."""
        self.queries = 0

    def ask(
        self,
        text: str,
        source: Literal["voice", "text"],
        at_s: float,
        confidence: float = 1.0,
        stt_ms: float | None = None,
    ) -> None:
        """Answer a question."""
        began = time.perf_counter()
        self.queries += 1
        query = Query(self.queries, text, source, at_s, confidence, stt_ms)
        self._host.asked(query)
        intent = self._dialogue.understand(text)
        if intent is None or intent.name != "more":
            self._dialogue.rest.clear()
        outcome = self._dialogue.answer(intent, self._situation(at_s))
        self._carry_out(outcome)
        cannot = self._cannot_look(outcome)
        text = outcome.text or cannot
        if text or outcome.needs == "nothing":
            self.voice.say(text, at_s, outcome.obstacle_id, measured=outcome.backend == "scene")
            ms = (time.perf_counter() - began) * 1e3
            name = None if intent is None else intent.name
            self._host.answered(
                Answer(query.id, text, query.t, outcome.grounded, outcome.backend, outcome.facts, ms, ms, name)
            )
            tell_that_it_works(self._host)
        if outcome.needs != "nothing" and self.seen is not None and not cannot:
            self.pictures.begin(query, self.seen[0].rgb, outcome.needs, began)

    def say(self, phrase: str, at_s: float) -> None:
        """Say one of the phrasebook's answers, such as "ask_again"."""
        self.voice.say(self._dialogue.book.answer(phrase), at_s)

    def silence(self) -> None:
        """What is still being said or looked for about the last question is over."""
        self.pictures.cancel()
        self._host.hush()

    def introduce(self) -> None:
        """Once in a life: the safety notice and how it speaks. "Stop talking" or the button skips it."""
        if self._dialogue.preferences.introduced:
            return
        text, t = self._dialogue.introduction(), self._host.now()
        self.voice.say(text, t)
        self._host.answered(Answer(0, text, t, True, "introduction", {}, None, None, "introduction"))
        if self._host.audible:
            self._dialogue.preferences = self._dialogue.preferences.model_copy(update={"introduced": True})
            self._store_preferences()

    def _situation(self, at_s: float) -> Situation:
        said, last = self._host.last_said, self.voice.last
        text, obstacle = last.text, last.obstacle_id
        if said is not None and said.t >= last.t:
            text, obstacle = said.text, said.obstacle_id if said.obstacle_id is not None else obstacle
        scene = None if self.seen is None else self.seen[1]
        return Situation(scene, at_s, text, obstacle, self._host.failing, battery_percent(), self._host.paused)

    def _carry_out(self, outcome: Outcome) -> None:
        if outcome.paused is not None:
            self._host.pause(outcome.paused)
        if outcome.changed:
            self._host.adjust(self._dialogue.guidance, self._dialogue.speech)
            self._store_preferences()

    def _store_preferences(self) -> None:
        path = self._preferences_path
        try:
            write_preferences(path, self._dialogue.preferences)
        except OSError as e:
            self._host.report(Fault("settings", f"{path} cannot be written ({e.strerror}): free the disk"))

    def _cannot_look(self, outcome: Outcome) -> str:
        """Why the picture cannot be looked at; empty where it can, or need not."""
        if outcome.needs == "nothing":
            return ""
        if outcome.needs == "eyes" and not self.pictures.has_model:
            return outcome.otherwise or self._dialogue.book.answer("no_eyes")
        return self._dialogue.book.answer("stale") if self.seen is None else ""
