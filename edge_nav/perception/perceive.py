"""One depth map in, one Scene out: plain, deterministic, without clocks, threads or files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_nav.perception.appearance import Appearance, names_of
from edge_nav.perception.drops import find_drops
from edge_nav.perception.floor_scan import scan_floor
from edge_nav.perception.free_path import blocked_share, clearance, free_bearing
from edge_nav.perception.ground import GroundTracker
from edge_nav.perception.obstacles import Found, Look, find_obstacles, occupancy
from edge_nav.perception.own_body import own_body
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.perception.settings import PerceptionSettings
from edge_nav.perception.stairs import leads_up
from edge_nav.perception.tracks import Tracker
from edge_nav.perception.voxels import Voxelizer
from edge_nav.types import DepthMap, Frame, Intrinsics, Scene, View

BLOCKED_SHARE = 0.5
"""More unknown depth than this over the way ahead, and the view is blocked: that is never free space."""
FLOOR_NOISE_M = 0.012


def _unmarked(_stage: str) -> None:
    return None


class Perception:
    """Holds the tracked floor and the tracked obstacles of one walk."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._ground = GroundTracker(settings)
        self._tracker = Tracker()
        self._voxelizer: Voxelizer | None = None
        self._intrinsics: Intrinsics | None = None

    def perceive(
        self, frame: Frame, depth: DepthMap, view: View = "ok", mark: Callable[[str], None] = _unmarked
    ) -> Scene:
        """Measure one frame. ``view`` is what the camera's own health says; ``mark`` is told each stage's name as it
        ends, for timing.
        """
        if not depth.metric:
            return Scene(frame.index, frame.t, (), None, None, None, view="uncalibrated")
        voxelizer = self._fitting(depth.intrinsics)
        z, rays = depth.depth_m, voxelizer.rays
        ground = self._ground.update(depth, rays, frame.t)
        axes = FloorAxes.of(ground or self._ground.supposed(frame.t))
        mark("ground")
        height = voxelizer.heights(z, axes)
        ignore = own_body(z, height, axes, self._settings.companion)
        mark("heights")
        grid = voxelizer.count(z, height, axes, ignore)
        occupied = occupancy(grid, depth.intrinsics, FLOOR_NOISE_M)
        mark("voxels")
        look = Look(z, axes, depth.intrinsics, grid, voxelizer, Appearance.of(depth))
        found = find_obstacles(look, occupied, self._settings)
        found = [replace(f, label="stairs_up") if leads_up(f, occupied) else f for f in found]
        mark("obstacles")
        scan = None
        if ground is not None:
            scan = scan_floor(z, height, _matching(frame, z.shape), rays, axes, ignore)
            found = sorted([*found, *find_drops(scan, self._settings)], key=_distance)
        mark("floor")
        obstacles = self._tracker.update(found, frame.t, _lowest_visible(rays, axes))
        held = min((o.distance_m for o in obstacles if o.held), default=None)
        if view == "ok" and blocked_share(z, rays, axes) > BLOCKED_SHARE:
            view = "blocked"
        sure = view == "ok"
        way = free_bearing(occupied, found, scan, self._settings) if sure else None
        free = clearance(found, scan) if sure else _nearest_in_corridor(found)
        if held is not None:  # what lies hidden before the feet is in the way, and the way round it is not known
            free, way = held if free is None else min(free, held), None
        mark("path")
        return Scene(
            frame.index,
            frame.t,
            obstacles,
            ground,
            free,
            way,
            view=view,
            certainty=depth.certainty * (1.0 if ground is not None else 0.5),
            depth_scale=depth.scale,
            names=names_of(depth),
        )

    def _fitting(self, intrinsics: Intrinsics) -> Voxelizer:
        if self._voxelizer is None or intrinsics != self._intrinsics:
            self._voxelizer, self._intrinsics = Voxelizer(intrinsics, self._settings.max_range_m), intrinsics
        return self._voxelizer


def _matching(frame: Frame, shape: tuple[int, ...]) -> np.ndarray:
    """The colours at the depth map's resolution, by nearest pixel: only brightness is asked of them."""
    if frame.rgb.shape[:2] == shape:
        return frame.rgb
    rows = np.arange(shape[0]) * frame.rgb.shape[0] // shape[0]
    columns = np.arange(shape[1]) * frame.rgb.shape[1] // shape[1]
    return frame.rgb[np.ix_(rows, columns)]


def _lowest_visible(rays: Rays, axes: FloorAxes) -> Callable[[float], float]:
    """Height above the floor of the lowest point in the middle of the picture, by its distance ahead."""
    bottom = np.array([rays.x[len(rays.x) // 2], rays.y[-1], 1.0], dtype=np.float64)
    slope = float(bottom @ axes.up) / max(float(bottom @ axes.forward), 1e-6)
    return lambda distance_m: axes.height_m + slope * max(distance_m, 0.0)


def _distance(found: Found) -> float:
    return found.distance_m


def _nearest_in_corridor(found: list[Found]) -> float | None:
    return min((f.distance_m for f in found if f.in_corridor), default=None)
