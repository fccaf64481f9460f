"""What stands, hangs and walks in the way."""

from __future__ import annotations

import math

from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.things.plan import Rect

INSIDE: tuple[str, ...] = (
    "box",
    "chair",
    "bag",
    "clutter",
    "board_sign",
    "bin",
    "pole",
    "hanging_sign",
    "stool",
    "plant",
    "person",
    "office_chair",
    "box",
    "table",
    "glass_panel",
    "hole",
    "hanging_sign",
    "person",
)
OUTSIDE: tuple[str, ...] = (
    "bollard",
    "bicycle",
    "board_sign",
    "pole",
    "bin",
    "traffic_sign",
    "hanging_sign",
    "tree",
    "person",
    "box",
    "bench",
    "railing",
    "person",
    "hanging_sign",
    "hole",
    "bollard",
    "clutter",
)


def thing(draft: Draft, kind: str, at: tuple[float, float], ceiling_m: float = 2.6) -> Data:
    """A thing of a kind at a place, varied."""
    data: Data = {"kind": kind, "at": list(at), "heading_deg": draft.between(0, 359)}
    if kind == "box":
        data["stack"] = draft.one((1, 1, 1, 2, 3))
    elif kind == "bin":
        data["size"] = draft.one(("small", "large", "wheeled"))
    elif kind == "clutter":
        data |= {"count": int(draft.rng.integers(2, 6)), "spread_m": draft.between(0.15, 0.45)}
    elif kind == "pole":
        data |= {"radius_m": draft.one((0.03, 0.05, 0.08, 0.15, 0.2)), "height_m": ceiling_m, "heading_deg": 0.0}
    elif kind == "hanging_sign":
        low = draft.between(1.45, 1.8)
        data |= {"lift_m": low, "width_m": draft.between(0.4, 1.1), "height_m": draft.between(0.12, 0.45)}
        data |= {"hung_from_m": ceiling_m, "heading_deg": draft.one((0, 180)) + draft.between(-25, 25)}
    elif kind == "plant":
        data["height_m"] = draft.between(0.5, 1.8)
    elif kind == "hole":
        data |= {
            "width_m": draft.between(0.5, 1.0),
            "length_m": draft.between(0.5, 1.2),
            "depth_m": draft.between(0.15, 1.5),
        }
        data["heading_deg"] = 0.0
    elif kind == "glass_panel":
        data |= {"width_m": draft.between(0.7, 1.2), "heading_deg": draft.one((0, 90)) + draft.between(-10, 10)}
    elif kind == "table":
        data |= {"width_m": draft.between(0.6, 1.1), "length_m": draft.between(0.5, 0.7), "objects": 2}
    elif kind == "tree":
        data |= {"height_m": draft.between(3.5, 6), "branch_low_m": draft.between(1.45, 1.85)}
    elif kind == "railing":
        data |= {"length_m": draft.between(0.8, 1.4), "heading_deg": draft.between(-20, 20)}
    elif kind == "traffic_sign":
        data["low_m"] = draft.between(1.5, 2.2)
    return data


PACING_M = 2.5
"""Nobody walks to and fro over less."""
REST_S = (5.0, 15.0)
"""Nor without standing about at each end: who never rests would stand in the way of a walker for good."""


def strew(
    draft: Draft, way: Rect, kinds: tuple[str, ...], spacing_m: tuple[float, float], ceiling_m: float = 2.6
) -> None:
    """Things along a way that leads ahead, each so that most of the width stays free."""
    x0, y0, x1, y1 = way
    for _ in range(draft.one((0, 1, 1, 2))):
        at = (draft.between(x0 + 0.45, x1 - 0.45), draft.between(y0 + 2.0, y1 - 0.5))
        draft.put(walker(draft, way, at), 0.0, loose=True)
    y = y0 + draft.between(1.5, 3.0)
    while y < y1 - 1.0:
        kind = draft.variant(kinds) if draft.split != "train" and draft.chance(0.3) else draft.one(kinds)
        wide = x1 - x0
        for _ in range(4):
            # Most things in or near the middle, where the walker would go.
            x = (x0 + x1) / 2 + float(draft.rng.normal(0, 0.22)) * wide
            at = (min(max(x, x0 + 0.1), x1 - 0.1), y + draft.between(-0.3, 0.3))
            data = thing(draft, kind, at, ceiling_m)
            if kind == "hole":
                if _dig(draft, data, way):
                    break
            elif draft.put(data, 0.05, loose=True, within=way):
                break
        y += draft.between(*spacing_m)


def walker(draft: Draft, way: Rect, at: tuple[float, float]) -> Data:
    """Someone who walks along or across the way, there and back, or who stands where there is no room to walk."""
    x0, y0, x1, y1 = way
    if draft.chance(0.7):
        end = [at[0], min(max(at[1] + draft.one((-1, 1)) * draft.between(3, 7), y0 + 0.5), y1 - 0.5)]
    else:
        end = [x0 + 0.45 if at[0] > (x0 + x1) / 2 else x1 - 0.45, at[1]]
    speed = draft.between(0.6, 1.4)
    if math.dist(at, end) < PACING_M:
        return {"kind": "person", "at": list(at), "heading_deg": draft.between(0, 360)}
    return {"kind": "person", "at": list(at), "way": [end], "speed_mps": speed, "rest_s": draft.between(*REST_S)}


def _dig(draft: Draft, data: Data, way: Rect) -> bool:
    """A hole where nothing stands or walks."""
    (x, y), a, b = data["at"], data["width_m"] / 2, data["length_m"] / 2
    rect = (x - a, y - b, x + a, y + b)
    inside = rect[0] >= way[0] and rect[1] >= way[1] and rect[2] <= way[2] and rect[3] <= way[3]
    if not inside or draft.blocked((rect[0] - 0.2, rect[1] - 0.2, rect[2] + 0.2, rect[3] + 0.2)):
        return False
    draft.build(data, loose=True)
    draft.keep((rect[0] - 0.1, rect[1] - 0.1, rect[2] + 0.1, rect[3] + 0.1))
    return True
