"""Stairs, platforms, landings, ramps and holes."""

from __future__ import annotations

from edge_nav.lab.sim.families.around import conditions, window
from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.families.obstacles import INSIDE, strew
from edge_nav.lab.sim.scene import SceneSpec
from edge_nav.lab.sim.things.plan import Rect

HALL_THINGS: tuple[str, ...] = (
    "pole",
    "bin",
    "bag",
    "person",
    "bench",
    "board_sign",
    "hanging_sign",
    "hole",
    "person",
    "box",
    "glass_panel",
    "plant",
    "railing",
)


def generate(seed: int) -> SceneSpec:
    """A hall with stairs, a railway platform, or a terrace of levels; the way leads past every edge."""
    draft = Draft("stairs", seed)
    form = draft.one(("hall", "hall", "platform", "terrace"))
    return {"hall": _hall, "platform": _platform, "terrace": _terrace}[form](draft)


def _hall(draft: Draft) -> SceneSpec:
    """A room in which stairs lead down and up, open to it on all sides or railed."""
    half, length, height = draft.between(2.6, 5.0), draft.between(12, 19), draft.between(3.0, 5.0)
    room: Rect = (-half, -1.5, half, length)
    spaced = [window(y, draft, 2.0) for y in (2.0, 6.0, 10.0)]
    sides = {draft.one(("left", "right")): spaced} if draft.chance(0.6) else {}
    hall: Data = {"kind": "room", "from": room[:2], "to": room[2:], "height_m": height, "openings": sides}
    draft.build({**hall, "lamps": 3, "lit": draft.chance(0.9)})
    y = draft.between(2.5, 4.5)
    while y < length - 3.5:
        y += _flight(draft, room, y) + draft.between(1.6, 3.0)
    strew(draft, room, HALL_THINGS if draft.chance(0.7) else INSIDE, (1.8, 3.6), height)
    goal = _free(draft, room, length - 0.9)
    return draft.finish((0.0, -0.7), goal, conditions(draft, inside=True))


def _flight(draft: Draft, room: Rect, y: float) -> float:
    """Stairs or a hole in the middle or at a side; how much of the room's length they take."""
    x0, _, x1, y1 = room
    form = draft.one(("down", "down", "up", "down_across", "hole", "up"))
    wide = min(draft.between(1.2, 2.4), (x1 - x0) - 1.7)
    x = draft.one((x0 + wide / 2 + 0.05, x1 - wide / 2 - 0.05, draft.between(-0.4, 0.4)))
    # Beside it there must be room to pass.
    free = max(x - wide / 2 - x0, x1 - x - wide / 2)
    if free < 0.9:
        x = x0 + wide / 2 + 0.05
    rise, going = draft.between(0.14, 0.19), draft.between(0.26, 0.33)
    steps = int(draft.rng.integers(3, 12))
    data: Data = {"at": [x, y], "heading_deg": 0, "width_m": wide, "steps": steps, "rise_m": rise, "going_m": going}
    data["railings"] = draft.chance(0.5)
    if form == "hole":
        w, d = draft.between(0.6, 1.4), draft.between(0.6, 1.8)
        rect = (x - w / 2, y, x + w / 2, y + d)
        if draft.blocked(rect):
            return 0.0
        draft.build(
            {"kind": "hole", "at": [x, y + d / 2], "width_m": w, "length_m": d, "depth_m": draft.between(0.2, 2)},
            loose=True,
        )
        draft.keep(_grown(rect, 0.3))
        return d
    if form == "down_across":
        return _across(draft, room, y, data)
    landing = draft.between(0.8, 1.6)
    run = (steps - 1) * going + landing
    while steps > 2 and y + run > y1 - 1.5:
        steps -= 1
        run = (steps - 1) * going + landing
    if y + run > y1 - 1.2:
        return 1.0
    kind = "stairs_up" if form == "up" else "stairs_down"
    draft.build({**data, "kind": kind, "steps": steps, "landing_m": landing}, loose=True)
    draft.keep(_grown((x - wide / 2, y, x + wide / 2, y + run), 0.35))
    return run


