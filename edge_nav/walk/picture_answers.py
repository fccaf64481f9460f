"""Answers that need a look at the picture: read from it, or given by a model, one at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.grounding import MOST_WORDS, sentences
from edge_nav.dialogue.measured import guarded
from edge_nav.dialogue.reader import ReaderMissing, read_text
from edge_nav.types import Answer, Cancelled, Fault, Picture, PictureModel, Query
from edge_nav.walk.answer_voice import AnswerVoice
from edge_nav.walk.background_answer import BackgroundAnswer, Job
from edge_nav.walk.host import Host

SLOW_S = 1.0
CUE_EVERY_S = 4.0
"""An answer that takes longer is heard to be worked on, again and again."""

Backend = Literal["eyes", "reader"]


@dataclass(slots=True)
class _PendingAnswer:
    """An answer that is being worked on."""

    query: Query
    background: BackgroundAnswer
    backend: Backend
    began: float
    cue_at: float
    said: list[str] = field(default_factory=list)
    words: int = 0
    first_ms: float | None = None


class PictureAnswers:
    """Looks, and says what was found sentence by sentence. To be used from one thread."""

    def __init__(self, host: Host, dialogue: Dialogue, voice: AnswerVoice, model: PictureModel | None) -> None:
        self._host, self._dialogue, self._voice, self._model = host, dialogue, voice, model
        self._pending: _PendingAnswer | None = None

    @property
    def has_model(self) -> bool:
        """Whether anything but reading can be done with a picture."""
        return self._model is not None

    @property
    def busy(self) -> bool:
        """Whether an answer is being worked on."""
        return self._pending is not None

    def begin(self, query: Query, rgb: Picture, backend: Backend, began: float) -> None:
        """Begin to look. ``began``: when the question came, by time.perf_counter."""
        job = self._reading(rgb) if backend == "reader" else self._seeing(rgb, query.text)
        self._pending = _PendingAnswer(query, BackgroundAnswer(job), backend, began, began + SLOW_S)

    def go_on(self, at_s: float) -> None:
        """Say what was found since the last call."""
        pending = self._pending
        if pending is None:
            return
        now = time.perf_counter()
        found, ended = pending.background.fetch()
        for sentence in found:
            pending.first_ms = pending.first_ms or (now - pending.began) * 1e3
            pending.words += len(sentence.split())
            if pending.words <= MOST_WORDS or not pending.said:
                pending.said.append(" ".join(sentence.split()[:MOST_WORDS]))
                self._voice.say(pending.said[-1], at_s)
            else:
                self._dialogue.rest.append(sentence)
        if not pending.said and now >= pending.cue_at:
            pending.cue_at = now + CUE_EVERY_S
            self._voice.cue("thinking", at_s)
        if ended:
            self._pending = None
            if pending.background.failure:
                self._host.report(Fault("answers", pending.background.failure))
            else:
                tell_that_it_works(self._host)
            self._done(pending, {})

    def finish(self, seconds: float) -> None:
        """Wait for the end of the answer that is being worked on, and say it."""
        if self._pending is not None:
            self._pending.background.wait(seconds)
            self.go_on(self._host.now())

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.background.cancel()
            self._done(pending, {"cancelled": True})

    def _done(self, pending: _PendingAnswer, facts: dict[str, object]) -> None:
        text = " ".join(pending.said)
        if pending.said:
            self._voice.said_in_all(text)
        total_ms = (time.perf_counter() - pending.began) * 1e3
        query = pending.query
        self._host.answered(
            Answer(query.id, text, query.t, False, pending.backend, facts, pending.first_ms, total_ms, None)
        )

    def _reading(self, rgb: Picture) -> Job:
        book, language = self._dialogue.book, self._dialogue.guidance.language

        def job(cancelled: Cancelled) -> Iterator[str]:
            try:
                lines = list(sentences(read_text(rgb, language, cancelled)))
            except ReaderMissing as e:
                yield book.answer("no_reader")
                raise e
            yield from lines or [book.answer("no_text")]

        return job

    def _seeing(self, rgb: Picture, question: str) -> Job:
        language, model, cannot = (
            self._dialogue.guidance.language,
            self._model,
            self._dialogue.book.answer("cannot_tell"),
        )

        def job(cancelled: Cancelled) -> Iterator[str]:
            told = False
            pieces = model.answer(rgb, question, cancelled) if model is not None else ()
            for verdict in guarded(pieces, language, question):
                if verdict.text:
                    told = True
                    yield verdict.text
            if not told:
                yield cannot

        return job


def tell_that_it_works(host: Host) -> None:
    """After an answer: where answering had failed, it works again."""
    if "answers" in host.failing:
        host.report(Fault("answers", "answering works again", recovered=True))
