"""A profile: everything about one walk that can be set, from a YAML file, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, Field, ValidationError

from edge_nav.base_settings import Settings
from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.errors import UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.perception.depth.backends import DepthBackend
from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.health import HealthSettings
from edge_nav.sources.spec import SourceSettings
from edge_nav.sources.walk import WalkSourceSettings
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.yaml_text import NotYaml, parse_yaml


class Profile(Settings):
    """One walk's settings."""

    source: SourceSettings = Field(default_factory=WalkSourceSettings, description="Where frames come from.")
    bundle: str | None = Field(
        default=None, description="Model bundle, a folder or a name; null where the source measures depth itself."
    )
    depth: DepthBackend = Field(default_factory=OnnxDepthSettings, description="What runs the bundle's depth model.")
    health: HealthSettings = Field(
        default_factory=HealthSettings, description="When a picture counts as frozen, dark, dazzled or covered."
    )
    perception: PerceptionSettings = Field(
        default_factory=PerceptionSettings, description="The walker's and the camera's geometry."
    )
    guidance: GuidanceSettings = Field(default_factory=GuidanceSettings, description="Words, units, how much is said.")
    speech: SpeechSettings = Field(default_factory=SpeechSettings, description="Voice, earcons and audio output.")
    dialogue: DialogueSettings = Field(
        default_factory=DialogueSettings, description="How questions are heard, and what is kept of them."
    )

    def sha256(self) -> str:
        """Of the settings' canonical JSON: two walks with the same figure ran with the same settings."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def load_profile(path: Path | None) -> Profile:
    """Read a profile; without a path, the defaults. Raises UsageError with name, value and allowed range."""
    if path is None:
        return Profile()
    try:
        data = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise UsageError(f"profile {path} cannot be read ({e.strerror}): give --config a YAML file.") from e
    except UnicodeDecodeError as e:
        raise UsageError(f"profile {path} is not UTF-8 text: mend it or start from one in configs/.") from e
    except NotYaml as e:
        raise UsageError(f"profile {path} is not YAML{e.where} ({e}): mend it or start from one in configs/.") from e
    if data is not None and not isinstance(data, dict):
        raise UsageError(f"profile {path} holds a {type(data).__name__}: its top level must be names and values.")
    return parse_profile(data or {}, str(path))


def parse_profile(data: dict[str, Any], name: str) -> Profile:
    """Check a profile's values."""
    try:
        return Profile.model_validate(data)
    except ValidationError as e:
        raise UsageError(f"profile {name}: " + "; ".join(_sentence(error) for error in e.errors()[:3]) + ".") from e


def _sentence(error: Any) -> str:
    """pydantic's finding as name, value, and what is allowed."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting; remove it or look it up in docs/configuration.md"
    message = str(error["msg"])
    allowed = _allowed(error["loc"])
    return f"{where} = {error['input']!r} is not allowed: {allowed or message[0].lower() + message[1:]}"


def _allowed(loc: tuple[object, ...]) -> str:
    """Both bounds of the number at a place in the profile; empty where it is none."""
    model: Any = Profile
    bounds: dict[str, float] = {}
    for part in loc:
        found = [m for m in _models(model) if part in m.model_fields]
        if not found:
            continue  # the name of a choice, such as "camera"
        field = found[0].model_fields[str(part)]
        bounds = {k: getattr(m, k) for m in field.metadata for k in ("ge", "le", "gt", "lt") if hasattr(m, k)}
        model = field.annotation
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    return f"give {low:g} to {high:g}" if low is not None and high is not None else ""


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
