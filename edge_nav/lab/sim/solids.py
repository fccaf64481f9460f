"""Exact questions to the primitives: where a ray enters them, and how far a point is from their surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import FAR_M, Form, Rendered, Shape, World, rotation
from edge_nav.sources.raycast_renderer import camera_axes
from edge_nav.types import Intrinsics, Pose

F64 = NDArray[np.float64]
NEAR_M = 0.01
SUN = np.array([0.35, -0.5, 0.8])
SKY = (168, 196, 226)


class _Kind(NamedTuple):
    """The shapes of one form: their places in the list, and their axes as columns of ``turn``."""

    number: NDArray[np.intp]
    centre: F64
    half: F64
    turn: F64


class Solids:
    """A list of shapes, ready to be asked."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        self._kinds: dict[Form, _Kind] = {}
        forms: tuple[Form, ...] = ("box", "cylinder", "ellipsoid", "capsule")
        for form in forms:
            index = np.array([n for n, s in enumerate(self.shapes) if s.form == form], np.intp)
            mine = [self.shapes[n] for n in index]
            if mine:
                self._kinds[form] = _Kind(
                    index,
                    np.array([s.centre for s in mine]),
                    np.array([s.half for s in mine]),
                    np.array([rotation(s.turn) for s in mine]),
                )

    def cast(self, origin: F64, rays: F64) -> tuple[F64, NDArray[np.intp]]:
        """Rays [N, 3] from one point: distance in lengths of each ray, and the index of the shape; inf and -1 for none.

        Rays that begin inside a shape do not see it.
        """
        best = np.full(len(rays), np.inf)
        which = np.full(len(rays), -1, np.intp)
        for form, kind in self._kinds.items():
            for n, centre, half, turn in zip(*kind, strict=True):
                t = _enter(form, (origin - centre) @ turn, rays @ turn, half)
                nearer = t < best
                best[nearer], which[nearer] = t[nearer], n
        return best, which

    def distance(self, point: F64) -> float:
        """From a point to the nearest surface, negative inside; exact for all but ellipsoids, there never too large."""
        best = np.inf
        for form, kind in self._kinds.items():
            local = np.abs(np.einsum("ni,nij->nj", point - kind.centre, kind.turn))
            best = min(best, float(_distance(form, local, kind.half).min()))
        return best


def draw(world: World, pose: Pose, camera: Intrinsics) -> Rendered:
    """The slow, exact picture that renderers are held to: true depth and numbers, plain shading."""
    solids = Solids((*world.still, *world.moving))
    right, down, forward = camera_axes(pose)
    u = (np.arange(camera.width) - camera.cx) / camera.fx
    v = (np.arange(camera.height) - camera.cy) / camera.fy
    rays = (forward + u[None, :, None] * right + v[:, None, None] * down).reshape(-1, 3)
    origin = np.array([pose.x, pose.y, pose.height_m])
    t, which = solids.cast(origin, rays)
    seen = t <= FAR_M
    shapes = solids.shapes
    size = (camera.height, camera.width)
    label, instance = np.zeros(len(t), np.uint8), np.zeros(len(t), np.uint16)
    label[seen] = np.array([s.label for s in shapes], np.uint8)[which[seen]]
    instance[seen] = np.array([s.instance for s in shapes], np.uint16)[which[seen]]
    rgb = np.empty((len(t), 3))
    rgb[...] = SKY
    colour = np.array([s.material.colour for s in shapes]) * 255
    # Brightness by how the surface turns from picture to picture point: the normal from neighbouring points.
    points = (origin + rays * np.where(seen, t, FAR_M)[:, None]).reshape(*size, 3)
    normal = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-12)
    light = (0.62 + 0.38 * np.clip(normal @ (SUN / np.linalg.norm(SUN)), -1, 1)).reshape(-1)
    rgb[seen] = colour[which[seen]] * light[seen][:, None]
    depth = np.where(seen, t, np.nan).astype(np.float32)
    return Rendered(
        np.clip(rgb, 0, 255).astype(np.uint8).reshape(*size, 3),
        depth.reshape(size),
        instance.reshape(size),
        label.reshape(size),
    )


def _enter(form: Form, start: F64, rays: F64, half: F64) -> F64:
    """Distances at which rays enter a shape at the origin along its own axes."""
    if form == "box":
        near, far = _slabs(start, rays, half)
    elif form == "ellipsoid":
        near, far = _ball(start / half, rays / half, 1.0)
    elif form == "cylinder":
        near, far = _tube(start, rays, float(half[0]))
        low, high = _slabs(start[2:], rays[:, 2:], half[2:])
        near, far = np.maximum(near, low), np.minimum(far, high)
    else:
        near, far = _tube(start, rays, float(half[0]))
        low, high = _slabs(start[2:], rays[:, 2:], half[2:])
        near, far = np.maximum(near, low), np.minimum(far, high)
        near = np.where(near < far, near, np.inf)
        far = np.where(np.isfinite(near), far, -np.inf)
        for end in (-half[2], half[2]):
            a, b = _ball(start - np.array([0, 0, end]), rays, float(half[0]))
            hit = a < b
            near, far = np.where(hit, np.minimum(near, a), near), np.where(hit, np.maximum(far, b), far)
    return np.where((near < far) & (near > NEAR_M), near, np.inf)


def _slabs(start: F64, rays: F64, half: F64) -> tuple[F64, F64]:
    # Along a slab, or so nearly that the quotient is beyond all numbers, the ray leaves it at infinity.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        a, b = (-half - start) / rays, (half - start) / rays
    return np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)


def _ball(start: F64, rays: F64, radius: float) -> tuple[F64, F64]:
    a, b = (rays * rays).sum(axis=1), rays @ start
    return _roots(a, b, float(start @ start) - radius**2)


def _tube(start: F64, rays: F64, radius: float) -> tuple[F64, F64]:
    flat = rays[:, :2]
    a, b = np.maximum((flat * flat).sum(axis=1), 1e-15), flat @ start[:2]
    return _roots(a, b, float(start[:2] @ start[:2]) - radius**2)


def _roots(a: F64, b: F64, c: float) -> tuple[F64, F64]:
    """Of a t^2 + 2 b t + c; an empty interval where there are none."""
    root = b * b - a * c
    s = np.sqrt(np.maximum(root, 0.0))
    return np.where(root > 0, (-b - s) / a, np.inf), np.where(root > 0, (-b + s) / a, -np.inf)


def _distance(form: Form, local: F64, half: F64) -> F64:
    """Signed distance of points in the positive octant [N, 3] of each shape's axes."""
    if form == "box":
        q = local - half
        return _outside(q)
    aside = np.hypot(local[:, 0], local[:, 1])
    if form == "cylinder":
        q = np.column_stack([aside - half[:, 0], local[:, 2] - half[:, 2]])
        return _outside(q)
    if form == "capsule":
        return np.asarray(np.hypot(aside, np.maximum(local[:, 2] - half[:, 2], 0)) - half[:, 0])
    # The unit ball's distance times the smallest half axis is a lower bound.
    return np.asarray((np.linalg.norm(local / half, axis=1) - 1) * half.min(axis=1))


def _outside(beyond: F64) -> F64:
    """Distance from how far points are beyond each pair of faces."""
    return np.asarray(np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0))
