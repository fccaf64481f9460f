"""The floor by what a depth network calls it: where its labels are right, and its depth is off by more than a kerb."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.grid import BODY_LAYER, LOWEST_M, STEP_M
from edge_nav.types import DepthMap

FLOOR, LOWER = "floor", "lower_floor"
"""The floor, and ground to walk on that is a step or more lower than where the walker stands."""
WAVY_M = LOWEST_M + STEP_M * BODY_LAYER
"""A low obstacle's greatest height, metres: of what is higher the network's word for it proves nothing."""
WAVY_DOWN_M, LOWER_M = 0.3, 0.12
"""So much lower a floor may seem and be level; so much lower at least is what is called lower: a low kerb's height."""


def level_labelled_floor(height: NDArray[np.float32], depth: DepthMap) -> None:
    """Change ``height``, each pixel's above the floor [H, W] in metres: what the network itself calls floor becomes
    level, what it calls lower ground lies below it.

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


def names_lower_floor(depth: DepthMap) -> bool:
    """Whether the network has a name for lower ground."""
    return depth.label is not None and LOWER in depth.label_names


def without_lower_floor(depth: DepthMap) -> DepthMap:
    """The depth map without what the network calls lower ground: the floor that one stands on is not to be fitted to
    the road beyond the kerb.
    """
    if depth.label is None or not names_lower_floor(depth):
        return depth
    lower = depth.label == depth.label_names.index(LOWER)
    return replace(depth, depth_m=np.where(lower, np.float32(np.nan), depth.depth_m))
