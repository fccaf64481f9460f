"""Questions and answers of one walk: from ears and keyboard through the dialogue to the voice.

Measured answers come at once; what a model or a reader has to look for comes sentence by sentence from a thread of its
own. Hazards are none of its business: it only ever puts answers into the voice's queue, where hazards come first.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, Protocol

from edge_nav.dialogue.battery import battery_percent
from edge_nav.dialogue.dialogue import Dialogue, Outcome, Situation
from edge_nav.dialogue.grounding import MOST_WORDS, sentences
from edge_nav.dialogue.intents import SAFETY, Intent
from edge_nav.dialogue.measured import guarded
from edge_nav.dialogue.preferences import write_kept
from edge_nav.dialogue.reader import ReaderMissing, read_text
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.listening.button import Presses
from edge_nav.listening.ears import Ears, Noticed, Said
from edge_nav.listening.typed import TypedQuestions
from edge_nav.speech.queue import MEASURED
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.types import Answer, Callout, Fault, Frame, Query, Scene
from edge_nav.vlm.background_answer import Cancelled, Picture, PictureModel, Thinking

LISTEN_S = 0.02
FIRST_ID = 1_000_000
"""Answers are numbered from here, so that they never share a number with the policy's callouts."""
EXPIRES_S, MEASURED_EXPIRES_S = 60.0, 2.0
"""An answer waits so long behind hazards before it is dropped; a measured one is soon no longer true."""
PUSHED_NEEDED = 0.08
"""After the button, or to stop an answer, a weak match is enough: someone did ask."""
SLOW_S = 1.0
CUE_EVERY_S = 4.0
LAST_S = 20.0
"""At the end of a walk without a clock of its own, an answer is waited for so long."""


class Host(Protocol):
    """The walk, as far as a conversation needs it."""

    def now(self) -> float: ...
    def say(self, callout: Callout) -> None: ...
    def hush(self) -> None: ...
    def adjust(self, guidance: GuidanceSettings, speech: SpeechSettings) -> None: ...
    def pause(self, paused: bool) -> None: ...
    def report(self, fault: Fault) -> None: ...
    def asked(self, query: Query) -> None: ...
    def answered(self, answer: Answer) -> None: ...

    @property
    def failing(self) -> tuple[str, ...]: ...

    @property
    def speaking(self) -> bool: ...

    @property
    def paused(self) -> bool: ...

    @property
    def audible(self) -> bool:
        """Whether there is a voice at all."""
        ...

    @property
    def last_said(self) -> Callout | None:
        """The last callout that is no answer."""
        ...


class Closing(Protocol):
    """Something that is closed with the conversation."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When words are taken for a question."""

    needed: float
    wake_words: tuple[str, ...] = ()


@dataclass(slots=True)
class _Thought:
    """An answer that is being thought of."""

    query: Query
    thinking: Thinking
    backend: Literal["eyes", "reader"]
    began: float
    cue_at: float
    said: list[str]
    words: int = 0
    first_ms: float | None = None


