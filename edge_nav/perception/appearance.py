"""What a thing is, and how far its distance can be trusted, where the depth network tells both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.voxels import BODY_LAYER, LOWEST_M, STEP_M
from edge_nav.types import DepthMap

FLOOR, LOWER = "floor", "lower_floor"
"""The floor, and ground to walk on that is a step or more lower than where the walker stands."""
NOT_THINGS = frozenset({"sky", FLOOR, LOWER, "ceiling", "stairs", "kerb", "object"})
"""Labels that name no thing to speak of: the ground is geometry's, and "object" says no more than "obstacle"."""
WAVY_M = LOWEST_M + STEP_M * BODY_LAYER
"""A low obstacle's greatest height, metres: of what is higher the network's word for it proves nothing."""
WAVY_DOWN_M, LOWER_M = 0.3, 0.12
"""So much lower a floor may seem and be level; so much lower at least is what is called lower: a low kerb's height."""
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


def settle(height: NDArray[np.float32], depth: DepthMap) -> None:
    """Put what the network itself calls floor level, and what it calls lower ground below the floor, in place.
    ``height`` is each pixel's above the floor [H, W], metres.

    A network's depth of an even floor is off by more than a kerb is high, where its labels are right. What is higher
    than a low obstacle, or deeper than `WAVY_DOWN_M`, is measured whatever it is called. Labels that know no lower
    ground cannot tell it from the floor: then nothing is raised.
    """
    if depth.label is None or FLOOR not in depth.label_names:
        return
    floor = depth.label == depth.label_names.index(FLOOR)
    if LOWER not in depth.label_names:
        np.minimum(height, 0.0, out=height, where=floor & (height < WAVY_M))
        return
    lower = depth.label == depth.label_names.index(LOWER)
    height[floor & (height < WAVY_M) & (height > -WAVY_DOWN_M)] = 0.0
    np.minimum(height, -LOWER_M, out=height, where=lower & (height < WAVY_M))


def underfoot(depth: DepthMap) -> DepthMap:
    """Without the depth of what the network calls lower ground: the floor that one stands on is not to be fitted to the
    road beyond the kerb.
    """
    if depth.label is None or LOWER not in depth.label_names:
        return depth
    lower = depth.label == depth.label_names.index(LOWER)
    return replace(depth, depth_m=np.where(lower, np.float32(np.nan), depth.depth_m))


def names_of(depth: DepthMap) -> tuple[str, ...]:
    """The things that a depth map's network can name."""
    return tuple(name for name in depth.label_names if name not in NOT_THINGS)
