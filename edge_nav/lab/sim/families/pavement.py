"""A pavement between buildings and a road."""

from __future__ import annotations

from edge_nav.lab.sim.families.around import conditions
from edge_nav.lab.sim.families.draft import Data, Draft
from edge_nav.lab.sim.families.obstacles import OUTSIDE, strew, thing
from edge_nav.lab.sim.scene import SceneSpec
from edge_nav.lab.sim.things.plan import Rect

BACK_M, KERB_M = 5.0, 0.14
FAR_SHAPES = 24
"""About what the houses across the road take."""


def generate(seed: int) -> SceneSpec:
    """A pavement ahead: buildings on its left, the road on its right, or the other way round."""
    draft = Draft("pavement", seed)
    length, wide, road = draft.between(18, 30), draft.between(2.0, 4.2), draft.between(5.0, 8.5)
    mirror = 1.0 if draft.chance(0.5) else -1.0
    looks = ("paving", "paving", "asphalt")
    end = length + 8.0
    draft.build({"kind": "floor", "from": [-60, -40], "to": [60, 80], "look": draft.one(looks)})
    crossing = draft.between(6, length - 4) if draft.chance(0.5) else None
    lane = _mirrored((wide / 2, -30.0, wide / 2 + road, end + 20), mirror)
    side_road = draft.between(8, length - 7) if draft.chance(0.35) else None
    if side_road is not None:
        _side_road(draft, side_road, wide, mirror)
    carriage: Data = {"kind": "road", "from": lane[:2], "to": lane[2:], "depth_m": draft.between(0.10, 0.16)}
    draft.build({**carriage, "crossing_at": crossing, "dropped_kerb": draft.chance(0.6)})
    way = _mirrored((-wide / 2 + 0.1, 0.0, wide / 2 - 0.45, length + 0.5), mirror)
    _buildings(draft, wide, mirror, end, side_road)
    if side_road is not None:
        draft.keep((-60, side_road - 3.4, 60, side_road + 3.4))
    if crossing is not None:
        draft.keep(_mirrored((wide / 2 - 1.2, crossing - 1.6, wide / 2 + road, crossing + 1.6), mirror))
    draft.keep((-0.5, -1.0, 0.5, 0.0))
    draft.keep((-0.5, length - 0.5, 0.5, length + 0.5))
    draft.reserved = FAR_SHAPES
    _scaffold(draft, wide, mirror, length)
    strew(draft, way, OUTSIDE, (2.0, 4.2), 3.2)
    _parked(draft, wide, road, mirror, length)
    _kerbside(draft, wide, mirror, length)
    _house_side(draft, wide, mirror, length)
    _far_side(draft, wide / 2 + road, mirror, end)
    more = conditions(draft, inside=False)
    return draft.finish((0.0, -0.5), (0.0, round(length, 2)), more)


def _mirrored(rect: Rect, mirror: float) -> Rect:
    x0, x1 = sorted((rect[0] * mirror, rect[2] * mirror))
    return (round(x0, 3), rect[1], round(x1, 3), rect[3])


def _side_road(draft: Draft, at: float, wide: float, mirror: float) -> None:
    """A road that the pavement crosses: its kerbs are dropped for the way, or not."""
    lane = _mirrored((-60.0, at - 2.2, wide / 2, at + 2.2), mirror)
    data: Data = {"kind": "road", "from": lane[:2], "to": lane[2:], "depth_m": 0.11, "crossing_at": 0.0}
    draft.build({**data, "dropped_kerb": True})


def _buildings(draft: Draft, wide: float, mirror: float, end: float, side_road: float | None) -> None:
    """House after house along the pavement, here and there a hedge instead."""
    y = -BACK_M
    while y < end:
        long = draft.between(8, 15)
        if side_road is not None and y < side_road + 2.6 < y + long + 5.2:
            if y < side_road - 2.6:
                long = side_road - 2.6 - y
            else:
                y = side_road + 2.6
                continue
        rect = _mirrored((-wide / 2 - 6.0, y, -wide / 2, y + long), mirror)
        if draft.chance(0.8) or long < 1.2:
            house: Data = {"kind": "facade", "from": rect[:2], "to": rect[2:], "height_m": draft.between(3.2, 9)}
            house |= {"front": "right" if mirror > 0 else "left", "bay_m": draft.between(3.4, 5.0)}
            draft.build({**house, "shop": draft.chance(0.4)})
            draft.keep(rect)
        else:
            x = (-wide / 2 - 0.45) * mirror
            hedge: Data = {"kind": "hedge", "at": [x, y + long / 2], "length_m": long - 0.3, "width_m": 0.7}
            draft.put({**hedge, "height_m": draft.between(0.8, 1.9)})
            behind = _mirrored((-wide / 2 - 9.0, y, -wide / 2 - 5.0, y + long), mirror)
            house = {
                "kind": "facade",
                "from": behind[:2],
                "to": behind[2:],
                "height_m": draft.between(3, 5),
                "bay_m": 6.0,
            }
            draft.build({**house, "front": "right" if mirror > 0 else "left"})
        y += long


