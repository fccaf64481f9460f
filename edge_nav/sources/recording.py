"""What all recordings made of single pictures share: order, time from the first frame, unusable frames counted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.types import Frame, Intrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture before it has a time: shapes and units as in Frame."""

    rgb: NDArray[np.uint8]
    intrinsics: Intrinsics
    depth_m: NDArray[np.float32] | None = None


class Recording(ABC):
    """Gives the usable ones of ``length`` positions in order; ``Frame.index`` is the position.

    ``frame_count`` counts every frame that the recording lists, so frames given + ``skipped`` reaches it at the end.
    Raises UsageError at once if no frame is usable. Reads nothing ahead but the first frame.
    """

    live = False

    def __init__(self, name: str, length: int, unlisted: int = 0) -> None:
        """``name`` opens the error's sentence; ``unlisted`` counts frames that already fell out as unusable."""
        self._length = length
        self._count = length + unlisted
        self._skipped = unlisted
        self._next = 0
        first = self._advance(self._load)
        if first is None:
            raise UsageError(
                f"{name} has no usable frame: all {self._count} are missing, truncated or damaged, record it again."
            )
        self._pending: tuple[int, Shot] | None = first
        self._start_s = self._time_s(first[0])
        self._intrinsics = first[1].intrinsics

    @abstractmethod
    def _load(self, position: int) -> Shot | None:
        """The picture at a position, None if unusable; UsageError if it contradicts the recording's calibration."""

    @abstractmethod
    def _time_s(self, position: int) -> float:
        """The recording's own time of a position in seconds."""

    @property
    def intrinsics(self) -> Intrinsics:
        return self._intrinsics

    @property
    def frame_count(self) -> int:
        return self._count

    @property
    def skipped(self) -> int:
        return self._skipped

    def read(self) -> Frame | None:
        found, self._pending = self._pending or self._advance(self._load_tolerantly), None
        if found is None:
            return None
        position, shot = found
        return Frame(position, self._time_s(position) - self._start_s, shot.rgb, shot.intrinsics, shot.depth_m)

    def close(self) -> None:
        self._pending, self._next = None, self._length

    def _advance(self, load: Callable[[int], Shot | None]) -> tuple[int, Shot] | None:
        while self._next < self._length:
            position, self._next = self._next, self._next + 1
            shot = load(position)
            if shot is not None:
                return position, shot
            self._skipped += 1
        return None

    def _load_tolerantly(self, position: int) -> Shot | None:
        # A contradiction in the first frame is the recording's; in a later one it is that frame's.
        try:
            return self._load(position)
        except UsageError:
            return None
