"""Things that a network takes for far and that come nearer faster than they would if they were.

A hanging sign before a ceiling of its colour, a pole before a wall: a network may see none. But whoever walks towards
it sees its corners move apart, and by how much tells how far they are (triangulation from two known views; Hartley and
Zisserman 2004, chapter 12), if they stand: what comes towards the walker by itself would be taken for nearer than it
is. Corners that agree with their neighbours and are much nearer than the network says put a patch of their own distance
into its depth.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.picture_tracking import PicturePair, optical_flow, pixels_of
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import DepthMap, Intrinsics

F64 = NDArray[np.float64]

MOST, FEWEST, QUALITY, APART_PX = 200, 140, 0.005, 5
NOISE_PX, OFF_PX = 0.7, 1.5
"""Of a corner's place; and so far off the line on which it must move, it moves by itself."""
MOVING = ("person", "vehicle")
"""Labels of what may: of them the network's depth is taken."""
SPREAD = 0.15
"""A distance is known when its standard deviation is below this share of it."""
NEAREST_M, REACH_M = 0.4, 3.5
NEARER = 0.7
"""Less than this share of what the network says contradicts it."""
ABOVE_M = 0.5
"""Lower things are many, and small: the floor's own corners would be taken for some of them."""
MOST_SHARE, AGREE_PX = 0.4, 2.0
"""Where more of the corners contradict the network, against those that agree or are seen within so many pixels of where
its distance puts them, it is the camera's own move that is wrong."""
FRAMES = 3
"""In so many frames on end."""
TOGETHER, ALIKE, LEAST = 0.12, 0.25, 5
"""Corners of one thing: so many, within this share of the picture's width and of their distance of each other."""
PATCH = 0.02
"""Of the picture's width: how far about a corner its distance counts."""
CERTAIN = 0.5
"""As sure as a network is of most things."""


class Parallax:
    """Corners followed from picture to picture, each with the camera's move since it was first seen."""

    def __init__(self) -> None:
        self._points = np.zeros((0, 2), np.float32)
        self._rays = np.zeros((0, 3))
        """Of each corner in the camera's coordinates when it was first seen, with z = 1."""
        self._rotations, self._translations = np.zeros((0, 3, 3)), np.zeros((0, 3))
        """From those coordinates to the camera's now: X -> rotation X + translation."""
        self._times = np.zeros(0, np.intp)
        """In how many frames on end each has contradicted the network."""

    def mend(self, pair: PicturePair, depth: DepthMap, axes: FloorAxes) -> DepthMap:
        """The depth map with what is nearer than the network says; the one that was given where nothing is."""
        self._follow(pair)
        where, metres = self._nearer(pair.camera, depth, axes)
        if len(self._points) < FEWEST:
            self._add(pair)
        return _patched(depth, where, metres, pair.camera) if len(where) else depth

    def _follow(self, pair: PicturePair) -> None:
        if pair.before is None or pair.rotation is None or pair.translation is None:
            self._keep(np.zeros(len(self._points), np.bool_))
            return
        if not len(self._points):
            return
        rotation, translation = pair.rotation, pair.translation
        expected = _rotated(self._points, rotation, pair.camera)
        self._points, found = optical_flow(pair.before, pair.grey, self._points, expected, pair.camera)
        self._rotations, self._translations = rotation @ self._rotations, self._translations @ rotation.T + translation
        self._keep(found)

    def _nearer(self, camera: Intrinsics, depth: DepthMap, axes: FloorAxes) -> tuple[F64, F64]:
        """Corners [N, 2], pixels, and their z-depth [N], metres: those that contradict the network, and agree."""
        at = _rays(self._points, camera)
        ray = np.einsum("nij,nj->ni", self._rotations, self._rays)
        # ray z + translation is seen at ``at``: two equations for the z of when it was first seen.
        slope = ray[:, :2] - at[:, :2] * ray[:, 2:]
        offset = at[:, :2] * self._translations[:, 2:] - self._translations[:, :2]
        steep = np.maximum((slope * slope).sum(axis=1), 1e-12)
        first = (slope * offset).sum(axis=1) / steep
        now = np.maximum(first * ray[:, 2] + self._translations[:, 2], 1e-3)
        off_px = np.hypot(*(first[:, None] * slope - offset).T) / now * camera.fx
        known = (first > 0) & (NOISE_PX / camera.fx / np.sqrt(steep) < SPREAD) & (off_px < OFF_PX)
        pixel = pixels_of(self._points, camera, depth.depth_m.shape)
        if depth.label is not None:
            moving = [n for n, name in enumerate(depth.label_names) if name in MOVING]
            known &= ~np.isin(depth.label[pixel], moving)
        above = axes.height_m + now * (at @ axes.up) > ABOVE_M
        network_m = depth.depth_m[pixel]
        contradicts = known & ~(now >= NEARER * network_m)
        nearer = contradicts & above & (now > NEAREST_M) & (now < REACH_M)
        expected = (network_m - self._translations[:, 2]) / np.where(np.abs(ray[:, 2]) > 0.1, ray[:, 2], np.nan)
        as_network = np.hypot(*(expected[:, None] * slope - offset).T) / network_m * camera.fx < AGREE_PX
        agrees = np.count_nonzero(~contradicts & (known | as_network))
        if np.count_nonzero(contradicts) > MOST_SHARE * (agrees + np.count_nonzero(contradicts)):
            nearer[:] = False
        self._times = np.where(nearer, self._times + 1, 0)
        nearer &= self._times >= FRAMES
        where, metres = self._points[nearer].astype(np.float64), now[nearer]
        agree = _agree(where / camera.width, metres)
        return where[agree], metres[agree]

    def _add(self, pair: PicturePair) -> None:
        free = np.full(pair.grey.shape, 255, np.uint8)
        for x, y in self._points:
            cv2.circle(free, (int(x), int(y)), APART_PX, 0, -1)
        corners = cv2.goodFeaturesToTrack(pair.grey, MOST - len(self._points), QUALITY, APART_PX, mask=free)
        if corners is None:
            return
        points = np.asarray(corners, np.float32).reshape(-1, 2)
        self._points = np.concatenate([self._points, points])
        self._rays = np.concatenate([self._rays, _rays(points, pair.camera)])
        self._rotations = np.concatenate([self._rotations, np.tile(np.eye(3), (len(points), 1, 1))])
        self._translations = np.concatenate([self._translations, np.zeros((len(points), 3))])
        self._times = np.concatenate([self._times, np.zeros(len(points), np.intp)])

    def _keep(self, which: NDArray[np.bool_]) -> None:
        self._points, self._rays = self._points[which], self._rays[which]
        self._rotations, self._translations, self._times = (
            self._rotations[which],
            self._translations[which],
            self._times[which],
        )


