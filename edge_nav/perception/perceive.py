"""One depth map in, one Scene out: plain, deterministic, without clocks, threads or files.

`Perception.perceive` lists the pipeline's stages in their order; each fills in a part of the frame's `FrameState`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.depth.picture_border import without_false_borders
from edge_nav.perception.depth.scale import scaled
from edge_nav.perception.detection import along_the_bend, nearest_in_corridor
from edge_nav.perception.egomotion.curvature import Curvature
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.egomotion.scan_matching import ScanOdometry
from edge_nav.perception.egomotion.visual_odometry import VisualOdometry
from edge_nav.perception.floor.camera_height import CameraHeight
from edge_nav.perception.floor.floor_labels import level_labelled_floor, names_lower_floor, without_lower_floor
from edge_nav.perception.floor.floor_map import FloorMap
from edge_nav.perception.floor.floor_scan import floor_seen_to, scan_floor
from edge_nav.perception.floor.gravity_filter import GravityFilter
from edge_nav.perception.floor.ground import GroundTracker
from edge_nav.perception.floor.posture import Posture
from edge_nav.perception.frame_state import FrameState
from edge_nav.perception.grid import Voxelizer
from edge_nav.perception.obstacles.appearance import Appearance
from edge_nav.perception.obstacles.clustering import VoxelizedDepth, find_obstacles, occupancy
from edge_nav.perception.obstacles.drops import find_drops
from edge_nav.perception.obstacles.obstacle_memory import ObstacleMemory
from edge_nav.perception.obstacles.own_body import own_body
from edge_nav.perception.obstacles.parallax import Parallax
from edge_nav.perception.obstacles.stairs import with_stairs_named
from edge_nav.perception.obstacles.tracks import Tracker
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.path.free_path import blocked_share, clearance, free_way
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import DepthMap, Frame, Intrinsics, Scene, View

BLOCKED_SHARE = 0.5
"""More unknown depth than this over the way ahead, and the view is blocked: that is never free space."""
FLOOR_NOISE_M = 0.012
DOUBT = 0.2
"""Pixels that a network trusts less than this do not disprove what was seen before."""


def _unmarked(_stage: str) -> None:
    return None


class Perception:
    """Holds what one walk carries from frame to frame: the floor, the walker's move, what stands around them."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._ground = GroundTracker(settings)
        self._gravity = GravityFilter(settings.camera_height_m if settings.correct_scale else None)
        self._posture = Posture(settings.camera_height_m)
        self._camera_height = CameraHeight(settings.camera_height_m)
        self._visual_odometry = VisualOdometry()
        self._scan_odometry = ScanOdometry()
        self._curvature = Curvature()
        self._parallax = Parallax()
        self._tracker = Tracker(settings.corridor_width_m)
        self._memory = ObstacleMemory()
        self._floor_map = FloorMap()
        self._voxelizer: Voxelizer | None = None
        self._t: float | None = None

    def perceive(
        self, frame: Frame, depth: DepthMap, view: View = "ok", mark: Callable[[str], None] = _unmarked
    ) -> Scene:
        """Measure one frame. ``view`` is what the camera's own health says; ``mark`` is told each stage's name as it
        ends, for timing.
        """
        if not depth.metric:
            return Scene(frame.index, frame.t, (), None, None, None, view="uncalibrated")
        depth = without_false_borders(depth)
        state = FrameState(frame, depth, view, self._voxelizer_for(depth.intrinsics), Corridor.of(self._settings))
        self._find_ground(state)
        mark("ground")
        self._measure_heights(state)
        mark("heights")
        if state.pictures is not None:
            self._follow_pictures(state)
            mark("odometry")
        self._follow_walker(state)
        mark("motion")
        self._fill_grid(state)
        mark("voxels")
        self._find_obstacles(state)
        mark("obstacles")
        self._scan_floor(state)
        mark("floor")
        self._track(state)
        mark("tracks")
        self._find_way(state)
        mark("path")
        return state.scene()

    def _voxelizer_for(self, intrinsics: Intrinsics) -> Voxelizer:
        if self._voxelizer is None or intrinsics != self._voxelizer.intrinsics:
            self._voxelizer = Voxelizer(intrinsics, self._settings.max_range_m)
        return self._voxelizer

    def _find_ground(self, state: FrameState) -> None:
        """The floor, or what to suppose where none is seen; a network's is steadied, and its depth scaled to it."""
        t, floor_only = state.frame.t, without_lower_floor(state.depth)
        state.ground, supposed = self._ground.update(floor_only, state.rays, t), self._ground.supposed(t)
        if state.view == "ok":
            state.view = self._posture.update(state.ground, state.depth, state.rays, t)
        if state.depth.confidence is not None:  # a network's
            state.pictures = self._visual_odometry.compare(state.frame)
            rotation = state.pictures.rotation
            state.ground, factor = self._gravity.update(state.ground, rotation, floor_only, state.rays, t)
            supposed = self._gravity.supposed(supposed)
            state.depth = scaled(state.depth, factor)
        state.axes = FloorAxes.of(state.ground or supposed)

    def _measure_heights(self, state: FrameState) -> None:
        """Each pixel's height above the floor, and which show the walker's own cane, dog or hands."""
        state.height = state.voxelizer.heights(state.depth.depth_m, state.axes)
        level_labelled_floor(state.height, state.depth)
        state.ignore = own_body(state.depth.depth_m, state.height, state.axes, self._settings.companion)

    def _follow_pictures(self, state: FrameState) -> None:
        """The walker's move by the pictures; and by that, what is nearer than the network says."""
        assert state.pictures is not None
        state.odometry = self._visual_odometry.ego_motion(state.depth, state.axes, state.ignore)
        mended = self._parallax.mend(state.pictures, state.depth, state.axes)
        if mended is not state.depth:
            state.depth = mended
            self._measure_heights(state)

    def _fill_grid(self, state: FrameState) -> None:
        """The pixels above the floor, sorted into voxels; which of these hold something."""
        depth, axes, intrinsics = state.depth.depth_m, state.axes, state.depth.intrinsics
        grid = state.voxelizer.count(depth, state.height, axes, state.ignore)
        state.occupied = occupancy(grid, intrinsics, FLOOR_NOISE_M)
        appearance = Appearance.of(state.depth)
        floor_seen = state.ground is not None
        state.voxelized = VoxelizedDepth(
            depth, state.height, axes, intrinsics, grid, state.voxelizer, appearance, floor_seen
        )

    def _find_obstacles(self, state: FrameState) -> None:
        """What stands or hangs there, stairs and steps up by their names."""
        found = find_obstacles(state.voxelized, state.occupied, state.corridor)
        state.detections = [with_stairs_named(detection, state.occupied) for detection in found]

    def _scan_floor(self, state: FrameState) -> None:
        """How far the floor is seen, and where it ends in a drop. Nothing where no floor was found."""
        if state.ground is None:
            return
        depth = state.depth.depth_m
        scan = scan_floor(depth, state.height, state.colours(), state.rays, state.axes, state.ignore)
        drops = find_drops(scan, self._settings, named=names_lower_floor(state.depth))
        drops = [along_the_bend(drop, state.corridor) for drop in drops]
        state.detections = sorted([*state.detections, *drops], key=lambda d: d.distance_m)
        state.floor_scan, state.floor_reach_m = scan, floor_seen_to(scan)

    def _follow_walker(self, state: FrameState) -> None:
        """The walker's move, with the corridor bent along it, and what is remembered moved along: where no move is
        known, by the approach of what is seen ahead.
        """
        t, depth = state.frame.t, state.depth.depth_m
        move, state.motion = state.odometry or self._scan_odometry.update(
            depth, state.height, state.rays, state.axes, t
        )
        state.ego_motion = move if state.motion.known else None
        seconds = 0.0 if self._t is None else max(0.0, t - self._t)
        supposed = EgoMotion(0.0, self._tracker.approach_mps * seconds, 0.0)
        move = state.ego_motion or supposed
        self._memory.move(move, t, known=state.motion.known, floor=state.ground is not None)
        self._floor_map.move(move, t, known=state.motion.known)
        self._t = t
        state.corridor = Corridor.of(self._settings, self._curvature.update(state.motion, t))

    def _track(self, state: FrameState) -> None:
        """What is seen, and what is remembered in the way, joined to the things of the frames before."""
        intrinsics, floor_is_seen = state.depth.intrinsics, state.ground is not None
        self._memory.compare(_trusted(state.depth), state.height, state.axes, intrinsics, floor=floor_is_seen)
        state.remembered = self._memory.in_the_way(state.detections, state.corridor)
        state.tracked = self._tracker.update(
            state.around, state.frame.t, state.ego_motion, speed_known=state.motion.speed_known
        )

    def _find_way(self, state: FrameState) -> None:
        """How far the corridor is free and where a way leads on; unknown where the view or the floor is in doubt."""
        if (
            state.view == "ok"
            and blocked_share(state.depth.depth_m, state.rays, state.axes, state.corridor) > BLOCKED_SHARE
        ):
            state.view = "blocked"
        if self._floor_is_lower(state) or state.view != "ok":
            state.clearance_m = nearest_in_corridor(state.around)
            return
        floor = state.floor_reach_m
        state.clearance_m = clearance(state.around, floor, state.corridor)
        if state.floor_scan is not None and floor is not None:
            self._floor_map.update(state.floor_scan, floor, state.frame.t)
        places, known = self._memory.places, self._floor_map.places
        state.way = free_way(state.occupied, state.around, places, floor, known, self._settings)
        self._memory.add(state.tracked, state.frame.t)

    def _floor_is_lower(self, state: FrameState) -> bool:
        """Whether the floor seen lies lower than the walker's feet. A network's depth does not tell a step's height
        underfoot; its labels do, if anything does.
        """
        if state.ground is None or state.pictures is not None:
            return False
        return self._camera_height.floor_is_lower(state.ground.height_m, state.motion.forward_mps, state.frame.t)


def _trusted(depth: DepthMap) -> NDArray[np.float32]:
    """The depth where it is sure enough to speak against what was seen before; NaN elsewhere."""
    if depth.confidence is None:
        return depth.depth_m
    return np.where(depth.confidence < DOUBT, np.float32(np.nan), depth.depth_m)
