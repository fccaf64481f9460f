"""What would have been heard, rendered into a file with true timing, so that it can be listened to and measured."""

from __future__ import annotations

import contextlib
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.speech.player import Player
from edge_nav.speech.sound import RATE_HZ
from edge_nav.types import Callout, Fault

BLOCK = 256
"""Samples a step: as a sound card would ask for them, 12 ms."""
TAIL_S = 5.0
"""The last words are let out after the walk's end, for so long at most."""


class WavOutputSettings(Settings):
    """A file instead of a sound card."""

    type: Literal["wav"] = "wav"
    path: Path = Field(default=Path("voice.wav"), description="16-bit stereo file that is written.")


class WavVoice:
    """Walks a virtual clock: no thread, so the same walk gives the same file."""

    def __init__(self, settings: WavOutputSettings, player: Player, on_fault: Callable[[Fault], None]) -> None:
        self._player, self._path, self._on_fault = player, settings.path, on_fault
        self._full = False
        try:
            settings.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = wave.open(str(settings.path), "wb")  # noqa: SIM115 - open for the length of a walk
        except OSError as e:
            raise UsageError(f"wav output {settings.path} cannot be written ({e.strerror}): give another path.") from e
        self._file.setnchannels(2)
        self._file.setsampwidth(2)
        self._file.setframerate(RATE_HZ)

    def say(self, callout: Callout, at_s: float) -> None:
        """Queue a callout at a time of the walk."""
        self._advance(at_s)
        self._player.put(callout, at_s)
        self._pump()  # now, not at the next frame: whether it still holds is asked of the frame that led to it

    def hush(self, at_s: float) -> None:
        """Cut the answer that sounds, and forget those that wait."""
        self._advance(at_s)
        self._player.hush(at_s)

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Another rate and loudness."""
        self._player.adjust(rate_wpm, volume)

    @property
    def speaking(self) -> bool:
        """Whether anything is to be heard at the time that has been rendered up to."""
        return self._player.speaking

    def tick(self, at_s: float) -> None:
        """Render up to a time."""
        self._advance(at_s)

    def close(self, at_s: float) -> None:
        """Let the last words out and finish the file."""
        self._advance(at_s)
        end = at_s + TAIL_S
        while not self._player.queue.idle and self._now < end:
            self._step()
        self._player.close(self._now)
        with contextlib.suppress(OSError):  # a full disk was told of when it filled
            self._file.close()

    @property
    def _now(self) -> float:
        return self._player.mixer.sample / RATE_HZ

    def _advance(self, at_s: float) -> None:
        while self._now < at_s:
            self._step()

    def _pump(self) -> None:
        self._player.pump(self._now, lambda sample: sample / RATE_HZ)

    def _step(self) -> None:
        self._pump()
        samples = self._player.mixer.render(BLOCK)
        if self._full:
            return
        try:
            # wave patches the header at each writeframes, so a killed walk leaves a file that plays.
            self._file.writeframes((samples * 32767).astype(np.int16).tobytes())
        except OSError as e:
            self._full = True
            self._on_fault(
                Fault("speech", f"wav output {self._path} ended ({e.strerror}): free some space on its disk")
            )
