"""Errors that reach a person: each message is one sentence with the thing, the value and the remedy."""

from __future__ import annotations


class EdgeNavError(Exception):
    """Anything Edge Nav raises on purpose."""


class UsageError(EdgeNavError):
    """Bad usage, configuration or input; the program exits with code 2."""


class SourceFault(EdgeNavError):
    """A camera or recording failed while running; reading again tries to mend it."""


class DepthFault(EdgeNavError):
    """The depth of one frame could not be measured."""


class SpeechFault(EdgeNavError):
    """Text-to-speech or the audio device does not work; the walk goes on without it."""
