"""How the walker has moved, by what the camera saw then and sees now: for depth that a network tells.

A network's depth flickers from frame to frame by more than a walker moves, so that its range scans do not tell the
move (`scan_matching.py`). Points of the picture stay where they are: they are followed by the pyramidal tracker of
Lucas and Kanade (Bouguet 2000), and the camera has moved so that the places they had are seen where they are now
(Gauss-Newton over the reprojection error, ever fewer pixels off, robust against what moves by itself as long as that is
not most of what is seen: `camera_pose.py`). The places are the depth of one frame, so that its errors make the move too
long or too short by their share, and standing stays standing. What goes along with the walker, a cane, a hand or a dog,
would seem to say that they stand: there nothing is followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.camera_pose import KEY_POSE, LEAST, CameraPose, angle_deg, fit_pose, project
from edge_nav.perception.egomotion.ego_motion import LONGEST_S, EgoMotion, key_is_stale
from edge_nav.perception.egomotion.picture_tracking import (
    Grey,
    PicturePair,
    grey_picture,
    optical_flow,
    pixels_of,
    rotation_between,
    small_camera,
)
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import DepthMap, Frame, Intrinsics, Motion

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST, QUALITY, APART_PX = 240, 0.01, 6
"""Corners of a picture, the strongest first: of them a hundredth as strong at least, and so far apart."""
CELLS, PER_CELL, LEAST_CELLS = (8, 6), 8, 6
"""The picture is divided into so many across and down; of each so many corners count, and what stands must lie in so
many of them: one thing near by, full of corners, is not the world."""
QUICK_DEG = 2.0
"""A turn between two pictures by so much goes on, most likely."""
REACH_M, CONFIDENT = 8.0, 0.4
"""Farther places, and those of which the network is less sure, tell nothing."""
SURE_M = 0.03
"""The speed is known where the points alone tell the forward move, to this standard deviation."""
FADE_S = 0.3
"""How soon a speed that nothing tells is taken for none."""


class _Told(NamedTuple):
    """What the last pair of pictures told: how far apart they are in time, and whether the speed is known."""

    seconds: float
    speed_known: bool


class VisualOdometry:
    """Follows the walker's movement from picture to picture."""

    def __init__(self) -> None:
        self._grey: Grey | None = None
        self._camera: Intrinsics | None = None
        self._told: _Told | None = None
        """None where the move is not known."""
        self._points = np.zeros((0, 2), np.float32)
        """Where the key frame's points were in the last picture, pixels."""
        self._places = np.zeros((0, 3))
        """And where they lie, in the camera's coordinates at the key frame, metres."""
        self._axes: FloorAxes | None = None
        self._pose, self._since_key = KEY_POSE, EgoMotion()
        self._key_t = self._t = 0.0
        self._velocity, self._rotation = np.zeros(3), np.eye(3)
        """Of the camera since the last picture, in its own coordinates: m/s, and what it saw turned by [3, 3]."""

    def compare(self, frame: Frame) -> PicturePair:
        """The picture, held against the one before: what the camera saw turn and shift. Then `ego_motion`, once."""
        camera = small_camera(frame.intrinsics)
        grey = grey_picture(frame.rgb, camera)
        before, seconds = self._grey, frame.t - self._t
        self._grey, self._t, self._camera, self._told = grey, frame.t, camera, None
        if before is None or before.shape != grey.shape or self._axes is None or not 0 < seconds <= LONGEST_S:
            return PicturePair(grey, camera)
        tried = (self._follow(before, grey, turn, camera, seconds) for turn in self._rotations(before, grey, camera))
        followed = next((one for one in tried if one is not None), None)
        if followed is None:
            return PicturePair(grey, camera)
        pose, covariance = followed
        ahead = pose.rotation @ self._axes.forward
        speed_known = math.sqrt(float(ahead @ covariance @ ahead)) < SURE_M
        fade = 1.0 if speed_known else math.exp(-seconds / FADE_S)
        self._rotation = pose.rotation @ self._pose.rotation.T
        translation = pose.translation - self._rotation @ self._pose.translation
        self._velocity = -fade * translation / seconds
        self._pose, self._told = pose, _Told(seconds, speed_known)
        return PicturePair(grey, camera, before, self._rotation, translation)

    def ego_motion(self, depth: DepthMap, axes: FloorAxes, ignore: Mask | None = None) -> tuple[EgoMotion, Motion]:
        """The move since the last frame, and how the walker moves now; a move that is not known is none.

        ``depth`` and ``axes`` are those of the frame compared, ``ignore`` is where the depth map shows what goes along
        with the walker.
        """
        if self._told is None or self._axes is None:
            self._velocity, self._rotation = np.zeros(3), np.eye(3)
            self._begin(depth, axes, ignore)
            return EgoMotion(), Motion()
        seconds, speed_known = self._told
        since_key = self._pose.ego_motion(self._axes)
        move = since_key.after(self._since_key.inverse())
        self._since_key = since_key
        if key_is_stale(since_key, self._t - self._key_t) or len(self._points) < 2 * LEAST:
            self._begin(depth, axes, ignore)
        speed = (move.forward_m / seconds, move.right_m / seconds, move.turn_deg / seconds)
        return move, Motion(*speed, known=True, speed_known=speed_known)

    def _rotations(self, before: Grey, grey: Grey, camera: Intrinsics) -> Iterator[F64]:
        """By how much the camera may have turned: not at all, as the picture as a whole has moved, or as before."""
        if len(self._points) < LEAST:
            return
        if angle_deg(self._rotation) < QUICK_DEG:
            yield np.eye(3)
        yield rotation_between(before, grey, camera)
        if angle_deg(self._rotation) >= QUICK_DEG:
            yield self._rotation

    def _follow(
        self, before: Grey, grey: Grey, rotation: F64, camera: Intrinsics, seconds: float
    ) -> tuple[CameraPose, F64] | None:
        """The pose now and the covariance of its translation; None, and nothing changed, where too few points are found
        near where a rotation [3, 3] since the last picture would put them, or too little of the picture stands.
        """
        still = CameraPose(rotation @ self._pose.rotation, rotation @ self._pose.translation)
        # Looked for where a walker who stands would see them: in a plain picture the tracker finds what it expects.
        expected = self._points + project(self._places, still, camera)[0] - project(self._places, self._pose, camera)[0]
        guess = CameraPose(still.rotation, still.translation - self._velocity * seconds)
        points, found = optical_flow(before, grey, self._points, expected.astype(np.float32), camera)
        points, places = points[found], self._places[found]
        fit = fit_pose(places, points.astype(np.float64), camera, guess, seconds)
        if fit is None:
            return None
        pose, stands, covariance = fit
        if len(np.unique(_cell(points[stands], camera))) < LEAST_CELLS:
            return None
        self._points, self._places = points[stands], places[stands]
        return pose, covariance

    def _begin(self, depth: DepthMap, axes: FloorAxes, ignore: Mask | None) -> None:
        """Take this frame for the key frame: points of it that can be followed, and where they lie."""
        assert self._grey is not None and self._camera is not None
        camera = self._camera
        corners = cv2.goodFeaturesToTrack(self._grey, MOST, QUALITY, APART_PX)
        points = np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)
        self._axes, self._pose, self._since_key, self._key_t = axes, KEY_POSE, EgoMotion(), self._t
        pixel = pixels_of(points, camera, depth.depth_m.shape)
        z = depth.depth_m[pixel].astype(np.float64)
        known = z < REACH_M  # unknown depth compares as False
        if depth.confidence is not None:
            known &= depth.confidence[pixel] >= CONFIDENT
        if ignore is not None:
            known &= ~ignore[pixel]
        known[known] = _few(_cell(points[known], camera))
        self._points, z = points[known], z[known]
        x = (self._points[:, 0] - camera.cx) / camera.fx
        y = (self._points[:, 1] - camera.cy) / camera.fy
        self._places = np.stack([x * z, y * z, z], axis=1)


def _cell(points: NDArray[np.float32], camera: Intrinsics) -> NDArray[np.intp]:
    across = (points[:, 0] * CELLS[0] / camera.width).astype(np.intp)
    return across + CELLS[0] * (points[:, 1] * CELLS[1] / camera.height).astype(np.intp)


def _few(cell: NDArray[np.intp]) -> Mask:
    """The first few of each cell."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    rank = np.arange(len(cell)) - np.searchsorted(ordered, ordered)
    few = np.zeros(len(cell), np.bool_)
    few[order] = rank < PER_CELL
    return few
