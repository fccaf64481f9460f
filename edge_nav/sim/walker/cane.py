"""What a long cane finds: what stands on the ground within its sweep, and where the ground ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_nav.sim.shapes import World
from edge_nav.sim.walker.body import DROP_M, RADIUS_M, Body

LENGTH_M = 1.0
"""It reaches this far before the body."""
HALF_SWEEP_M = 0.4
SWEEP_S = 0.25
"""From one side to the other."""
SHAFT_M = ((RADIUS_M + HALF_SWEEP_M, 0.5), (RADIUS_M + LENGTH_M - HALF_SWEEP_M, 0.3))
"""So far before the body's middle its shaft meets what comes down to this height: it slopes from the hand to the
ground."""


@dataclass(frozen=True, slots=True)
class Touch:
    """``drop``: the tip found no ground. ``free``: on which side it finds nothing, -1 left, 1 right, 0 neither."""

    drop: bool
    free: int


def sweep(world: World, body: Body) -> Touch | None:
    """One sweep: None where the way is free as far as a cane can tell.

    Its tip slides over the ground, so it finds whatever reaches down to the knee, and nothing that hangs above.
    """
    found = _found(world, body, 0.0)
    if found is None:
        return None
    sides = [side for side in (-1, 1) if _found(world, body, side * 2 * HALF_SWEEP_M) is None]
    return Touch(found == "drop", sides[0] if len(sides) == 1 else 0)


def _found(world: World, body: Body, aside_m: float) -> str | None:
    a = math.radians(body.heading_deg)
    ahead, right = (math.sin(a), math.cos(a)), (math.cos(a), -math.sin(a))

    def place(forward: float, side: float) -> tuple[float, float]:
        return (
            body.x + forward * ahead[0] + side * right[0],
            body.y + forward * ahead[1] + side * right[1],
        )

    for side in (-0.25, 0.0, 0.25):
        for forward in (0.45, 0.8, RADIUS_M + LENGTH_M):
            x, y = place(forward, aside_m + side)
            under = body.around.ground(x, y, body.floor_m + 0.35)
            if math.isnan(under) or body.floor_m - under >= DROP_M:
                return "drop"
    for forward, height_m in SHAFT_M:
        x, y = place(forward, aside_m)
        if body.around.stands(world, x, y, HALF_SWEEP_M, body.floor_m, height_m):
            return "thing"
    return None
