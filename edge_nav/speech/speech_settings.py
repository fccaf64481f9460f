"""How guidance sounds."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.speech.device import DeviceOutputSettings
from edge_nav.speech.none import NoneOutputSettings
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings
from edge_nav.speech.wav import WavOutputSettings

OutputSettings: TypeAlias = Annotated[
    DeviceOutputSettings | WavOutputSettings | NoneOutputSettings, Field(discriminator="type")
]


class SpeechSettings(Settings):
    """Voice, earcons and where they go."""

    voice: Pyttsx3Settings = Field(default=Pyttsx3Settings(), description="Text-to-speech backend.")
    output: OutputSettings = Field(default=DeviceOutputSettings(), description="Sound card, file, or none.")
    rate_wpm: int = Field(default=300, ge=120, le=600, description="Words a minute.")
    volume: float = Field(default=1.0, ge=0, le=1, description="Loudness of words and tones.")
    earcons: bool = Field(default=True, description="Short tones before the words, on the hazard's side.")