def _across(draft: Draft, room: Rect, y: float, data: Data) -> float:
    """Stairs that lead down to a side, across the way's direction."""
    x0, _, x1, y1 = room
    wide = min(float(data["width_m"]), y1 - y - 2.0)
    if wide < 0.8:
        return 0.0
    right = draft.chance(0.5)
    start = draft.between(0.1, 0.5) if x1 - x0 < 7 else draft.between(0.4, 1.2)
    most = int((x1 - start - 0.9) / float(data["going_m"]))
    if most < 3:
        return 0.0
    steps = min(int(data["steps"]), most)
    landing = max(0.5, round(x1 - start - 0.03 - (steps - 1) * float(data["going_m"]), 2))
    side = 1.0 if right else -1.0
    data = {**data, "kind": "stairs_down", "at": [start * side, y + wide / 2], "heading_deg": 90 if right else 270}
    draft.build({**data, "width_m": wide, "steps": steps, "landing_m": landing}, loose=True)
    rect = (start, y, x1, y + wide) if right else (x0, y, -start, y + wide)
    draft.keep(_grown(rect, 0.3))
    return wide


def _platform(draft: Draft) -> SceneSpec:
    """A railway platform, under a roof or in the open: tracks on one side or on both."""
    length, wide = draft.between(16, 26), draft.between(2.8, 5.5)
    inside = draft.chance(0.55)
    bed, depth = 3.4, draft.between(0.6, 1.1)
    both = draft.chance(0.4)
    mirror = draft.one((-1.0, 1.0))
    end = length + 6
    near, far = wide / 2, wide / 2 + bed
    if inside:
        low = -(far + 0.3) if both else -near - 0.05
        x0, x1 = sorted((low * mirror, (far + 0.3) * mirror))
        hall: Data = {"kind": "room", "from": [x0, -6.0], "to": [x1, end], "height_m": draft.between(4.0, 5.5)}
        draft.build({**hall, "floor": draft.one(("paving", "indoor_floor")), "lamps": 4, "lit": True})
    else:
        draft.build(
            {"kind": "floor", "from": [-60, -40], "to": [60, 80], "look": draft.one(("paving", "paving", "grass"))}
        )
    for side in (mirror, -mirror) if both else (mirror,):
        _tracks(draft, side, (near, far), end, depth, inside=inside)
    if not inside and not both:
        x0, x1 = sorted(((-near - 0.2) * mirror, (-near - 5) * mirror))
        station: Data = {"kind": "facade", "from": [x0, -8], "to": [x1, end + 4], "height_m": draft.between(3.2, 6)}
        draft.build({**station, "front": "right" if mirror > 0 else "left", "bay_m": 3.6})
    way: Rect = (-near + 0.1, 0.0, near - 0.25, length) if mirror > 0 else (-near + 0.25, 0.0, near - 0.1, length)
    if both:
        way = (-near + 0.25, 0.0, near - 0.25, length)
    step = draft.between(4, 6)
    if draft.chance(0.7):
        pole = {"kind": "pole", "radius_m": draft.between(0.09, 0.22), "height_m": 3.9, "style": draft.style()}
        x = 0.0 if both else -0.15 * near * mirror
        for n in range(int(length / step)):
            draft.put({**pole, "at": [x, 2.5 + n * step]}, loose=True)
    strew(draft, way, HALL_THINGS, (1.7, 3.4), 3.6)
    for _ in range(2):
        data: Data = {
            "kind": draft.one(("bench", "bin", "cabinet")),
            "at": [-(near - 0.5) * mirror, draft.between(1, length - 1)],
        }
        draft.put({**data, "heading_deg": 90 if mirror > 0 else 270}, loose=True)
    x = 0.35 * near * -mirror if not both else 0.35
    return draft.finish((round(x, 2), -0.8), (round(x, 2), length - 0.5), conditions(draft, inside))


