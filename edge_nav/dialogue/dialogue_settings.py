"""How questions are heard."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.listening.microphone import MicrophoneSettings, NoMicrophoneSettings
from edge_nav.listening.recogniser_settings import (
    AutoSettings,
    BackendSettings,
    RecogniserSettings,
    TextSettings,
    backend_of,
)
from edge_nav.listening.utterances import Trigger
from edge_nav.vlm.vlm_settings import VlmSettings


class DialogueSettings(Settings):
    """Questions and answers."""

    microphone: MicrophoneSettings = Field(default=NoMicrophoneSettings(), description="Where questions are heard.")
    recogniser: RecogniserSettings = Field(default=AutoSettings(), description="What turns sound into words.")
    trigger: Trigger = Field(
        default="hands_free",
        description="hands_free: listens all the time; push_to_talk: after the button, the space key, or SIGUSR1.",
    )
    button: Path | None = Field(
        default=None, description="Linux input device of a push-to-talk button, such as /dev/input/event3."
    )
    wake_phrase: str | None = Field(
        default=None, description="Only what begins with this is heard hands-free, such as 'hey navigator'."
    )
    deaf_while_speaking: bool = Field(
        default=True,
        description="Take nothing for a question while Edge Nav itself speaks; false for headphones that the "
        "microphone does not hear, so that an answer can be stopped by voice. The button always can.",
    )
    kept: Path | None = Field(
        default=None,
        description="File of the preferences that were changed by voice; null: edge-nav/settings.yaml where settings "
        "live.",
    )

    vlm: VlmSettings = Field(default=VlmSettings(), description="The model that looks at a picture.")

    @property
    def backend(self) -> BackendSettings | None:
        """The recogniser that is used; None where questions are typed."""
        return backend_of(self.recogniser)

    @property
    def on(self) -> bool:
        """Whether questions are heard or read at all."""
        return self.microphone.type != "none" or isinstance(self.recogniser, TextSettings)
