"""Where a walk's results go besides the voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_nav.record.log import GuidanceLog
from edge_nav.record.overlay import OverlayWriter
from edge_nav.record.session import SessionRecorder
from edge_nav.types import Callout, Fault


class WalkProgress(Protocol):
    """Told of every frame and callout, for a screen; speech and log do not depend on it."""

    def frame(self, index: int) -> None: ...
    def callout(self, callout: Callout) -> None: ...
    def fault(self, fault: Fault) -> None: ...


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files and the screen; None where not asked for."""

    log: GuidanceLog | None = None
    recorder: SessionRecorder | None = None
    overlay: OverlayWriter | None = None
    progress: WalkProgress | None = None