def _rays(points: NDArray[np.float32], camera: Intrinsics) -> F64:
    x = (points[:, 0].astype(np.float64) - camera.cx) / camera.fx
    y = (points[:, 1].astype(np.float64) - camera.cy) / camera.fy
    return np.stack([x, y, np.ones_like(x)], axis=1)


def _rotated(points: NDArray[np.float32], rotation: F64, camera: Intrinsics) -> NDArray[np.float32]:
    """Where far things are seen after a turn of the camera."""
    rays = _rays(points, camera) @ rotation.T
    at = rays[:, :2] / np.maximum(rays[:, 2:], 0.1)
    at = at * np.array([camera.fx, camera.fy]) + np.array([camera.cx, camera.cy])
    return np.asarray(at, np.float32)


def _agree(where: F64, metres: F64) -> NDArray[np.bool_]:
    """Which corners have neighbours at their own distance, enough for a thing. ``where`` in picture widths."""
    apart = np.hypot(*(where[:, None] - where[None]).transpose(2, 0, 1))
    alike = np.abs(metres[:, None] - metres[None]) < ALIKE * np.minimum(metres[:, None], metres[None])
    agree: NDArray[np.bool_] = ((apart < TOGETHER) & alike).sum(axis=1) >= LEAST
    return agree


def _patched(depth: DepthMap, where: F64, metres: F64, camera: Intrinsics) -> DepthMap:
    rows, columns = depth.depth_m.shape
    nearest = np.full((rows, columns), np.inf, np.float32)
    for n in np.argsort(-metres):  # the nearest last
        middle = (int((where[n, 0] + 0.5) * columns / camera.width), int((where[n, 1] + 0.5) * rows / camera.height))
        cv2.circle(nearest, middle, max(1, round(PATCH * columns)), float(metres[n]), -1)
    patch = ~(nearest >= depth.depth_m) & np.isfinite(nearest)
    confidence, label = depth.confidence, depth.label
    if confidence is not None:
        confidence = np.where(patch, np.float32(CERTAIN), confidence)
    if label is not None and "object" in depth.label_names:
        label = np.where(patch, np.uint8(depth.label_names.index("object")), label)
    return replace(depth, depth_m=np.where(patch, nearest, depth.depth_m), confidence=confidence, label=label)
