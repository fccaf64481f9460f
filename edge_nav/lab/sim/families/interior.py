"""An office, a shop, or a kitchen with a living room."""

from __future__ import annotations

from edge_nav.lab.sim.families.around import at_wall, conditions, door, furnish, line_wall, window
from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.families.obstacles import INSIDE, strew, thing
from edge_nav.lab.sim.scene import SceneSpec
from edge_nav.lab.sim.things.plan import Rect
from edge_nav.lab.sim.things.walls import THICK_M

BESIDE_SHAPES, STREWN_SHAPES = 16, 25


def generate(seed: int) -> SceneSpec:
    """One large furnished room, with another one behind a door."""
    draft = Draft("interior", seed)
    use = draft.one(("office", "shop", "home"))
    half, length = draft.between(2.6, 4.6), draft.between(6.5, 11.0)
    if use == "home":
        half, length = draft.between(2.1, 3.2), draft.between(5.5, 8.5)
    room: Rect = (-half, -1.0, half, length - 1.0)
    height = draft.between(2.4, 2.8) if use == "home" else draft.between(2.5, 3.6)
    beside = draft.one(("left", "right"))
    at = draft.between(1.5, length - 3.0)
    sides: dict[str, list[Data]] = {
        beside: [door(at, draft, ("door", "gap", "gap", "glass_door"))],
        "back": [{**door(0.0, draft), "open_deg": 0, "type": draft.one(("door", "glass_door"))}],
    }
    other = "left" if beside == "right" else "right"
    sides[other] = [window(y, draft, 2.0) for y in (room[1] + 2.0, room[3] - 2.0)][: int(draft.rng.integers(0, 3))]
    sides["ahead"] = [window(0.0, draft, 2.0)] if draft.chance(0.6) else []
    hall = {"kind": "room", "from": room[:2], "to": room[2:], "height_m": height, "openings": sides}
    draft.build({**hall, "lit": draft.chance(0.85)})
    reach = 1.25
    draft.keep(
        (room[2] - reach, at - 0.7, room[2], at + 0.7)
        if beside == "right"
        else (room[0], at - 0.7, room[0] + reach, at + 0.7)
    )
    draft.keep((-0.6, room[1], 0.6, room[1] + 1.1))
    # The room behind the door is still to be built, and things in the way are to find place.
    draft.reserved = BESIDE_SHAPES + STREWN_SHAPES
    {"office": _office, "shop": _shop, "home": _home}[use](draft, room, height)
    middle = (room[0] + 0.7, room[1] + 1.2, room[2] - 0.7, room[3] - 0.5)
    draft.reserved = BESIDE_SHAPES
    strew(draft, middle, INSIDE, (1.3, 2.8), height)
    draft.reserved = 0
    _beside(draft, room, beside, at, height)
    goal = _goal(draft, room)
    return draft.finish((0.0, room[1] + 0.6), goal, conditions(draft, inside=True))


def _goal(draft: Draft, room: Rect) -> tuple[float, float]:
    """A free place in the far part of the room."""
    best = (0.0, room[3] - 0.6)
    for _ in range(60):
        x, y = draft.between(room[0] + 0.5, room[2] - 0.5), draft.between(room[3] - 2.5, room[3] - 0.5)
        if not draft.blocked((x - 0.4, y - 0.4, x + 0.4, y + 0.4), 0.0, 2.0):
            return (x, y)
    return best


def _beside(draft: Draft, room: Rect, side: str, at: float, height: float) -> None:
    """The room behind the door."""
    deep = draft.between(2.5, 4.0)
    low, high = max(at - draft.between(1.4, 2.5), room[1] + 0.2), min(at + draft.between(1.4, 2.5), room[3] - 0.2)
    if side == "right":
        next_: Rect = (room[2] + THICK_M, low, room[2] + THICK_M + deep, high)
    else:
        next_ = (room[0] - THICK_M - deep, low, room[0] - THICK_M, high)
    opening = {side: [window((low + high) / 2, draft, high - low - 0.6)]} if draft.chance(0.6) else {}
    data = {"kind": "room", "from": next_[:2], "to": next_[2:], "height_m": height, "openings": opening, "lamps": 1}
    draft.build({**data, "open_sides": ["left" if side == "right" else "right"], "lit": draft.chance(0.75)})
    draft.keep((next_[0], at - 0.6, next_[2], at + 0.6))
    if not draft.full:
        furnish(draft, next_, draft.one(("office", "bedroom", "store")), ("ahead", "back", side))