def _far_side(draft: Draft, edge: float, mirror: float, end: float) -> None:
    """Buildings and trees across the road."""
    draft.reserved = 0
    y = -BACK_M
    while y < end:
        long = draft.between(14, 24)
        rect = _mirrored((edge + 2.6, y, edge + 9.0, y + long), mirror)
        house: Data = {"kind": "facade", "from": rect[:2], "to": rect[2:], "height_m": draft.between(4, 11)}
        draft.build({**house, "front": "left" if mirror > 0 else "right", "bay_m": draft.between(6, 8)})
        if draft.chance(0.4):
            tree = {"kind": "tree", "at": [(edge + 1.2) * mirror, y + 2], "height_m": draft.between(3.5, 7)}
            draft.put(tree)
        y += long + draft.one((0.0, 0.0, 2.5))
    # The street ends in a house, so that it does not run into nothing.
    x0, x1 = sorted((-12.0 * mirror, (edge + 9.0) * mirror))
    draft.build({"kind": "facade", "from": [x0, end + 4], "to": [x1, end + 9], "front": "back", "height_m": 8.0})


def _kerbside(draft: Draft, wide: float, mirror: float, length: float) -> None:
    """Lamps, trees, posts and benches near the kerb; branches reach over the pavement."""
    x = (wide / 2 - 0.42) * mirror
    inwards = 270 if mirror > 0 else 90
    y = draft.between(0.5, 4.0)
    style = draft.style()
    kind = draft.one(("tree", "bollard", "street_lamp", "mixed"))
    while y < length + 8:
        form = draft.one(("tree", "street_lamp", "traffic_sign", "bin", "bollard")) if kind == "mixed" else kind
        data: Data = {"kind": form, "at": [x, y], "heading_deg": inwards}
        step = draft.between(2.5, 6.0)
        if form == "tree":
            data |= {"height_m": draft.between(3.5, 6.5), "branch_m": draft.between(0.8, 1.6)}
            data["branch_low_m"] = draft.between(1.45, 2.0) if draft.chance(0.5) else None
        elif form == "street_lamp":
            data |= {"heading_deg": inwards + 180, "style": style}
            step = draft.between(7, 10)
        elif form == "bin":
            data["size"] = "large"
        elif form == "bollard":
            data["style"] = style
            step = draft.between(1.4, 2.2)
        elif form == "traffic_sign":
            data |= {"heading_deg": 180, "low_m": draft.between(1.9, 2.3)}
        if draft.full:
            step *= 2
        draft.put(data, loose=form != "street_lamp")
        y += step
    if kind != "street_lamp":
        for y in (draft.between(3, 6), draft.between(11, 14)):
            draft.put({"kind": "street_lamp", "at": [x, y], "heading_deg": inwards + 180, "style": style})


def _house_side(draft: Draft, wide: float, mirror: float, length: float) -> None:
    """Bins, bicycles, plants, boards and awnings along the houses."""
    outwards = 90 if mirror > 0 else 270
    for _ in range(int(draft.rng.integers(3, 7))):
        kind = draft.one(("bicycle", "bin", "plant", "bench", "awning", "hanging_sign", "board_sign", "bin", "box"))
        y = draft.between(0.5, length)
        out = {"bicycle": 0.3, "bench": 0.4, "awning": 0.02, "hanging_sign": 0.55}.get(kind, 0.38)
        data: Data = {"kind": kind, "at": [(-wide / 2 + out) * mirror, y], "heading_deg": outwards}
        if kind == "bicycle":
            data["heading_deg"] = draft.one((0, 180)) + draft.between(-6, 6)
        elif kind == "bin":
            data["size"] = draft.one(("wheeled", "wheeled", "large"))
        elif kind == "awning":
            data |= {"lift_m": draft.between(1.7, 2.2), "reach_m": draft.between(0.6, 1.2)}
        elif kind == "hanging_sign":
            data |= {"heading_deg": 180, "lift_m": draft.between(1.6, 2.3), "width_m": 0.7, "height_m": 0.5}
        draft.put(data, loose=True)


def _scaffold(draft: Draft, wide: float, mirror: float, length: float) -> None:
    """Scaffolding over the pavement, now and then with a low bar."""
    if not draft.chance(0.25):
        return
    y = draft.between(5, length - 5)
    bar = draft.between(1.55, 1.85) if draft.chance(0.5) else None
    data: Data = {
        "kind": "scaffold",
        "at": [(-wide / 2 + 0.75) * mirror, y],
        "width_m": 1.3,
        "length_m": draft.between(3, 5),
    }
    rect = _mirrored((-wide / 2 + 0.05, y - 2.8, -wide / 2 + 1.5, y + 2.8), mirror)
    if not draft.blocked(rect):
        draft.put({**data, "low_bar_m": bar}, loose=True)


def _parked(draft: Draft, wide: float, road: float, mirror: float, length: float) -> None:
    """Cars along both kerbs, one in three half on the pavement."""
    for near in (True, False):
        x = (wide / 2 + KERB_M + 1.0) if near else (wide / 2 + road - 1.1)
        y, cars = draft.between(0, 6), 0
        while y < length + 6 and cars < (2 if near else 1):
            shift = -0.9 if near and draft.chance(0.15) else 0.0
            data: Data = {
                "kind": "car",
                "at": [(x + shift) * mirror, y],
                "heading_deg": (0 if near else 180) + draft.between(-2, 2),
            }
            if shift:
                data["lift_m"] = 0.05
            if draft.chance(0.6):
                cars += draft.put(data, 0.05, loose=True)
            y += draft.between(5.6, 9)
    if draft.chance(0.3):
        at = ((wide / 2 + road / 2) * mirror, draft.between(6, length))
        draft.put(thing(draft, "bicycle", at), loose=True)
