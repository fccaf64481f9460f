"""Where the camera is by the places that it sees: Gauss-Newton over the reprojection error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.rays import FloorAxes
from edge_nav.types import Intrinsics

F64 = NDArray[np.float64]

GATES_PX = (40.0, 15.0, 6.0, 3.0, 2.0, 2.0)
"""What is farther off than this in one round after another belongs to something else."""
LEAST, LEAST_SHARE = 16, 0.5
"""So many points must have been followed, and this share of them be seen where the move puts them."""
NOISE_PX, LIKELY_MPS2 = 1.0, 4.0
"""Of a point's place in the picture; and how a walker's speed changes, which decides where no near point does."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraPose:
    """From the camera's coordinates at the key frame to those of now: X -> rotation X + translation."""

    rotation: F64
    translation: F64

    def ego_motion(self, axes: FloorAxes) -> EgoMotion:
        """The walker's move on the floor; ``axes`` are those of the key frame."""
        to = -self.rotation.T @ self.translation
        ahead = self.rotation.T @ axes.forward
        turn = math.degrees(math.atan2(float(ahead @ axes.right), float(ahead @ axes.forward)))
        return EgoMotion(float(to @ axes.right), float(to @ axes.forward), turn)


KEY_POSE = CameraPose(np.eye(3), np.zeros(3))


def angle_deg(rotation: F64) -> float:
    """By how much a rotation [3, 3] turns."""
    return math.degrees(math.acos(min(max((float(np.trace(rotation)) - 1) / 2, -1.0), 1.0)))


def project(places: F64, pose: CameraPose, camera: Intrinsics) -> tuple[F64, F64]:
    """Where places are seen from a pose, pixels [N, 2], and where they lie then [N, 3], metres."""
    there = places @ pose.rotation.T + pose.translation
    there[:, 2] = np.maximum(there[:, 2], 0.05)
    focal, middle = np.array([camera.fx, camera.fy]), np.array([camera.cx, camera.cy])
    return there[:, :2] / there[:, 2:] * focal + middle, there


def fit_pose(
    places: F64, points: F64, camera: Intrinsics, guess: CameraPose, seconds: float
) -> tuple[CameraPose, NDArray[np.bool_], F64] | None:
    """The pose under which most places are seen at their points, near a guess; which they are, and the covariance of
    its translation [3, 3] by the points alone, square metres. None where too few agree.
    """
    if len(points) < LEAST:
        return None
    weight = (NOISE_PX / max(LIKELY_MPS2 * seconds**2, 1e-3)) ** 2
    prior = np.diag([0.0, 0.0, 0.0, weight, weight, weight])
    pose, information = guess, prior
    for gate in GATES_PX:
        at, there = project(places, pose, camera)
        off = points - at
        far = np.hypot(off[:, 0], off[:, 1])
        near = far < gate
        if np.count_nonzero(near) < LEAST:
            return None
        off = off[near]
        share = 1.0 / (1.0 + (far[near] / (0.3 * gate)) ** 2)
        slope = _jacobian(there[near], camera)
        weighted = slope * np.concatenate([share, share])[:, None]
        information = weighted.T @ slope + 1e-6 * np.eye(6)
        pull = weighted.T @ np.concatenate([off[:, 0], off[:, 1]])
        pull[3:] += weight * (guess.translation - pose.translation)
        change = np.linalg.solve(information + prior, pull)
        rotation = np.asarray(cv2.Rodrigues(change[:3])[0], np.float64)
        pose = CameraPose(rotation @ pose.rotation, rotation @ pose.translation + change[3:])
    stands = np.hypot(*(points - project(places, pose, camera)[0]).T) < GATES_PX[-1]
    if np.count_nonzero(stands) < max(LEAST, LEAST_SHARE * len(points)):
        return None
    return pose, stands, NOISE_PX**2 * np.linalg.inv(information)[3:, 3:]


def _jacobian(there: F64, camera: Intrinsics) -> F64:
    """Of the points' places in the picture, all u then all v [2 N, 6], by a small turn about x, y, z and a small shift;
    ``there`` [N, 3] is where they lie for the camera.
    """
    z = there[:, 2]
    x, y, zero = there[:, 0] / z, there[:, 1] / z, np.zeros_like(z)
    along = np.stack([-x * y, 1 + x * x, -y, 1 / z, zero, -x / z], axis=1) * camera.fx
    down = np.stack([-1 - y * y, x * y, x, zero, 1 / z, -y / z], axis=1) * camera.fy
    return np.concatenate([along, down])
