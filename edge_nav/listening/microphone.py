"""Where sound comes from: a sound card through sounddevice, or a recording."""

from __future__ import annotations

import queue
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeAlias

import numpy as np
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import SpeechFault, UsageError
from edge_nav.listening.sound import BLOCK, BLOCK_S, RATE_HZ, SoundSamples

SILENT_S = 0.6
"""A stream that has given nothing for so long is dead."""
RETRY_S = 3.0
RATES_HZ = (4000, 384000)
HELD_BLOCKS = round(10.0 / BLOCK_S)
"""Sound that nobody fetched is kept for so long."""


class NoMicrophoneSettings(Settings):
    """No questions by voice."""

    type: Literal["none"] = "none"


class DeviceMicrophoneSettings(Settings):
    """A sound card."""

    type: Literal["device"] = "device"
    name: str | int | None = Field(default=None, description="Device name or number; null takes the system's default.")


class WavMicrophoneSettings(Settings):
    """A recording, heard as if it were spoken now."""

    type: Literal["wav"] = "wav"
    path: Path = Field(description="WAV file, 16-bit, any rate.")


MicrophoneSettings: TypeAlias = Annotated[
    NoMicrophoneSettings | DeviceMicrophoneSettings | WavMicrophoneSettings, Field(discriminator="type")
]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block of sound; ``own_voice``: Edge Nav itself was speaking when it was taken."""

    sound: SoundSamples
    own_voice: bool


class Microphone(Protocol):
    """Gives what was heard up to now."""

    def take(self, at_s: float) -> list[Block]:
        """The blocks since the last call, up to a time of the walk. SpeechFault once when the device is lost; asking
        again mends it when it is back.
        """
        ...

    @property
    def works(self) -> bool:
        """Whether it hears anything now."""
        ...

    def close(self) -> None: ...


class Resampler:
    """Any rate and any pieces -> blocks at 16 kHz (polyphase, by soxr)."""

    def __init__(self, rate_hz: float) -> None:
        import soxr

        self._stream: Any = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")
        self._rest = np.zeros(0, np.float32)

    def blocks(self, mono: SoundSamples) -> list[SoundSamples]:
        """Whole blocks that are complete now; the rest waits for the next piece."""
        self._rest = np.concatenate([self._rest, self._stream.resample_chunk(mono)])
        n = len(self._rest) // BLOCK * BLOCK
        whole, self._rest = self._rest[:n], self._rest[n:]
        return list(whole.reshape(-1, BLOCK))


class WavMicrophone:
    """A recording on the walk's own clock."""

    def __init__(self, settings: WavMicrophoneSettings, speaking: Callable[[], bool]) -> None:
        """Raises UsageError for a file that is no 16-bit WAV."""
        try:
            with wave.open(str(settings.path), "rb") as file:
                if file.getsampwidth() != 2:
                    raise wave.Error(f"{8 * file.getsampwidth()} bits a sample")
                channels, rate_hz = file.getnchannels(), file.getframerate()
                data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        except OSError as e:
            raise UsageError(f"microphone wav {settings.path} cannot be read ({e.strerror}): give a WAV file.") from e
        except (wave.Error, EOFError) as e:
            raise UsageError(f"microphone wav {settings.path} is no 16-bit WAV file ({e}): convert it.") from e
        whole = data[: len(data) // channels * channels].reshape(-1, channels)
        mono = (whole.astype(np.float32) / np.float32(32768)).mean(axis=1)
        # A second of silence ends the last word.
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise UsageError(f"microphone wav {settings.path} has {rate_hz} samples a second: give 4000 to 384000.")
        self._blocks = Resampler(rate_hz).blocks(np.concatenate([mono, np.zeros(2 * rate_hz, np.float32)]))
        self._next, self._speaking = 0, speaking

    def take(self, at_s: float) -> list[Block]:
        """The blocks since the last call, up to a time of the walk."""
        end = min(int(at_s / BLOCK_S), len(self._blocks))
        taken = [Block(sound, self._speaking()) for sound in self._blocks[self._next : end]]
        self._next = max(self._next, end)
        return taken

    @property
    def works(self) -> bool:
        """Always: a file does not fail once it is read."""
        return True

    def close(self) -> None:
        """Nothing is open."""


class InputStream(Protocol):
    """The part of an input stream that is used."""

    def start(self) -> None: ...
    def close(self) -> None: ...


OpenInputStream = Callable[[Callable[[SoundSamples], None]], tuple[InputStream, float]]
"""Opens a stream that hands over mono sound, and tells its rate in Hz. Raises SpeechFault."""


def open_stream(settings: DeviceMicrophoneSettings) -> OpenInputStream:
    """How to open the sound card. Raises SpeechFault where PortAudio is missing."""
    try:
        import sounddevice
    except OSError as e:
        raise SpeechFault("questions cannot be heard, PortAudio is missing: sudo apt install libportaudio2") from e

    def opener(hear: Callable[[SoundSamples], None]) -> tuple[InputStream, float]:
        def callback(data: Any, _frames: int, _time: Any, _status: Any) -> None:
            hear(data[:, 0].copy())

        try:
            rate_hz = RATE_HZ
            try:
                sounddevice.check_input_settings(settings.name, 1, "float32", samplerate=RATE_HZ)
            except sounddevice.PortAudioError:
                # Not every card does 16 kHz: take its own rate, and resample.
                rate_hz = round(sounddevice.query_devices(settings.name, "input")["default_samplerate"])
            stream: InputStream = sounddevice.InputStream(
                samplerate=rate_hz,
                channels=1,
                dtype="float32",
                blocksize=0,
                latency="low",
                device=settings.name,
                callback=callback,
            )
            return stream, rate_hz
        except (sounddevice.PortAudioError, ValueError) as e:
            name = "default" if settings.name is None else settings.name
            raise SpeechFault(f"microphone {name} cannot be opened ({e}): plug one in, see `doctor`") from e

    return opener


class DeviceMicrophone:
    """A sound card that may be unplugged and come back."""

    def __init__(
        self, opener: OpenInputStream, speaking: Callable[[], bool], now: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises SpeechFault if there is no microphone."""
        self._opener, self._speaking, self._now = opener, speaking, now
        self._held: queue.Queue[Block] = queue.Queue(maxsize=HELD_BLOCKS)
        self._heard_at = self._retry_at = now()
        self._stream: InputStream | None = None
        self._open()

    def take(self, at_s: float) -> list[Block]:
        """The blocks since the last call."""
        taken: list[Block] = []
        while not self._held.empty():
            taken.append(self._held.get_nowait())
        now = self._now()
        if self._stream is not None and now - self._heard_at > SILENT_S:
            self._stream.close()
            self._stream, self._retry_at = None, now + RETRY_S
            raise SpeechFault("the microphone stopped: plug it in again, see `doctor`")
        if self._stream is None and now >= self._retry_at:
            self._retry_at = now + RETRY_S
            self._open()
        return taken

    @property
    def works(self) -> bool:
        """Whether a stream is open."""
        return self._stream is not None

    def close(self) -> None:
        """Release the device."""
        if self._stream is not None:
            self._stream.close()

    def _open(self) -> None:
        resampler: Resampler | None = None

        def hear(mono: SoundSamples) -> None:
            self._heard_at = self._now()
            if resampler is not None:
                for sound in resampler.blocks(mono):
                    if not self._held.full():
                        self._held.put_nowait(Block(sound, self._speaking()))

        try:
            stream, rate_hz = self._opener(hear)
            resampler = Resampler(rate_hz)
            self._heard_at = self._now()
            stream.start()
        except SpeechFault:
            raise
        except Exception as e:  # PortAudio's own error class cannot be named where PortAudio is missing
            raise SpeechFault(f"the microphone does not start ({e}): plug it in again, see `doctor`") from e
        self._stream = stream
