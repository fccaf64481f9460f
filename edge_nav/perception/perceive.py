"""One depth map in, one Scene out: plain, deterministic, without clocks, threads or files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.scan_matching import MotionEstimator, Step
from edge_nav.perception.egomotion.visual_odometry import Seen, VisualOdometry
from edge_nav.perception.floor.floor_labels import settle, underfoot
from edge_nav.perception.floor.floor_map import KnownFloor
from edge_nav.perception.floor.floor_scan import FloorScan, floor_seen_to, scan_floor
from edge_nav.perception.floor.gravity_filter import Upright
from edge_nav.perception.floor.ground import GroundTracker
from edge_nav.perception.floor.stance import Stance
from edge_nav.perception.grid import Voxelizer
from edge_nav.perception.obstacles.appearance import Appearance, names_of
from edge_nav.perception.obstacles.clustering import Found, Look, Occupancy, find_obstacles, occupancy
from edge_nav.perception.obstacles.drops import find_drops
from edge_nav.perception.obstacles.obstacle_memory import Remembered
from edge_nav.perception.obstacles.own_body import own_body
from edge_nav.perception.obstacles.parallax import Parallax
from edge_nav.perception.obstacles.stairs import leads_up, steps_up
from edge_nav.perception.obstacles.tracks import Tracker
from edge_nav.perception.path.free_path import FreeWay, blocked_share, clearance, free_way
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import DepthMap, Frame, Ground, Intrinsics, Motion, Scene, View

BLOCKED_SHARE = 0.5
"""More unknown depth than this over the way ahead, and the view is blocked: that is never free space."""
FLOOR_NOISE_M = 0.012
DOUBT = 0.2
"""Pixels that a network trusts less than this do not disprove what was seen before."""


def _unmarked(_stage: str) -> None:
    return None


class Perception:
    """Holds the tracked floor and the tracked obstacles of one walk."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._ground = GroundTracker(settings)
        self._tracker = Tracker(settings.corridor_width_m)
        self._motion = MotionEstimator()
        self._odometry = VisualOdometry()
        self._upright = Upright(settings.camera_height_m if settings.correct_scale else None)
        self._parallax = Parallax()
        self._remembered = Remembered()
        self._known_floor = KnownFloor()
        self._stance = Stance(settings.camera_height_m)
        self._t: float | None = None
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
        rays = voxelizer.rays
        seen = None if depth.confidence is None else self._odometry.look(frame)  # a network's depth
        ground, supposed, scale = self._floor(depth, rays, seen, frame.t)
        depth = _scaled(depth, scale)
        z = depth.depth_m
        axes = FloorAxes.of(ground or supposed)
        mark("ground")
        height, ignore = self._heights(depth, axes)
        mark("heights")
        told: tuple[Step, Motion] | None = None
        if seen is not None:
            told = self._odometry.walked(depth, axes, ignore)
            depth, height, ignore = self._mended(depth, axes, seen, height, ignore)
            z = depth.depth_m
            mark("odometry")
        grid = voxelizer.count(z, height, axes, ignore)
        occupied = occupancy(grid, depth.intrinsics, FLOOR_NOISE_M)
        mark("voxels")
        look = Look(z, axes, depth.intrinsics, grid, voxelizer, Appearance.of(depth))
        found = find_obstacles(look, occupied, self._settings)
        found = [_stepped(f, occupied) for f in found]
        mark("obstacles")
        scan = floor = None
        if ground is not None:
            scan = scan_floor(z, height, _matching(frame, z.shape), rays, axes, ignore)
            found = sorted([*found, *find_drops(scan, self._settings)], key=_distance)
            floor = floor_seen_to(scan)
        mark("floor")
        step, motion = told or self._motion.update(z, height, rays, axes, frame.t)
        self._walk_on(step if motion.known else None, frame.t)
        self._remembered.look(_trusted(depth), height, axes, depth.intrinsics, floor=ground is not None)
        held = self._remembered.in_the_way(found, self._settings)
        moved = step if motion.known else None
        obstacles = self._tracker.update(found + held, frame.t, moved, speed_known=motion.speed_known)
        mark("motion")
        if view == "ok" and blocked_share(z, rays, axes) > BLOCKED_SHARE:
            view = "blocked"
        # A network's depth does not tell a step's height underfoot; its labels do, if anything does.
        steps = ground if seen is None else None
        lower = steps is not None and self._stance.lower(steps.height_m, motion.forward_mps, frame.t)
        sure = view == "ok" and not lower
        around = found + held
        free = clearance(around, floor) if sure else _nearest_in_corridor(around)
        way = self._way_on(occupied, around, scan, floor, frame.t) if sure else None
        if sure:
            self._remembered.add(found, self._tracker.frames, self._tracker.moving, frame.t)
        mark("path")
        return Scene(
            frame.index,
            frame.t,
            obstacles,
            ground,
            free,
            None if way is None else way.bearing_deg,
            view=view,
            certainty=depth.certainty * (1.0 if ground is not None else 0.5),
            depth_scale=depth.scale,
            names=names_of(depth),
            motion=motion,
            free_reach_m=None if way is None else way.reach_m,
            free_onward=way is not None and way.onward,
        )

    def _floor(self, depth: DepthMap, rays: Rays, seen: Seen | None, t: float) -> tuple[Ground | None, Ground, float]:
        """The floor, what to suppose where none is seen, and the factor that brings the depth to it."""
        floor_only = underfoot(depth)
        ground, supposed = self._ground.update(floor_only, rays, t), self._ground.supposed(t)
        if seen is None:
            return ground, supposed, 1.0
        ground, scale = self._upright.steady(ground, seen.turn, floor_only, rays, t)
        return ground, self._upright.supposed(supposed), scale

    def _heights(self, depth: DepthMap, axes: FloorAxes) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Each pixel's height above the floor, and which show the walker's own cane, dog or hands."""
        height = self._fitting(depth.intrinsics).heights(depth.depth_m, axes)
        settle(height, depth)
        return height, own_body(depth.depth_m, height, axes, self._settings.companion)

    def _mended(
        self,
        depth: DepthMap,
        axes: FloorAxes,
        seen: Seen,
        height: NDArray[np.float32],
        ignore: NDArray[np.bool_] | None,
    ) -> tuple[DepthMap, NDArray[np.float32], NDArray[np.bool_] | None]:
        """The depth as parallax puts it right, with what follows from it."""
        mended = self._parallax.mend(seen, depth, axes)
        return (depth, height, ignore) if mended is depth else (mended, *self._heights(mended, axes))

    def _way_on(
        self,
        occupied: Occupancy,
        found: list[Found],
        scan: FloorScan | None,
        floor: NDArray[np.float64] | None,
        t: float,
    ) -> FreeWay | None:
        """Where the way leads on, by what is seen and what was."""
        if scan is not None and floor is not None:
            self._known_floor.see(scan, floor, t)
        return free_way(occupied, found, self._remembered.places, floor, self._known_floor.places, self._settings)

    def _walk_on(self, step: Step | None, t: float) -> None:
        """Move what is remembered. Where the move is not known, by the approach of what is seen ahead."""
        seconds = 0.0 if self._t is None else max(0.0, t - self._t)
        supposed = Step(0.0, self._tracker.approach_mps * seconds, 0.0)
        self._remembered.move(step or supposed, t, known=step is not None)
        self._known_floor.move(step or supposed, t, known=step is not None)
        self._t = t

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


def _scaled(depth: DepthMap, scale: float) -> DepthMap:
    if scale == 1.0:
        return depth
    return replace(depth, depth_m=depth.depth_m * np.float32(scale), scale=depth.scale * scale)


def _trusted(depth: DepthMap) -> NDArray[np.float32]:
    """The depth where it is sure enough to speak against what was seen before; NaN elsewhere."""
    if depth.confidence is None:
        return depth.depth_m
    return np.where(depth.confidence < DOUBT, np.float32(np.nan), depth.depth_m)


def _stepped(found: Found, occupied: Occupancy) -> Found:
    """With its name where it is stairs or a step that leads up."""
    if leads_up(found, occupied):
        return replace(found, label="stairs_up")
    return replace(found, label="step_up") if found.label is None and steps_up(found, occupied) else found


def _distance(found: Found) -> float:
    return found.distance_m


def _nearest_in_corridor(found: list[Found]) -> float | None:
    return min((f.distance_m for f in found if f.in_corridor), default=None)
