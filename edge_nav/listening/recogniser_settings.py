"""Which recogniser turns sound into words."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.listening.recognise_pocketsphinx import PocketsphinxSettings
from edge_nav.listening.recognise_whisper import WhisperSettings, installed_model


class TextSettings(Settings):
    """Questions typed on standard input, a line each; no microphone is opened."""

    type: Literal["text"] = "text"


class AutoSettings(Settings):
    """Whisper where one of its models lies on this machine, else PocketSphinx."""

    type: Literal["auto"] = "auto"


BackendSettings: TypeAlias = PocketsphinxSettings | WhisperSettings
RecogniserSettings: TypeAlias = Annotated[
    AutoSettings | PocketsphinxSettings | WhisperSettings | TextSettings, Field(discriminator="type")
]


def backend_of(settings: RecogniserSettings) -> BackendSettings | None:
    """The recogniser that is used; None where questions are typed."""
    if isinstance(settings, TextSettings):
        return None
    if not isinstance(settings, AutoSettings):
        return settings
    model = installed_model()
    return PocketsphinxSettings() if model is None else WhisperSettings(model=model)
