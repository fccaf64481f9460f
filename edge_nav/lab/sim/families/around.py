"""What every family varies: light, camera, sensor, gait, and things against walls."""

from __future__ import annotations

from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.things.plan import Rect

SIDES = ("left", "right", "ahead", "back")


def conditions(draft: Draft, inside: bool) -> Data:
    """Light, camera, sensor and speed of a scene."""
    if inside:
        time = draft.one(("day", "day", "day", "overcast", "overcast", "dusk", "night"))
    else:
        time = draft.one(("day", "day", "day", "day", "overcast", "overcast", "dusk", "night"))
    dark = time in ("dusk", "night")
    noise = draft.between(0.5, 3.0) * (2.0 if dark else 1.0)
    return {
        "light": {
            "time": time,
            "sun_azimuth_deg": draft.between(0, 359),
            "sun_elevation_deg": draft.between(12, 65),
            "strength": draft.between(0.6, 1.3),
        },
        "camera": {
            "fov_deg": draft.between(58, 90),
            "height_m": draft.between(1.15, 1.6),
            "pitch_deg": draft.between(5, 24),
            "roll_deg": draft.between(-3, 3),
        },
        "sensor": {
            "exposure_ev": draft.between(-1.5, 0.3) if dark else draft.between(-0.6, 0.6),
            "read_noise": round(0.003 * noise, 4),
            "shot_noise": round(0.005 * noise, 4),
            "shutter_s": draft.between(0.01, 0.035) if dark or inside else 0.004,
            "defocus_px": draft.between(0.2, 0.9),
            "vignetting": draft.between(0.0, 0.45),
            "warmth": draft.between(-0.4, 0.4),
            "jpeg_quality": int(draft.rng.integers(60, 97)),
            "seed": draft.seed,
        },
        "walk": {
            "speed_mps": draft.between(0.9, 1.35),
            "gait": {
                "bob_m": draft.between(0.010, 0.028),
                "sway_m": draft.between(0.008, 0.025),
                "pitch_deg": draft.between(0.6, 2.0),
                "roll_deg": draft.between(0.4, 1.6),
                "yaw_deg": draft.between(0.4, 2.5),
            },
        },
    }


def at_wall(room: Rect, side: str, along: float, out: float) -> Data:
    """Place and heading of a thing against a wall that faces the room: its middle ``out`` metres from the wall."""
    x0, y0, x1, y1 = room
    at, heading = {
        "left": ((x0 + out, along), 90),
        "right": ((x1 - out, along), 270),
        "ahead": ((along, y1 - out), 180),
        "back": ((along, y0 + out), 0),
    }[side]
    return {"at": list(at), "heading_deg": heading}


def span(room: Rect, side: str, margin: float) -> tuple[float, float]:
    """From where to where things can stand along a wall."""
    x0, y0, x1, y1 = room
    low, high = (y0, y1) if side in ("left", "right") else (x0, x1)
    return low + margin, max(high - margin, low + margin + 0.01)


def line_wall(draft: Draft, room: Rect, side: str, options: list[tuple[Data, float, float]], count: int) -> None:
    """Try to put things along a wall. Options: description, half its width, half its depth."""
    for _ in range(count):
        if draft.full:
            return
        data, half, out = draft.one(options)
        low, high = span(room, side, half + 0.05)
        draft.put({**data, **at_wall(room, side, draft.between(low, high), out + 0.01)}, within=_grown(room, 0.02))


def _grown(room: Rect, by: float) -> Rect:
    return (room[0] - by, room[1] - by, room[2] + by, room[3] + by)


def door(at: float, draft: Draft, kinds: tuple[str, ...] = ("door", "door", "gap", "glass_door")) -> Data:
    """A doorway in a wall, its leaf open, ajar or closed."""
    return {
        "at": at,
        "type": draft.one(kinds),
        "width_m": draft.between(0.85, 1.15),
        "height_m": draft.between(2.0, 2.15),
        "open_deg": draft.one((0, 15, 60, 85, 95, 120)),
        "hinge": draft.one(("left", "right")),
        "swing": draft.one(("in", "out")),
    }


def window(at: float, draft: Draft, widest: float) -> Data:
    """A window in a wall, at most so wide."""
    return {
        "at": at,
        "type": "window",
        "sill_m": draft.between(0.8, 1.0),
        "height_m": draft.between(1.0, 1.3),
        "width_m": min(draft.between(0.9, 1.8), max(widest, 0.4)),
    }


def furnish(draft: Draft, room: Rect, use: str, free_sides: tuple[str, ...]) -> None:
    """A small room beside the way: enough to look like one."""
    x0, y0, x1, y1 = room
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    if use == "office":
        options: list[tuple[Data, float, float]] = [
            ({"kind": "shelf", "width_m": 0.9}, 0.45, 0.17),
            ({"kind": "cabinet"}, 0.45, 0.27),
            ({"kind": "plant"}, 0.3, 0.3),
        ]
        desk = {"kind": "desk", "at": [middle[0], middle[1]], "heading_deg": (facing := draft.one((0, 90, 180, 270)))}
        if draft.put(desk, within=room):
            a = {0: (0, 0.75), 90: (0.75, 0), 180: (0, -0.75), 270: (-0.75, 0)}[facing]
            at = [middle[0] + a[0], middle[1] + a[1]]
            draft.put({"kind": "office_chair", "at": at, "heading_deg": draft.between(0, 359)}, within=room)
    elif use == "bedroom":
        options = [({"kind": "cabinet", "height_m": 1.9, "depth_m": 0.55}, 0.45, 0.32), ({"kind": "chair"}, 0.3, 0.3)]
        side = draft.one(free_sides)
        low, high = span(room, side, 0.8)
        draft.put({"kind": "bed", **at_wall(room, side, draft.between(low, high), 1.08)}, within=room)
    else:
        options = [
            ({"kind": "shelf", "fill": "boxes", "width_m": 1.2}, 0.6, 0.17),
            ({"kind": "box", "stack": 2}, 0.3, 0.32),
            ({"kind": "counter", "width_m": 1.4}, 0.72, 0.34),
        ]
        table = {
            "kind": "table",
            "at": list(middle),
            "width_m": draft.between(0.8, 1.6),
            "heading_deg": draft.one((0, 90)),
        }
        if draft.put(table, within=room):
            chair = {"kind": "chair", "at": [middle[0] + 0.1, middle[1] - 0.85], "heading_deg": draft.between(-30, 30)}
            draft.put(chair, within=room)
    for side in free_sides:
        if draft.chance(0.7):
            line_wall(draft, room, side, options, 2)
