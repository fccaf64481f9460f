"""A body in a scene: where it stands, what it runs into, and where it falls.

Frozen: figures of `bench walker` cannot be compared with older ones once this changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_nav.lab.sim.gait import Gait, motion
from edge_nav.lab.sim.outlines import band_of
from edge_nav.lab.sim.shapes import World
from edge_nav.lab.walker.surroundings import Surroundings
from edge_nav.types import Band, Pose

RADIUS_M = 0.25
FOOT_M = 0.15
"""The leading foot is this far ahead of the body's middle: where it finds no floor, the walker falls."""
DROP_M, LEVEL_M = 0.10, 0.02
DEEP_M = 0.5
"""Who falls deeper does not walk on."""
STEP_UP_M = 0.25
LAND_M = 0.2
"""So far beyond the foot that found no floor they land."""
CAMERA_AHEAD_M = 0.12
FASTER_MPS2, SLOWER_MPS2 = 1.5, 3.0
"""A walker stops within a step."""
TURN_DPS, TURN_WALKING_DPS = 90.0, 45.0
SAME_S, SAME_M = 10.0, 1.0
"""Touching a thing again within this is the same collision."""
TUMBLE_S = 3.0
"""Who goes on falling, down a flight of stairs, falls once, and as deep as all of it."""


class Collision(NamedTuple):
    """A walker ran into something. ``instance`` 0 is the building."""

    t: float
    band: Band
    instance: int


class Fall(NamedTuple):
    """A walker stepped where the ground lies lower."""

    t: float
    depth_m: float


@dataclass(slots=True)
class Body:
    """Moves as it is told to, as far as the world lets it."""

    around: Surroundings
    x: float
    y: float
    heading_deg: float
    floor_m: float
    speed_mps: float = 0.0
    walked_m: float = 0.0
    collisions: list[Collision] = field(default_factory=list)
    falls: list[Fall] = field(default_factory=list)
    _touched: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    _fell_t: float = -math.inf
    _fell_from_m: float = -math.inf
    """Until they are as high again, they climb over steps: they know that there is one."""

    @property
    def down(self) -> bool:
        """Fell too deep to go on."""
        return any(f.depth_m > DEEP_M for f in self.falls)

    def place(self, forward_m: float, right_m: float = 0.0) -> tuple[float, float]:
        """A point before the body's middle, and to its right."""
        a = math.radians(self.heading_deg)
        return (
            self.x + forward_m * math.sin(a) + right_m * math.cos(a),
            self.y + forward_m * math.cos(a) - right_m * math.sin(a),
        )

    def camera(self, height_m: float, pitch_deg: float, gait: Gait) -> Pose:
        """The worn camera, with the bob and sway of walking."""
        bob, sway, pitch, roll, yaw = motion(gait, self.walked_m, min(1.0, abs(self.speed_mps) / 0.8))
        x, y = self.place(CAMERA_AHEAD_M, sway)
        return Pose(x, y, self.floor_m + height_m + bob, self.heading_deg + yaw, pitch_deg + pitch, roll)

    def step(self, world: World, t: float, seconds: float, speed_mps: float, heading_deg: float) -> float | None:
        """Move for a moment towards a speed (negative: backwards) and a heading; on which side something was run into,
        degrees from ahead, if anything was.
        """
        rate = SLOWER_MPS2 if abs(speed_mps) < abs(self.speed_mps) else FASTER_MPS2
        change = speed_mps - self.speed_mps
        self.speed_mps += math.copysign(min(abs(change), rate * seconds), change)
        limit = (TURN_DPS if abs(self.speed_mps) < 0.3 else TURN_WALKING_DPS) * seconds
        turn = (heading_deg - self.heading_deg + 180) % 360 - 180
        self.heading_deg = (self.heading_deg + max(-limit, min(limit, turn))) % 360
        way = self.speed_mps * seconds
        if abs(way) < 1e-6:
            return None
        x, y = self.place(way)
        hit = self._hit(world, x, y)
        if hit:
            return self._collide(world, t, hit, x, y)
        self.x, self.y, self.walked_m = x, y, self.walked_m + abs(way)
        self._tread(t, math.copysign(FOOT_M, way))
        return None

    def _touches(self, world: World, x: float, y: float, radius_m: float = RADIUS_M) -> dict[int, set[Band]]:
        """Instances within a radius, and the bands in which each is."""
        there: dict[int, set[Band]] = {}
        for o in self.around.within(world, x, y, radius_m, self.floor_m):
            there.setdefault(o.shape.instance, set()).add(band_of(o.low_m, o.high_m))
        return there

    def _hit(self, world: World, x: float, y: float) -> dict[int, set[Band]]:
        """What a step would newly touch; what is touched already (someone came too near) does not hold the walker."""
        there = self._touches(world, x, y)
        if there and self.floor_m < self._fell_from_m - LEVEL_M:
            ahead = self.around.ground(*_beyond(x, y, self.heading_deg, 0.3), self.floor_m + 0.6)
            if DROP_M - LEVEL_M <= ahead - self.floor_m <= STEP_UP_M:
                there = {n: bands for n, bands in there.items() if bands != {"ground"}}
        here = self._touches(world, self.x, self.y) if there else {}
        return {n: bands for n, bands in there.items() if n not in here}

    def _collide(self, world: World, t: float, hit: dict[int, set[Band]], x: float, y: float) -> float:
        bands = set().union(*hit.values())
        band: Band = "body" if "body" in bands else "head" if "head" in bands else "ground"
        instance = next(n for n in sorted(hit) if band in hit[n])
        last = self._touched.get(instance)
        if last is None or t - last[0] >= SAME_S or math.dist(last[1:], (x, y)) >= SAME_M:
            self.collisions.append(Collision(t, band, instance))
        self._touched[instance] = (t, x, y)
        self.speed_mps = 0.0
        # On which side it is: where a smaller body, a little further on, touches it.
        felt = [
            bearing
            for bearing in range(-75, 76, 15)
            if instance in self._touches(world, *_beyond(x, y, self.heading_deg + bearing, 0.2), 0.12)
        ]
        return sum(felt) / len(felt) if felt else 0.0

    def _tread(self, t: float, foot_m: float) -> None:
        """Put a foot down: on about the same floor, or into a hole."""
        under = self.around.ground(*self.place(foot_m), self.floor_m + STEP_UP_M + 0.1)
        depth = math.inf if math.isnan(under) else self.floor_m - under
        if depth < DROP_M - 1e-6:
            self.floor_m = under
            return
        if self.falls and t - self._fell_t < TUMBLE_S:
            first = self.falls.pop()
            self.falls.append(Fall(first.t, min(first.depth_m + depth, 20.0)))
        else:
            self._fell_from_m = max(self._fell_from_m, self.floor_m)
            self.falls.append(Fall(t, min(depth, 20.0)))
        self._fell_t = t
        if not math.isnan(under):
            self.x, self.y = self.place(foot_m + math.copysign(LAND_M, foot_m))
            self.floor_m, self.speed_mps = under, 0.0


def _beyond(x: float, y: float, heading_deg: float, metres: float) -> tuple[float, float]:
    a = math.radians(heading_deg)
    return x + metres * math.sin(a), y + metres * math.cos(a)


def standing(around: Surroundings, x: float, y: float, heading_deg: float) -> Body:
    """A body at a place of a scene."""
    floor = around.ground(x, y, math.inf)
    return Body(around, x, y, heading_deg, 0.0 if math.isnan(floor) else floor)
