"""A scene: what is where, who walks through it, and when; as plain data, and as the world it describes."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.lab.sim.gait import Gait, TimedPath, motion
from edge_nav.lab.sim.light import LightSpec, lights
from edge_nav.lab.sim.planner import BODY_M, Grid, Way, area_of
from edge_nav.lab.sim.sensor_spec import CameraSpec, SensorSpec
from edge_nav.lab.sim.shapes import Lamp, Lights, Shape, World
from edge_nav.lab.sim.split import SEEDS, TEST_FROM, VALIDATION_FROM, split_of
from edge_nav.lab.sim.things import AnyThing
from edge_nav.lab.sim.things.base import Spot
from edge_nav.lab.sim.things.finishes import Role
from edge_nav.lab.sim.things.levels import Floor
from edge_nav.lab.sim.things.parts import Parts
from edge_nav.lab.sim.things.people import Pedestrian
from edge_nav.lab.sim.things.plan import Plan, Rect, Slab
from edge_nav.lab.sim.tops import Tops
from edge_nav.types import Intrinsics, Pose
from edge_nav.yaml_text import NotYaml, parse_yaml

Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]
Family = Literal["corridor", "interior", "pavement", "stairs"]
MARGIN_M = 12.0
"""Ground beyond the farthest thing, where a scene lays no floor of its own."""
UNDER_M = 0.5
STEP_M = 0.05
"""Between the places along a path whose ground is found."""
OVERHEAD_M = 1.8
"""What begins higher than this above the walker's feet is overhead, not ground."""


class WalkSpec(Settings):
    """Someone walks along a path with the camera."""

    path: tuple[Spot, ...] = Field(
        default=((0.0, 0.0), (0.0, 8.0)),
        min_length=1,
        max_length=500,
        description="Points [x, y] on the ground, metres.",
    )
    goal: Spot | None = Field(default=None, description="Where they want to get; null: the path's end.")
    speed_mps: float = Field(default=1.15, ge=0, le=3, description="Speed, metres a second.")
    times_s: tuple[Seconds, ...] = Field(
        default=(),
        max_length=500,
        description="When they are at each point of the path, seconds, in place of speed_mps; they stand where the "
        "next point is the same.",
    )
    gait: Gait = Field(default_factory=Gait, description="How the walking camera moves.")

    @model_validator(mode="after")
    def _has_a_time_for_each_point(self) -> WalkSpec:
        if self.times_s and len(self.times_s) != len(self.path):
            raise ValueError(
                f"times_s has {len(self.times_s)} entries and path {len(self.path)}; give one for each point"
            )
        if any(b <= a for a, b in pairwise(self.times_s)):
            raise ValueError("times_s must grow from point to point")
        return self


class SceneSpec(Settings):
    """A scene as a person can write it: everything has a default, and the ground is even where no thing changes it."""

    schema_: Literal["edge-nav/scene/1"] = Field(default="edge-nav/scene/1", alias="schema", description="Format.")
    name: str = Field(default="", max_length=200, description="For people.")
    family: Family = Field(default="corridor", description="What kind of place it is; decides the ground's finish.")
    seed: int = Field(default=0, ge=0, lt=SEEDS, description="Decides textures, and what things leave open.")
    seconds: float | None = Field(default=None, gt=0, le=600, description="How long; null: until the path's end.")
    things: tuple[AnyThing, ...] = Field(default=(), max_length=400, description="What is there.")
    walk: WalkSpec = Field(default_factory=WalkSpec, description="The walker's way.")
    camera: CameraSpec = Field(default_factory=CameraSpec, description="The worn camera.")
    sensor: SensorSpec = Field(default_factory=SensorSpec, description="Lens and sensor.")
    light: LightSpec = Field(default_factory=LightSpec, description="Daylight.")


