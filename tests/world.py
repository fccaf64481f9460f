"""A small exact world for tests: a floor or floors, boxes, and a camera; ray by ray, nothing shared with the runtime.

World axes: x right, y ahead, z up, metres; the walker stands at the origin and looks along y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import DepthMap, Frame, Intrinsics

K = Intrinsics(640, 480, 462.0, 462.0, 319.5, 239.5)
SMALL = K.resized(320, 240)


@dataclass(frozen=True)
class Box:
    """From (x0, y0, z0) to (x1, y1, z1)."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]


def box(x: float, y: float, z: float, width: float, deep: float, tall: float) -> Box:
    """Centre of the width, front side, underside, and sizes."""
    return Box((x - width / 2, y, z), (x + width / 2, y + deep, z + tall))


def floor_levels(*levels: tuple[float, float], width: float = 20.0, until: float = 14.0) -> list[Box]:
    """Floor in slabs from (start ahead, height) on; each ends where the next begins. Use with ``floor=False``."""
    ends = [y for y, _ in levels[1:]] + [until]
    return [Box((-width / 2, y0, -6.0), (width / 2, y1, z)) for (y0, z), y1 in zip(levels, ends, strict=True)]


def render(
    boxes: list[Box],
    *,
    camera: Intrinsics = K,
    height: float = 1.4,
    pitch_deg: float = 15.0,
    roll_deg: float = 0.0,
    floor: bool = True,
    far: float = 12.0,
) -> NDArray[np.float32]:
    """z-depth float32 [H, W], NaN beyond ``far``."""
    pitch, roll = math.radians(pitch_deg), math.radians(roll_deg)
    forward = np.array([0, math.cos(pitch), -math.sin(pitch)])
    level = np.array([1.0, 0, 0])
    down0 = np.cross(forward, level)
    right = level * math.cos(roll) + down0 * math.sin(roll)
    down = down0 * math.cos(roll) - level * math.sin(roll)
    u = (np.arange(camera.width) - camera.cx) / camera.fx
    v = (np.arange(camera.height) - camera.cy) / camera.fy
    rays = forward + u[None, :, None] * right + v[:, None, None] * down
    origin = np.array([0.0, 0.0, height])
    depth = np.full(rays.shape[:2], np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        if floor:
            depth = np.where(rays[..., 2] < 0, -height / rays[..., 2], np.inf)
        for b in boxes:
            depth = np.minimum(depth, _box(rays, origin, b))
    depth[depth > far] = np.nan
    return depth.astype(np.float32)


def _box(rays: NDArray[np.float64], origin: NDArray[np.float64], b: Box) -> NDArray[np.float64]:
    a, c = (np.array(b.low) - origin) / rays, (np.array(b.high) - origin) / rays
    near, far = np.minimum(a, c).max(axis=-1), np.maximum(a, c).min(axis=-1)
    return np.where((near < far) & (near > 0.05), near, np.inf)


def frame(depth: NDArray[np.float32], n: int = 0, fps: float = 10.0, camera: Intrinsics = K) -> Frame:
    """A grey picture with some texture, and its depth."""
    rgb = np.full((*depth.shape, 3), 120, np.uint8)
    rgb[::7, ::5] = 160
    return Frame(n, n / fps, rgb, camera, depth)


def depth_map(depth: NDArray[np.float32], camera: Intrinsics = K) -> DepthMap:
    """As a sensor gives it."""
    return DepthMap(depth, camera)
