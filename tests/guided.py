"""Scenes and walks for tests of what is said."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.types import Callout, Ground, Obstacle, Scene

FLOOR = Ground((0.0, -1.0, 0.0), 1.4, 0.4)


def thing(distance_m: float, bearing_deg: float = 0.0, **changes: object) -> Obstacle:
    x = distance_m * math.sin(math.radians(bearing_deg))
    base = Obstacle(
        distance_m, bearing_deg, x, x - 0.2, x + 0.2, 0.1, 1.6, "body", abs(x) < 0.4, 0.9, id=1, seen_frames=5
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def scene(t: float, *obstacles: Obstacle, **changes: object) -> Scene:
    clearance = min((o.distance_m for o in obstacles if o.in_corridor), default=5.0)
    return replace(Scene(int(t * 10), t, obstacles, FLOOR, clearance, 0.0), **changes)  # type: ignore[arg-type]


def walk(policy: GuidancePolicy, scenes: list[Scene]) -> list[Callout]:
    return [c for s in scenes for c in policy.update(s)]


def times(start: float, stop: float) -> list[float]:
    return [start + 0.1 * n for n in range(round((stop - start) * 10))]
