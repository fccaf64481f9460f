"""A vision-language model for a walk: it is loaded while the walk already guides, and gives way to perception."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from collections.abc import Iterator

from edge_nav.bundle import open_bundle
from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.types import Cancelled, Picture
from edge_nav.vlm.trial import try_out
from edge_nav.vlm.vlm import Vlm, llm_file
from edge_nav.vlm.vlm_settings import VlmSettings
from edge_nav.vlm.watch import POLL_S

SPARE_THREADS = 1
"""Perception's."""
NICE = 10
LAST_S = 10.0


class BackgroundVlm:
    """A picture model that may still be loading when it is asked; the question waits for it.

    To be asked from threads of their own: they are made to give way to perception.
    """

    def __init__(self, bundle: str, settings: VlmSettings) -> None:
        """Raises UsageError where llama.cpp is missing; what loading finds is raised by each answer."""
        if importlib.util.find_spec("llama_cpp") is None:
            raise UsageError("llama-cpp-python is missing: pip install 'edge-nav[vlm]'.")
        self.name, self._settings = bundle, settings
        self._vlm: Vlm | None = None
        self._failure = ""
        self._loaded, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._load, name="vlm", daemon=True)
        self._thread.start()

    def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
        """Pieces of text as they come. Raises EdgeNavError, also where the model could not be loaded."""
        while not self._loaded.wait(POLL_S):
            if cancelled():
                return
        if self._vlm is None:
            raise EdgeNavError(self._failure)
        _give_way()
        yield from self._vlm.answer(rgb, question, cancelled)

    def close(self) -> None:
        """Give its memory back. A question that is being answered has been cancelled before."""
        self._closed.set()
        self._thread.join(LAST_S)
        if self._vlm is not None:
            self._vlm.close()

    def _load(self) -> None:
        _give_way()
        try:
            bundle = open_bundle(self.name)
            try_out(*llm_file(bundle, self._settings, SPARE_THREADS), self._closed.is_set)
            if not self._closed.is_set():
                self._vlm = Vlm(bundle, self._settings, spare_threads=SPARE_THREADS)
        except EdgeNavError as e:
            self._failure = str(e).rstrip(".")
        except Exception as e:  # noqa: BLE001 - whatever a library raises, the walk goes on and says so
            self._failure = f"bundle {self.name} cannot be loaded, {type(e).__name__} ({e}): `models verify` it"
        finally:
            self._loaded.set()


def _give_way() -> None:
    """This thread, and those it starts, run when perception does not need the core (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
