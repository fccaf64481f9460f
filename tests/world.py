"""Small exact scenes for tests: depth maps of boxes on a floor, drawn by edge_nav.lab.sim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.sources import raycast_renderer as raycast
from edge_nav.sources.raycast_renderer import Box, box, floor_levels
from edge_nav.types import DepthMap, Frame, Intrinsics, Pose

__all__ = ["SMALL", "Box", "K", "box", "depth_map", "floor_levels", "frame", "render"]

K = Intrinsics(640, 480, 462.0, 462.0, 319.5, 239.5)
SMALL = K.resized(320, 240)
FLOOR = floor_levels((-5.0, 0.0), width_m=60.0, until_m=60.0)


def render(
    boxes: list[Box],
    *,
    camera: Intrinsics = K,
    height: float = 1.4,
    pitch_deg: float = 15.0,
    roll_deg: float = 0.0,
    floor: bool = True,
) -> NDArray[np.float32]:
    """z-depth float32 [H, W] from a camera above the origin that looks ahead, NaN beyond 12 m."""
    pose = Pose(height_m=height, pitch_deg=pitch_deg, roll_deg=roll_deg)
    return raycast.render([*FLOOR, *boxes] if floor else boxes, pose, camera).depth_m


def frame(depth: NDArray[np.float32], n: int = 0, fps: float = 10.0, camera: Intrinsics = K) -> Frame:
    """A grey picture with some texture, and its depth."""
    rgb = np.full((*depth.shape, 3), 120, np.uint8)
    rgb[::7, ::5] = 160
    return Frame(n, n / fps, rgb, camera, depth)


def depth_map(depth: NDArray[np.float32], camera: Intrinsics = K) -> DepthMap:
    """As a sensor gives it."""
    return DepthMap(depth, camera)