def _tracks(
    draft: Draft, side: float, reach_m: tuple[float, float], end: float, depth_m: float, *, inside: bool
) -> None:
    """The tracks on one side of a platform, and in the open the houses beyond. ``reach_m``: from the platform's middle,
    where they begin and end.
    """
    near, far = reach_m
    x0, x1 = sorted((near * side, far * side))
    draft.build({"kind": "track_bed", "from": [x0, -6.0], "to": [x1, end], "depth_m": depth_m})
    if inside:
        return
    x0, x1 = sorted(((far + 2.0) * side, (far + 8.0) * side))
    house: Data = {"kind": "facade", "from": [x0, -8], "to": [x1, end + 8], "height_m": draft.between(3, 8)}
    draft.build({**house, "front": "left" if side > 0 else "right", "bay_m": 5.0})


def _terrace(draft: Draft) -> SceneSpec:
    """A square on two levels: steps and a ramp up to a landing, stairs down, holes, railings, hedges."""
    length = draft.between(14, 20)
    half = draft.between(4.0, 7.0)
    draft.build(
        {"kind": "floor", "from": [-60, -40], "to": [60, 80], "look": draft.one(("paving", "paving", "asphalt"))}
    )
    for hand in (-1, 1):
        x0, x1 = sorted((half * hand, (half + 6) * hand))
        house: Data = {"kind": "facade", "from": [x0, -8], "to": [x1, length + 12], "height_m": draft.between(4, 9)}
        draft.build({**house, "front": "left" if hand > 0 else "right", "bay_m": draft.between(2.8, 4.5)})
    draft.build({"kind": "facade", "from": [-half - 6, length + 10], "to": [half + 6, length + 14], "front": "back"})
    rise = draft.between(0.12, 0.17)
    steps = int(draft.rng.integers(2, 6))
    side = draft.one((-1.0, 1.0))
    wide = draft.between(1.6, half)
    at = [round(side * (half - wide / 2 - 0.1), 2), draft.between(2.0, 4.0)]
    up: Data = {"kind": "stairs_up", "at": at, "width_m": wide, "steps": steps, "rise_m": rise, "landing_m": 3.0}
    draft.build({**up, "railings": draft.chance(0.5)})
    draft.keep((at[0] - wide / 2 - 0.4, at[1] - 0.5, at[0] + wide / 2 + 0.4, at[1] + steps * 0.3 + 3.2))
    if draft.chance(0.6):
        y = at[1] + (steps - 1) * 0.29 + 3.0
        ramp: Data = {"kind": "ramp", "at": [at[0], y + 4.2], "heading_deg": 180, "width_m": wide, "length_m": 4.0}
        draft.build({**ramp, "height_m": round(steps * rise, 3), "landing_m": 0.3})
        draft.keep((at[0] - wide / 2 - 0.4, y - 0.2, at[0] + wide / 2 + 0.4, y + 4.6))
    y = draft.between(4.0, length - 5)
    across = min(draft.between(1.2, 2.5), half - 1.5)
    x = round(-side * (half - across / 2 - draft.between(0.1, 1.0)), 2)
    down: Data = {"kind": "stairs_down", "at": [x, y], "width_m": across, "steps": int(draft.rng.integers(4, 11))}
    draft.build({**down, "landing_m": 1.2, "railings": draft.chance(0.5)}, loose=True)
    draft.keep((x - across / 2 - 0.3, y - 0.4, x + across / 2 + 0.3, y + 4.6))
    way: Rect = (-half + 0.3, 0.0, half - 0.3, length)
    strew(draft, way, (*HALL_THINGS, "tree", "bicycle", "bollard"), (1.2, 2.6), 3.2)
    goal = _free(draft, way, length - 0.8)
    return draft.finish((0.0, -1.0), goal, conditions(draft, inside=False))


def _free(draft: Draft, room: Rect, y: float) -> tuple[float, float]:
    """A free place near the far end."""
    for _ in range(60):
        x = draft.between(room[0] + 0.6, room[2] - 0.6)
        if not draft.blocked((x - 0.45, y - 0.45, x + 0.45, y + 0.45), 0.0, 2.0):
            return (x, round(y, 2))
    return (0.0, round(y, 2))


def _grown(rect: Rect, by: float) -> Rect:
    return (rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by)