def _office(draft: Draft, room: Rect, height: float) -> None:
    """Desks in pairs or rows with their chairs, shelves, cabinets, partitions."""
    x0, y0, x1, y1 = room
    style, seat = draft.style(), draft.style()
    facing = draft.one((90, 270))
    y = y0 + draft.between(2.0, 2.6)
    while y < y1 - 1.2:
        for x in (x0 + 1.5, x1 - 1.5) if x1 - x0 > 5 else (draft.one((x0 + 1.3, x1 - 1.3)),):
            if draft.chance(0.85) and draft.shapes < 120:
                desk = {"kind": "desk", "at": [x, y], "heading_deg": facing, "style": style}
                if draft.put(desk, within=room):
                    out = 0.8 if facing == 90 else -0.8
                    chair = {
                        "kind": "office_chair",
                        "at": [x + out + draft.between(-0.1, 0.1), y + draft.between(-0.2, 0.2)],
                    }
                    draft.put(
                        {**chair, "heading_deg": facing + 180 + draft.between(-50, 50), "style": seat}, within=room
                    )
                if draft.chance(0.3):
                    pane = {
                        "kind": "glass_panel",
                        "at": [x, y + 0.9],
                        "width_m": 1.4,
                        "height_m": draft.one((1.3, 2.0)),
                    }
                    draft.put(pane, within=room, loose=True)
        y += draft.between(1.9, 2.6)
    options: list[tuple[Data, float, float]] = [
        ({"kind": "shelf", "width_m": 1.0, "fill": "books"}, 0.5, 0.17),
        ({"kind": "cabinet", "height_m": 1.3, "open_deg": draft.one((0, 0, 90))}, 0.45, 0.26),
        ({"kind": "cabinet", "height_m": 1.95}, 0.45, 0.26),
        ({"kind": "plant", "height_m": 1.4}, 0.35, 0.4),
        ({"kind": "bin", "size": "small"}, 0.2, 0.2),
        ({"kind": "picture"}, 0.35, 0.0),
    ]
    for side in ("left", "right", "ahead"):
        line_wall(draft, room, side, options, 2)


def _shop(draft: Draft, room: Rect, height: float) -> None:
    """Aisles between shelves of goods, a counter, signs over the aisles."""
    x0, y0, x1, y1 = room
    style = draft.style()
    aisles = 2 if x1 - x0 > 7 else 1
    run = min(y1 - y0 - 4.0, 4.0)
    tall = draft.one((1.4, 1.7, 2.0))
    for n in range(aisles):
        x = 0.0 if aisles == 1 else (n - 0.5) * (x1 - x0) / 2.6
        x += draft.one((-0.9, 0.9)) if aisles == 1 else 0.0
        for m in range(max(1, round(run / 2.0))):
            y = y0 + 2.4 + m * 2.02
            for shift, facing in ((-0.2, 270), (0.2, 90)):
                shelf = {"kind": "shelf", "at": [x + shift, y], "heading_deg": facing, "width_m": 2.0, "depth_m": 0.38}
                shelf |= {"height_m": tall, "boards": draft.one((3, 4)), "fill": draft.one(("goods", "goods", "boxes"))}
                if draft.shapes < 130:
                    draft.put({**shelf, "style": style if draft.chance(0.5) else draft.style()}, 0.0, within=room)
    counter = {"kind": "counter", "width_m": 1.6, "height_m": 1.0, "style": style}
    draft.put({**counter, **at_wall(room, draft.one(("left", "right")), y0 + 1.3, 0.9)}, within=room)
    options: list[tuple[Data, float, float]] = [
        ({"kind": "shelf", "width_m": 1.6, "depth_m": 0.4, "fill": "goods", "boards": 4}, 0.8, 0.21),
        ({"kind": "fridge", "open_deg": draft.one((0, 0, 90))}, 0.3, 0.42),
        ({"kind": "box", "stack": 3}, 0.3, 0.32),
    ]
    for side in ("left", "right", "ahead"):
        line_wall(draft, room, side, options, 2)
    for _ in range(2):
        at = (draft.between(x0 + 1, x1 - 1), draft.between(y0 + 1.5, y1 - 1))
        draft.put(thing(draft, "hanging_sign", at, height), loose=True, within=room)


