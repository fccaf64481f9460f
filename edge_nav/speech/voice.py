"""Opens the voice: what works is used, what is missing is said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_nav.errors import SpeechFault
from edge_nav.speech.device import DeviceOutputSettings, DeviceVoice, open_device
from edge_nav.speech.none import NoneOutputSettings, SilentVoice
from edge_nav.speech.player import Player, Synthesiser
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.speech.timeline import VoiceTimeline
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Voice
from edge_nav.speech.wav import WavOutputSettings, WavVoice
from edge_nav.types import Callout, Fault, VoiceFate


class Voice(Protocol):
    """The one owner of sound. Times are seconds of the walk's clock."""

    def say(self, callout: Callout, at_s: float) -> None:
        """Queue a callout; returns at once."""
        ...

    def hush(self, at_s: float) -> None:
        """Cut the answer that sounds, and forget those that wait; hazards go on."""
        ...

    def adjust(self, rate_wpm: int, volume: float) -> None:
        """Another rate and loudness, from the next callout on."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether anything is to be heard now."""
        ...

    def tick(self, at_s: float) -> None:
        """The walk has come to this time."""
        ...

    def close(self, at_s: float) -> None:
        """The walk is over."""
        ...


def open_voice(
    settings: SpeechSettings,
    *,
    language: str,
    is_current: Callable[[Callout], bool],
    now: Callable[[], float],
    on_fate: Callable[[VoiceFate], None],
    on_fault: Callable[[Fault], None],
) -> Voice:
    """The voice of one walk. A missing library or device is one fault, and the walk goes on with what works."""
    if isinstance(settings.output, NoneOutputSettings):
        return SilentVoice(
            VoiceTimeline(settings.rate_wpm, earcons=settings.earcons, is_current=is_current, on_fate=on_fate)
        )
    synthesiser: Synthesiser | None = None
    try:
        synthesiser = Pyttsx3Voice(settings.voice, language, settings.rate_wpm)
    except SpeechFault as e:
        on_fault(Fault("speech", f"{e}; only tones will be heard"))
    player = Player(
        synthesiser,
        earcons=settings.earcons,
        volume=settings.volume,
        is_current=is_current,
        on_fate=on_fate,
        on_fault=on_fault,
    )
    if isinstance(settings.output, WavOutputSettings):
        return WavVoice(settings.output, player, on_fault)
    assert isinstance(settings.output, DeviceOutputSettings)
    try:
        return DeviceVoice(player, open_device(settings.output), now, on_fault)
    except SpeechFault as e:
        on_fault(Fault("speech", f"{e}; guidance goes to the screen and the log alone"))
        player.close(0.0)
        return SilentVoice()
