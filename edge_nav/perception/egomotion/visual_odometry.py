"""How the walker has moved, by what the camera saw then and sees now: for depth that a network tells.

A network's depth flickers from frame to frame by more than a walker moves, so that its outlines do not tell the move
(`motion.py`). Points of the picture stay where they are: they are followed by the pyramidal tracker of Lucas and Kanade
(Bouguet 2000), and the camera has moved so that the places they had are seen where they are now (Gauss-Newton over the
reprojection error, ever fewer pixels off, robust against what moves by itself as long as that is not most of what is
seen). The places are the depth of one frame, so that its errors make the move too long or too short by their share, and
standing stays standing. What goes along with the walker, a cane, a hand or a dog, would seem to say that they stand:
there nothing is followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.scan_matching import KEY_DEG, KEY_M, KEY_S, LONGEST_S, Step
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import DepthMap, Frame, Intrinsics, Motion

F64 = NDArray[np.float64]
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WIDTH = 320
"""Wider pictures are made smaller for this."""
MOST, QUALITY, APART_PX = 240, 0.01, 6
"""Corners of a picture, the strongest first: of them a hundredth as strong at least, and so far apart."""
CELLS, PER_CELL, LEAST_CELLS = (8, 6), 8, 6
"""The picture is divided into so many across and down; of each so many corners count, and what stands must lie in so
many of them: one thing near by, full of corners, is not the world."""
WINDOW_PX, LEVELS, COARSE = 15, 3, 4
"""Of the tracker; and how much smaller pictures are compared as a whole."""
QUICK_DEG = 2.0
"""A turn between two pictures by so much goes on, most likely."""
REACH_M, CONFIDENT = 8.0, 0.4
"""Farther places, and those of which the network is less sure, tell nothing."""
GATES_PX = (40.0, 15.0, 6.0, 3.0, 2.0, 2.0)
"""What is farther off than this in one round after another belongs to something else."""
LEAST, LEAST_SHARE = 16, 0.5
"""So many points must have been followed, and this share of them be seen where the move puts them."""
NOISE_PX, LIKELY_MPS2 = 1.0, 4.0
"""Of a point's place in the picture; and how a walker's speed changes, which decides where no near point does."""
SURE_M = 0.03
"""The speed is known where the points alone tell the forward move, to this standard deviation."""
FADE_S = 0.3
"""How soon a speed that nothing tells is taken for none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """From the camera's coordinates at the key frame to those of now: X -> turn X + shift."""

    turn: F64
    shift: F64

    def moved(self, axes: FloorAxes) -> Step:
        """The walker's move on the floor; ``axes`` are those of the key frame."""
        to = -self.turn.T @ self.shift
        ahead = self.turn.T @ axes.forward
        turn = math.degrees(math.atan2(float(ahead @ axes.right), float(ahead @ axes.forward)))
        return Step(float(to @ axes.right), float(to @ axes.forward), turn)


