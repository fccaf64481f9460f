"""A recogniser in a process of its own: it holds the interpreter for tenths of a second, which perception cannot spare,
and whatever kills it does not kill the walk.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from typing import NoReturn

from edge_nav.errors import EdgeNavError, SpeechFault
from edge_nav.listening.grammar import Vocabulary
from edge_nav.listening.recognised import Recognised, Recogniser
from edge_nav.listening.recogniser_settings import BackendSettings
from edge_nav.listening.sound import SoundSamples
from edge_nav.types import Language

START_S = 30.0
"""A large Whisper model takes a while to load, PocketSphinx on a busy machine too: until then it does not hang."""
HANGS_S = 12.0
"""No utterance takes so long, counted from when a loaded process was handed it, unless the process hangs."""
MOST_STARTS = 4
"""A recogniser that keeps dying is left alone after so many starts without an answer."""
AGAIN = "the recogniser stopped and is started again: repeat the question"
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
        self._since: float | None = None
        self._queued: tuple[SoundSamples, float] | None = None
        self._starts = 0
        self._start()

    @property
    def busy(self) -> bool:
        """Whether an utterance is being recognised."""
        return self._since is not None

    @property
    def pid(self) -> int:
        """Of the process; 0 while there is none."""
        return (self._process.pid if self._process is not None else None) or 0

    def begin(self, sound: SoundSamples, speech_s: float) -> None:
        """Hand over an utterance; one at a time. Raises SpeechFault if the process died; it is started anew."""
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self._restart()
        self._since = time.monotonic()
        self._queued = (sound, speech_s)
        self._send()

    def _send(self) -> None:
        """Hand the utterance over once the process listens; from a thread, as a process that hangs does not read."""
        pipe, queued = self._pipe, self._queued
        if pipe is None or queued is None or not self._ready:
            return
        self._queued, self._since = None, time.monotonic()

        def send() -> None:
            # A process that died, or a pipe closed meanwhile, is noticed when the answer is asked for.
            with contextlib.suppress(OSError, TypeError, ValueError):
                pipe.send(queued)

        threading.Thread(target=send, name="to recogniser", daemon=True).start()

    def result(self, wait_s: float = 0.0) -> Recognised | None:
        """The words, or None while they are not there. Raises SpeechFault where the recogniser cannot run."""
        while self._pipe is not None:
            try:
                if not self._pipe.poll(wait_s):
                    allowed_s = HANGS_S if self._ready else START_S
                    if self._since is not None and time.monotonic() - self._since > allowed_s:
                        self._restart()
                    return None
                message = self._pipe.recv()
            except (EOFError, OSError):
                self._restart()
            if isinstance(message, str):
                self.close()
                raise SpeechFault(message)
            if isinstance(message, Recognised):
                self._since, self._starts = None, 0
                return message
            self._ready = True
            self._send()
            if self._since is None:
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
            with contextlib.suppress(ValueError):  # on a busy machine it is dying still, and is reaped later
                self._process.close()
            self._process = None
        self._ready, self._since, self._queued = False, None, None

    def _start(self) -> None:
        self._starts += 1
        # Spawned, not forked: the walk has threads, and a forked child would hold their locks for ever.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._arguments), name="recogniser", daemon=True)
        self._process.start()
        theirs.close()

    def _restart(self) -> NoReturn:
        self.close()
        if self._starts >= MOST_STARTS:
            raise SpeechFault("the recogniser keeps stopping: type the questions, and see `doctor`")
        self._start()
        raise SpeechFault(AGAIN)


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
    except (EOFError, OSError):
        return
    except Exception as e:  # noqa: BLE001 - told to the walk, which decides
        reason = str(e) if isinstance(e, EdgeNavError) else f"the recogniser failed with {type(e).__name__} ({e})"
        with contextlib.suppress(OSError):
            pipe.send(reason)
