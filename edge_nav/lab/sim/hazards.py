"""Where the things of a scene really are for a walker, what they touch, and where the ground falls away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.drops import DropEdges, find_drops
from edge_nav.lab.sim.outlines import F64, LayerOutline, band_of, clip, distance, outlines
from edge_nav.lab.sim.shapes import LABELS, Shape, World
from edge_nav.lab.sim.tops import Tops
from edge_nav.types import Band, Pose

CORRIDOR_M = 0.8
FACING_M = 0.30
"""Heights and band are those of the part this deep behind the nearest point, as perception has them."""
KEPT = 6
STEP_UP_M = 0.6
"""Ground this much above the feet is not what they stand on."""


@dataclass(frozen=True, slots=True)
class TruthHazard:
    """One thing as the walker has it; parts of the building (instance 0) one by one.

    Distance and bearing are those of the nearest point, horizontally; heights are above the floor where the walker
    stands. ``corridor_m`` is the distance of its nearest part in the 0.8 m corridor ahead, None if none reaches in.
    """

    instance: int
    label: str
    distance_m: float
    bearing_deg: float
    low_m: float
    high_m: float
    band: Band
    corridor_m: float | None


@dataclass(frozen=True, slots=True)
class Drop:
    """An edge ahead whose far side is lower. ``corridor_m`` as in TruthHazard."""

    distance_m: float
    bearing_deg: float
    depth_m: float
    corridor_m: float | None


class _Still:
    """What is known of a scene's still shapes: kept, since it does not change."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        self.shapes = shapes
        self.tops = Tops(shapes)
        self._drops: DropEdges | None = None
        self._layers: dict[int, tuple[list[LayerOutline], F64]] = {}

    @property
    def drops(self) -> DropEdges:
        if self._drops is None:
            self._drops = find_drops(self.shapes, self.tops)
        return self._drops

    def layers(self, floor_m: float) -> tuple[list[LayerOutline], F64]:
        """Outlines over a floor, with their bounds [N, 4]; floors are told apart by centimetres."""
        key = round(floor_m * 100)
        if key not in self._layers:
            if len(self._layers) > KEPT * 8:
                self._layers.clear()
            found = outlines(self.shapes, key / 100)
            self._layers[key] = (found, _bounds(found))
        return self._layers[key]


_known: list[_Still] = []


def _still(world: World) -> _Still:
    for n, known in enumerate(_known):
        if known.shapes is world.still:
            _known.insert(0, _known.pop(n))
            return known
    _known.insert(0, _Still(world.still))
    del _known[KEPT:]
    return _known[0]


def _bounds(found: Sequence[LayerOutline]) -> F64:
    if not found:
        return np.zeros((0, 4))
    return np.array([(*o.polygon.min(axis=0), *o.polygon.max(axis=0)) for o in found])


def ground_height(world: World, x: float, y: float, below_m: float = math.inf) -> float:
    """Height of the ground at a point, metres; NaN where there is none. ``below_m`` leaves out what is overhead."""
    return _still(world).tops.height(x, y, below_m)


def contact(world: World, x: float, y: float, radius_m: float, floor_m: float | None = None) -> list[tuple[int, Band]]:
    """Everything that a walker of a radius touches who stands at a point: instance and band, each pair once.

    ``floor_m`` is the height of their feet, by default the ground there. Steps up of 0.10 m and more are touched, too.
    """
    floor = _floor(world, x, y, floor_m)
    return sorted(
        {
            (o.shape.instance, band_of(o.low_m, o.high_m))
            for o in _near(world, x, y, radius_m, floor)
            if distance(o.polygon, x, y)[0] < radius_m
        }
    )


def hazards(world: World, pose: Pose, reach_m: float = 8.0, floor_m: float | None = None) -> list[TruthHazard]:
    """Every thing within reach, hidden ones too, nearest first."""
    found = [hazard_of(parts, pose) for parts in things_about(world, pose, reach_m, floor_m)]
    return sorted(found, key=lambda h: (h.distance_m, h.instance))


def things_about(world: World, pose: Pose, reach_m: float, floor_m: float | None = None) -> list[list[LayerOutline]]:
    """The parts within reach of each thing; those of the building one by one."""
    floor = _floor(world, pose.x, pose.y, floor_m)
    groups: dict[tuple[int, int], list[LayerOutline]] = {}
    for o in _near(world, pose.x, pose.y, reach_m, floor):
        if distance(o.polygon, pose.x, pose.y)[0] <= reach_m:
            key = (o.shape.instance, 0 if o.shape.instance else id(o.shape))
            groups.setdefault(key, []).append(o)
    return list(groups.values())


