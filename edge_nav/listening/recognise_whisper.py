"""Free speech, by OpenAI's Whisper (extra `whisper`, which brings PyTorch): it runs in a process of its own."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import SpeechFault
from edge_nav.listening.recognised import NOTHING, Recognised
from edge_nav.listening.sound import SoundSamples
from edge_nav.types import Language


class WhisperSettings(Settings):
    """Whisper, by the name of a model or a local checkpoint."""

    type: Literal["whisper"] = "whisper"
    model: str = Field(default="base", description="tiny, base, small, ... or the path of a .pt checkpoint.")
    language: str | None = Field(default=None, description="Spoken language, such as en; null takes the guidance's.")
    download: bool = Field(default=False, description="Fetch a missing model's weights when the walk begins.")
    needed: float = Field(default=0.4, ge=0, le=1, description="Least confidence for an answer.")
    threads: int = Field(default=1, ge=1, le=64, description="CPU threads; one core is kept by perception.")


PREFERRED = ("base", "small", "base.en", "small.en", "tiny", "tiny.en", "medium", "turbo")
"""Of the models that lie on this machine, the first of these is taken: accurate enough, and fast enough to wait for."""


def installed_model() -> str | None:
    """The Whisper model that can be used without fetching anything, None where there is none."""
    if importlib.util.find_spec("whisper") is None:
        return None
    return next((name for name in PREFERRED if _cached(name).is_file()), None)


class WhisperRecogniser:
    """One model."""

    def __init__(self, settings: WhisperSettings, language: Language) -> None:
        """Raises SpeechFault where the package or the weights are missing."""
        weights = _weights(settings)
        try:
            import whisper
        except ImportError as e:
            raise SpeechFault("questions need an extra for Whisper: pip install 'edge-nav[whisper]'") from e
        whisper.torch.set_num_threads(settings.threads)
        try:
            self._model: Any = whisper.load_model(str(weights))
        except (RuntimeError, OSError, KeyError, ValueError, TypeError) as e:
            reason = (str(e) or type(e).__name__).splitlines()[0]
            raise SpeechFault(f"Whisper model {weights} cannot be loaded ({reason}): fetch it again") from e
        self._language = settings.language or language

    def recognise(self, sound: SoundSamples, speech_s: float) -> Recognised:
        """Words with the mean probability of their pieces, less where Whisper thinks that nobody spoke."""
        # No temperature fallback and no earlier text: both make it invent sentences in noise.
        found = self._model.transcribe(
            sound, language=self._language, fp16=False, temperature=0.0, condition_on_previous_text=False
        )
        segments = found["segments"]
        if not segments:
            return NOTHING
        sure = min(math.exp(s["avg_logprob"]) * (1.0 - s["no_speech_prob"]) for s in segments)
        return Recognised(str(found["text"]).strip(), sure)


def _weights(settings: WhisperSettings) -> Path | str:
    """Where the weights lie; the model's name where they are to be fetched."""
    path = Path(settings.model).expanduser()
    if path.suffix == ".pt":
        if not path.is_file():
            raise SpeechFault(f"Whisper checkpoint {path} is not there: give a .pt file or a model's name")
        return path
    cached = _cached(settings.model)
    if cached.is_file() or settings.download:
        return cached if cached.is_file() else settings.model
    raise SpeechFault(
        f"Whisper model {settings.model} is not on this machine: set dialogue.recogniser.download to true once, online"
    )


def _cached(name: str) -> Path:
    """Where Whisper itself keeps what it fetched."""
    return Path.home() / ".cache" / "whisper" / f"{name}.pt"
