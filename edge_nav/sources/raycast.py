"""A small walk drawn by ray casting, with exact depth; needs no model and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.sources import raycast_walk as walk
from edge_nav.types import Frame, Intrinsics


class RaycastSourceSettings(Settings):
    """A small walk drawn by ray casting, with exact depth."""

    type: Literal["raycast"] = "raycast"
    fps: float = Field(default=10.0, ge=1, le=30, description="Frames per second.")
    seconds: float = Field(default=walk.SECONDS, ge=0.1, le=walk.SECONDS, description="How much of it, in seconds.")
    seed: int = Field(default=1, ge=0, le=2**31, description="Seed of the sensor noise.")


class RaycastSource:
    """Thirty-six seconds through a corridor, round furniture, down a kerb and up to a flight of stairs."""

    live = False
    skipped = 0

    def __init__(self, settings: RaycastSourceSettings) -> None:
        self._settings = settings
        self._next = 0

    @property
    def intrinsics(self) -> Intrinsics:
        """Of a camera with a 70 degree field of view."""
        return walk.CAMERA

    @property
    def frame_count(self) -> int:
        """All frames of the walk."""
        return round(self._settings.seconds * self._settings.fps)

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        if self._next >= self.frame_count:
            return None
        index, self._next = self._next, self._next + 1
        t = index / self._settings.fps
        rgb, depth = walk.picture(t, self._settings.seed)
        return Frame(index, t, rgb, walk.CAMERA, depth)

    def close(self) -> None:
        """Nothing is open."""
