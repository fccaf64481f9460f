"""Walks that `bench guidance` judges: what is said where nothing is in the way, where one thing is, and in six places.

`clear:1` to `clear:5` are corridors and pavements of two minutes without a hazard in the way, and `hazard:1` to
`hazard:5` the same with one in the middle. `place:pavement`, `place:home` and `place:park` are for tuning guidance by;
`place:shop`, `place:platform` and `place:office_night` are kept, to be opened once, when the tuning is over: theirs are
seeds of the test split. Whoever walks follows the path whatever is said: straight at each hazard, and round it at the
last moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import Family, SceneSpec

Data = dict[str, Any]
"""A thing as it stands in YAML."""

CLEAR_S, SPEED_MPS = 120.0, 1.1
LENGTH_M = 132.0
HAZARD_AT_M = 62.0
TURN_M, BESIDE_M, BEYOND_M = 1.0, 0.3, 0.3
"""So far before a hazard's near side its walker begins to go round, so far before it they are beside it, and so far
behind its far side they begin to go back."""
CAMERA: Data = {"width": 320, "height": 240, "fov_deg": 84, "height_m": 1.4, "pitch_deg": 18}
SENSOR: Data = {"read_noise": 0.002, "shutter_s": 0.006, "vignetting": 0.15, "jpeg_quality": None}
GAIT: Data = {"bob_m": 0.016, "sway_m": 0.014, "pitch_deg": 0.9, "roll_deg": 0.6, "yaw_deg": 0.9}
PLACES: dict[str, int] = {
    "pavement": 905_101,
    "home": 905_202,
    "park": 905_303,
    "shop": 955_101,
    "platform": 955_202,
    "office_night": 955_303,
}
"""Each place's seed: those below 950000 are for tuning, the others are kept."""
IN_THE_WAY: dict[str, tuple[Data, float]] = {
    "box": ({"kind": "box", "width_m": 0.5, "length_m": 0.4, "height_m": 0.42}, 0.2),
    "chair": ({"kind": "chair", "heading_deg": 205}, 0.25),
    "table": ({"kind": "table", "width_m": 0.9, "length_m": 0.6, "height_m": 0.75}, 0.3),
    "bag": ({"kind": "bag"}, 0.2),
    "bin": ({"kind": "bin", "size": "large"}, 0.25),
    "bollard": ({"kind": "bollard"}, 0.1),
    "pole": ({"kind": "pole", "radius_m": 0.06, "height_m": 2.6}, 0.06),
    "person": ({"kind": "person", "heading_deg": 170}, 0.2),
    "board_sign": ({"kind": "board_sign", "heading_deg": 175}, 0.25),
    "bicycle": ({"kind": "bicycle", "heading_deg": 78}, 0.3),
    "hole": ({"kind": "hole", "width_m": 0.8, "length_m": 0.8, "depth_m": 0.6}, 0.4),
    "hanging_sign": ({"kind": "hanging_sign", "heading_deg": 180, "lift_m": 1.6, "width_m": 0.8, "height_m": 0.3}, 0.1),
    "stool": ({"kind": "stool"}, 0.2),
    "office_chair": ({"kind": "office_chair", "heading_deg": 60}, 0.3),
    "plant": ({"kind": "plant", "height_m": 1.2}, 0.25),
    "clutter": ({"kind": "clutter", "count": 4, "spread_m": 0.25}, 0.3),
}
"""What can stand in the way, and half its depth, metres."""


def walk_names() -> tuple[str, ...]:
    """All walks of this set."""
    numbered = [f"{kind}:{n}" for kind in ("clear", "hazard") for n in range(1, len(_CLEAR) + 1)]
    return (*numbered, *(f"place:{name}" for name in PLACES))


def walk_spec(name: str) -> SceneSpec:
    """The scene of a walk, always the same. Raises UsageError for an unknown name."""
    if name not in walk_names():
        raise UsageError(f"walk {name} is unknown; use one of {', '.join(walk_names())}.")
    kind, _, which = name.partition(":")
    if kind == "place":
        return _place(which, PLACES[which])
    return _clear(int(which), with_hazard=kind == "hazard")


