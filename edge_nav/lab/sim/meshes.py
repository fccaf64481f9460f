"""Primitive shapes as triangles, with normals and texture coordinates in metres."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import Form, Point

F32 = NDArray[np.float32]
Floats = NDArray[Any]
SAGITTA_M = 0.001
"""Curved surfaces are faceted to within this."""
CELL_M = 1.0
"""Faces of boxes are split into cells of about this size: light is computed at corners."""
MOST_CELLS = 24
LEAST_BEVEL_M = 0.005
"""Smaller roundings of a box's edges move no surface by more than 2 mm; left out, as they cost nine times as many
triangles."""


class TriangleMesh(NamedTuple):
    """Vertices and unit normals [N, 3] in the shape's own axes, texture coordinates [N, 2] in metres, triangles [M, 3],
    anticlockwise seen from outside.
    """

    vertices: F32
    normals: F32
    metres: F32
    triangles: NDArray[np.int32]


def mesh(form: Form, half: Point, bevel_m: float = 0.0) -> TriangleMesh:
    """The surface of a primitive; half sizes and rounding as in Shape."""
    if form == "box":
        return _box(half, min(bevel_m, 0.45 * min(half)) if bevel_m >= LEAST_BEVEL_M else 0.0)
    if form == "ellipsoid":
        return _ellipsoid(half)
    return _tube(half, rounded=form == "capsule")


def _box(half: Point, bevel: float) -> TriangleMesh:
    """Six faces; each carries its texture's x along its longer side, as grain runs along a board.

    With a bevel a face's rim is bent half-way to its neighbour's: one chamfer with normals of a quarter round.
    """
    parts = []
    for axis in range(3):
        u, v = (a for a in range(3) if a != axis)
        if half[v] > half[u]:
            u, v = v, u
        for sign in (-1.0, 1.0):
            (x, lean_x), (y, lean_y) = (_side(half[a], bevel) for a in (u, v))
            at = np.zeros((len(y), len(x), 3), np.float32)
            at[..., axis] = sign * (half[axis] - bevel)
            at[..., u], at[..., v] = x[None, :], y[:, None]
            normal = np.zeros_like(at)
            normal[..., axis] = sign
            normal[..., u], normal[..., v] = lean_x[None, :], lean_y[:, None]
            normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
            at += normal * np.float32(bevel)
            # u x v points along +axis for (0, 1), (1, 2), (2, 0).
            flip = ((v - u) % 3 == 1) != (sign > 0)
            parts.append(_grid(at, normal, np.stack([at[..., u], at[..., v]], axis=-1), flip))
    return _joined(parts)


def _side(half: float, bevel: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a face's lines of corners lie along one of its axes, and how far their normals lean that way."""
    cells = min(max(1, math.ceil(2 * half / CELL_M)), MOST_CELLS)
    lines = np.linspace(bevel - half, half - bevel, cells + 1)
    lean = np.zeros(cells + 1)
    if bevel == 0.0:
        return lines, lean
    return np.r_[lines[0], lines, lines[-1]], np.r_[-1.0, lean, 1.0]


def _ellipsoid(half: Point) -> TriangleMesh:
    around = _facets(max(half[0], half[1]))
    rings = max(6, _facets(max(half)) // 2)
    angle = np.linspace(0, 2 * np.pi, around + 1)
    rise = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    unit = _sphere(angle, rise)
    at = unit * np.array(half)
    normal = unit / np.maximum(np.array(half), 1e-6)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    metres = np.stack(np.broadcast_arrays(angle[None, :] * (half[0] + half[1]) / 2, rise[:, None] * half[2]), axis=-1)
    return _joined([_grid(at, normal, metres, False)])


def _tube(half: Point, *, rounded: bool) -> TriangleMesh:
    """A cylinder, or with round ends beyond its length a capsule."""
    radius = (half[0] + half[1]) / 2
    around = _facets(max(half[0], half[1]))
    angle = np.linspace(0, 2 * np.pi, around + 1)
    pieces = min(max(1, math.ceil(2 * half[2] / CELL_M)), MOST_CELLS)
    z = np.linspace(-half[2], half[2], pieces + 1)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=-1)
    at = ring[None] * np.array([half[0], half[1], 0.0]) + np.array([0.0, 0.0, 1.0]) * z[:, None, None]
    normal = np.broadcast_to(ring[None], at.shape)
    metres = np.stack(np.broadcast_arrays(angle[None, :] * radius, z[:, None]), axis=-1)
    parts = [_grid(at, normal, metres, False)]
    for sign in (-1.0, 1.0):
        if rounded:
            rise = np.linspace(0, np.pi / 2, max(3, around // 4) + 1) * sign
            unit = _sphere(angle, rise)
            end = unit * np.array([half[0], half[1], radius]) + np.array([0, 0, sign * half[2]])
            metres = np.stack(
                np.broadcast_arrays(angle[None, :] * radius, sign * half[2] + rise[:, None] * radius), axis=-1
            )
            parts.append(_grid(end, unit, metres, sign < 0))
        else:
            share = np.array([0.0, 1.0])[:, None, None]
            end = ring[None] * np.array([half[0], half[1], 0.0]) * share + np.array([0, 0, sign * half[2]])
            normal = np.broadcast_to(np.array([0.0, 0.0, sign]), end.shape)
            parts.append(_grid(end, normal, end[..., :2], sign > 0))
    return _joined(parts)


def _sphere(angle: NDArray[np.float64], rise: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = np.cos(rise)[:, None]
    unit: NDArray[np.float64] = np.stack(
        [flat * np.cos(angle), flat * np.sin(angle), np.broadcast_to(np.sin(rise)[:, None], (len(rise), len(angle)))],
        axis=-1,
    )
    return unit


def _facets(radius: float) -> int:
    """How many facets round a circle keep its sagitta."""
    if radius <= 2 * SAGITTA_M:
        return 8
    return min(max(12, math.ceil(math.pi / math.acos(1 - SAGITTA_M / radius))), 96)


def _grid(at: Floats, normal: Floats, metres: Floats, flip: bool) -> TriangleMesh:
    """Two triangles to a cell, anticlockwise seen from outside where rows x columns give that, else ``flip``."""
    rows, columns = at.shape[:2]
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None, :]).ravel()
    a, b, c, d = first, first + 1, first + columns + 1, first + columns
    triangles = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    if flip:
        triangles = triangles[:, ::-1]
    return TriangleMesh(
        at.reshape(-1, 3).astype(np.float32),
        normal.reshape(-1, 3).astype(np.float32),
        metres.reshape(-1, 2).astype(np.float32),
        triangles.astype(np.int32),
    )


def _joined(parts: list[TriangleMesh]) -> TriangleMesh:
    starts = np.cumsum([0, *(len(p.vertices) for p in parts[:-1])])
    triangles = np.concatenate([p.triangles + n for p, n in zip(parts, starts, strict=True)])
    vertices, normals, metres = (np.concatenate([p[k] for p in parts]) for k in range(3))
    # Where a ring shrinks to a point, every second triangle has no area.
    corners = vertices[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return TriangleMesh(vertices, normals, metres, triangles[area > 1e-12].astype(np.int32))