STILL = _Pose(np.eye(3), np.zeros(3))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture as it was compared, with its camera.

    ``before`` is the previous picture; ``turn`` [3, 3] and ``shift`` [3] take a place that stands from the camera's
    coordinates of then to those of now, X -> turn X + shift, metres. None where the move is not known.
    """

    grey: Grey
    camera: Intrinsics
    before: Grey | None = None
    turn: F64 | None = None
    shift: F64 | None = None


class VisualOdometry:
    """Follows the walker's movement from picture to picture."""

    def __init__(self) -> None:
        self._grey: Grey | None = None
        self._camera: Intrinsics | None = None
        self._found: tuple[float, bool] | None = None
        """Seconds since the frame before, and whether the points tell the speed; None where the move is not known."""
        self._points = np.zeros((0, 2), np.float32)
        """Where the key frame's points were in the last picture, pixels."""
        self._places = np.zeros((0, 3))
        """And where they lie, in the camera's coordinates at the key frame, metres."""
        self._axes: FloorAxes | None = None
        self._pose, self._since_key = STILL, Step()
        self._key_t = self._t = 0.0
        self._velocity, self._turning = np.zeros(3), np.eye(3)
        """Of the camera since the last picture, in its own coordinates: m/s, and what it saw turned by [3, 3]."""

    def look(self, frame: Frame) -> Seen:
        """The picture, held against the one before: what the camera saw turn and shift. Then `walked`, once."""
        camera = _small(frame.intrinsics)
        grey = _grey(frame.rgb, camera)
        before, seconds = self._grey, frame.t - self._t
        self._grey, self._t, self._camera, self._found = grey, frame.t, camera, None
        if before is None or before.shape != grey.shape or self._axes is None or not 0 < seconds <= LONGEST_S:
            return Seen(grey, camera)
        tried = (self._follow(before, grey, turning, camera, seconds) for turning in self._turns(before, grey, camera))
        found = next((one for one in tried if one is not None), None)
        if found is None:
            return Seen(grey, camera)
        pose, spread = found
        ahead = pose.turn @ self._axes.forward
        told = math.sqrt(float(ahead @ spread @ ahead)) < SURE_M
        fade = 1.0 if told else math.exp(-seconds / FADE_S)
        self._turning = pose.turn @ self._pose.turn.T
        shift = pose.shift - self._turning @ self._pose.shift
        self._velocity = -fade * shift / seconds
        self._pose, self._found = pose, (seconds, told)
        return Seen(grey, camera, before, self._turning, shift)

    def walked(self, depth: DepthMap, axes: FloorAxes, ignore: Mask | None = None) -> tuple[Step, Motion]:
        """The move since the last frame, and how the walker moves now; a move that is not known is none.

        ``depth`` and ``axes`` are those of the frame looked at, ``ignore`` is where the depth map shows what goes along
        with the walker.
        """
        if self._found is None or self._axes is None:
            self._velocity, self._turning = np.zeros(3), np.eye(3)
            self._begin(depth, axes, ignore)
            return Step(), Motion()
        seconds, told = self._found
        move = self._pose.moved(self._axes)
        step = move.after(self._since_key.back())
        self._since_key = move
        far = math.hypot(move.right_m, move.forward_m) > KEY_M or abs(move.turn_deg) > KEY_DEG
        if far or self._t - self._key_t > KEY_S or len(self._points) < 2 * LEAST:
            self._begin(depth, axes, ignore)
        pace = (step.forward_m / seconds, step.right_m / seconds, step.turn_deg / seconds)
        return step, Motion(*pace, known=True, speed_known=told)

    def _turns(self, before: Grey, grey: Grey, camera: Intrinsics) -> Iterator[F64]:
        """By how much the camera may have turned: not at all, as the picture as a whole has moved, or as before."""
        if len(self._points) < LEAST:
            return
        if _angle_deg(self._turning) < QUICK_DEG:
            yield np.eye(3)
        yield _turn_between(before, grey, camera)
        if _angle_deg(self._turning) >= QUICK_DEG:
            yield self._turning

    def _follow(
        self, before: Grey, grey: Grey, turning: F64, camera: Intrinsics, seconds: float
    ) -> tuple[_Pose, F64] | None:
        """The pose now and the covariance of its shift; None, and nothing changed, where too few points are found near
        where a turn [3, 3] since the last picture would put them, or too little of the picture stands.
        """
        still = _Pose(turning @ self._pose.turn, turning @ self._pose.shift)
        # Looked for where a walker who stands would see them: in a plain picture the tracker finds what it expects.
        expected = self._points + _seen(self._places, still, camera)[0] - _seen(self._places, self._pose, camera)[0]
        guess = _Pose(still.turn, still.shift - self._velocity * seconds)
        flowed, status, _ = cv2.calcOpticalFlowPyrLK(
            before, grey, self._points, expected.astype(np.float32),
            winSize=(WINDOW_PX, WINDOW_PX), maxLevel=LEVELS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        points = np.asarray(flowed, np.float32)
        kept = (status.ravel() > 0) & inside(points, camera)
        points, places = points[kept], self._places[kept]
        found = _fitted(places, points.astype(np.float64), camera, guess, seconds)
        if found is None:
            return None
        pose, stands, spread = found
        if len(np.unique(_cell(points[stands], camera))) < LEAST_CELLS:
            return None
        self._points, self._places = points[stands], places[stands]
        return pose, spread

    def _begin(self, depth: DepthMap, axes: FloorAxes, ignore: Mask | None) -> None:
        """Take this frame for the key frame: points of it that can be followed, and where they lie."""
        assert self._grey is not None and self._camera is not None
        camera = self._camera
        corners = cv2.goodFeaturesToTrack(self._grey, MOST, QUALITY, APART_PX)
        points = np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)
        self._axes, self._pose, self._since_key, self._key_t = axes, STILL, Step(), self._t
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