def _home(draft: Draft, room: Rect, height: float) -> None:
    """A kitchen's row with open cupboards above, a table with chairs, a sofa."""
    x0, y0, x1, y1 = room
    side = draft.one(("left", "right"))
    style, wood = draft.style(), draft.style()
    y = y0 + 2.3
    row = min(draft.between(1.8, 3.0), y1 - y0 - 3.5)
    counter = {"kind": "counter", "width_m": row, "sink": True, "hob": draft.chance(0.7), "style": style}
    draft.put({**counter, **at_wall(room, side, y + row / 2 - 0.6, 0.34)})
    for n in range(max(1, int(row / 0.9))):
        cupboard = {"kind": "wall_cupboard", "width_m": 0.8, "lift_m": 1.42, "style": style}
        cupboard["open_deg"] = draft.one((0, 0, 80, 95, 110))
        draft.put({**cupboard, **at_wall(room, side, y - 0.5 + 0.45 + n * 0.86, 0.01)})
    fridge = {"kind": "fridge", "open_deg": draft.one((0, 0, 0, 80))}
    draft.put({**fridge, **at_wall(room, side, y - 0.6 + row + 0.5, 0.42)}, 0.0)
    x, ahead = draft.between(-0.6, 0.6), draft.between(y0 + 2.6, y1 - 2.0)
    table = {
        "kind": "table",
        "at": [x, ahead],
        "width_m": draft.between(0.9, 1.4),
        "length_m": draft.between(0.75, 0.95),
    }
    if draft.put({**table, "style": wood, "heading_deg": draft.one((0, 90))}, loose=True, within=room):
        chair = draft.style()
        for dx, dy, facing in ((-0.35, -0.75, 0), (0.35, -0.75, 0), (-0.3, 0.75, 180), (0.85, 0.0, 270)):
            seat = {
                "kind": "chair",
                "at": [x + dx, ahead + dy],
                "heading_deg": facing + draft.between(-25, 25),
                "style": chair,
            }
            if draft.chance(0.75):
                draft.put(seat, 0.0, loose=True, within=room)
    options: list[tuple[Data, float, float]] = [
        ({"kind": "sofa", "seats": 2}, 0.9, 0.5),
        ({"kind": "sofa", "seats": 1}, 0.5, 0.5),
        ({"kind": "shelf", "width_m": 0.8}, 0.4, 0.17),
        ({"kind": "floor_lamp"}, 0.25, 0.35),
        ({"kind": "plant"}, 0.35, 0.4),
        ({"kind": "cabinet", "height_m": 0.8}, 0.45, 0.26),
        ({"kind": "picture"}, 0.35, 0.0),
        ({"kind": "bed", "width_m": 0.9}, 0.5, 1.08),
        ({"kind": "bin", "size": "small"}, 0.2, 0.2),
    ]
    draft.put({"kind": "sofa", "seats": 2, **at_wall(room, "ahead", draft.between(x0 + 1, x1 - 1), 0.52)}, within=room)
    for place in ("left", "right", "ahead", "ahead"):
        line_wall(draft, room, place, options, 2)
    at = (draft.between(x0 + 0.8, x1 - 0.8), draft.between(y0 + 1.5, y1 - 1.0))
    draft.put(thing(draft, "clutter", at), loose=True, within=room)
