"""What stands about a walker, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from edge_nav.sim.raycast import Pose
from edge_nav.types import Band

EDGE = -1

Polar = tuple[int, float]
"""Bearing in whole degrees, 0 ahead and positive right; horizontal distance in metres."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing, part of the building, or edge of the ground, as the walker has it.

    ``number`` is the thing's, 0 for parts of the building, EDGE for edges that fall away. ``distance_m`` is that of the
    nearest point, ``corridor_m`` that of the nearest part in the 0.8 m corridor ahead, None if none reaches in.
    Heights are above the floor where the walker stands; an edge's ``low_m`` is minus its depth.
    """

    kind: str
    number: int
    band: Band
    low_m: float
    high_m: float
    distance_m: float
    corridor_m: float | None
    points: tuple[Polar, ...]


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """All that stands within 6.5 m ahead and beside at a time, seconds since the walk began; hidden things, too."""

    t: float
    pose: Pose
    standing: tuple[Standing, ...]
