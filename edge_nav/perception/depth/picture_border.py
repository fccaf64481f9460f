"""Columns and rows at the picture's border that a depth camera fills with nonsense, as if something stood there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import DepthMap

NEAR_M = 0.5
"""Nearer than anyone lets a thing come that reaches from the picture's one end to the other."""
WHOLE, WIDEST = 0.9, 0.08
"""Of the border's length that is so near; and the share of the picture that such a strip takes up at most: wider,
it is a thing."""
STEP, MORE = 4, 2
"""Every so many pixels along the border are asked; and so many more than the strip are left out."""


def without_false_borders(depth: DepthMap) -> DepthMap:
    """The depth map without strips of nonsense on the left, on the right and above; the one that was given where there
    are none. Below, it is the walker's own body that is so near.
    """
    there = depth.depth_m
    left, right, above = _strip(there), _strip(there[:, ::-1]), _strip(there.T)
    if not (left or right or above):
        return depth
    cleared = there.copy()
    cleared[:, :left] = np.nan
    cleared[:, there.shape[1] - right :] = np.nan
    cleared[:above] = np.nan
    return replace(depth, depth_m=cleared)


def _strip(depth: NDArray[np.float32]) -> int:
    """How many columns to leave out on the left."""
    widest = int(WIDEST * depth.shape[1])
    near = (depth[::STEP, : widest + 1] < NEAR_M).mean(axis=0) >= WHOLE
    width = int(np.argmin(np.append(near, False)))
    return width + MORE if 0 < width <= widest else 0
