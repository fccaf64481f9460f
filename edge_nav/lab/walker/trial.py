"""One simulated walk through one scene: body, person and aid, moment by moment."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from edge_nav.lab.sim.gait import Gait
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.lab.sim.sensor import Sensor
from edge_nav.lab.sim.sensor_spec import SensorSpec
from edge_nav.lab.sim.shapes import Renderer, World
from edge_nav.lab.walker.aid import Aid
from edge_nav.lab.walker.body import Body, standing
from edge_nav.lab.walker.cane import SWEEP_S, sweep
from edge_nav.lab.walker.person import Now, WalkingPerson
from edge_nav.lab.walker.route import Route
from edge_nav.lab.walker.surroundings import Surroundings
from edge_nav.types import Frame, Intrinsics

TICK_S = 0.05
ARRIVED_M = 0.8
CAMERA = Intrinsics.from_fov(240, 180, 90.0)
CAMERA_HEIGHT_M, CAMERA_PITCH_DEG = 1.4, 20.0
DOOR_M = 0.8
"""A scene is solvable if a way leads to the goal that is as wide as guidance's corridor: about the least clear width of
a door (815 mm; 2010 ADA Standards for Accessible Design, 404.2.3)."""
LIMIT_S, LIMIT_S_PER_M = 180.0, 12.0


@dataclass(frozen=True, slots=True)
class WalkResult:
    """What became of one walk. ``ground``, ``body``, ``head``: collisions there; ``solvable``: a way as wide as a door
    leads to the goal.
    """

    goal: bool
    solvable: bool
    seconds: float
    walked_m: float
    shortest_m: float
    ground: int = 0
    body: int = 0
    head: int = 0
    falls: int = 0
    callouts: int = 0
    stops: int = 0

    @property
    def collisions(self) -> int:
        return self.ground + self.body + self.head

    @property
    def accidents(self) -> int:
        return self.collisions + self.falls


class WornCamera:
    """What the aid sees. ``coloured``: the renderer draws colours, for a network to tell depth by, else true depth."""

    def __init__(self, renderer: Renderer, fps: float, seed: int, *, coloured: bool) -> None:
        self._renderer, self._fps, self._coloured = renderer, fps, coloured
        # Standing still, a picture without noise would look like a frozen camera's.
        self._sensor = Sensor(SensorSpec(defocus_px=0.0, jpeg_quality=None, seed=seed), CAMERA)
        self._frames = 0

    def due(self, t: float) -> bool:
        return t + 1e-9 >= self._frames / self._fps

    def frame(self, t: float, world: World, body: Body) -> Frame:
        """The next frame."""
        seen = self._renderer.render(world, body.camera(CAMERA_HEIGHT_M, CAMERA_PITCH_DEG, Gait()), CAMERA)
        depth = None if self._coloured else self._sensor.depth(seen.depth_m, self._frames, noise=0.0)
        rgb = self._sensor.picture(seen.rgb, self._frames)
        if not self._coloured:
            rgb[::7, ::5] //= 2  # else a wall near by would look like a hand over the lens
        self._frames += 1
        return Frame(self._frames - 1, t, rgb, CAMERA, depth)


def walk_scene(
    scene: SimulatedScene, aid: Aid | None, camera: WornCamera | None, seed: int, *, cane: bool
) -> WalkResult:
    """Walk until the goal is reached, time is up, or a fall ends it. ``seed`` decides the person's speed and chances;
    without an aid there is no camera.
    """
    start, goal = scene.spec.walk.path[0], scene.goal
    way = scene.solvable_path
    shortest = way.length_m if way is not None else math.dist(start, goal)
    route = Route(scene.world(0.0).still, start, goal)
    body = standing(Surroundings(scene.world(0.0)), *start, route.towards(*start, 0.0)[0])
    person = WalkingPerson(1.0 + 0.4 * ((seed * 0.754877) % 1.0), seed, aided=aid is not None)
    tick, arrived = 0, False
    while tick * TICK_S < LIMIT_S + LIMIT_S_PER_M * shortest and not body.down and not arrived:
        t = tick * TICK_S
        world = scene.world(t)
        if aid is not None and camera is not None:
            if camera.due(t):
                aid.see(camera.frame(t, world, body))
            for cue in aid.hear(t):
                person.hear(cue.priority, cue.text, t)
        if cane and tick % round(SWEEP_S / TICK_S) == 0 and body.speed_mps > 0.05:
            person.touch(sweep(world, body), t, "cane")
        heading, distance = route.towards(body.x, body.y, t)
        arrived = distance < ARRIVED_M
        act = person.act(Now(t, body.heading_deg, heading, body.walked_m, aid is not None and aid.speaking))
        if act.ask is not None and aid is not None:
            aid.ask(act.ask, t)
        person.touch(body.step(world, t, TICK_S, act.speed_mps, act.heading_deg), t)
        tick += 1
    said = [] if aid is None else aid.said
    return WalkResult(
        goal=arrived,
        solvable=scene.way(DOOR_M) is not None,
        seconds=tick * TICK_S,
        walked_m=body.walked_m,
        shortest_m=shortest,
        **Counter[str](c.band for c in body.collisions),
        falls=len(body.falls),
        callouts=len(said),
        stops=sum(c.priority == "stop" for c in said),
    )