class Conversation:
    """To be driven from one thread: :meth:`tick`, again and again."""

    def __init__(
        self,
        dialogue: Dialogue,
        kept_path: Path,
        acceptance: Acceptance,
        *,
        typed: TypedQuestions | None = None,
        presses: Presses | None = None,
        eyes: PictureModel | None = None,
    ) -> None:
        self._dialogue, self._kept_path, self._acceptance = dialogue, kept_path, acceptance
        self._typed, self._presses, self._eyes = typed, presses, eyes
        self._ears: Ears | None = None
        self._extra: list[Closing] = []
        self._host: Host | None = None
        self._seen: tuple[Frame, Scene | None] | None = None
        self._queries = 0
        self._next_id = FIRST_ID
        self._thought: _Thought | None = None
        self._last_answer: tuple[float, str, int | None] = (-1.0, "", None)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._signal: Callable[[], None] = lambda: None

    def hear_with(self, ears: Ears, *also: Closing) -> None:
        """Listen with a microphone, too. What comes with it (buttons) is closed together with it."""
        self._ears = ears
        self._extra += also

    def own_voice(self) -> bool:
        """Whether Edge Nav itself is to be heard now."""
        return self._host is not None and self._host.speaking

    def start(self, host: Host, *, live: bool) -> None:
        """The walk begins. ``live``: listen on a thread of its own; otherwise the walk calls :meth:`tick` itself."""
        self._host = host
        if self._presses is not None and threading.current_thread() is threading.main_thread():
            presses = self._presses
            before = signal.signal(signal.SIGUSR1, lambda _n, _f: presses.add("push"))
            self._signal = lambda: _restore(before)
        if not self._dialogue.kept.introduced:
            self._introduce(host)
        if live:
            self._thread = threading.Thread(target=self._listen, name="conversation", daemon=True)
            self._thread.start()

    def see(self, frame: Frame, scene: Scene | None) -> None:
        """The newest frame and what was measured in it. Any thread."""
        self._seen = (frame, scene)

    def tick(self, at_s: float, *, wait: bool = False) -> None:
        """Hear, answer, go on thinking. ``wait``: see :meth:`Ears.listen`. Never raises: guidance must go on."""
        if self._host is None:
            return
        try:
            self._tick(self._host, at_s, wait)
        except Exception as e:  # noqa: BLE001 - questions may fail, guidance may not
            if "answers" not in self._host.failing:
                self._host.report(Fault("answers", f"answering failed with {type(e).__name__} ({e}): ask again"))

    def _tick(self, host: Host, at_s: float, wait: bool) -> None:
        for line in self._typed.take() if self._typed is not None else ():
            self._silence(host)
            self._ask(host, line, "text", 1.0, None, at_s)
        for event in self._ears.listen(at_s, wait=wait) if self._ears is not None else ():
            if isinstance(event, Fault):
                host.report(event)
            elif isinstance(event, Noticed):
                self._noticed(host, event, at_s)
            else:
                self._heard(host, event, at_s)
        self._go_on_thinking(host, at_s)

    def close(self) -> None:
        """The walk is over. Closing twice is closing once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
        elif self._host is not None and self._thought is not None:
            self._thought.thinking.wait(LAST_S)
            self._go_on_thinking(self._host, self._host.now())
        self._cancel()
        parts, self._ears, self._extra = [self._ears, *self._extra], None, []
        for part in parts:
            if part is not None:
                part.close()
        self._signal()
        self._signal = lambda: None

    def finish_typed(self, at_s: float) -> None:
        """In a walk without a clock of its own, questions from a pipe may come later than its first frames."""
        if self._typed is not None:
            self._typed.wait_end(LAST_S)
            self.tick(at_s)

    def _listen(self) -> None:
        """Thread: a live walk's questions."""
        while not self._stop.wait(LISTEN_S):
            if self._host is not None:
                self.tick(self._host.now())

    def _noticed(self, host: Host, event: Noticed, at_s: float) -> None:
        if event.what == "pushed":
            self._silence(host)
        elif event.what == "ended":
            self._cue(host, "heard", at_s)
        else:
            self._say(
                host, self._dialogue.book.answer("ask_again" if event.what == "cut_off" else "not_understood"), at_s
            )

    def _heard(self, host: Host, said: Said, at_s: float) -> None:
        """Words by voice: a question if they are sure enough, and meant for Edge Nav."""
        text, woken = self._after_wake_words(said.text)
        meant = said.pushed or woken
        intent = self._dialogue.understand(text) if text else None
        stopping = intent is not None and intent.name == "stop_talking" and (self._thought is not None or host.speaking)
        needed = PUSHED_NEEDED if meant or stopping else self._acceptance.needed
        if said.confidence < needed:
            if said.pushed:
                self._say(host, self._dialogue.book.answer("not_understood"), at_s)
            return
        # Hands-free, what does not begin with its name, or is no known question, is other people's talk.
        if not meant and self._acceptance.wake_words and not stopping:
            return
        if woken and not text and self._presses is not None:  # its name alone: it listens for what follows
            self._silence(host)
            self._cue(host, "heard", at_s)
            self._presses.add("push")
            return
        if not said.whole:
            self._say(host, self._dialogue.book.answer("ask_again"), at_s)
            return
        if not meant and (intent is None or intent.name == SAFETY):
            return
        if not said.pushed:
            self._silence(host)
            self._cue(host, "heard", at_s)
        self._ask(host, text, "voice", said.confidence, said.stt_ms, at_s)

    def _after_wake_words(self, text: str) -> tuple[str, bool]:
        wake = self._acceptance.wake_words
        words = re.findall(r"[\w']+", text.lower())
        if wake and tuple(words[: len(wake)]) == wake:
            return " ".join(words[len(wake) :]), True
        return text, False

    def _ask(
        self,
        host: Host,
        text: str,
        source: Literal["voice", "text"],
        confidence: float,
        stt_ms: float | None,
        at_s: float,
    ) -> None:
        began = time.perf_counter()
        self._queries += 1
        query = Query(self._queries, text, source, at_s, confidence, stt_ms)
        host.asked(query)
        intent = self._dialogue.understand(text)
        if intent is None or intent.name != "more":
            self._dialogue.rest.clear()
        outcome = self._dialogue.answer(intent, self._situation(host, at_s))
        self._carry_out(host, outcome)
        text = outcome.text
        if outcome.needs != "nothing":
            text = text or self._cannot_look(outcome)
        if text or outcome.needs == "nothing":
            self._say(host, text, at_s, outcome.obstacle_id, measured=outcome.backend == "scene")
            ms = (time.perf_counter() - began) * 1e3
            host.answered(_answer(query, outcome, text, ms, ms, intent))
            if "answers" in host.failing:
                host.report(Fault("answers", "answering works again", recovered=True))
        if outcome.needs != "nothing" and not self._cannot_look(outcome):
            self._look(query, outcome, began)

    def _situation(self, host: Host, at_s: float) -> Situation:
        said = host.last_said
        answer_t, text, obstacle = self._last_answer
        if said is not None and said.t >= answer_t:
            text, obstacle = said.text, said.obstacle_id if said.obstacle_id is not None else obstacle
        scene = None if self._seen is None else self._seen[1]
        return Situation(scene, at_s, text, obstacle, host.failing, battery_percent(), host.paused)

    def _carry_out(self, host: Host, outcome: Outcome) -> None:
        if outcome.paused is not None:
            host.pause(outcome.paused)
        if outcome.changed:
            host.adjust(self._dialogue.guidance, self._dialogue.speech)
            self._keep(host)

    def _keep(self, host: Host) -> None:
        try:
            write_kept(self._kept_path, self._dialogue.kept)
        except OSError as e:
            host.report(Fault("settings", f"{self._kept_path} cannot be written ({e.strerror}): free the disk"))

    def _cannot_look(self, outcome: Outcome) -> str:
        """Why the picture cannot be looked at; empty where it can."""
        if outcome.needs == "eyes" and self._eyes is None:
            return outcome.otherwise or self._dialogue.book.answer("no_eyes")
        return self._dialogue.book.answer("stale") if self._seen is None else ""

    def _look(self, query: Query, outcome: Outcome, began: float) -> None:
        """Begin to look at the picture."""
        seen = self._seen
        if seen is None:
            return
        job = self._reading(seen[0].rgb) if outcome.needs == "reader" else self._seeing(seen[0].rgb, query.text)
        backend: Literal["eyes", "reader"] = "reader" if outcome.needs == "reader" else "eyes"
        self._thought = _Thought(query, Thinking(job), backend, began, began + SLOW_S, [])

    def _reading(self, rgb: Picture) -> Callable[[Cancelled], Iterator[str]]:
        book, language = self._dialogue.book, self._dialogue.guidance.language

        def job(cancelled: Cancelled) -> Iterator[str]:
            try:
                lines = list(sentences(read_text(rgb, language, cancelled)))
            except ReaderMissing as e:
                yield book.answer("no_reader")
                raise e
            yield from lines or [book.answer("no_text")]

        return job

    def _seeing(self, rgb: Picture, question: str) -> Callable[[Cancelled], Iterator[str]]:
        language, eyes, cannot = self._dialogue.guidance.language, self._eyes, self._dialogue.book.answer("cannot_tell")

        def job(cancelled: Cancelled) -> Iterator[str]:
            told = False
            pieces = eyes.answer(rgb, question, cancelled) if eyes is not None else ()
            for verdict in guarded(pieces, language, question):
                if verdict.text:
                    told = True
                    yield verdict.text
            if not told:
                yield cannot

        return job

    def _go_on_thinking(self, host: Host, at_s: float) -> None:
        thought = self._thought
        if thought is None:
            return
        now = time.perf_counter()
        found, ended = thought.thinking.fetch()
        for sentence in found:
            thought.first_ms = thought.first_ms or (now - thought.began) * 1e3
            thought.words += len(sentence.split())
            if thought.words <= MOST_WORDS or not thought.said:
                thought.said.append(" ".join(sentence.split()[:MOST_WORDS]))
                self._say(host, thought.said[-1], at_s)
            else:
                self._dialogue.rest.append(sentence)
        if not thought.said and now >= thought.cue_at:
            thought.cue_at = now + CUE_EVERY_S
            self._cue(host, "thinking", at_s)
        if ended:
            self._thought = None
            if thought.thinking.failure:
                host.report(Fault("answers", thought.thinking.failure))
            elif "answers" in host.failing:
                host.report(Fault("answers", "answering works again", recovered=True))
            self._done(host, thought, {})

    def _done(self, host: Host, thought: _Thought, facts: dict[str, object]) -> None:
        outcome = Outcome("", thought.backend, grounded=False, facts=facts)
        if thought.said:
            self._last_answer = (self._last_answer[0], " ".join(thought.said), self._last_answer[2])
        total_ms = (time.perf_counter() - thought.began) * 1e3
        host.answered(_answer(thought.query, outcome, " ".join(thought.said), thought.first_ms, total_ms, None))

    def _silence(self, host: Host) -> None:
        """What is still being said or thought about the last question is over."""
        self._cancel()
        host.hush()

    def _cancel(self) -> None:
        thought, self._thought = self._thought, None
        if thought is None:
            return
        thought.thinking.cancel()
        if self._host is not None:
            self._done(self._host, thought, {"cancelled": True})

    def _introduce(self, host: Host) -> None:
        """Once in a life: the safety notice and how it speaks. "Stop talking" or the button skips it."""
        text, t = self._dialogue.introduction(), host.now()
        self._say(host, text, t)
        host.answered(Answer(0, text, t, True, "introduction", {}, None, None, "introduction"))
        if host.audible:
            self._dialogue.kept = self._dialogue.kept.model_copy(update={"introduced": True})
            self._keep(host)

    def _say(
        self, host: Host, text: str, at_s: float, obstacle_id: int | None = None, *, measured: bool = False
    ) -> None:
        """An answer, sentence by sentence, so that a hazard interrupts no more than one."""
        for n, sentence in enumerate(sentences([text])):
            # The second sentence waits for the first.
            waits_s = MEASURED_EXPIRES_S * (n + 1) if measured else EXPIRES_S
            host.say(self._callout(MEASURED if measured else "answer", sentence, at_s, waits_s))
        if text:
            self._last_answer = (at_s, text, obstacle_id if obstacle_id is not None else self._last_answer[2])

    def _cue(self, host: Host, kind: str, at_s: float) -> None:
        host.say(self._callout(kind, "", at_s))

    def _callout(self, kind: str, text: str, at_s: float, waits_s: float = MEASURED_EXPIRES_S) -> Callout:
        self._next_id += 1
        return Callout(self._next_id, kind, "answer", text, f"{kind}:{self._next_id}", at_s, at_s + waits_s)


def _answer(
    query: Query, outcome: Outcome, text: str, first_ms: float | None, total_ms: float, intent: Intent | None
) -> Answer:
    return Answer(
        query.id,
        text,
        query.t,
        outcome.grounded,
        outcome.backend,
        outcome.facts,
        first_ms,
        total_ms,
        None if intent is None else intent.name,
    )


def _restore(handler: Callable[[int, FrameType | None], object] | int | None) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, handler)
