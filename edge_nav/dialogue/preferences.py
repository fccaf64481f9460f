"""Preferences: what the walker changed by voice, kept across restarts in a small YAML file that a person can read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.guidance.guidance_settings import Directions, GuidanceSettings, Units, Verbosity
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.yaml_text import parse_yaml

S = TypeVar("S", bound=Settings)


class Preferences(Settings):
    """Only what was changed; everything else is the profile's."""

    rate_wpm: int | None = Field(default=None, ge=120, le=600)
    volume: float | None = Field(default=None, ge=0, le=1)
    units: Units | None = None
    directions: Directions | None = None
    verbosity: Verbosity | None = None
    introduced: bool = False

    def guidance(self, profile: GuidanceSettings) -> GuidanceSettings:
        """The profile's guidance with what was changed."""
        return self._over(profile)

    def speech(self, profile: SpeechSettings) -> SpeechSettings:
        """The profile's speech with what was changed."""
        return self._over(profile)

    def _over(self, profile: S) -> S:
        changed = {k: v for k, v in self.model_dump().items() if v is not None and k in type(profile).model_fields}
        return profile.model_copy(update=changed)


def preferences_file() -> Path:
    """Where it lies unless the profile says otherwise (XDG Base Directory Specification 0.8)."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "edge-nav" / "settings.yaml"


def read_preferences(path: Path) -> Preferences:
    """Those in the file, or none yet. Raises UsageError for a file that is not one of ours: it is never overwritten."""
    try:
        data = parse_yaml(path.read_text(encoding="utf-8"))
        return Preferences.model_validate(data or {})
    except FileNotFoundError:
        return Preferences()
    except OSError as e:
        raise UsageError(f"kept settings {path} cannot be read ({e.strerror}): mend its permissions.") from e
    except ValueError as e:  # no text, no YAML, or not these settings
        raise UsageError(f"kept settings {path} are damaged: mend the file, or remove it to begin anew.") from e


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Replace the file in one step: a power cut leaves the old or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(preferences.model_dump(exclude_none=True), sort_keys=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("# Changed by voice; edit or remove while Edge Nav is not running.\n" + text, encoding="utf-8")
    fresh.replace(path)
