"""Questions and answers of one walk: from ears and keyboard through the dialogue to the voice.

Hazards are none of its business: it only ever puts answers into the voice's queue, where hazards come first.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.intents import SAFETY
from edge_nav.listening.button import Presses
from edge_nav.listening.ears import Ears, ListeningNotice, RecognisedUtterance
from edge_nav.listening.typed import TypedQuestions
from edge_nav.types import Closable, Fault, Frame, PictureModel, Scene
from edge_nav.walk.answering import Answering
from edge_nav.walk.host import Host

LISTEN_S = 0.02
PUSHED_NEEDED = 0.08
"""After the button, or to stop an answer, a weak match is enough: someone did ask."""
LAST_S = 20.0
"""At the end of a walk without a clock of its own, an answer is waited for so long."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When words are taken for a question: how sure they must be, and what they must begin with."""

    needed: float
    wake_words: tuple[str, ...] = ()

    def after_wake_words(self, text: str) -> tuple[str, bool]:
        """The text without the wake words, and whether it began with them."""
        wake = self.wake_words
        words = re.findall(r"[\w']+", text.lower())
        if wake and tuple(words[: len(wake)]) == wake:
            return " ".join(words[len(wake) :]), True
        return text, False


class Conversation:
    """To be driven from one thread: :meth:`tick`, again and again."""

    def __init__(
        self,
        dialogue: Dialogue,
        preferences_path: Path,
        acceptance: Acceptance,
        *,
        typed: TypedQuestions | None = None,
        presses: Presses | None = None,
        picture_model: PictureModel | None = None,
    ) -> None:
        self._dialogue, self._preferences_path, self._picture_model = dialogue, preferences_path, picture_model
        self._acceptance, self._typed, self._presses = acceptance, typed, presses
        self._ears: Ears | None = None
        self._closables: list[Closable] = []
        self._host: Host | None = None
        self._answering: Answering | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._restore_signal: Callable[[], None] = lambda: None

    def hear_with(self, ears: Ears, *also: Closable) -> None:
        """Listen with a microphone, too. What comes with it (buttons) is closed together with it."""
        self._ears = ears
        self._closables += also

    def own_voice(self) -> bool:
        """Whether Edge Nav itself is to be heard now."""
        return self._host is not None and self._host.speaking

    def start(self, host: Host, *, live: bool) -> None:
        """The walk begins. ``live``: listen on a thread of its own; otherwise the walk calls :meth:`tick` itself."""
        self._host = host
        self._answering = Answering(host, self._dialogue, self._preferences_path, self._picture_model)
        if self._presses is not None and threading.current_thread() is threading.main_thread():
            presses = self._presses
            before = signal.signal(signal.SIGUSR1, lambda _n, _f: presses.add("push"))
            self._restore_signal = lambda: _restore(before)
        self._answering.introduce()
        if live:
            self._thread = threading.Thread(target=self._listen, args=(host,), name="conversation", daemon=True)
            self._thread.start()

    def see(self, frame: Frame, scene: Scene | None) -> None:
        """The newest frame and what was measured in it. Any thread."""
        if self._answering is not None:
            self._answering.seen = (frame, scene)

    def tick(self, at_s: float, *, wait: bool = False) -> None:
        """Hear, answer, go on looking. ``wait``: see :meth:`Ears.listen`. Never raises: guidance must go on."""
        if self._host is None or self._answering is None:
            return
        try:
            self._tick(self._host, self._answering, at_s, wait)
        except Exception as e:  # noqa: BLE001 - questions may fail, guidance may not
            if "answers" not in self._host.failing:
                self._host.report(Fault("answers", f"answering failed with {type(e).__name__} ({e}): ask again"))

    def finish_typed(self, at_s: float) -> None:
        """In a walk without a clock of its own, questions from a pipe may come later than its first frames."""
        if self._typed is not None:
            self._typed.wait_end(LAST_S)
            self.tick(at_s)

    def close(self) -> None:
        """The walk is over. Closing twice is closing once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
        elif self._answering is not None:
            self._answering.pictures.finish(LAST_S)
        if self._answering is not None:
            self._answering.pictures.cancel()
        ears, closables = self._ears, self._closables
        self._ears, self._closables = None, []
        if ears is not None:
            ears.close()
        for part in closables:
            part.close()
        self._restore_signal()
        self._restore_signal = lambda: None

    def _listen(self, host: Host) -> None:
        """Thread: a live walk's questions."""
        while not self._stop.wait(LISTEN_S):
            self.tick(host.now())

    def _tick(self, host: Host, answering: Answering, at_s: float, wait: bool) -> None:
        for line in self._typed.take() if self._typed is not None else ():
            answering.silence()
            answering.ask(line, "text", at_s)
        for event in self._ears.listen(at_s, wait=wait) if self._ears is not None else ():
            if isinstance(event, Fault):
                host.report(event)
            elif isinstance(event, ListeningNotice):
                self._noticed(answering, event, at_s)
            else:
                self._heard(host, answering, event, at_s)
        answering.pictures.go_on(at_s)

    def _noticed(self, answering: Answering, event: ListeningNotice, at_s: float) -> None:
        if event.what == "pushed":
            answering.silence()
        elif event.what == "ended":
            answering.voice.cue("heard", at_s)
        else:
            answering.say("ask_again" if event.what == "cut_off" else "not_understood", at_s)

    def _heard(self, host: Host, answering: Answering, heard: RecognisedUtterance, at_s: float) -> None:
        """Words by voice: a question if they are sure enough, and meant for Edge Nav."""
        text, woken = self._acceptance.after_wake_words(heard.text)
        meant = heard.pushed or woken
        intent = self._dialogue.understand(text) if text else None
        sounding = answering.pictures.busy or host.speaking
        stopping = intent is not None and intent.name == "stop_talking" and sounding
        needed = PUSHED_NEEDED if meant or stopping else self._acceptance.needed
        if heard.confidence < needed:
            if heard.pushed:
                answering.say("not_understood", at_s)
            return
        # Hands-free, what does not begin with its name, or is no known question, is other people's talk.
        if not meant and self._acceptance.wake_words and not stopping:
            return
        if woken and not text and self._presses is not None:  # its name alone: it listens for what follows
            answering.silence()
            answering.voice.cue("heard", at_s)
            self._presses.add("push")
            return
        if not heard.whole:
            answering.say("ask_again", at_s)
            return
        if not meant and (intent is None or intent.name == SAFETY):
            return
        if not heard.pushed:
            answering.silence()
            answering.voice.cue("heard", at_s)
        answering.ask(text, "voice", at_s, heard.confidence, heard.stt_ms)


def _restore(handler: Callable[[int, FrameType | None], object] | int | None) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, handler)
