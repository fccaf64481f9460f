"""A body in a scene: where it stands, what it runs into, and where it falls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge_nav.lab.sim.gait import Gait, motion
from edge_nav.lab.sim.shapes import World
from edge_nav.lab.walker.touch import Surroundings
from edge_nav.types import Band, Pose

RADIUS_M = 0.25
FOOT_M = 0.15
"""The leading foot is this far ahead of the body's middle: where it finds no floor, the walker falls."""
DROP_M = 0.10
DEEP_M = 0.5
"""Who falls deeper does not walk on."""
STEP_UP_M = 0.25
LEVEL_M = 0.02
"""Ground this near in height is level."""
LAND_M = 0.2
"""So far beyond the foot that found no floor they land."""
CAMERA_AHEAD_M = 0.12
FASTER_MPS2, SLOWER_MPS2 = 1.5, 3.0
"""A walker stops within a step."""
TURN_DPS, TURN_WALKING_DPS = 90.0, 45.0
SAME_S, SAME_M = 10.0, 1.0
"""Touching a thing again within this is the same collision: whoever feels their way along it has not run into it."""
TUMBLE_S = 3.0
"""Who goes on falling, down a flight of stairs, falls once, and as deep as all of it."""
STANDING_MPS = 0.05
ARM_M, HAND_M = (0.3, 0.45, 0.6), 0.08
"""Whose head was met by something feels along it: so far from the body's middle, with a hand of this radius."""


@dataclass(frozen=True, slots=True)
class Collision:
    """A walker ran into something. ``instance`` 0 is the building."""

    t: float
    x: float
    y: float
    band: Band
    instance: int
    speed_mps: float


@dataclass(frozen=True, slots=True)
class Fall:
    """A walker stepped where the ground lies lower."""

    t: float
    x: float
    y: float
    depth_m: float


