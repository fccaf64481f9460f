"""What a long cane finds, and a raised forearm: what stands on the ground, where the ground ends, what hangs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from edge_nav.lab.sim.shapes import World
from edge_nav.lab.walker.body import DROP_M, HAND_M, RADIUS_M, Body, Bump
from edge_nav.lab.walker.touch import TALL_M

SWEEP_S = 0.25
"""From one side to the other."""
NEAR_M, NEAR_HALF_M, NEAR_HIGH_M, TIP_HIGH_M = RADIUS_M + 0.1, 0.27, 0.5, 0.3
"""The shaft slopes down from the hand: so far before the body's middle and so wide it meets what comes down to the
first height, farther on what comes down to the second."""
FOREARM_M, FOREARM_ASIDE_M, FOREARM_HIGH_M = 0.45, (0.0, -0.18, 0.18), (1.2, TALL_M)
"""So far before the body's middle and to its sides, between these heights, an arm is held across the chest and the face
(the upper hand and forearm technique that walkers are taught)."""


class Grip(NamedTuple):
    """How far a cane reaches before the body, and how far it sweeps to either side."""

    length_m: float
    half_m: float


LONG, SHORT = Grip(1.0, 0.4), Grip(0.6, 0.27)
"""On the way; and held short, as one does in crowded places and doors, swept hardly wider than oneself."""


@dataclass(frozen=True, slots=True)
class Touch:
    """``drop``: the tip found no ground. ``free``: on which side it finds nothing, -1 left, 1 right, 0 neither.
    ``bearing_deg`` and ``away_m``: where it was found, degrees from ahead, and from the body's middle. ``near``: an
    edge, or met close before the body; else there is room to go up to it.
    """

    drop: bool
    free: int
    bearing_deg: float = 0.0
    away_m: float = RADIUS_M + LONG.length_m
    near: bool = True


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
    bearing = math.degrees(math.atan2(found.side, found.forward))
    away = math.hypot(found.forward, found.side)
    return Touch(found.drop, free, bearing, away, found.drop or found.forward <= NEAR_M)


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
    tip = RADIUS_M + grip.length_m - grip.half_m
    round_these = (
        (NEAR_M, NEAR_HALF_M, NEAR_HIGH_M),
        (RADIUS_M + grip.half_m, grip.half_m, TIP_HIGH_M),
        (tip, grip.half_m, TIP_HIGH_M),
    )
    for forward, half_m, high_m in round_these:
        x, y = _place(body, forward, aside_m)
        if body.around.meets(world, x, y, half_m, body.floor_m, (0.0, high_m)):
            return _Found(False, forward, aside_m)
    return None


def forearm(world: World, body: Body) -> Bump | None:
    """What an arm that is held up before the face meets, and how far along it a hand then finds it."""
    met: dict[float, int] = {}
    for side in FOREARM_ASIDE_M:
        x, y = _place(body, FOREARM_M, side)
        there = body.around.meets(world, x, y, HAND_M, body.floor_m, FOREARM_HIGH_M)
        met |= {side: there[0]} if there else {}
    if not met:
        return None
    instance = next(iter(met.values()))
    bearing = math.degrees(math.atan2(sum(met) / len(met), FOREARM_M))
    return Bump(bearing, "head", body.along(world, body.x, body.y, instance))


def _place(body: Body, forward: float, side: float) -> tuple[float, float]:
    a = math.radians(body.heading_deg)
    return (
        body.x + forward * math.sin(a) + side * math.cos(a),
        body.y + forward * math.cos(a) - side * math.sin(a),
    )
