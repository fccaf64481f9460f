"""Meshes of the primitive shapes, in metres, with texture coordinates in metres. Plain arrays; knows no renderer.

A box's sides carry (u, v) along two of its own axes. Where a pattern has a direction (wood, brushed metal) u follows
the longer one, elsewhere v is the box's z on upright sides, so that courses of bricks lie level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import Form, Point

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

ROUND_SEGMENTS = 64
"""Sides of a circle: the polygon leaves a circle of 1 m radius by 1.2 mm at most, half of it on either side."""
RINGS = 24


@dataclass(frozen=True, slots=True, eq=False)
class CyclesMesh:
    """Vertices [V, 3]; of all faces' corners numbers, uv [L, 2] and normals [L, 3]; ``starts`` [F] of each face."""

    vertices: F64
    corners: I32
    starts: I32
    uv: F64
    normals: F64


def build(form: Form, half: Point, bevel_m: float, along: bool) -> CyclesMesh:
    """The mesh of a form. ``along``: u follows the longest axis."""
    if form == "box":
        return _box(np.array(half), min(bevel_m, 0.45 * min(half)), along)
    if form == "cylinder":
        return _cylinder(half, along)
    if form == "ellipsoid":
        return _round(np.array(half), 0.0, along)
    return _round(np.array((half[0], half[1], half[0])), half[2], along)


def _box(half: F64, bevel: float, along: bool) -> CyclesMesh:
    """Six sides; with a bevel each becomes a grid whose rim is bent onto a quarter round."""
    sides = [_side(half, bevel, axis, sign, along) for axis in range(3) for sign in (-1.0, 1.0)]
    return _joined(sides)


def _side(half: F64, bevel: float, axis: int, sign: float, along: bool) -> tuple[F64, F64, F64, I32]:
    a, b = [(1, 2), (0, 2), (0, 1)][axis]
    if bevel > 0:
        inner = half - bevel
        steps = [np.array([-1.0, -1.0, 1.0, 1.0]) * inner[k] for k in (a, b)]
        tilts = [np.array([-1.0, 0.0, 0.0, 1.0])] * 2
    else:
        inner = half
        steps = [np.array([-1.0, 1.0]) * half[k] for k in (a, b)]
        tilts = [np.zeros(2)] * 2
    n = len(steps[0])
    base, tilt = np.zeros((n, n, 3)), np.zeros((n, n, 3))
    base[..., a], base[..., b] = np.meshgrid(*steps, indexing="ij")
    tilt[..., a], tilt[..., b] = np.meshgrid(*tilts, indexing="ij")
    base[..., axis] = sign * inner[axis]
    tilt[..., axis] = sign
    normals = tilt / np.linalg.norm(tilt, axis=-1, keepdims=True)
    points = base + normals * bevel
    u, v = (b, a) if along and half[b] > half[a] else (a, b)
    uv = np.stack([base[..., u] + tilt[..., u] * bevel, base[..., v] + tilt[..., v] * bevel], axis=-1)
    outward = (sign > 0) == (axis != 1)
    return points.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), _grid_faces(n, n, outward)


def _cylinder(half: Point, along: bool) -> CyclesMesh:
    radius, tall = half[0], half[2]
    angle = np.linspace(0, 2 * math.pi, ROUND_SEGMENTS + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    fit = _outside_and_in(ROUND_SEGMENTS)
    points = np.zeros((len(angle), 2, 3))
    points[:, :, :2] = circle[:, None] * fit * np.array(half[:2])
    points[:, :, 2] = np.array([-tall, tall])
    normals = np.zeros_like(points)
    normals[:, :, :2] = circle[:, None] / np.array(half[:2])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    uv = np.stack(np.broadcast_arrays(angle[:, None] * radius, points[:, :, 2]), axis=-1)
    wall = (points.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), _grid_faces(len(angle), 2, True))
    mesh = _joined([wall], swap=along)
    ends = []
    for sign in (-1.0, 1.0):
        rim = points[:-1, int(sign > 0)]
        ends.append((rim if sign > 0 else rim[::-1], np.array([0, 0, sign])))
    return _with_ends(mesh, ends)


def _round(radii: F64, stretch: float, along: bool) -> CyclesMesh:
    """An ellipsoid; with ``stretch`` its halves move apart along z and a tube joins them: a capsule."""
    angle = np.linspace(0, 2 * math.pi, ROUND_SEGMENTS + 1)
    rise = np.linspace(-math.pi / 2, math.pi / 2, 2 * RINGS + 1)
    shift = np.where(rise < 0, -stretch, stretch)
    if stretch > 0:
        rise, shift = np.insert(rise, RINGS, 0.0), np.insert(shift, RINGS, -stretch)
    unit = np.stack(
        [
            np.cos(angle)[:, None] * np.cos(rise),
            np.sin(angle)[:, None] * np.cos(rise),
            np.broadcast_to(np.sin(rise), (len(angle), len(rise))),
        ],
        axis=-1,
    )
    points = unit * radii * _outside_and_in(ROUND_SEGMENTS)
    points[..., 2] += shift
    normals = unit / radii
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    uv = np.stack(
        np.broadcast_arrays(angle[:, None] * float(radii[:2].mean()), rise * float(radii[2]) + shift), axis=-1
    )
    side = (
        points.reshape(-1, 3),
        normals.reshape(-1, 3),
        uv.reshape(-1, 2),
        _grid_faces(len(angle), len(rise), True),
    )
    return _joined([side], swap=along)


def _outside_and_in(segments: int) -> float:
    """A polygon's radius for which it leaves the circle as far outwards at its corners as inwards at its sides."""
    return 2 / (1 + math.cos(math.pi / segments))


def _grid_faces(rows: int, columns: int, outward: bool) -> I32:
    """Quads [F, 4] of a grid of points numbered row by row."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    quads = np.stack([first, first + columns, first + columns + 1, first + 1], axis=-1)
    return np.asarray(quads if outward else quads[:, ::-1], np.int32)


def _joined(sides: list[tuple[F64, F64, F64, I32]], swap: bool = False) -> CyclesMesh:
    counts = np.cumsum([0, *(len(s[0]) for s in sides)])
    points = np.concatenate([s[0] for s in sides])
    normals = np.concatenate([s[1] for s in sides])
    uv = np.concatenate([s[2] for s in sides])
    corners = np.concatenate([s[3] + n for s, n in zip(sides, counts, strict=False)]).reshape(-1).astype(np.int32)
    if swap:
        uv = uv[:, ::-1]
    return CyclesMesh(points, corners, np.arange(0, len(corners), 4, dtype=np.int32), uv[corners], normals[corners])


def _with_ends(mesh: CyclesMesh, ends: list[tuple[F64, F64]]) -> CyclesMesh:
    """The flat ends of a cylinder, a face each with its own corners."""
    vertices, corners, starts = [mesh.vertices], [mesh.corners], [mesh.starts]
    uv, normals = [mesh.uv], [mesh.normals]
    count, corner = len(mesh.vertices), len(mesh.corners)
    for rim, normal in ends:
        vertices.append(rim)
        corners.append(np.arange(count, count + len(rim), dtype=np.int32))
        starts.append(np.array([corner], np.int32))
        uv.append(rim[:, :2])
        normals.append(np.broadcast_to(normal, rim.shape).astype(np.float64))
        count, corner = count + len(rim), corner + len(rim)
    return CyclesMesh(
        np.concatenate(vertices),
        np.concatenate(corners),
        np.concatenate(starts),
        np.concatenate(uv),
        np.concatenate(normals),
    )