class SimulatedScene:
    """The world that a description means. Plain computation: the same spec gives the same shapes everywhere."""

    def __init__(self, spec: SceneSpec) -> None:
        self.spec = spec
        self.names: list[str] = []
        """Kind of each instance: number 1 is the first."""
        self._track = TimedPath(spec.walk.path, spec.walk.speed_mps, spec.walk.times_s)
        self._still, self._lamps, self._movers = self._build()
        self.tops = Tops(self._still)
        self._heights: list[float] = []
        """Ground along the path, every STEP_M, as far as it was needed yet."""

    @property
    def camera(self) -> Intrinsics:
        return self.spec.camera.intrinsics

    @property
    def sensor(self) -> SensorSpec:
        return self.spec.sensor

    @property
    def goal(self) -> tuple[float, float]:
        return self.spec.walk.goal or self.spec.walk.path[-1]

    @property
    def seconds(self) -> float:
        if self.spec.seconds is not None:
            return self.spec.seconds
        return round(min(self._track.seconds + 1.0, 600.0), 3)

    def world(self, t: float) -> World:
        """Everything at a time, seconds since the walk began."""
        moving: list[Shape] = []
        for person, style, number in self._movers:
            (x, y), heading, walked = person.when(t)
            ground = self.tops.height(x, y)
            base = (x, y, (0.0 if math.isnan(ground) else ground) + person.lift_m)
            parts = Parts("person", style, base, heading, [""] * number)
            person.figure(parts, walked)
            moving.extend(parts.shapes)
        return World(self._still, tuple(moving), self._light, self.spec.seed)

    def pose(self, t: float) -> Pose:
        """The worn camera at a time."""
        walk, camera = self.spec.walk, self.spec.camera
        s = self._track.walked_m(t)
        bob, sway, pitch, roll, yaw = motion(walk.gait, s, float(self._track.walks(t)))
        x, y = self._track.at(s)
        facing = self._track.heading_deg(s)
        a = math.radians(facing)
        return Pose(
            x + sway * math.cos(a),
            y - sway * math.sin(a),
            self._ground_m(s) + camera.height_m + bob,
            facing + yaw,
            camera.pitch_deg + pitch,
            camera.roll_deg + roll,
        )

    @cached_property
    def solvable_path(self) -> Way | None:
        """The shortest way from the path's start to the goal round all that stands still; None if there is none."""
        return self.way(2 * BODY_M)

    def way(self, width_m: float) -> Way | None:
        """The same for who needs a way of a width, metres."""
        return self._plan.way(self.spec.walk.path[0], self.goal, width_m / 2)

    @cached_property
    def _plan(self) -> Grid:
        start = self.spec.walk.path[0]
        floor = self.tops.height(*start)
        return Grid(self._still, area_of([start, self.goal]), 0.0 if math.isnan(floor) else floor)

    def _ground_m(self, s: float) -> float:
        """Ground under the walker: a step takes the time of a step, so it is smoothed over half a metre."""
        n = round(s / STEP_M)
        self._follow(n + 6)
        near = self._heights[max(n - 5, 0) : n + 6]
        return sum(near) / len(near)

    def _follow(self, count: int) -> None:
        """Find the ground along the path as far as so many places, each within reach of the one before; a path may be
        much longer than what is walked of it."""
        heights = self._heights
        for n in range(len(heights), min(count, int(self._track.length_m / STEP_M) + 2)):
            x, y = self._track.at(n * STEP_M)
            height = self.tops.height(x, y, (heights[-1] if heights else math.inf) + OVERHEAD_M)
            heights.append((heights[-1] if heights else 0.0) if math.isnan(height) else height)

    def _build(self) -> tuple[tuple[Shape, ...], tuple[Lamp, ...], list[tuple[Pedestrian, int, int]]]:
        plan = Plan()
        things = [(thing, self._style(n, thing)) for n, thing in enumerate(self.spec.things)]
        if not any(isinstance(thing, Floor) for thing, _ in things):
            role: Role = "indoor_floor" if self.spec.family in ("corridor", "interior") else "paving"
            ground = Parts("ground", self._number_style(0), (0, 0, 0), 0, [])
            plan.lay(Slab(self._extent(), 0.0, ground.material(role)))
        kits: list[Parts] = []
        for thing, style in things:
            # Where it stands is known before it changes the ground.
            base, heading = thing.origin(plan)
            parts = Parts(thing.kind, style, base, heading, self.names)
            thing.lay(plan, parts)
            kits.append(parts)
        shapes = plan.shapes(min((slab.top_m for slab in plan.slabs), default=0.0) - UNDER_M)
        lamps: list[Lamp] = []
        movers: list[tuple[Pedestrian, int, int]] = []
        for (thing, style), parts in zip(things, kits, strict=True):
            if isinstance(thing, Pedestrian) and thing.moves:
                movers.append((thing, style, len(self.names)))
                self.names.append(thing.kind)
                continue
            thing.build(parts)
            shapes.extend(parts.shapes)
            lamps.extend(parts.lamps)
        return tuple(shapes), tuple(lamps), movers

    @cached_property
    def _light(self) -> Lights:
        return lights(self.spec.light, self._lamps)

    def _style(self, n: int, thing: AnyThing) -> int:
        return self._number_style(n + 1) if thing.style is None else thing.style

    def _number_style(self, n: int) -> int:
        """Another style for each place in the list, within the split of the scene's seed."""
        low, high = {
            "train": (0, VALIDATION_FROM),
            "validation": (VALIDATION_FROM, TEST_FROM),
            "test": (TEST_FROM, SEEDS),
        }[split_of(self.spec.seed)]
        return low + (self.spec.seed * 7919 + n * 104_729) % (high - low)

    def _extent(self) -> Rect:
        points: list[Spot] = [*self.spec.walk.path]
        for thing in self.spec.things:
            points += [getattr(thing, key) for key in ("at", "low", "high") if hasattr(thing, key)]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return (min(xs) - MARGIN_M, min(ys) - MARGIN_M, max(xs) + MARGIN_M, max(ys) + MARGIN_M)


