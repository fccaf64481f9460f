"""What is found in one frame, before it is followed from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.grid import BODY_LAYER, HEAD_LAYER, LOWEST_M, STEP_M
from edge_nav.perception.path.corridor import Corridor
from edge_nav.types import Band, MeasuredThing, Obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection(MeasuredThing):
    """A thing or an edge as one frame shows it, or as it is remembered."""

    forward_m: float
    """Of the nearest point, as ``x_m`` is its offset to the right."""
    places: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)), compare=False, repr=False)
    """Where its parts are [N, 2]: right and forward, metres."""
    spans: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)
    """Lowest and highest point of each of them [N, 2], metres above the floor; None where `low_m` and `high_m` tell."""

    cut_left: bool = False
    cut_right: bool = False
    """Whether it goes on out of the picture there: then that edge is the picture's."""

    def as_obstacle(self, number: int, closing_mps: float, seen_frames: int) -> Obstacle:
        """The thing as others know it, once it is followed."""
        measured = {f.name: getattr(self, f.name) for f in fields(MeasuredThing)}
        return Obstacle(**measured, id=number, closing_mps=closing_mps, seen_frames=seen_frames)


def band_of(low_m: float, high_m: float) -> Band:
    """By the heights of its lowest and highest voxel's border, metres above the floor; a drop's are below it."""
    if high_m < 0:
        return "drop"
    if low_m >= LOWEST_M + STEP_M * HEAD_LAYER - 1e-6:
        return "head"
    return "body" if high_m > LOWEST_M + STEP_M * BODY_LAYER + 1e-6 else "ground"


def along_the_bend(edge: Detection, corridor: Corridor) -> Detection:
    """An edge, which is told for a straight corridor, as it lies across a bent one."""
    if corridor.curvature_per_m == 0.0 or not len(edge.places):
        return edge
    away = np.hypot(*corridor.along(edge.places).T)
    inside = corridor.inside(edge.places)
    nearest = int(np.argmin(np.where(inside, away, away + 100.0)))
    x, forward = (float(v) for v in edge.places[nearest])
    return replace(
        edge,
        distance_m=float(np.median(away[inside])) if inside.any() else math.hypot(x, forward),
        bearing_deg=math.degrees(math.atan2(x, forward)),
        x_m=x,
        forward_m=forward,
        in_corridor=bool(inside.any()),
    )


def nearest_in_corridor(detections: list[Detection]) -> float | None:
    """Distance of the nearest thing in the corridor, metres; None where there is none."""
    return min((d.distance_m for d in detections if d.in_corridor), default=None)
