"""One camera for all: a picture does not tell its focal length, so the network gives the depth of a canonical camera.

A thing of a given size covers pixels in proportion to focal length / depth. The network sees pixels, so what it can
tell is depth / focal length; multiplied by a fixed focal length this is the canonical depth, and depth = canonical
depth * f / f_canonical (the label transformation of Yin et al., Metric3D, ICCV 2023, CSTM-label).
"""

from __future__ import annotations

import math

from edge_nav.types import Intrinsics

CANONICAL_FOCAL_WIDTHS = 200 / 256
"""As a multiple of the width of the network's input: 200 pixels of 256, a field of view of 65 degrees. Not a number of
pixels, so that what is learnt from smaller pictures holds for larger ones."""


def canonical_focal_px(width: int) -> float:
    """The canonical focal length in pixels of an input of this width."""
    return CANONICAL_FOCAL_WIDTHS * width


def focal(camera: Intrinsics) -> float:
    """One focal length for both axes, pixels: their geometric mean."""
    return math.sqrt(camera.fx * camera.fy)


def to_canonical(camera: Intrinsics) -> float:
    """What metres are multiplied by to become canonical metres, for a camera in pixels of the network's input."""
    return canonical_focal_px(camera.width) / focal(camera)
