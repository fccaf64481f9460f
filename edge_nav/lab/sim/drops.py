"""Edges where the ground falls away, from the tops of what can be walked on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.outlines import F64
from edge_nav.lab.sim.shapes import Shape, rotation
from edge_nav.lab.sim.tops import WALKABLE, Tops

DROP_M = 0.10
SPACING_M = 0.05
BESIDE_M = 0.02
"""Just inside and just outside of an edge."""
BOTTOMLESS_M = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class DropEdges:
    """Points every 5 cm along all edges: place [N, 2], ground above and how far it falls [N], outward normal [N, 2]."""

    at: F64
    top_m: F64
    depth_m: F64
    outward: F64
    edge: NDArray[np.intp]
    """Which edge each point is on."""


def find_drops(shapes: tuple[Shape, ...], tops: Tops) -> DropEdges:
    """Where the top of a walkable box ends and what lies beyond is at least 0.10 m lower, or nothing.

    Edges under a wall or another solid thing as high as a knee are none: nobody can step there.
    """
    places: list[F64] = []
    heights: list[F64] = []
    normals: list[F64] = []
    edges: list[NDArray[np.intp]] = []
    for shape in shapes:
        if shape.label not in WALKABLE or shape.form != "box":
            continue
        for a, b, outward in _rim(shape):
            count = max(2, int(np.ceil(np.linalg.norm(b - a) / SPACING_M)) + 1)
            # Not the corners themselves: there the neighbour's edge begins.
            share = np.linspace(0, 1, count)[:, None] * (1 - 2e-3) + 1e-3
            points = a + share * (b - a)
            places.append(points[:, :2])
            heights.append(points[:, 2])
            normals.append(np.repeat(outward[None], count, 0))
            edges.append(np.full(count, len(edges)))
    if not places:
        return DropEdges(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros((0, 2)), np.zeros(0, np.intp))
    at, top, outward = (np.concatenate(v) for v in (places, heights, normals))
    edge = np.concatenate(edges)
    inner, outer = at - BESIDE_M * outward, at + BESIDE_M * outward
    reach = top + 1.0
    here = tops.heights(inner[:, 0], inner[:, 1], reach)
    there = np.nan_to_num(tops.heights(outer[:, 0], outer[:, 1], reach), nan=-BOTTOMLESS_M)
    depth = top - there
    keep = (np.abs(here - top) < 0.05) & (depth >= DROP_M - 1e-6)
    keep[keep] &= ~_built_on(shapes, inner[keep], top[keep])
    return DropEdges(at[keep], top[keep], depth[keep], outward[keep], edge[keep].astype(np.intp))


def _rim(shape: Shape) -> list[tuple[F64, F64, F64]]:
    """The upper edges of a box that is about level: two corners each, and the level normal that points outwards."""
    turn = rotation(shape.turn)
    half, centre = np.array(shape.half), np.array(shape.centre)
    if abs(turn[2, 2]) < 0.8:
        return []
    up = 1.0 if turn[2, 2] > 0 else -1.0
    rim = []
    for axis, other in ((0, 1), (1, 0)):
        for side in (-1.0, 1.0):
            ends = []
            for end in (-1.0, 1.0):
                local = np.empty(3)
                local[axis], local[other], local[2] = side * half[axis], end * half[other], up * half[2]
                ends.append(centre + turn @ local)
            outward = side * turn[:2, axis]
            rim.append((ends[0], ends[1], outward / np.linalg.norm(outward)))
    return rim


def _built_on(shapes: tuple[Shape, ...], points: F64, top: F64) -> NDArray[np.bool_]:
    """Points that lie within an upright box that stands on the ground there and reaches knee height."""
    inside = np.zeros(len(points), np.bool_)
    for shape in shapes:
        turn = rotation(shape.turn)
        if shape.label in WALKABLE or shape.form != "box" or abs(turn[2, 2]) < 0.999:
            continue
        local = np.abs((points - np.array(shape.centre[:2])) @ turn[:2, :2])
        low, high = shape.centre[2] - shape.half[2], shape.centre[2] + shape.half[2]
        within = (local <= np.array(shape.half[:2]) + 0.05).all(axis=1)
        inside |= within & (low <= top + 0.15) & (high >= top + 0.5)
    return inside
