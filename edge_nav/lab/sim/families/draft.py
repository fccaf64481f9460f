"""A scene while it is being made: what is placed so far, and where there is still room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from edge_nav.lab.sim.planner import Grid, Way, area_of
from edge_nav.lab.sim.scene import Family, SceneSpec, SimulatedScene
from edge_nav.lab.sim.shapes import Shape, rotation
from edge_nav.lab.sim.split import SEEDS, TEST_FROM, VALIDATION_FROM, split_of
from edge_nav.lab.sim.things import AnyThing
from edge_nav.lab.sim.things.finishes import share
from edge_nav.lab.sim.things.parts import Parts
from edge_nav.lab.sim.things.people import Pedestrian
from edge_nav.lab.sim.things.plan import Plan, Rect, Slab

T = TypeVar("T")
Data = dict[str, Any]
"""A thing as it stands in YAML."""
Volume = tuple[float, float, float, float, float, float]
"""Lowest x, y, z; highest x, y, z."""

MOST_SHAPES = 205
MANY_SHAPES = 160
WALKER_M = 0.42
WALK_M, NARROW_M = 0.36, 0.27
SHY = 2.0
_thing: TypeAdapter[AnyThing] = TypeAdapter(AnyThing)


class Draft:
    """Collects things of one scene; ``family`` and ``seed`` decide everything."""

    def __init__(self, family: Family, seed: int) -> None:
        self.family, self.seed, self.split = family, seed, split_of(seed)
        self.rng = np.random.default_rng((seed, ("corridor", "interior", "pavement", "stairs").index(family), 2))
        self.things: list[Data] = []
        self.taken: list[Volume] = []
        self.shapes = 0
        self.reserved = 0
        """Shapes kept for what is still to be built."""
        self.plan = Plan()
        self._loose: list[int] = []

    def between(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 2)

    def chance(self, share_of_1: float) -> bool:
        return bool(self.rng.random() < share_of_1)

    def one(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def variant(self, options: Sequence[T]) -> T:
        """One of the options that the split may use."""
        return self.one(share(options, self.split))

    def style(self) -> int:
        """A style of the scene's split."""
        low, high = {
            "train": (0, VALIDATION_FROM),
            "validation": (VALIDATION_FROM, TEST_FROM),
            "test": (TEST_FROM, SEEDS),
        }[self.split]
        return int(self.rng.integers(low, high))

    def build(self, data: Data, loose: bool = False) -> None:
        """Something that is built: ground, walls, rooms, holes."""
        data = _rounded({**data, "style": data.get("style", self.style())})
        thing, parts = self._made(data)
        thing.lay(self.plan, parts)
        thing.build(parts)
        self.shapes += len(parts.shapes) + 1
        if loose:
            self._loose.append(len(self.things))
        self.things.append(data)

    def put(self, data: Data, gap_m: float = 0.03, loose: bool = False, within: Rect | None = None) -> bool:
        """Place a thing where nothing else is; False where there is no room or the scene is full.

        ``loose`` things may be taken away again to leave a way. ``within`` is the rectangle that must hold it.
        """
        data = _rounded({**data, "style": data.get("style", self.style())})
        thing, parts = self._made(data)
        thing.build(parts)
        if self.shapes + self.reserved + len(parts.shapes) > MOST_SHAPES:
            return False
        volume = _volume(parts.shapes)
        if isinstance(thing, Pedestrian) and thing.moves:
            volume = _swept(thing)
        if within is not None and not (
            volume[0] >= within[0] and volume[1] >= within[1] and volume[3] <= within[2] and volume[4] <= within[3]
        ):
            return False
        if any(_meet(volume, other, gap_m) for other in self.taken):
            return False
        thing.lay(self.plan, parts)
        self.taken.append(volume)
        self.shapes += len(parts.shapes)
        if loose:
            self._loose.append(len(self.things))
        self.things.append(data)
        return True

    def keep(self, rect: Rect, low: float = 0.0, high: float = 2.2) -> None:
        """Nothing may be put here."""
        self.taken.append((rect[0], rect[1], low, rect[2], rect[3], high))

    def blocked(self, rect: Rect, low: float = 0.0, high: float = 2.2) -> bool:
        """Whether anything is, or must not be, in a rectangle."""
        volume = (rect[0], rect[1], low, rect[2], rect[3], high)
        return any(_meet(volume, other, 0.0) for other in self.taken)

    @property
    def full(self) -> bool:
        return self.shapes + self.reserved >= MANY_SHAPES

    def finish(self, start: tuple[float, float], goal: tuple[float, float], more: Data) -> SceneSpec:
        """The scene with a way from start to goal; loose things are taken out, last first, until there is one."""
        while True:
            spec = self._spec(start, goal, more)
            way = self._way(SimulatedScene(spec), start, goal)
            if way is not None or not self._loose:
                break
            for _ in range(max(1, len(self._loose) // 4)):
                del self.things[self._loose.pop()]
        if way is None:
            return spec
        walk = {**more.get("walk", {}), "path": [[round(x, 2), round(y, 2)] for x, y in way.points]}
        return self._spec(start, goal, {**more, "walk": walk})

    def _spec(self, start: tuple[float, float], goal: tuple[float, float], more: Data) -> SceneSpec:
        walk = {"path": [list(start), list(goal)], "goal": list(goal), **more.get("walk", {})}
        data = {"family": self.family, "seed": self.seed, "things": self.things, **more, "walk": walk}
        return SceneSpec.model_validate(data)

    def _way(self, scene: SimulatedScene, start: tuple[float, float], goal: tuple[float, float]) -> Way | None:
        grid = Grid(scene.world(0.0).still, area_of([start, goal]))
        return grid.way(start, goal, WALK_M, SHY) or grid.way(start, goal, NARROW_M, SHY)

    def _made(self, data: Data) -> tuple[AnyThing, Parts]:
        if not self.plan.slabs:
            bare = Parts("ground", 0, (0, 0, 0), 0, [])
            self.plan.lay(Slab((-100, -100, 100, 100), 0.0, bare.material("paving")))
        thing = _thing.validate_python(data)
        base, heading = thing.origin(self.plan)
        return thing, Parts(thing.kind, int(data["style"]), base, heading, [])


def _rounded(value: Any) -> Any:
    """Figures as a person would write them."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(v % 360 if key == "heading_deg" else v) for key, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value


def _volume(shapes: Sequence[Shape]) -> Volume:
    low, high = np.full(3, math.inf), np.full(3, -math.inf)
    for s in shapes:
        reach = np.abs(rotation(s.turn)) @ (np.array(s.half) + ([0, 0, s.half[0]] if s.form == "capsule" else 0))
        low, high = np.minimum(low, np.array(s.centre) - reach), np.maximum(high, np.array(s.centre) + reach)
    a, b = low.tolist(), high.tolist()
    return (a[0], a[1], a[2], b[0], b[1], b[2])


def _swept(person: Pedestrian) -> Volume:
    """The room that a walking person needs on all of their way."""
    xs, ys = [p[0] for p in (person.at, *person.way)], [p[1] for p in (person.at, *person.way)]
    return (min(xs) - WALKER_M, min(ys) - WALKER_M, 0.0, max(xs) + WALKER_M, max(ys) + WALKER_M, 2.0)


def _meet(a: Volume, b: Volume, gap_m: float) -> bool:
    aside = a[0] < b[3] + gap_m and b[0] < a[3] + gap_m and a[1] < b[4] + gap_m and b[1] < a[4] + gap_m
    return aside and a[2] < b[5] and b[2] < a[5]
