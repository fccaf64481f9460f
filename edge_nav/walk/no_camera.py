"""A camera that is not there at the start: whoever starts without seeing the screen must hear it."""

from __future__ import annotations

import time
from pathlib import Path

from edge_nav import __version__
from edge_nav.config import Profile
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.record import records
from edge_nav.record.log import GuidanceLog
from edge_nav.sources.spec import source_name
from edge_nav.speech.voice import open_voice
from edge_nav.types import Fault


def announce_no_camera(profile: Profile, log_path: Path | None, fault: Fault) -> None:
    """Say it, and write it to the log."""
    if log_path is not None:
        log = GuidanceLog(log_path)
        log.write(
            records.session_record(
                version=__version__,
                bundle=profile.bundle,
                source=source_name(profile.source),
                intrinsics=None,
                config_sha256=profile.sha256(),
            )
        )
        log.write(records.fault_record(fault, 0.0))
        log.close()
    began = time.monotonic()

    def now() -> float:
        return time.monotonic() - began

    def nothing(_: object) -> None:
        return None

    voice = open_voice(
        profile.speech,
        language=profile.guidance.language,
        is_current=lambda _: True,
        now=now,
        on_fate=nothing,
        on_fault=nothing,
    )
    for callout in GuidancePolicy(profile.guidance).fault(fault, 0.0):
        voice.say(callout, now())
    voice.close(now())
