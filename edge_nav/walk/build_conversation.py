"""Puts the questions' side of a walk together: preferences, microphone, recogniser, buttons, picture model."""

from __future__ import annotations

import sys
from pathlib import Path

from edge_nav.bundle import FOLDER, Manifest, open_bundle
from edge_nav.config import Profile
from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.dialogue.intents import intent_table
from edge_nav.dialogue.preferences import preferences_file, read_preferences
from edge_nav.errors import SpeechFault, UsageError
from edge_nav.listening.button import InputDevice, Presses, SpaceKey
from edge_nav.listening.ears import Ears
from edge_nav.listening.grammar import Vocabulary
from edge_nav.listening.microphone import (
    DeviceMicrophone,
    DeviceMicrophoneSettings,
    Microphone,
    WavMicrophone,
    WavMicrophoneSettings,
    open_stream,
)
from edge_nav.listening.typed import TypedQuestions
from edge_nav.listening.worker import RecogniserProcess
from edge_nav.types import Closable, Fault, Language, PictureModel
from edge_nav.vlm.background_vlm import BackgroundVlm
from edge_nav.walk.conversation import Acceptance, Conversation


def with_preferences(profile: Profile) -> tuple[Profile, Dialogue | None]:
    """The profile with what was changed by voice in earlier walks; and the dialogue, where questions are on."""
    if not profile.dialogue.on:
        return profile, None
    preferences = read_preferences(_preferences_path(profile.dialogue))
    dialogue = Dialogue(profile.guidance, profile.speech, preferences)
    return profile.model_copy(update={"guidance": dialogue.guidance, "speech": dialogue.speech}), dialogue


def open_picture_model(profile: Profile) -> tuple[BackgroundVlm | None, Fault | None]:
    """What looks at pictures, loading in the background; and a fault where the walk's own bundle could, but llama.cpp
    is missing. None where there is no such bundle, or no questions. Raises UsageError where one was asked for by name.
    """
    settings = profile.dialogue.vlm
    name = settings.bundle or profile.bundle
    if name is None or not profile.dialogue.on:
        return None, None
    folder = Path(name) if Path(name).is_dir() else FOLDER / name
    try:  # without its hashes, which take long for a large model: they are checked while it is loaded
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = open_bundle(name).manifest  # says what is wrong with it
    if manifest.vision is None or manifest.llm is None:
        if settings.bundle is None:
            return None, None
        raise UsageError(
            f"dialogue.vlm.bundle = {name!r} cannot look at pictures: give a bundle with a vision tower and a language "
            "model."
        )
    try:
        return BackgroundVlm(name, settings), None
    except UsageError as e:
        if settings.bundle is not None:
            raise
        return None, Fault("answers", str(e).rstrip("."))


def open_conversation(
    settings: DialogueSettings, dialogue: Dialogue, picture_model: PictureModel | None = None
) -> tuple[Conversation, Fault | None]:
    """The conversation; and a fault where questions cannot be heard, which does not end the walk."""
    presses = Presses()
    backend = settings.backend
    typed = TypedQuestions() if backend is None else None
    needed = 1.0 if backend is None else backend.needed
    wake = tuple((settings.wake_phrase or "").lower().split())
    conversation = Conversation(
        dialogue,
        _preferences_path(settings),
        Acceptance(needed, wake),
        typed=typed,
        presses=None if typed else presses,
        picture_model=picture_model,
    )
    if backend is None or settings.microphone.type == "none":
        return conversation, None
    try:
        microphone = _open_microphone(settings, conversation)
    except SpeechFault as e:
        return conversation, Fault("microphone", str(e))
    recogniser = RecogniserProcess(
        backend, vocabulary(dialogue.guidance.language, settings.wake_phrase), dialogue.guidance.language
    )
    ears = Ears(microphone, recogniser, presses, settings.trigger, deaf=settings.deaf_while_speaking)
    try:
        buttons = _buttons(settings, presses)
    except SpeechFault as e:
        conversation.hear_with(ears)
        return conversation, Fault("button", str(e))
    conversation.hear_with(ears, *buttons)
    return conversation, None


def vocabulary(language: Language, wake_phrase: str | None) -> Vocabulary:
    """What a recogniser of known sentences listens for: the intents' core phrases, with and without the wake phrase."""
    table = intent_table(language)
    phrases = [phrase for intent in table.intents.values() for phrase in intent.core]
    if wake_phrase:
        phrases += [f"{wake_phrase.lower()} {phrase}" for phrase in phrases]
    return Vocabulary(tuple(phrases), tuple(names[0] for names in table.things.values()))


def _open_microphone(settings: DialogueSettings, conversation: Conversation) -> Microphone:
    if isinstance(settings.microphone, WavMicrophoneSettings):
        return WavMicrophone(settings.microphone, conversation.own_voice)
    if isinstance(settings.microphone, DeviceMicrophoneSettings):
        return DeviceMicrophone(open_stream(settings.microphone), conversation.own_voice)
    raise SpeechFault("questions are not heard: set dialogue.microphone")


def _buttons(settings: DialogueSettings, presses: Presses) -> list[Closable]:
    buttons: list[Closable] = []
    if settings.button is not None:
        buttons.append(InputDevice(settings.button, presses))
    if sys.stdin is not None and sys.stdin.isatty():
        buttons.append(SpaceKey(presses))
    return buttons


def _preferences_path(settings: DialogueSettings) -> Path:
    return settings.kept or preferences_file()