@dataclass(frozen=True, slots=True)
class Bump:
    """What a body feels: on which side it was touched, degrees from ahead."""

    bearing_deg: float
    band: Band
    along: tuple[tuple[float, float], ...] = ()
    """Where else a raised hand finds the thing that hangs there: degrees from ahead, and metres."""


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

    def camera(self, height_m: float, pitch_deg: float, gait: Gait) -> Pose:
        """The worn camera, with the bob and sway of walking."""
        a = math.radians(self.heading_deg)
        bob, sway, pitch, roll, yaw = motion(gait, self.walked_m, min(1.0, abs(self.speed_mps) / 0.8))
        return Pose(
            self.x + CAMERA_AHEAD_M * math.sin(a) + sway * math.cos(a),
            self.y + CAMERA_AHEAD_M * math.cos(a) - sway * math.sin(a),
            self.floor_m + height_m + bob,
            self.heading_deg + yaw,
            pitch_deg + pitch,
            roll,
        )

    def step(self, world: World, t: float, seconds: float, speed_mps: float, heading_deg: float) -> Bump | None:
        """Move for a moment towards a speed (negative: backwards) and a heading; what was run into, if anything."""
        rate = SLOWER_MPS2 if abs(speed_mps) < abs(self.speed_mps) else FASTER_MPS2
        change = speed_mps - self.speed_mps
        self.speed_mps += math.copysign(min(abs(change), rate * seconds), change)
        limit = (TURN_DPS if abs(self.speed_mps) < 0.3 else TURN_WALKING_DPS) * seconds
        turn = (heading_deg - self.heading_deg + 180) % 360 - 180
        self.heading_deg = (self.heading_deg + max(-limit, min(limit, turn))) % 360
        way = self.speed_mps * seconds
        if abs(way) < 1e-6:
            return None
        a = math.radians(self.heading_deg)
        x, y = self.x + way * math.sin(a), self.y + way * math.cos(a)
        hit = self._hit(world, x, y)
        if hit:
            return self._collide(world, t, hit, x, y)
        self.x, self.y, self.walked_m = x, y, self.walked_m + abs(way)
        self._tread(t, math.copysign(FOOT_M, way))
        return None

    def _hit(self, world: World, x: float, y: float) -> list[tuple[int, Band]]:
        """What a step would newly touch; what is touched already (someone came too near) does not hold the walker."""
        there = self.around.touched(world, x, y, RADIUS_M, self.floor_m)
        if there and self.floor_m < self._fell_from_m - LEVEL_M:
            there = [h for h in there if not self._only_a_step(x, y, h)]
        if not there:
            return []
        here = {n for n, _ in self.around.touched(world, self.x, self.y, RADIUS_M, self.floor_m)}
        return [h for h in there if h[0] not in here]

    def _only_a_step(self, x: float, y: float, hit: tuple[int, Band]) -> bool:
        if hit[1] != "ground":
            return False
        a = math.radians(self.heading_deg)
        ahead = self.around.ground(x + 0.3 * math.sin(a), y + 0.3 * math.cos(a), self.floor_m + 0.6)
        return DROP_M - LEVEL_M <= ahead - self.floor_m <= STEP_UP_M

    def _collide(self, world: World, t: float, hit: list[tuple[int, Band]], x: float, y: float) -> Bump:
        bands = {band for _, band in hit}
        band: Band = "body" if "body" in bands else "head" if "head" in bands else "ground"
        instance = next(n for n, b in hit if b == band)
        last = self._touched.get(instance)
        again = last is not None and t - last[0] < SAME_S and math.dist(last[1:], (x, y)) < SAME_M
        if not again:
            self.collisions.append(Collision(t, x, y, band, instance, abs(self.speed_mps)))
        self._touched[instance] = (t, x, y)
        self.speed_mps = 0.0
        along = self.along(world, x, y, instance) if band == "head" else ()
        return Bump(self._side(world, x, y, instance), band, along)

    def _side(self, world: World, x: float, y: float, instance: int) -> float:
        """On which side a thing is touched: the bearings at which a smaller body further on touches it, averaged."""
        felt = [
            bearing for bearing in range(-75, 76, 15) if self._reaches(world, x, y, instance, float(bearing), 0.2, 0.12)
        ]
        return sum(felt) / len(felt) if felt else 0.0

    def along(self, world: World, x: float, y: float, instance: int) -> tuple[tuple[float, float], ...]:
        """Where a raised hand finds a thing from a place: degrees from ahead, and metres."""
        return tuple(
            (float(bearing), away)
            for bearing in range(-90, 91, 15)
            for away in ARM_M
            if self._reaches(world, x, y, instance, float(bearing), away, HAND_M)
        )

    def _reaches(
        self, world: World, x: float, y: float, instance: int, bearing_deg: float, away_m: float, radius_m: float
    ) -> bool:
        a = math.radians(self.heading_deg + bearing_deg)
        x, y = x + away_m * math.sin(a), y + away_m * math.cos(a)
        return any(n == instance for n, _ in self.around.touched(world, x, y, radius_m, self.floor_m))

    def _tread(self, t: float, foot_m: float) -> None:
        """Put a foot down: on about the same floor, or into a hole."""
        a = math.radians(self.heading_deg)
        x, y = self.x + foot_m * math.sin(a), self.y + foot_m * math.cos(a)
        under = self.around.ground(x, y, self.floor_m + STEP_UP_M + 0.1)
        depth = math.inf if math.isnan(under) else self.floor_m - under
        if depth >= DROP_M - 1e-6:
            if self.falls and t - self._fell_t < TUMBLE_S:
                first = self.falls.pop()
                depth += first.depth_m
                t_first, x_first, y_first = first.t, first.x, first.y
            else:
                t_first, x_first, y_first = t, x, y
                self._fell_from_m = max(self._fell_from_m, self.floor_m)
            self._fell_t = t
            self.falls.append(Fall(t_first, x_first, y_first, min(depth, 20.0)))
            if not math.isnan(under):
                on = math.copysign(LAND_M, foot_m)
                self.x, self.y = x + on * math.sin(a), y + on * math.cos(a)
                self.floor_m, self.speed_mps = under, 0.0
        elif not math.isnan(under):
            self.floor_m = under


def standing(around: Surroundings, x: float, y: float, heading_deg: float) -> Body:
    """A body at a place of a scene."""
    floor = around.ground(x, y, math.inf)
    return Body(around, x, y, heading_deg, 0.0 if math.isnan(floor) else floor)
