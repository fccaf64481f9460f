"""What really stands about the walker of a scene, at any time of the walk."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from edge_nav.lab.sim.hazards import FallingEdge, drop_of, edges_about, hazard_of, things_about
from edge_nav.lab.sim.outlines import F64, LayerOutline
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.types import EDGE, Polar, Pose, Standing, TruthFrame

REACH_M = 6.5
"""A hazard is first mentioned at five metres; what a callout may mean lies a little farther, too."""
SECTOR_DEG = 8
"""A thing is kept by its nearest point in each such sector of bearings."""
SIDE_DEG = 90
"""What lies wholly behind is left out."""
SPACING_M = 0.1


def truth_at(scene: SimulatedScene, t: float) -> TruthFrame:
    """What stands about the walker of a scene at a time."""
    world, pose = scene.world(t), scene.pose(t)
    standing = [_thing(scene, parts, pose) for parts in things_about(world, pose, REACH_M)]
    standing += [_edge(edge, pose) for edge in edges_about(world, pose, REACH_M)]
    ahead = [s for s in standing if any(abs(bearing) <= SIDE_DEG for bearing, _ in s.points)]
    return TruthFrame(round(t, 3), _rounded(pose), tuple(sorted(ahead, key=lambda s: (s.distance_m, s.number))))


def _thing(scene: SimulatedScene, parts: list[LayerOutline], pose: Pose) -> Standing:
    found = hazard_of(parts, pose)
    kind = scene.names[found.instance - 1] if found.instance else found.label
    points = np.concatenate([_border(part.polygon) for part in parts]) - (pose.x, pose.y)
    return Standing(
        kind,
        found.instance,
        found.band,
        round(found.low_m, 2),
        round(found.high_m, 2),
        round(found.distance_m, 2),
        None if found.corridor_m is None else round(found.corridor_m, 2),
        _thinned(points, pose),
    )


def _edge(edge: FallingEdge, pose: Pose) -> Standing:
    found = drop_of(edge, pose)
    corridor = None if found.corridor_m is None else round(found.corridor_m, 2)
    depth, gap = round(found.depth_m, 2), round(found.distance_m, 2)
    return Standing("drop", EDGE, "drop", -depth, 0.0, gap, corridor, _thinned(edge.offset, pose))


def _border(polygon: F64) -> F64:
    """Points along a polygon's sides."""
    sides = np.roll(polygon, -1, axis=0) - polygon
    counts = np.maximum(np.ceil(np.hypot(sides[:, 0], sides[:, 1]) / SPACING_M).astype(int), 1)
    n = np.repeat(np.arange(len(polygon)), counts)
    share = np.concatenate([np.arange(count) / count for count in counts])
    return np.asarray(polygon[n] + share[:, None] * sides[n])


def _thinned(offset: F64, pose: Pose) -> tuple[Polar, ...]:
    """The nearest point of each sector, from left to right."""
    gap = np.hypot(offset[:, 0], offset[:, 1])
    near = gap <= REACH_M
    offset, gap = offset[near], gap[near]
    bearing = (np.degrees(np.arctan2(offset[:, 0], offset[:, 1])) - pose.heading_deg + 180) % 360 - 180
    order = np.lexsort((gap, sector := np.floor(bearing / SECTOR_DEG).astype(int)))
    _, first = np.unique(sector[order], return_index=True)
    return tuple((round(float(bearing[n])), round(float(gap[n]), 2)) for n in order[first])


def _rounded(pose: Pose) -> Pose:
    return Pose(*(round(getattr(pose, name), 4) for name in [f.name for f in fields(pose)]))
