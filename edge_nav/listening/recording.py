"""A question from a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_nav.errors import SpeechFault, UsageError
from edge_nav.listening.grammar import Vocabulary
from edge_nav.listening.microphone import WavMicrophone, WavMicrophoneSettings
from edge_nav.listening.recogniser_settings import BackendSettings
from edge_nav.listening.sound import SoundSamples
from edge_nav.listening.utterances import UtteranceEnded, Utterances
from edge_nav.listening.voice_activity import VoiceActivity
from edge_nav.listening.worker import open_recogniser
from edge_nav.types import Language

NEEDED = 0.08
"""A weak match is enough: whoever gives a recording asks something in it."""
ALL_S = 1e6


def question_of(path: Path, backend: BackendSettings | None, vocabulary: Vocabulary, language: Language) -> str:
    """The words of a WAV file. Raises UsageError where there are none, or where questions are typed: no ``backend``."""
    whole = [block.sound for block in WavMicrophone(WavMicrophoneSettings(path=path), lambda: False).take(ALL_S)]
    if backend is None:
        raise UsageError("--audio: dialogue.recogniser is text, so nothing is recognised: set it to auto.")
    try:
        recogniser = open_recogniser(backend, vocabulary, language)
    except SpeechFault as e:
        raise UsageError(f"--audio: {e}.") from e
    words = []
    for sound, speech_s in _utterances(whole):
        found = recogniser.recognise(sound, speech_s)
        if found.confidence >= NEEDED and found.whole:
            words.append(found.text)
    if not words:
        more = " or have Whisper recognise any: pip install 'edge-nav[whisper]'" if backend.type != "whisper" else ""
        raise UsageError(f"--audio {path}: no question was recognised in it: give it as text{more}.")
    return " ".join(words)


def _utterances(blocks: list[SoundSamples]) -> list[tuple[SoundSamples, float]]:
    """Each utterance with its length in seconds from the first word to the last, cut as the walk would cut it."""
    activity, cutter = VoiceActivity(), Utterances("hands_free")
    found: list[tuple[SoundSamples, float]] = []
    parts: list[SoundSamples] = []
    for block in blocks:
        for event in cutter.block(block, activity.probability(block)):
            if not isinstance(event, UtteranceEnded):
                parts.append(event.sound)
                continue
            if event.why == "said":
                found.append((np.concatenate(parts), event.speech_s))
            parts = []
    return found
