"""What a long cane finds: what stands on the ground, and where the ground ends; nothing that hangs.

Frozen: figures of `bench walker` cannot be compared with older ones once this changes.
"""

from __future__ import annotations

import math

from edge_nav.lab.sim.shapes import World
from edge_nav.lab.walker.body import DROP_M, RADIUS_M, Body

SWEEP_S = 0.25
"""From one side to the other."""
REACH_M, HALF_M = RADIUS_M + 1.0, 0.3
"""From the body's middle to the tip, and to either side: an arc a little wider than the shoulders."""
SHAFT = ((0.35, 0.27, 0.5), (0.55, HALF_M, 0.3), (REACH_M - HALF_M, HALF_M, 0.3))
"""The shaft slopes down from the hand: so far before the body's middle, within such a radius, it meets what comes down
to such a height above the floor. All in metres."""


def sweep(world: World, body: Body) -> float | None:
    """One sweep: on which side something was found, degrees from ahead; None where the way is free."""
    for forward in (0.45, 0.8, REACH_M):
        for side in (-HALF_M, 0.0, HALF_M):
            under = body.around.ground(*body.place(forward, side), body.floor_m + 0.35)
            if math.isnan(under) or body.floor_m - under >= DROP_M:
                return 0.0
    for forward, half_m, high_m in SHAFT:
        if _meets(world, body, forward, 0.0, half_m, high_m):
            left, right = (_meets(world, body, forward, side, half_m, high_m) for side in (-half_m, half_m))
            return 0.0 if left == right else math.degrees(math.atan2(half_m if right else -half_m, forward))
    return None


def _meets(world: World, body: Body, forward_m: float, right_m: float, radius_m: float, high_m: float) -> bool:
    near = body.around.within(world, *body.place(forward_m, right_m), radius_m, body.floor_m)
    return any(o.low_m < high_m for o in near)
