"""What a long cane finds, and a raised forearm: what stands on the ground, where the ground ends, what hangs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from edge_nav.sim.shapes import World
from edge_nav.sim.walker.body import DROP_M, HAND_M, RADIUS_M, Body, Bump
from edge_nav.sim.walker.touch import TALL_M

SWEEP_S = 0.25
"""From one side to the other."""
SHAFT_HIGH_M = (0.5, 0.3)
"""The shaft meets what comes down to the first height within a sweep's width before the body, and to the second up to
the tip: it slopes down from the hand. Held short, all of it is within a sweep's width."""
FOREARM_M, FOREARM_ASIDE_M, FOREARM_HIGH_M = 0.45, (0.0, -0.2, 0.2), (1.2, TALL_M)
"""So far before the body's middle and to its sides, between these heights, an arm is held across the chest and the face
(the upper hand and forearm technique that walkers are taught)."""


class Grip(NamedTuple):
    """How far a cane reaches before the body, and how far it sweeps to either side."""

    length_m: float
    half_m: float


LONG, SHORT = Grip(1.0, 0.4), Grip(0.6, 0.3)
"""On the way; and held short, as one does in crowded places and doors, swept hardly wider than oneself."""


@dataclass(frozen=True, slots=True)
class Touch:
    """``drop``: the tip found no ground. ``free``: on which side it finds nothing, -1 left, 1 right, 0 neither.
    ``bearing_deg`` and ``away_m``: where it was found, degrees from ahead, and from the body's middle.
    """

    drop: bool
    free: int
    bearing_deg: float = 0.0
    away_m: float = RADIUS_M + LONG.length_m


def sweep(world: World, body: Body, grip: Grip = LONG) -> Touch | None:
    """One sweep: None where the way is free as far as a cane can tell.

    Its tip slides over the ground and its shaft slopes up from there, so it finds whatever reaches down to the knee,
    and nothing that hangs above.
    """
    found = _found(world, body, 0.0, grip)
    if found is None:
        return None
    sides = [side for side in (-1, 1) if _found(world, body, side * 2 * grip.half_m, grip) is None]
    free = sides[0] if len(sides) == 1 else 0
    return Touch(found.drop, free, math.degrees(math.atan2(found.side, found.forward)), math.hypot(*found[1:]))


class _Found(NamedTuple):
    drop: bool
    forward: float
    side: float


def _found(world: World, body: Body, aside_m: float, grip: Grip) -> _Found | None:
    for side in (-0.25, 0.0, 0.25):
        for forward in (0.45, 0.8, RADIUS_M + grip.length_m):
            x, y = _place(body, forward, aside_m + side)
            under = body.around.ground(x, y, body.floor_m + 0.35)
            if math.isnan(under) or body.floor_m - under >= DROP_M:
                return _Found(True, forward, aside_m + side)
    ahead = RADIUS_M + grip.half_m, RADIUS_M + grip.length_m - grip.half_m
    for forward, high_m in zip(ahead, SHAFT_HIGH_M, strict=True):
        x, y = _place(body, forward, aside_m)
        if body.around.meets(world, x, y, grip.half_m, body.floor_m, (0.0, high_m)):
            return _Found(False, forward, aside_m)
    return None


def forearm(world: World, body: Body) -> Bump | None:
    """What an arm that is held up before the face meets, and how far along it a hand then finds it."""
    for side in FOREARM_ASIDE_M:
        x, y = _place(body, FOREARM_M, side)
        met = body.around.meets(world, x, y, HAND_M, body.floor_m, FOREARM_HIGH_M)
        if met:
            return Bump(math.degrees(math.atan2(side, FOREARM_M)), "head", body.along(world, body.x, body.y, met[0]))
    return None


def _place(body: Body, forward: float, side: float) -> tuple[float, float]:
    a = math.radians(body.heading_deg)
    return (
        body.x + forward * math.sin(a) + side * math.cos(a),
        body.y + forward * math.cos(a) - side * math.sin(a),
    )
