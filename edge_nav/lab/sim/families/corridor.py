"""Corridors with rooms beside them, seen through doors."""

from __future__ import annotations

from edge_nav.lab.sim.families.around import at_wall, conditions, door, furnish, window
from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.families.obstacles import INSIDE, strew
from edge_nav.lab.sim.scene import SceneSpec
from edge_nav.lab.sim.things.plan import Rect
from edge_nav.lab.sim.things.walls import THICK_M

ROOM_SHAPES = 16
"""About what the walls, the window and the lamp of a side room take."""
WALL_THINGS = ("picture", "mirror", "cabinet", "wall_cupboard", "plant", "bin", "bench", "shelf", "picture", "chair")


def generate(seed: int) -> SceneSpec:
    """A corridor ahead from the origin, with rooms on both sides, things in it, and often a door across."""
    draft = Draft("corridor", seed)
    length, half = draft.between(10, 18), draft.between(0.95, 1.8)
    hall: Rect = (-half, -1.5, half, length)
    height = draft.between(2.35, 3.2)
    sides: dict[str, list[Data]] = {"left": [], "right": [], "ahead": []}
    rooms: list[tuple[str, Rect]] = []
    for side in ("left", "right"):
        y = draft.between(-1.0, 1.0)
        while y < length - 3.5:
            end = min(y + draft.between(3.2, 5.5), length - 0.2)
            if len(rooms) < 3 and draft.chance(0.6):
                at = draft.between(y + 0.8, max(end - 0.8, y + 0.85))
                sides[side].append(door(at, draft))
                deep = draft.between(2.6, 4.5)
                x0, x1 = (
                    (-half - THICK_M - deep, -half - THICK_M)
                    if side == "left"
                    else (half + THICK_M, half + THICK_M + deep)
                )
                rooms.append((side, (x0, y, x1, end)))
            y = end + THICK_M + 0.01
    closed = {**door(0.0, draft, ("door", "glass_door")), "open_deg": 0}
    sides["ahead"].append(closed if draft.chance(0.5) else window(0.0, draft, 2 * half - 0.4))
    hall_data = {"kind": "room", "from": hall[:2], "to": hall[2:], "height_m": height, "openings": sides}
    lit = draft.chance(0.85)
    draft.reserved = ROOM_SHAPES * len(rooms)
    draft.build({**hall_data, "lit": lit})
    for side, openings in sides.items():
        for o in openings:
            _swing(draft, side, o, hall)
    draft.keep((-0.5, -1.2, 0.5, 0.0))
    draft.keep((-0.5, length - 1.5, 0.5, length - 0.5))
    _across(draft, hall, height)
    strew(draft, hall, INSIDE, (1.6, 3.4), height)
    _on_walls(draft, hall)
    _rooms(draft, rooms, height)
    return draft.finish((0.0, -0.7), (0.0, round(length - 1.0, 2)), conditions(draft, inside=True))


def _swing(draft: Draft, side: str, o: Data, hall: Rect) -> None:
    """Room for a door's leaf and for who goes through."""
    if o["type"] == "window":
        return
    a, reach = o["at"], o["width_m"]
    deep = reach if o["swing"] == "in" and o["type"] != "gap" and o["open_deg"] > 0 else 0.35
    x0, _, x1, y1 = hall
    rect = {
        "left": (x0, a - reach, x0 + deep, a + reach),
        "right": (x1 - deep, a - reach, x1, a + reach),
        "ahead": (a - reach, y1 - deep, a + reach, y1),
    }[side]
    draft.keep(rect)


def _rooms(draft: Draft, rooms: list[tuple[str, Rect]], height: float) -> None:
    for side, room in rooms:
        draft.reserved -= ROOM_SHAPES
        far = side
        openings = {}
        wide = room[3] - room[1]
        if draft.chance(0.6):
            openings[far] = [window((room[1] + room[3]) / 2, draft, wide - 0.6)]
        open_side = "right" if side == "left" else "left"
        data = {"kind": "room", "from": room[:2], "to": room[2:], "height_m": height, "openings": openings}
        draft.build({**data, "open_sides": [open_side], "lamps": 1, "lit": draft.chance(0.7)})
        if not draft.full:
            # The leaf of a door that opens outwards swings into the room.
            strip = (
                (room[2] - 0.9, room[1], room[2], room[3])
                if side == "left"
                else (room[0], room[1], room[0] + 0.9, room[3])
            )
            draft.keep(strip)
            furnish(draft, room, draft.one(("office", "bedroom", "store")), (far, "ahead", "back"))


def _across(draft: Draft, hall: Rect, height: float) -> None:
    """A wall across the corridor with a door or a glass door, or a low beam."""
    x0, y0, x1, y1 = hall
    wide = x1 - x0
    y = draft.between(y0 + 0.45 * (y1 - y0), y1 - 3.5)
    form = draft.one(("wall", "beam", "nothing", "nothing", "piers"))
    if form == "nothing" or draft.blocked((x0, y - 0.9, x1, y + 0.9)):
        return
    if form == "beam":
        # It leaves a way at one side: who cannot see it has to be told which.
        low, across = draft.between(1.55, 1.9), round(wide - draft.between(0.75, 1.0), 2)
        x = draft.one((x0 + across / 2 + 0.01, x1 - across / 2 - 0.01))
        beam: Data = {"kind": "hanging_sign", "at": [x, y], "lift_m": low, "width_m": across, "height_m": 0.16}
        draft.put({**beam, "hung_from_m": height}, loose=True)
        return
    o = door(wide / 2, draft, ("door", "glass_door") if form == "wall" else ("gap",))
    o["open_deg"] = draft.one((90, 100, 120))
    o["width_m"] = min(draft.between(1.0, 1.15) if form == "wall" else draft.between(0.9, 1.3), round(wide - 0.3, 2))
    wall = {"kind": "wall", "from": [x0, y], "to": [x1, y], "height_m": height, "openings": [o]}
    draft.build(wall)
    draft.keep((x0, y - 1.1, x1, y + 1.1), 0.0, height)


def _on_walls(draft: Draft, hall: Rect) -> None:
    """Things on and against the corridor's own walls, an open cupboard among them."""
    x0, y0, x1, y1 = hall
    if x1 - x0 < 2.0:
        kinds: tuple[str, ...] = ("picture", "mirror", "wall_cupboard", "picture", "bin")
    else:
        kinds = WALL_THINGS
    for _ in range(int(draft.rng.integers(3, 8))):
        kind, side = draft.one(kinds), draft.one(("left", "right"))
        out = {"picture": 0.0, "mirror": 0.0, "wall_cupboard": 0.0, "cabinet": 0.26, "shelf": 0.17}.get(kind, 0.34)
        data: Data = {"kind": kind, **at_wall(hall, side, draft.between(y0 + 0.6, y1 - 0.6), out + 0.01)}
        if kind == "wall_cupboard":
            data |= {
                "width_m": draft.between(0.4, 0.9),
                "open_deg": draft.one((0, 70, 90, 110)),
                "lift_m": draft.between(1.3, 1.6),
            }
        draft.put(data, loose=True)
