"""One simulated walk through one scene: body, person and aid, moment by moment."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge_nav.lab.bench.walker_aid import Aid, AidMaker
from edge_nav.lab.sim.gait import Gait
from edge_nav.lab.sim.hazards import drops, hazards
from edge_nav.lab.sim.scene import Scene
from edge_nav.lab.sim.sensor import Sensor
from edge_nav.lab.sim.sensor_spec import SensorSpec
from edge_nav.lab.sim.shapes import Renderer, World
from edge_nav.lab.walker.acts import Now, Traits
from edge_nav.lab.walker.body import Body, Bump, Collision, Fall, standing
from edge_nav.lab.walker.cane import LONG, SHORT, SWEEP_S, forearm, sweep
from edge_nav.lab.walker.person import Person
from edge_nav.lab.walker.route import Route
from edge_nav.lab.walker.touch import Surroundings
from edge_nav.types import Callout, Frame, Intrinsics, Pose

TICK_S = 0.05
ARRIVED_M = 0.8
CAMERA = Intrinsics.from_fov(240, 180, 90.0)
CAMERA_HEIGHT_M, CAMERA_PITCH_DEG = 1.4, 20.0
DOOR_M = 0.8
"""A scene is solvable if a way leads to the goal that is as wide as guidance's corridor: about the least clear width of
a door (815 mm; 2010 ADA Standards for Accessible Design, 404.2.3)."""
LIMIT_S, LIMIT_S_PER_M = 180.0, 12.0
FALSE_M, FALSE_DEG = 0.5, 20.0
"""A STOP is false where nothing is up to so far beyond the distance it names, in the corridor or so near to where it
points."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one walk. ``solvable``: a way as wide as a door leads to the goal; ``trail``: (t, x, y) every half
    second."""

    goal: bool
    solvable: bool
    seconds: float
    walked_m: float
    shortest_m: float
    collisions: tuple[Collision, ...]
    falls: tuple[Fall, ...]
    words: int = 0
    callouts: int = 0
    stops: int = 0
    false_stops: int = 0
    trail: tuple[tuple[float, float, float], ...] = ()

    @property
    def accidents(self) -> int:
        return len(self.collisions) + len(self.falls)


@dataclass(slots=True)
class Trial:
    """Body, person and, for who has one, the aid. ``seed`` decides the person's speed and chances."""

    scene: Scene
    renderer: Renderer | None
    make_aid: AidMaker | None
    fps: float = 10.0
    cane: bool = False
    seed: int = 0
    coloured: bool = False
    """Whether the renderer draws colours, for a network to tell depth by; else all is grey, and only depth tells."""
    log: list[str] = field(default_factory=list)

    def run(self) -> Result:
        """Walk until the goal is reached, time is up, or a fall ends it."""
        scene = self.scene
        start, goal = scene.spec.walk.path[0], scene.goal
        way = scene.solvable_path
        shortest = way.length_m if way is not None else math.dist(start, goal)
        route = Route(scene.world(0.0).still, start, goal)
        body = standing(Surroundings(scene.world(0.0)), *start, route.towards(*start, 0.0)[0])
        speed = 1.0 + 0.4 * ((self.seed * 0.754877) % 1.0)
        aid = self.make_aid() if self.make_aid is not None else None
        person = Person(Traits(speed, aid is not None, self.cane, self.seed))
        eye = None if aid is None else _Eye(self, aid)
        trail: list[tuple[float, float, float]] = []
        limit, tick, t = LIMIT_S + LIMIT_S_PER_M * shortest, 0, 0.0
        arrived = False
        while t < limit and not body.down and not arrived:
            world = scene.world(t)
            if eye is not None:
                eye.look(t, world, body)
            self._perceive(t, world, body, person, aid)
            heading, distance = route.towards(body.x, body.y, t)
            arrived = distance < ARRIVED_M
            listening = aid is not None and aid.speaking
            act = person.act(Now(t, body.heading_deg, heading, distance, body.walked_m, listening))
            if act.ask is not None and aid is not None:
                aid.ask(act.ask, t)
                self.log.append(f"{t:6.2f} asks {act.ask}")
            bump = body.step(world, t, TICK_S, act.speed_mps, act.heading_deg)
            if bump is not None:
                self._bumped(person, bump, body, t)
            if tick % 10 == 0:
                trail.append((round(t, 2), round(body.x, 3), round(body.y, 3)))
            tick += 1
            t = tick * TICK_S
        return Result(
            goal=arrived,
            solvable=scene.way(DOOR_M) is not None,
            seconds=t,
            walked_m=body.walked_m,
            shortest_m=shortest,
            collisions=tuple(body.collisions),
            falls=tuple(body.falls),
            words=0 if aid is None else aid.words,
            callouts=0 if aid is None else len(aid.said),
            stops=0 if eye is None else eye.stops,
            false_stops=0 if eye is None else eye.false_stops,
            trail=tuple(trail),
        )

    def _perceive(self, t: float, world: World, body: Body, person: Person, aid: Aid | None) -> None:
        """What the walker hears, and what the cane and a raised arm find."""
        for heard in [] if aid is None else aid.hear(t):
            if heard.text:
                person.hear(heard.priority, heard.text, t)
                self.log.append(f"{t:6.2f} hears {heard.text}")
            else:
                person.hear_tone(heard.priority, t)
        if self.cane and round(t / TICK_S) % round(SWEEP_S / TICK_S) == 0 and (body.speed_mps > 0.05 or person.feeling):
            touch = sweep(world, body, SHORT if person.feeling else LONG)
            if touch is not None:
                person.feel_cane(touch, t)
        hanging = forearm(world, body) if person.feeling else None
        if hanging is not None:
            person.feel_forearm(hanging, t)

    def _bumped(self, person: Person, bump: Bump, body: Body, t: float) -> None:
        person.feel_bump(bump, t)
        self.log.append(f"{t:6.2f} bumps {bump.band} {bump.bearing_deg:.0f} at {body.x:.2f} {body.y:.2f}")


