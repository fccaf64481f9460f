"""What a thing is, and how far its distance can be trusted, where the depth network tells both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.floor.floor_labels import FLOOR, LOWER
from edge_nav.types import DepthMap

NOT_THINGS = frozenset({"sky", FLOOR, LOWER, "ceiling", "stairs", "kerb", "object"})
"""Labels that name no thing to speak of: the ground is geometry's, and "object" says no more than "obstacle"."""
MAJORITY = 0.5
"""A thing is named when this share of its pixels agrees."""


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """A depth map's confidence and labels, flat."""

    confidence: NDArray[np.float32] | None
    label: NDArray[np.uint8] | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, depth: DepthMap) -> Appearance:
        return cls(
            None if depth.confidence is None else depth.confidence.ravel(),
            None if depth.label is None else depth.label.ravel(),
            depth.label_names,
        )

    @property
    def known(self) -> bool:
        """Whether there is anything to tell."""
        return self.confidence is not None or self.label is not None

    def certainty(self, pixels: NDArray[np.intp]) -> float:
        """Of the distance of some pixels, 0..1; 1 where the network does not say."""
        if self.confidence is None or not len(pixels):
            return 1.0
        return float(np.median(self.confidence[pixels]))

    def name(self, pixels: NDArray[np.intp]) -> str | None:
        """What most of some pixels belong to; None where they disagree, or it is no thing."""
        if self.label is None or not len(pixels):
            return None
        votes = np.bincount(self.label[pixels], minlength=len(self.names))[: len(self.names)]
        best = int(votes.argmax())
        name = self.names[best]
        return name if votes[best] >= MAJORITY * len(pixels) and name not in NOT_THINGS else None


def names_of(depth: DepthMap) -> tuple[str, ...]:
    """The things that a depth map's network can name."""
    return tuple(name for name in depth.label_names if name not in NOT_THINGS)
