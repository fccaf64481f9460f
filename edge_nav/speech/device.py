"""The sound card, through sounddevice (PortAudio)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import SpeechFault
from edge_nav.speech.player import Player
from edge_nav.speech.sound import RATE_HZ, Stereo
from edge_nav.types import Callout, Fault

BLOCK = 256
"""Samples a buffer, 12 ms: a STOP's tone sounds within one."""
WAKE_S = 0.01
SILENT_S = 0.6
"""A stream that has not asked for samples for so long is dead."""
RETRY_S = 3.0
DRAIN_S = 3.0


class DeviceOutputSettings(Settings):
    """A sound card."""

    type: Literal["device"] = "device"
    name: str | int | None = Field(default=None, description="Device name or number; null takes the system's default.")


class OutputStream(Protocol):
    """The part of an output stream that is used."""

    def start(self) -> None: ...
    def close(self) -> None: ...


OpenOutputStream = Callable[[Callable[[int], Stereo]], OutputStream]
"""Opens a stream that calls back for samples. Raises SpeechFault."""


def open_device(settings: DeviceOutputSettings) -> OpenOutputStream:
    """How to open the sound card. Raises SpeechFault where PortAudio or a device is missing."""
    try:
        import sounddevice
    except OSError as e:
        raise SpeechFault("sound does not work, PortAudio is missing: sudo apt install libportaudio2") from e

    def opener(render: Callable[[int], Stereo]) -> OutputStream:
        def callback(out: Any, frames: int, _time: Any, _status: Any) -> None:
            out[:] = render(frames)

        try:
            stream: OutputStream = sounddevice.OutputStream(
                samplerate=RATE_HZ,
                channels=2,
                dtype="float32",
                blocksize=BLOCK,
                latency="low",
                device=settings.name,
                callback=callback,
            )
            return stream
        except (sounddevice.PortAudioError, ValueError) as e:
            name = "default" if settings.name is None else settings.name
            raise SpeechFault(f"audio device {name} cannot be opened ({e}): plug in headphones, see `doctor`") from e

    return opener


class DeviceVoice:
    """A thread that decides and synthesises, beside PortAudio's own that plays."""

    def __init__(
        self,
        player: Player,
        opener: OpenOutputStream,
        now: Callable[[], float],
        on_fault: Callable[[Fault], None],
    ) -> None:
        """Raises SpeechFault if the device cannot be opened."""
        self._player, self._opener, self._now, self._on_fault = player, opener, now, on_fault
        self._condition = threading.Condition()
        self._inbox: list[Callable[[], None]] = []
        self._closing = False
        self._asked = threading.Event()
        self._stream: OutputStream | None = self._open()
        self._retry_at = 0.0
        self._silent_since = now()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def say(self, callout: Callout, at_s: float) -> None:
        """Queue a callout; returns at once."""
        self._later(lambda: self._player.put(callout, at_s))

    def hush(self, at_s: float) -> None:
        """Cut the answer that sounds, and forget those that wait."""
        self._later(lambda: self._player.hush(at_s))

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Another rate and loudness."""
        self._later(lambda: self._player.adjust(rate_wpm, volume))

    @property
    def speaking(self) -> bool:
        """Whether anything is to be heard now."""
        return self._player.speaking

    def tick(self, at_s: float) -> None:
        """Nothing: the thread keeps its own time."""

    def close(self, at_s: float) -> None:
        """Let what sounds end, for a moment, and release the device."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(timeout=DRAIN_S + 1.0)

    def _later(self, task: Callable[[], None]) -> None:
        """Let the voice's own thread do it: the player belongs to that thread."""
        with self._condition:
            self._inbox.append(task)
            self._condition.notify()

    def _open(self) -> OutputStream:
        try:
            stream = self._opener(self._render)
            stream.start()
        except SpeechFault:
            raise
        except Exception as e:  # PortAudio's own error class cannot be named where PortAudio is missing
            raise SpeechFault(f"the audio device does not start ({e}): plug it in again, see `doctor`") from e
        return stream

    def _render(self, samples: int) -> Stereo:
        self._asked.set()
        return self._player.mixer.render(samples)

    def _run(self) -> None:
        try:
            self._speak()
        except Exception as e:  # noqa: BLE001 - whatever kills the voice is told of
            self._on_fault(Fault("speech", f"the voice ended with {type(e).__name__} ({e}): start the walk again"))

    def _speak(self) -> None:
        deadline = float("inf")
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._inbox) or self._closing, WAKE_S)
                inbox, self._inbox = self._inbox, []
                closing = self._closing
            now = self._now()
            for task in inbox:
                task()
            self._player.pump(now, self._heard_s)
            self._watch(now)
            if closing:
                deadline = min(deadline, now + DRAIN_S)
                if self._player.queue.idle or now >= deadline or self._stream is None:
                    break
        if self._stream is not None:
            self._stream.close()
        self._player.close(self._now())

    def _heard_s(self, sample: int) -> float:
        """When a sample was asked for: now, less what has been asked for since."""
        return self._now() - (self._player.mixer.sample - sample) / RATE_HZ

    def _watch(self, now: float) -> None:
        """A device that is pulled out stops asking for samples; after a while it is opened again."""
        if self._asked.is_set():
            self._asked.clear()
            self._silent_since = now
        if self._stream is not None and now - self._silent_since > SILENT_S:
            self._stream.close()
            self._stream, self._retry_at = None, now + RETRY_S
            self._on_fault(Fault("speech", "the audio device stopped: plug it in again, see `doctor`"))
        elif self._stream is None and now >= self._retry_at:
            try:
                self._stream = self._open()
            except SpeechFault:
                self._retry_at = now + RETRY_S
                return
            self._silent_since = now
            self._on_fault(Fault("speech", "the audio device works again", recovered=True))