@dataclass
class _Course:
    """A walk on its way ahead: what stands about it, and the path that was laid so far."""

    rng: np.random.Generator
    things: list[Data] = field(default_factory=list)
    path: list[list[float]] = field(default_factory=lambda: [[0.0, 0.0]])

    def put(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A thing beside the way."""
        self.things.append({"kind": kind, "at": [round(x, 2), round(y, 2)], **more})

    def area(self, kind: str, x0: float, y0: float, x1: float, y1: float, **more: Any) -> None:
        """A room, floor, road or house."""
        self.things.append({"kind": kind, "from": [x0, y0], "to": [x1, y1], **more})

    def go(self, x: float, y: float) -> None:
        """Walk straight to a point."""
        self.path.append([round(x, 2), round(y, 2)])

    def meet(self, kind: str, y: float, aside_m: float, **more: Any) -> None:
        """Walk straight at a thing that stands in the way, and round it at the last moment; beside by ``aside_m``, the
        left where it is below zero. The thing's middle lies a little to the other side.
        """
        data, half = IN_THE_WAY[kind]
        x = self.path[-1][0]
        shift = -0.1 if aside_m > 0 else 0.1
        self.things.append({**data, "at": [round(x + shift, 2), round(y, 2)], **more})
        self.pass_by(y, half, aside_m)

    def pass_by(self, y: float, half: float, aside_m: float) -> None:
        """The path round something that begins ``half`` before a place and ends as far behind it."""
        x = self.path[-1][0]
        self.go(x, y - half - TURN_M)
        self.go(x + aside_m, y - half - BESIDE_M)
        self.go(x + aside_m, y + half + BEYOND_M)
        self.go(x, y + half + BEYOND_M + 1.0)

    def between(self, low: float, high: float) -> float:
        """A figure as a person would write it."""
        return round(float(self.rng.uniform(low, high)), 2)

    def spec(self, name: str, family: Family, seed: int, seconds: float | None, light: Data) -> SceneSpec:
        """The whole scene."""
        walk = {"path": self.path, "speed_mps": SPEED_MPS, "gait": GAIT}
        data = {"name": name, "family": family, "seed": seed, "seconds": seconds, "things": self.things, "walk": walk}
        return SceneSpec.model_validate({**data, "camera": CAMERA, "sensor": {**SENSOR, "seed": seed}, "light": light})


DAY: Data = {"time": "day", "sun_azimuth_deg": 142, "sun_elevation_deg": 34}


def _clear(number: int, *, with_hazard: bool) -> SceneSpec:
    """A long way straight ahead; things stand along it, all farther from its middle than 0.65 m."""
    seed = 901_000 + number
    course = _Course(np.random.default_rng(seed))
    build, family, hazard, aside = _CLEAR[number - 1]
    # Nothing else about the hazard's place, with or without it: going round it must not lead to another.
    build(course, [y for y in _along(course) if abs(y - HAZARD_AT_M) > 7.0])
    if with_hazard:
        course.meet(hazard, HAZARD_AT_M, aside)
    course.go(0.0, LENGTH_M)
    return course.spec(f"{'hazard' if with_hazard else 'clear'}:{number}", family, seed, CLEAR_S, DAY)


def _along(course: _Course) -> list[float]:
    """Places along the way where something stands beside it."""
    places, y = [], 3.0
    while y < LENGTH_M + 6:
        places.append(y)
        y += course.between(3.5, 7.0)
    return places


def _corridor(course: _Course, half: float, until: float, **more: Any) -> None:
    """A straight corridor in pieces, each with its own lamps; its end is far beyond the walk's."""
    for n in range(int(until // 36) + 1):
        sides = [side for side, open_ in (("back", n > 0), ("ahead", 36 * (n + 1) < until)) if open_]
        start = 36.0 * n - (1.6 if n == 0 else 0.0)
        course.area("room", -half, start, half, min(36.0 * (n + 1), until), open_sides=sides, lamps=6, **more)


def _office_corridor(course: _Course, places: list[float]) -> None:
    _corridor(course, 1.2, 160)
    for n, y in enumerate(places):
        side = 1 if n % 2 else -1
        turn = 270 if side > 0 else 90
        kind = ("cabinet", "picture", "plant", "bin", "shelf")[n % 5]
        if kind == "cabinet":
            course.put(kind, side * 1.0, y, heading_deg=turn, width_m=0.9, depth_m=0.36, height_m=1.0)
        elif kind == "shelf":
            course.put(kind, side * 1.04, y, heading_deg=turn, width_m=1.2, depth_m=0.3)
        elif kind == "picture":
            course.put(kind, side * 1.2, y, heading_deg=turn, width_m=course.between(0.6, 1.1))
        else:
            course.put(kind, side * 0.98, y, **({"size": "small"} if kind == "bin" else {"height_m": 1.1}))


def _waiting_hall(course: _Course, places: list[float]) -> None:
    _corridor(course, 1.9, 160, height_m=3.0)
    for n, y in enumerate(places):
        side = 1 if n % 3 else -1
        turn = 270 if side > 0 else 90
        kind = ("chair", "bench", "person", "plant", "chair", "counter")[n % 6]
        x = side * {"counter": 1.58, "bench": 1.6, "person": 1.4}.get(kind, 1.5)
        course.put(kind, x, y, heading_deg=turn, **({"width_m": 2.0} if kind == "counter" else {}))
    course.put("person", -1.25, 118.0, way=[[-1.25, 10.0]], speed_mps=1.2)


def _shopping_street(course: _Course, places: list[float]) -> None:
    course.area("floor", -60, -20, 60, 165, look="paving")
    course.area("road", 1.7, -20, 8.7, 165, depth_m=0.13)
    for n in range(6):
        course.area("facade", -9, -10 + 28 * n, -1.9, 16 + 28 * n, front="right", bay_m=5.0, shop=n % 2 == 0)
    for n in range(3):
        course.area("facade", 11.5, -10 + 58 * n, 18, 44 + 58 * n, front="left", bay_m=8.0, height_m=8)
    for n, y in enumerate(places):
        kind = ("street_lamp", "bin", "bollard", "plant", "car", "bicycle")[n % 6]
        if kind == "street_lamp":
            course.put(kind, 1.35, y, heading_deg=90, lit=False)
        elif kind == "car":
            course.put(kind, 2.75, y, heading_deg=0)
        elif kind == "bicycle":
            course.put(kind, -1.55, y, heading_deg=2)
        else:
            looks: dict[str, Data] = {"bin": {"size": "wheeled", "heading_deg": 90}, "plant": {"height_m": 1.0}}
            more = looks.get(kind, {})
            course.put(kind, 1.3 if kind == "bollard" else -1.45, y, **more)
    course.put("person", -1.15, 100.0, way=[[-1.15, 5.0]], speed_mps=1.0)


def _quiet_street(course: _Course, places: list[float]) -> None:
    course.area("floor", -60, -20, 60, 165, look="asphalt")
    course.area("road", 2.4, -20, 8.4, 165, depth_m=0.12)
    for n in range(10):
        course.put("hedge", -1.7, 5.0 + 15.5 * n, length_m=15.0, width_m=0.7, height_m=course.between(0.9, 1.7))
    for n, y in enumerate(places):
        kind = ("tree", "car", "street_lamp", "tree", "car", "bollard")[n % 6]
        if kind == "tree":
            course.put(kind, 1.75, y, height_m=course.between(4.0, 6.0))
        elif kind == "car":
            course.put(kind, 3.4, y, heading_deg=0)
        else:
            course.put(kind, 1.6, y, **({"heading_deg": 90, "lit": False} if kind == "street_lamp" else {}))


def _narrow_corridor(course: _Course, places: list[float]) -> None:
    _corridor(course, 0.85, 160, height_m=2.5)
    for n, y in enumerate(places):
        side = 1 if n % 2 else -1
        course.put("picture", side * 0.85, y, heading_deg=270 if side > 0 else 90, width_m=course.between(0.4, 0.9))


_Build = Callable[[_Course, list[float]], None]
_CLEAR: tuple[tuple[_Build, Family, str, float], ...] = (
    (_office_corridor, "corridor", "box", -0.65),
    (_waiting_hall, "interior", "chair", -0.75),
    (_shopping_street, "pavement", "bicycle", -0.95),
    (_quiet_street, "pavement", "hole", 0.75),
    (_narrow_corridor, "corridor", "hanging_sign", -0.45),
)
"""How each is built, its family, what stands in the way of it, and on which side that is passed, metres."""


def _place(name: str, seed: int) -> SceneSpec:
    course = _Course(np.random.default_rng(seed))
    build, family, light = _PLACES[name]
    build(course)
    return course.spec(f"place:{name}", family, seed, None, light)


def _meet_all(course: _Course, kinds: list[str], first: float, step: float, aside: float, **more: Any) -> float:
    """One thing after another in the way, in an order of the seed's; where the last one was."""
    y = first
    for n in course.rng.permutation(len(kinds)):
        y += course.between(-0.8, 0.8)
        course.meet(kinds[int(n)], y, aside * (1 if course.rng.random() < 0.5 else -1), **more)
        y += step
    return y - step


def _busy_pavement(course: _Course) -> None:
    """Past signs, bins and people, and across a side road with full kerbs."""
    course.area("floor", -60, -30, 60, 100, look="paving")
    course.area("road", 2.6, -30, 9.0, 100, depth_m=0.13)
    course.area("road", -60, 40.0, 2.6, 45.0, depth_m=0.13)
    for y0, y1 in ((-10, 14), (14, 37), (49, 72), (72, 95)):
        course.area("facade", -9, y0, -2.6, y1, front="right", bay_m=4.5, shop=y0 != 14)
    course.area("facade", 12, -10, 18, 95, front="left", bay_m=8.0, height_m=9)
    for y in (4.0, 20.0, 34.0, 52.0, 66.0):
        course.put("street_lamp", 2.2, y, heading_deg=90, lit=False)
        course.put("car", 3.7, y + 7.0, heading_deg=0)
    for x, start in ((-1.7, 30.0), (1.7, 58.0), (-1.8, 66.0)):
        course.put("person", x, start, way=[[x, start - 26.0]], speed_mps=course.between(0.9, 1.3))
    _meet_all(course, ["board_sign", "bicycle", "person", "bin"], 9.0, 7.5, 0.9)
    course.go(0.0, 47.0)
    _meet_all(course, ["hole", "pole", "bollard"], 54.0, 7.0, 0.9)
    course.go(0.0, 76.0)


def _home(course: _Course) -> None:
    """From the hall through sitting room and kitchen to the bedroom."""
    rooms = ((-1.6, 8.0, 1.3), (8.1, 18.0, 2.6), (18.1, 26.0, 2.2), (26.1, 36.0, 2.4))
    for n, (y0, y1, half) in enumerate(rooms):
        gap = [{"at": 0.0, "type": "gap", "width_m": 1.1, "height_m": 2.1}]
        openings = {**({"back": gap} if n else {})}
        sides = ["ahead"] if n < len(rooms) - 1 else []
        course.area("room", -half, y0, half, y1, openings=openings, open_sides=sides, lamps=2)
    course.put("cabinet", 1.08, 2.0, heading_deg=270, width_m=0.9, depth_m=0.36)
    course.put("sofa", -2.1, 13.0, heading_deg=90, seats=3)
    course.put("shelf", 2.4, 12.0, heading_deg=270, width_m=1.8)
    course.put("counter", 1.86, 22.0, heading_deg=270, width_m=2.4, sink=True)
    course.put("fridge", -1.85, 20.0, heading_deg=90)
    course.put("cabinet", -2.08, 31.5, heading_deg=90, width_m=1.4, depth_m=0.55, height_m=1.9)
    course.put("wall_cupboard", -2.2, 24.0, heading_deg=90, lift_m=1.45)
    for y, kinds in ((4.5, ["bag"]), (12.0, ["table", "box"]), (22.0, ["chair"]), (29.2, ["stool", "clutter"])):
        for n, kind in enumerate(kinds):
            course.meet(kind, y + 4.0 * n + course.between(-0.3, 0.3), course.rng.choice([-0.7, 0.7]).item())
    course.go(0.0, 35.2)


def _park(course: _Course) -> None:
    """A path between grass and trees, and steps up at its end."""
    course.area("floor", -60, -30, 60, 80, look="grass")
    course.area("floor", -1.5, -20, 1.5, 60, look="asphalt")
    course.area("floor", -40, 61.5, 40, 80, level_m=0.8, look="paving")
    for n in range(9):
        side = 1 if n % 2 else -1
        course.put("tree", side * course.between(2.4, 4.0), -1.0 + 7.0 * n, height_m=course.between(4, 6.5))
    for y in (8.0, 26.0, 44.0):
        course.put("bench", -1.95, y, heading_deg=90)
        course.put("bin", -1.9, y + 1.8, size="large")
    course.put("person", 1.1, 58.0, way=[[1.1, 12.0]], speed_mps=0.9)
    last = _meet_all(course, ["bollard", "bicycle", "person", "box", "hole"], 9.0, 8.0, -0.85)
    branch = last + 8.0
    course.put("tree", -1.8, branch, heading_deg=90, height_m=5.0, branch_low_m=1.5, branch_m=1.9)
    course.pass_by(branch, 0.2, 0.9)
    course.put("stairs_up", 0.0, 60.0, steps=5, rise_m=0.16, going_m=0.3, landing_m=0.3, width_m=2.4)
    course.go(0.0, 66.0)


def _shop(course: _Course) -> None:
    """Along an aisle between shelves, to the counter."""
    for n in range(2):
        sides = ["ahead"] if n == 0 else ["back"]
        course.area("room", -4.0, -2.0 + 32.0 * n, 4.0, 30.0 + 32.0 * n, open_sides=sides, lamps=6, height_m=3.2)
    for n in range(17):
        y = 1.5 + 3.4 * n
        for side in (-1, 1):
            turn = 270 if side > 0 else 90
            kind = "shelf" if n % 3 == 0 else "cabinet"
            course.put(kind, side * 1.6, y, heading_deg=turn, width_m=2.4, depth_m=0.4, height_m=1.7)
    course.put("person", 1.05, 40.0, heading_deg=90)
    _meet_all(course, ["box", "person", "bag", "hanging_sign", "board_sign", "stool"], 8.0, 8.0, 0.6)
    course.put("counter", 0.0, 59.5, heading_deg=180, width_m=2.0)
    course.go(0.0, 57.6)


def _platform(course: _Course) -> None:
    """Along a platform, and at the end towards its edge."""
    course.area("floor", -40, -30, 60, 90, look="paving")
    course.area("track_bed", 2.6, -30, 6.6, 90, depth_m=1.0)
    course.area("facade", -12, -20, -5.0, 90, front="right", bay_m=8.0, height_m=6)
    for y in (6.0, 22.0, 38.0, 54.0):
        course.put("bench", -3.2, y, heading_deg=90, length_m=2.0)
        course.put("street_lamp", -2.4, y + 5.0, heading_deg=90, lit=False)
    for x, y in ((-1.7, 14.0), (1.3, 27.0), (-1.9, 46.0)):
        course.put("person", x, y, heading_deg=course.between(0, 359))
    _meet_all(course, ["bag", "pole", "person", "bin", "hanging_sign"], 9.0, 9.0, -0.9)
    course.go(0.0, 53.0)
    course.go(0.4, 55.0)
    course.go(1.9, 56.4)


def _office_at_night(course: _Course) -> None:
    """Through dim rooms; one lamp in three is on."""
    for n in range(4):
        sides = [side for side, open_ in (("back", n > 0), ("ahead", n < 3)) if open_]
        course.area("room", -1.7, -1.6 + 16.0 * n, 1.7, 14.4 + 16.0 * n, open_sides=sides, lamps=2, lit=n % 3 == 0)
    for n in range(8):
        side = 1 if n % 2 else -1
        y, turn = 3.0 + 7.0 * n, 270 if side > 0 else 90
        kind = ("cabinet", "plant", "shelf", "bin")[n % 4]
        more = {"cabinet": {"depth_m": 0.4}, "shelf": {"depth_m": 0.3, "width_m": 1.2}}.get(kind, {})
        course.put(kind, side * 1.42, y, heading_deg=turn, **more)
    _meet_all(course, ["office_chair", "box", "plant", "hanging_sign", "bag", "table"], 8.0, 8.0, 0.75)
    course.go(0.0, 58.0)


NIGHT: Data = {"time": "night", "strength": 0.6}
_PLACES: dict[str, tuple[Callable[[_Course], None], Family, Data]] = {
    "pavement": (_busy_pavement, "pavement", DAY),
    "home": (_home, "interior", DAY),
    "park": (_park, "pavement", {"time": "overcast"}),
    "shop": (_shop, "interior", DAY),
    "platform": (_platform, "pavement", {"time": "overcast"}),
    "office_night": (_office_at_night, "corridor", NIGHT),
}