@dataclass(frozen=True, slots=True, eq=False)
class FallingEdge:
    """One edge that falls away from the walker: its points from where they stand [N, 2] in the world's axes, metres;
    how far each falls [N]; and which lie in the corridor ahead [N].
    """

    offset: F64
    depth_m: F64
    inside: NDArray[np.bool_]


def edges_about(world: World, pose: Pose, reach_m: float, floor_m: float | None = None) -> list[FallingEdge]:
    """Edges within reach that fall away from the walker, from ground about as high as theirs."""
    floor = _floor(world, pose.x, pose.y, floor_m)
    edges = _still(world).drops
    offset = edges.at - (pose.x, pose.y)
    gap = np.hypot(offset[:, 0], offset[:, 1])
    away = (offset * edges.outward).sum(axis=1) > 0
    kept = away & (gap <= reach_m) & (np.abs(edges.top_m - floor) < STEP_UP_M)
    a = math.radians(pose.heading_deg)
    aside = offset @ np.array([math.cos(a), -math.sin(a)])
    ahead = offset @ np.array([math.sin(a), math.cos(a)])
    inside = kept & (np.abs(aside) <= CORRIDOR_M / 2) & (ahead > 0)
    mine = [kept & (edges.edge == number) for number in np.unique(edges.edge[kept])]
    return [FallingEdge(offset[m], edges.depth_m[m], inside[m]) for m in mine]


def drops(world: World, pose: Pose, reach_m: float = 8.0, floor_m: float | None = None) -> list[Drop]:
    """Edges within reach that fall away from the walker, from ground about as high as theirs; nearest first."""
    found = [drop_of(edge, pose) for edge in edges_about(world, pose, reach_m, floor_m)]
    return sorted(found, key=lambda d: d.distance_m)


def drop_of(edge: FallingEdge, pose: Pose) -> Drop:
    """An edge as the walker has it."""
    gap = np.hypot(edge.offset[:, 0], edge.offset[:, 1])
    n = int(gap.argmin())
    bearing = bearing_deg(float(edge.offset[n, 0]), float(edge.offset[n, 1]), pose)
    nearest = float(gap[edge.inside].min()) if edge.inside.any() else None
    return Drop(float(gap[n]), bearing, float(edge.depth_m[n]), nearest)


def _floor(world: World, x: float, y: float, floor_m: float | None) -> float:
    if floor_m is not None:
        return floor_m
    ground = ground_height(world, x, y)
    return 0.0 if math.isnan(ground) else ground


def _near(world: World, x: float, y: float, reach_m: float, floor_m: float) -> list[LayerOutline]:
    """Outlines whose bounds come within reach."""
    found: list[LayerOutline] = []
    moving = outlines(world.moving, floor_m)
    for parts, box in (_still(world).layers(floor_m), (moving, _bounds(moving))):
        aside = np.maximum(np.maximum(box[:, 0] - x, x - box[:, 2]), 0)
        ahead = np.maximum(np.maximum(box[:, 1] - y, y - box[:, 3]), 0)
        found += [parts[n] for n in np.flatnonzero(aside**2 + ahead**2 <= reach_m**2)]
    return found


def hazard_of(parts: list[LayerOutline], pose: Pose) -> TruthHazard:
    """A thing, by its parts, as the walker has it."""
    placed = [(*distance(o.polygon, pose.x, pose.y), o) for o in parts]
    gap, x, y, nearest = min(placed, key=lambda p: p[0])
    facing = [o for d, _, _, o in placed if d <= gap + FACING_M]
    low, high = min(o.low_m for o in facing), max(o.high_m for o in facing)
    within = [d for d in (_in_corridor(o.polygon, pose) for o in parts) if d is not None]
    return TruthHazard(
        nearest.shape.instance,
        LABELS[nearest.shape.label],
        gap,
        bearing_deg(x - pose.x, y - pose.y, pose),
        low,
        high,
        band_of(low, high),
        min(within, default=None),
    )


def _in_corridor(polygon: F64, pose: Pose) -> float | None:
    a = math.radians(pose.heading_deg)
    turn = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    inside = (polygon - (pose.x, pose.y)) @ turn
    for edge in ((1.0, 0.0, CORRIDOR_M / 2), (-1.0, 0.0, CORRIDOR_M / 2), (0.0, 1.0, 0.0)):
        if len(inside):
            inside = clip(inside, edge)
    return distance(inside, 0.0, 0.0)[0] if len(inside) else None


def bearing_deg(dx: float, dy: float, pose: Pose) -> float:
    """Of a way in the world's axes, 0 ahead and positive right."""
    return (math.degrees(math.atan2(dx, dy)) - pose.heading_deg + 180) % 360 - 180