def load_scene(path: Path) -> SimulatedScene:
    """The scene of a YAML file. Raises UsageError with one sentence on what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else "it is not UTF-8 text"
        raise UsageError(f"scene {path} cannot be read ({reason}); give the path of a scene's YAML file.") from e
    scene = SimulatedScene(parse_scene(text, str(path)))
    start = scene.spec.walk.path[0]
    if math.isnan(scene.tops.height(*start)):
        raise UsageError(f"scene {path}: walk.path begins at {list(start)}, over no ground; lay a floor there.")
    return scene


def parse_scene(text: str, where: str) -> SceneSpec:
    """YAML text -> description; ``where`` names it in errors."""
    try:
        data = parse_yaml(text)
    except NotYaml as e:
        raise UsageError(f"scene {where} is not YAML{e.where}: {e}; mend or quote it there.") from e
    if not isinstance(data, dict):
        raise UsageError(f"scene {where} holds no settings; give it some, such as a list of things.")
    try:
        return SceneSpec.model_validate(data)
    except ValidationError as e:
        raise UsageError(f"scene {where}: {_sentence(e.errors()[0])}.") from e


def save_scene(spec: SceneSpec, path: Path) -> None:
    """Write a description that load_scene reads back to the same; only what differs from the defaults."""
    data = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for thing, full in zip(data.get("things", ()), spec.things, strict=False):
        thing["kind"] = full.kind
    data = {"schema": spec.schema_, "family": spec.family, "seed": spec.seed, **data}
    if "things" in data:
        data["things"] = [{"kind": thing.pop("kind"), **thing} for thing in data["things"]]
    part = path.with_name(path.name + ".part")
    part.write_text(
        yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=None), encoding="utf-8"
    )
    part.replace(path)


def _sentence(error: Any) -> str:
    """pydantic's first finding as name, value and remedy."""
    place = [str(part) for part in error["loc"]]
    where = ".".join(place) or "it"
    if error["type"] == "union_tag_invalid":
        known = error["ctx"]["expected_tags"].replace("'", "")
        return f"{where}.kind = {error['ctx']['tag']} is unknown; use one of {known}"
    if error["type"] == "union_tag_not_found":
        return f"{where} has no kind; add one, such as kind: chair"
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting; remove it"
    if error["type"] == "missing":
        return f"{where} is missing; add it"
    message = str(error["msg"])
    return f"{where} = {str(error['input'])[:60]!r} is not allowed: {message[0].lower() + message[1:]}"
