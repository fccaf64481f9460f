"""A recogniser in a process of its own: it holds the interpreter for tenths of a second, which perception cannot spare,
and whatever kills it does not kill the walk.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

from edge_nav.errors import EdgeNavError, SpeechFault
from edge_nav.guidance.settings import Language
from edge_nav.listening.grammar import Vocabulary
from edge_nav.listening.recognised import Recognised, Recogniser
from edge_nav.listening.settings import BackendSettings
from edge_nav.listening.sound import Heard

START_S = 30.0
"""A large Whisper model takes a while to load."""
NICE = 19
"""Perception goes first."""


def open_recogniser(settings: BackendSettings, vocabulary: Vocabulary, language: Language) -> Recogniser:
    """The backend that the settings ask for. Raises SpeechFault where it cannot run."""
    if settings.type == "whisper":
        from edge_nav.listening.recognise_whisper import WhisperRecogniser

        return WhisperRecogniser(settings, language)
    from edge_nav.listening.recognise_pocketsphinx import PocketsphinxRecogniser

    if language != "en":
        raise SpeechFault(f"pocketsphinx knows no {language}: set dialogue.recogniser to whisper, or type questions")
    return PocketsphinxRecogniser(vocabulary)


class RecogniserProcess:
    """One utterance at a time, without waiting for it."""

    def __init__(self, settings: BackendSettings, vocabulary: Vocabulary, language: Language) -> None:
        self._arguments = (settings, vocabulary, language)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._ready = False
        self._waiting = False
        self._start()

    @property
    def busy(self) -> bool:
        """Whether an utterance is being recognised."""
        return self._waiting

    @property
    def pid(self) -> int:
        """Of the process; 0 while there is none."""
        return (self._process.pid if self._process is not None else None) or 0

    def begin(self, sound: Heard, speech_s: float) -> None:
        """Hand over an utterance; one at a time. Raises SpeechFault if the process died; it is started anew."""
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self._restart("the recogniser stopped and is started again: repeat the question")
            return
        try:
            self._pipe.send((sound, speech_s))
        except OSError:
            self._restart("the recogniser stopped and is started again: repeat the question")
        self._waiting = True

    def result(self, wait_s: float = 0.0) -> Recognised | None:
        """The words, or None while they are not there. Raises SpeechFault where the recogniser cannot run."""
        while self._pipe is not None:
            try:
                if not self._pipe.poll(wait_s):
                    return None
                message = self._pipe.recv()
            except (EOFError, OSError):
                self._restart("the recogniser stopped and is started again: repeat the question")
            if isinstance(message, str):
                self.close()
                raise SpeechFault(message)
            if isinstance(message, Recognised):
                self._waiting = False
                return message
            self._ready = True
            if not self._waiting:
                return None
        return None

    def wait_ready(self) -> None:
        """Until it has loaded. Raises SpeechFault where it cannot run."""
        while self._pipe is not None and not self._ready:
            self.result(START_S)

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.join(0.5)  # a closed pipe ends it
            if self._process.is_alive():
                self._process.kill()
                self._process.join(1.0)
            self._process.close()
            self._process = None
        self._waiting = self._ready = False

    def _start(self) -> None:
        # Spawned, not forked: the walk has threads, and a forked child would hold their locks for ever.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._arguments), name="recogniser", daemon=True)
        self._process.start()
        theirs.close()

    def _restart(self, why: str) -> None:
        self.close()
        self._start()
        raise SpeechFault(why)


def _serve(pipe: Connection, settings: BackendSettings, vocabulary: Vocabulary, language: Language) -> None:
    """In the process: load, say so, then answer one utterance after the other until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the walk, which ends this one
    os.nice(NICE)
    try:
        recogniser = open_recogniser(settings, vocabulary, language)
        pipe.send(True)
        while True:
            sound, speech_s = pipe.recv()
            pipe.send(recogniser.recognise(sound, speech_s))
    except EdgeNavError as e:
        pipe.send(str(e))
    except (EOFError, OSError):
        return