class _Eye:
    """The worn camera, and the judge of what is said of its pictures."""

    def __init__(self, trial: Trial, aid: Aid) -> None:
        assert trial.renderer is not None
        self._renderer, self._aid, self._trial = trial.renderer, aid, trial
        # Standing still, a picture without noise would look like a frozen camera's.
        self._sensor = Sensor(SensorSpec(defocus_px=0.0, jpeg_quality=None, seed=trial.seed), CAMERA)
        self._frames = 0
        self.stops = self.false_stops = 0

    def look(self, t: float, world: World, body: Body) -> None:
        """Take the frame that is due, if one is."""
        if t + 1e-9 < self._frames / self._trial.fps:
            return
        pose = body.camera(CAMERA_HEIGHT_M, CAMERA_PITCH_DEG, Gait())
        seen = self._renderer.render(world, pose, CAMERA)
        measured = not self._trial.coloured
        depth = self._sensor.depth(seen.depth_m, self._frames, noise=0.0) if measured else None
        rgb = self._sensor.picture(seen.rgb, self._frames)
        if measured:
            rgb[::7, ::5] //= 2  # else a wall near by would look like a hand over the lens
        frame = Frame(self._frames, t, rgb, CAMERA, depth)
        self._frames += 1
        for callout in self._aid.see(frame):
            self._trial.log.append(
                f"{t:6.2f} says {callout.text} at {body.x:.2f} {body.y:.2f} facing {body.heading_deg:.0f}"
            )
            if callout.priority == "stop":
                self.stops += 1
                self.false_stops += not _true_stop(callout, world, pose, body.floor_m)


def _true_stop(callout: Callout, world: World, pose: Pose, floor_m: float) -> bool:
    """Whether something stands, or the ground ends, about where a STOP says so."""
    if callout.distance_m is None or callout.bearing_deg is None:
        return True
    reach = callout.distance_m + FALSE_M
    there: list[tuple[float, float, float | None]] = [
        (h.distance_m, h.bearing_deg, h.corridor_m) for h in hazards(world, pose, reach, floor_m)
    ]
    there += [(d.distance_m, d.bearing_deg, d.corridor_m) for d in drops(world, pose, reach, floor_m)]
    return any(
        (corridor is not None and corridor <= reach) or abs(bearing - callout.bearing_deg) < FALSE_DEG
        for _, bearing, corridor in there
    )
