"""Whether the camera hangs upside down or tilted, told by where the floor lies while none is found beneath.

A picture that is turned shows its floor above or aslant. From a ceiling, such a floor cannot be told: who sees that and
no floor has a camera that points up, which is no better. A floor at the side may be a wall, and is believed only at the
camera's known height.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from edge_nav.perception.floor.plane_fit import F64, noise_m, select, surface_normals
from edge_nav.perception.rays import Rays
from edge_nav.types import DepthMap, Ground, View

LOST_S, EVERY_S = 0.8, 0.2
"""The floor is looked for elsewhere when it has been out of view so long, so often."""
WINDOW_S, EVIDENCE_S, SEEN_EVIDENCE_S = 6.0, 1.4, 4.0
"""Of so long the looks count; they must agree over so long, and longer where the floor was seen in its place before."""
LEAST, AGREED = 4, 0.7
"""So many looks that show such a plane, and this share of them alike."""
TILTED_DEG, SIDEWAYS_DEG, UPSIDE_DOWN_DEG = 19.0, 65.0, 130.0
PITCH_DEG = (-20.0, 65.0)
HEIGHT_M = (0.5, 2.2)
KNOWN_M = 0.2
"""About a known camera height."""
SHARE = 0.15
"""Of the points on such a plane, at least."""
AHEAD_M, ACROSS_M = 0.7, 0.5
ROLL_BIN_DEG, PITCH_BIN_DEG, HEIGHT_BIN_M = 15.0, 15.0, 0.2


class Posture:
    """Follows the camera's posture over a walk."""

    def __init__(self, camera_height_m: float | None) -> None:
        self._height_m = camera_height_m
        self._seen = False
        self._lost_t: float | None = None
        self._look_t = float("-inf")
        self._looks: deque[tuple[float, View]] = deque()
        self._view: View = "ok"

    def update(self, ground: Ground | None, depth: DepthMap, rays: Rays, t: float) -> View:
        """ "ok", "upside_down" or "tilted" until the floor is found; ``t`` is frame time, seconds."""
        if ground is not None:
            self._seen, self._lost_t, self._view = True, None, "ok"
            self._looks.clear()
            return "ok"
        self._lost_t = t if self._lost_t is None else self._lost_t
        if t - self._lost_t >= (LOST_S if self._seen else 0.0) and t - self._look_t >= EVERY_S:
            self._look_t = t
            roll_deg = largest_plane_roll_deg(depth, rays, self._height_m)
            if roll_deg is not None:
                self._looks.append((t, _view(roll_deg)))
            self._judge(t)
        return self._view

    def _judge(self, t: float) -> None:
        while self._looks and t - self._looks[0][0] > WINDOW_S:
            self._looks.popleft()
        views = [view for _, view in self._looks]
        if len(views) < LEAST or t - self._looks[0][0] < (SEEN_EVIDENCE_S if self._seen else EVIDENCE_S):
            return
        most = max(set(views), key=views.count)
        if views.count(most) >= AGREED * len(views):
            self._view = most


def _view(roll_deg: float) -> View:
    if abs(roll_deg) < TILTED_DEG:
        return "ok"
    return "upside_down" if abs(roll_deg) > UPSIDE_DOWN_DEG else "tilted"


def largest_plane_roll_deg(depth: DepthMap, rays: Rays, known_m: float | None) -> float | None:
    """The roll of the largest plane that may be a floor whichever way up the camera is; None without one."""
    points, normals = surface_normals(depth.depth_m, rays)
    if not len(points):
        return None
    height = -np.einsum("ij,ij->i", normals, points)
    roll = np.degrees(np.arctan2(-normals[:, 0], -normals[:, 1]))
    pitch = np.degrees(np.arcsin(np.clip(-normals[:, 2], -1, 1)))
    maybe = (pitch > PITCH_DEG[0]) & (pitch < PITCH_DEG[1]) & (height > HEIGHT_M[0]) & (height < HEIGHT_M[1])
    aside = (np.abs(roll) > SIDEWAYS_DEG) & (np.abs(roll) < UPSIDE_DOWN_DEG)
    maybe &= ~aside if known_m is None else np.abs(height - known_m) < KNOWN_M
    if np.count_nonzero(maybe) < SHARE * len(points):
        return None
    cell = np.stack(
        [
            np.floor((roll[maybe] + 180 + ROLL_BIN_DEG / 2) % 360 / ROLL_BIN_DEG),
            np.floor(pitch[maybe] / PITCH_BIN_DEG),
            np.floor(height[maybe] / HEIGHT_BIN_M),
        ],
        axis=1,
    )
    _, which, counts = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    some = normals[maybe][which.ravel() == counts.argmax()]
    normal: F64 = some.mean(axis=0)
    normal /= np.linalg.norm(normal)
    near = select(points, np.abs(normals @ normal) > np.cos(np.radians(25)))
    off = near @ normal
    level = float(np.median(-off[np.abs(off + np.median(height[maybe][which.ravel() == counts.argmax()])) < 0.3]))
    on = select(near, np.abs(off + level) < 2 * noise_m(near))
    if len(on) < SHARE * len(points):
        return None
    across, _, ahead = np.sort(np.ptp(np.percentile(on, [5, 95], axis=0), axis=0))[[1, 0, 2]]
    if ahead < AHEAD_M or across < ACROSS_M:
        return None
    return float(np.degrees(np.arctan2(-normal[0], -normal[1])))
