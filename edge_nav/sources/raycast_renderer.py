"""Boxes seen by a camera, ray by ray: exact z-depth, and a plainly shaded picture.

World axes: x right, y ahead, z up, metres, floor level at z = 0. Everything is a box: floors are thick slabs, a kerb or
a stair is a slab that lies lower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Intrinsics, Pose

F64 = NDArray[np.float64]
Point = tuple[float, float, float]

NEAR_M = 0.05
LIGHT = np.array([0.3, -0.6, 0.75])
SKY = (150, 175, 200)
TILE_M = 0.4


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box between two corners; ``tiled`` gives it a checker of 0.4 m, ``name`` makes it a hazard."""

    low: Point
    high: Point
    colour: tuple[int, int, int] = (150, 150, 150)
    tiled: bool = False
    name: str = ""


class Picture(NamedTuple):
    """uint8 rgb [H, W, 3] and float32 z-depth [H, W] in metres, NaN where nothing is hit within range."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]


def box(
    x: float,
    y: float,
    z: float,
    width: float,
    deep: float,
    tall: float,
    colour: tuple[int, int, int] = (150, 150, 150),
    name: str = "",
) -> Box:
    """By the middle of its width, its near side, its underside, and its sizes."""
    return Box((x - width / 2, y, z), (x + width / 2, y + deep, z + tall), colour, name=name)


def floor_levels(*levels: tuple[float, float], width_m: float = 20.0, until_m: float = 20.0) -> list[Box]:
    """Floor in slabs: each level is (where it starts ahead, its height) and ends where the next one begins."""
    ends = [y for y, _ in levels[1:]] + [until_m]
    half = width_m / 2
    return [
        Box((-half, y0, -8.0), (half, y1, z), (130, 120, 110), tiled=True)
        for (y0, z), y1 in zip(levels, ends, strict=True)
    ]


def render(boxes: list[Box], pose: Pose, camera: Intrinsics, far_m: float = 12.0) -> Picture:
    """What the camera sees of the boxes."""
    axes = camera_axes(pose)
    origin = np.array([pose.x, pose.y, pose.height_m])
    u = (np.arange(camera.width, dtype=np.float64) - camera.cx) / camera.fx
    v = (np.arange(camera.height, dtype=np.float64) - camera.cy) / camera.fy
    depth = np.full((camera.height, camera.width), np.inf)
    which = np.full(depth.shape, -1, np.int32)
    for n, b in enumerate(boxes):
        rows, columns = _bounds(b, origin, axes, camera)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        rays = _rays(axes, u[columns], v[rows])
        t = _hit(rays, origin, b)
        window = depth[rows, columns]
        nearer = t < window
        window[nearer] = t[nearer]
        which[rows, columns][nearer] = n
    depth[depth > far_m] = np.inf
    rgb = _shade(boxes, depth, which, _rays(axes, u, v), origin)
    return Picture(rgb, np.where(np.isfinite(depth), depth, np.nan).astype(np.float32))


def camera_axes(pose: Pose) -> tuple[F64, F64, F64]:
    """Camera x, y and z axes in the world."""
    heading, pitch, roll = (math.radians(a) for a in (pose.heading_deg, pose.pitch_deg, pose.roll_deg))
    forward = np.array([math.sin(heading) * math.cos(pitch), math.cos(heading) * math.cos(pitch), -math.sin(pitch)])
    level = np.array([math.cos(heading), -math.sin(heading), 0.0])
    below = np.cross(forward, level)
    return level * math.cos(roll) + below * math.sin(roll), below * math.cos(roll) - level * math.sin(roll), forward


def _rays(axes: tuple[F64, F64, F64], u: F64, v: F64) -> F64:
    right, down, forward = axes
    return forward + u[None, :, None] * right + v[:, None, None] * down


def _bounds(b: Box, origin: F64, axes: tuple[F64, F64, F64], camera: Intrinsics) -> tuple[slice, slice]:
    """Rows and columns that can see a box: all of them where it reaches behind the camera."""
    corners = np.array(
        [[x, y, z] for x in (b.low[0], b.high[0]) for y in (b.low[1], b.high[1]) for z in (b.low[2], b.high[2])]
    )
    local = (corners - origin) @ np.stack(axes, axis=1)
    if (local[:, 2] < NEAR_M).all():
        return slice(0, 0), slice(0, 0)
    if (local[:, 2] < NEAR_M).any():
        return slice(0, camera.height), slice(0, camera.width)
    u = camera.fx * local[:, 0] / local[:, 2] + camera.cx
    v = camera.fy * local[:, 1] / local[:, 2] + camera.cy
    return _clip(v, camera.height), _clip(u, camera.width)


def _clip(values: F64, size: int) -> slice:
    low, high = max(math.floor(values.min()), 0), min(math.ceil(values.max()) + 1, size)
    return slice(low, max(low, high))


def _hit(rays: F64, origin: F64, b: Box) -> F64:
    """z-depth at which each ray enters the box, infinite where it misses (slab method of Kay and Kajiya, 1986)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, c = (np.array(b.low) - origin) / rays, (np.array(b.high) - origin) / rays
        near, far = np.minimum(a, c).max(axis=-1), np.maximum(a, c).min(axis=-1)
    return np.where((near < far) & (near > NEAR_M), near, np.inf)


def _shade(boxes: list[Box], depth: F64, which: NDArray[np.int32], rays: F64, origin: F64) -> NDArray[np.uint8]:
    """Each side's brightness by its normal, edges and tiles by world position."""
    rgb = np.empty((*depth.shape, 3), np.float64)
    rgb[...] = SKY
    hit = np.isfinite(depth)
    points = origin + rays[hit] * depth[hit][:, None]
    n = which[hit]
    low = np.array([b.low for b in boxes])[n]
    high = np.array([b.high for b in boxes])[n]
    colour = np.array([b.colour for b in boxes], np.float64)[n]
    tiled = np.array([b.tiled for b in boxes])[n]
    to_low, to_high = np.abs(points - low), np.abs(points - high)
    side = np.minimum(to_low, to_high).argmin(axis=1)
    sign = np.where(np.take_along_axis(to_low, side[:, None], 1) < np.take_along_axis(to_high, side[:, None], 1), -1, 1)
    light = 0.62 + 0.38 * np.clip(LIGHT[side] * sign[:, 0], -1, 1)
    checker = np.floor(points / TILE_M + 1e-6).astype(int).sum(axis=1) % 2
    grain = 1 + 0.05 * np.sin(points @ np.array([91.7, 57.3, 123.1]))
    light = light * grain * np.where(tiled & (checker == 0), 0.82, 1.0) / (1 + 0.04 * depth[hit])
    rgb[hit] = colour * light[:, None]
    return np.clip(rgb, 0, 255).astype(np.uint8)
