"""The profile of one walk: what its file says, with what the command line changes."""

from __future__ import annotations

from pathlib import Path

from edge_nav.config import Profile, load_profile
from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.errors import UsageError
from edge_nav.listening.microphone import DeviceMicrophoneSettings, NoMicrophoneSettings, WavMicrophoneSettings
from edge_nav.listening.recogniser_settings import AutoSettings, TextSettings
from edge_nav.sources.spec import parse_source
from edge_nav.speech.none import NoneOutputSettings
from edge_nav.walk.options import WalkOptions

WALK_BUNDLE, WALK_CAMERA_M, WALK_CALLOUTS = "nano", 1.4, 15
"""What the walk that comes along is walked with, unless the profile says otherwise: its camera is known, and it has as
many hazards in a minute as others in ten.
"""


def profile_of(options: WalkOptions) -> Profile:
    """The profile with the command line's changes."""
    profile = load_profile(options.config)
    changes: dict[str, object] = {}
    if options.source is not None:
        changes["source"] = parse_source(options.source, profile.source)
    if options.bundle is not None:
        changes["bundle"] = options.bundle
    if options.mic is not None:
        changes["dialogue"] = parse_mic(options.mic, profile.dialogue)
    if options.headless:
        changes["speech"] = profile.speech.model_copy(update={"output": NoneOutputSettings()})
    profile = profile.model_copy(update=changes)
    return _for_the_walk(profile) if profile.source.type == "walk" else profile


def parse_mic(spec: str, settings: DialogueSettings) -> DialogueSettings:
    """The settings with ``--mic SPEC``. Raises UsageError for an unknown one."""
    kind, _, rest = spec.partition(":")
    if kind == "text" and not rest:
        return settings.model_copy(update={"microphone": NoMicrophoneSettings(), "recogniser": TextSettings()})
    if kind == "none" and not rest:
        return settings.model_copy(update={"microphone": NoMicrophoneSettings()})
    if settings.recogniser.type == "text":  # a microphone was asked for, so its sound is to be recognised
        settings = settings.model_copy(update={"recogniser": AutoSettings()})
    if kind == "device":
        name = int(rest) if rest.isdecimal() else rest or None
        return settings.model_copy(update={"microphone": DeviceMicrophoneSettings(name=name)})
    if kind == "wav" and rest:
        return settings.model_copy(update={"microphone": WavMicrophoneSettings(path=Path(rest))})
    raise UsageError(f"--mic = {spec!r} is unknown: give device, device:NAME, wav:FILE, text or none.")


def _for_the_walk(profile: Profile) -> Profile:
    """The walk that comes along is pictures alone: it takes a model, and the height of its camera; and more words."""
    height = profile.perception.camera_height_m or WALK_CAMERA_M
    changes: dict[str, object] = {
        "bundle": profile.bundle or WALK_BUNDLE,
        "perception": profile.perception.model_copy(update={"camera_height_m": height}),
    }
    if "max_callouts_per_minute" not in profile.guidance.model_fields_set:
        changes["guidance"] = profile.guidance.model_copy(update={"max_callouts_per_minute": WALK_CALLOUTS})
    return profile.model_copy(update=changes)
