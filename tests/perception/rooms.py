"""A room to walk through, and detections, for tests of odometry, of what is remembered and of what is followed."""

from __future__ import annotations

import numpy as np

from edge_nav.perception.detection import Detection
from edge_nav.perception.rays import FloorAxes, ground_from_angles
from edge_nav.sources.raycast_renderer import Box, box, floor_levels
from edge_nav.types import Intrinsics

CAMERA = Intrinsics.from_fov(240, 180, 90.0)
HEIGHT_M, PITCH_DEG = 1.4, 20.0
FLOOR = floor_levels((-20.0, 0.0), width_m=60.0, until_m=60.0)
ROOM = [
    *FLOOR,
    Box((-3, -6, -1), (-2.8, 9, 2.8), tiled=True),
    Box((2.8, -6, -1), (3, 9, 2.8), tiled=True),
    Box((-3, 7, -1), (3, 7.2, 2.8), tiled=True),
    box(-1.2, 3.0, 0, 0.5, 0.5, 0.9),
    box(1.5, 4.2, 0, 0.8, 0.4, 1.6),
]
AXES = FloorAxes.of(ground_from_angles(HEIGHT_M, PITCH_DEG))

Way = list[tuple[float, float, float]]
"""Right, forward and heading in degrees, ten times a second."""


def detection(distance_m: float, **changes: object) -> Detection:
    values = {
        "distance_m": distance_m, "bearing_deg": 0.0, "x_m": 0.0, "forward_m": distance_m, "left_m": -0.2,
        "right_m": 0.2, "low_m": 0.1, "high_m": 0.3, "band": "ground", "in_corridor": True, "confidence": 0.9,
        "places": np.array([[x, distance_m] for x in (-0.1, 0.0, 0.1)]),
    }  # fmt: skip
    return Detection(**{**values, **changes})  # type: ignore[arg-type]
