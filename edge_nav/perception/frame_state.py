"""What is known of one frame while it goes through perception's stages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection
from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.egomotion.picture_tracking import PicturePair
from edge_nav.perception.floor.floor_scan import FloorScan
from edge_nav.perception.grid import Voxelizer
from edge_nav.perception.obstacles.appearance import names_of
from edge_nav.perception.obstacles.clustering import Occupancy, VoxelizedDepth
from edge_nav.perception.obstacles.tracks import TrackedDetection
from edge_nav.perception.path.corridor import Corridor
from edge_nav.perception.path.free_path import FreeWay
from edge_nav.perception.rays import FloorAxes, Rays
from edge_nav.types import DepthMap, Frame, Ground, Motion, Scene, View


@dataclass(slots=True)
class FrameState:
    """One frame so far: each stage of `Perception` reads what is above and adds what is below."""

    frame: Frame
    depth: DepthMap
    """In metres; scaled to the floor and mended by parallax where a network tells it."""
    view: View
    voxelizer: Voxelizer
    corridor: Corridor
    """The way that is walked; straight until the walker's move is known."""
    pictures: PicturePair | None = None
    """The picture held against the one before it, for depth that a network tells; None for depth that is measured."""
    ground: Ground | None = None
    axes: FloorAxes = field(init=False)
    """Of the floor that is seen, else of the one that is supposed."""
    height: NDArray[np.float32] = field(init=False)
    """Of each pixel above the floor [H, W], metres, NaN where unknown."""
    ignore: NDArray[np.bool_] | None = None
    """Pixels [H, W] of the walker's own cane, dog or hands."""
    odometry: tuple[EgoMotion, Motion] | None = None
    """The walker's move by the pictures, where there are any."""
    voxelized: VoxelizedDepth = field(init=False)
    occupied: Occupancy = field(init=False)
    detections: list[Detection] = field(default_factory=list)
    """Things and edges that this frame shows, nearest first."""
    floor_scan: FloorScan | None = None
    floor_reach_m: NDArray[np.float64] | None = None
    """How far the floor is seen without a break along each sector, NaN where none is."""
    motion: Motion = field(default_factory=Motion)
    ego_motion: EgoMotion | None = None
    """The walker's move since the frame before, None where it is not known."""
    remembered: list[Detection] = field(default_factory=list)
    """What is in the way, though out of sight."""
    tracked: list[TrackedDetection] = field(default_factory=list)
    """The detections, then what is remembered, each with its track."""
    clearance_m: float | None = None
    way: FreeWay | None = None

    @property
    def rays(self) -> Rays:
        return self.voxelizer.rays

    @property
    def around(self) -> list[Detection]:
        """What is in the way or may be: seen and remembered."""
        return self.detections + self.remembered

    def colours(self) -> NDArray[np.uint8]:
        """The picture at the depth map's resolution, by nearest pixel: only brightness is asked of it."""
        rgb, (height, width) = self.frame.rgb, self.depth.depth_m.shape
        if rgb.shape[:2] == (height, width):
            return rgb
        rows = np.arange(height) * rgb.shape[0] // height
        columns = np.arange(width) * rgb.shape[1] // width
        return np.asarray(rgb[np.ix_(rows, columns)], dtype=np.uint8)

    def scene(self) -> Scene:
        """All of it as others know it."""
        way = self.way
        return Scene(
            self.frame.index,
            self.frame.t,
            tuple(sorted((one.obstacle for one in self.tracked), key=lambda o: o.distance_m)),
            self.ground,
            self.clearance_m,
            None if way is None else way.bearing_deg,
            view=self.view,
            certainty=self.depth.certainty * (1.0 if self.ground is not None else 0.5),
            depth_scale=self.depth.scale,
            names=names_of(self.depth),
            motion=self.motion,
            free_reach_m=None if way is None else way.reach_m,
            free_onward=way is not None and way.onward,
            curvature_per_m=self.corridor.curvature_per_m,
        )