def pixels_of(
    points: NDArray[np.float32], camera: Intrinsics, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a depth map of a shape at points [N, 2] of a camera's picture."""
    row = np.minimum(((points[:, 1] + 0.5) * shape[0] / camera.height).astype(np.intp), shape[0] - 1)
    column = np.minimum(((points[:, 0] + 0.5) * shape[1] / camera.width).astype(np.intp), shape[1] - 1)
    return row, column


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


def _small(camera: Intrinsics) -> Intrinsics:
    if camera.width <= WIDTH:
        return camera
    return camera.resized(WIDTH, max(1, round(camera.height * WIDTH / camera.width)))


def _grey(rgb: NDArray[np.uint8], camera: Intrinsics) -> Grey:
    green = cv2.extractChannel(rgb, 1)  # half of all that brightness is, and one pass less
    if green.shape != (camera.height, camera.width):
        green = cv2.resize(green, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.asarray(green, np.uint8)


def _angle_deg(turn: F64) -> float:
    return math.degrees(math.acos(min(max((float(np.trace(turn)) - 1) / 2, -1.0), 1.0)))


def _turn_between(before: Grey, grey: Grey, camera: Intrinsics) -> F64:
    """The turn [3, 3] of the camera that would move the picture as a whole as it has moved."""
    (right, down), _ = cv2.phaseCorrelate(_coarse(before), _coarse(grey))
    return np.asarray(cv2.Rodrigues(COARSE * np.array([-down / camera.fy, right / camera.fx, 0.0]))[0], np.float64)


def _coarse(grey: Grey) -> NDArray[np.float32]:
    size = max(grey.shape[1] // COARSE, 1), max(grey.shape[0] // COARSE, 1)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def inside(points: NDArray[np.float32], camera: Intrinsics) -> NDArray[np.bool_]:
    """Which points [N, 2], pixels, are in the picture."""
    x, y = points[:, 0], points[:, 1]
    which: NDArray[np.bool_] = (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
    return which


def _seen(places: F64, pose: _Pose, camera: Intrinsics) -> tuple[F64, F64]:
    """Where places are seen from a pose, pixels [N, 2], and where they lie then [N, 3], metres."""
    there = places @ pose.turn.T + pose.shift
    there[:, 2] = np.maximum(there[:, 2], 0.05)
    focal, middle = np.array([camera.fx, camera.fy]), np.array([camera.cx, camera.cy])
    return there[:, :2] / there[:, 2:] * focal + middle, there


def _fitted(
    places: F64, points: F64, camera: Intrinsics, guess: _Pose, seconds: float
) -> tuple[_Pose, NDArray[np.bool_], F64] | None:
    """The pose under which most places are seen at their points, near a guess; which they are, and the covariance of
    its shift [3, 3] by the points alone, square metres. None where too few agree.
    """
    if len(points) < LEAST:
        return None
    weight = (NOISE_PX / max(LIKELY_MPS2 * seconds**2, 1e-3)) ** 2
    prior = np.diag([0.0, 0.0, 0.0, weight, weight, weight])
    pose, told = guess, prior
    for gate in GATES_PX:
        at, there = _seen(places, pose, camera)
        off = points - at
        far = np.hypot(off[:, 0], off[:, 1])
        near = far < gate
        if np.count_nonzero(near) < LEAST:
            return None
        off, z = off[near], there[near, 2]
        x, y, zero = there[near, 0] / z, there[near, 1] / z, np.zeros_like(z)
        share = 1.0 / (1.0 + (far[near] / (0.3 * gate)) ** 2)
        # Of a point's place in the picture, by a small turn about x, y, z and a small shift.
        along = np.stack([-x * y, 1 + x * x, -y, 1 / z, zero, -x / z], axis=1) * camera.fx
        down = np.stack([-1 - y * y, x * y, x, zero, 1 / z, -y / z], axis=1) * camera.fy
        slope = np.concatenate([along, down])
        weighted = slope * np.concatenate([share, share])[:, None]
        told = weighted.T @ slope + 1e-6 * np.eye(6)
        normal = told + prior
        pull = weighted.T @ np.concatenate([off[:, 0], off[:, 1]])
        pull[3:] += weight * (guess.shift - pose.shift)
        change = np.linalg.solve(normal, pull)
        turning = np.asarray(cv2.Rodrigues(change[:3])[0], np.float64)
        pose = _Pose(turning @ pose.turn, turning @ pose.shift + change[3:])
    stands = np.hypot(*(points - _seen(places, pose, camera)[0]).T) < GATES_PX[-1]
    if np.count_nonzero(stands) < max(LEAST, LEAST_SHARE * len(points)):
        return None
    return pose, stands, NOISE_PX**2 * np.linalg.inv(told)[3:, 3:]
