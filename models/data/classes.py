"""What the depth network is taught to name: what the renderers label, and ground that is lower than the walker's.

The renderers label what a pixel belongs to, which is the same for a floor and for the floor below it. Which of them
it is, the scene tells.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import load_scene
from edge_nav.lab.sim.shapes import LABELS, rotation
from edge_nav.lab.sim.tops import WALKABLE, Tops
from edge_nav.lab.sim.viewpoints import ground_under, start_height
from edge_nav.perception.floor.floor_labels import LOWER
from edge_nav.sources.raycast_renderer import camera_axes
from edge_nav.types import Pose
from models.data.dataset import FrameRef, TrueFrame
from models.data.layout import SCENE

CLASSES = (*LABELS, LOWER)
LOWER_M = 0.09
"""Less than the lowest kerb, more than a threshold or a worn slab."""
LEVEL_COSINE = 0.9999
"""Of the tilt of what is level: less than 0.8 degrees."""
MARGIN_M = 0.03

F64 = NDArray[np.float64]


class _Ramp(NamedTuple):
    centre: F64
    half: F64
    turn: F64


class _Ground(NamedTuple):
    tops: Tops
    start_m: float
    ramps: tuple[_Ramp, ...]


def classified(frame: TrueFrame, ref: FrameRef) -> TrueFrame:
    """The frame with its lower ground labelled as such. UsageError where its scene cannot be read.

    A ramp leads down without an edge, and stays what it is.
    """
    ramps = _ground(ref.folder).ramps
    x, y, height_m, heading_deg, pitch_deg, roll_deg = ref.pose
    right, down, forward = camera_axes(Pose(x, y, height_m, heading_deg, pitch_deg, roll_deg))
    k = ref.camera
    rows, columns = np.nonzero(np.isin(frame.label, list(WALKABLE)) & np.isfinite(frame.depth_m))
    u, v = (columns - k.cx) / k.fx, (rows - k.cy) / k.fy
    away = frame.depth_m[rows, columns].astype(np.float64)
    lower = height_m + away * (u * right[2] + v * down[2] + forward[2]) < feet_m(ref) - LOWER_M
    rows, columns, u, v, away = (a[lower] for a in (rows, columns, u, v, away))
    if ramps and len(rows):
        rays = u[:, None] * right + v[:, None] * down + forward
        sloping = _inside(np.array([x, y, height_m]) + away[:, None] * rays, ramps)
        rows, columns = rows[~sloping], columns[~sloping]
    label = frame.label.copy()
    label[rows, columns] = CLASSES.index(LOWER)
    return replace(frame, label=label)


def feet_m(ref: FrameRef) -> float:
    """Height of what the camera's bearer stands on, metres, as the pose's height is told."""
    tops, start_m, _ = _ground(ref.folder)
    return ground_under(tops, start_m, *ref.pose[:2])


@cache
def _ground(folder: Path) -> _Ground:
    try:
        scene = load_scene(folder / SCENE)
    except UsageError as e:
        raise UsageError(f"{folder / SCENE} cannot be read: remove {folder} and generate it again.") from e
    turned = [(s, rotation(s.turn)) for s in scene.world(0.0).still if s.label in WALKABLE and s.form == "box"]
    ramps = [_Ramp(np.array(s.centre), np.array(s.half), turn) for s, turn in turned if turn[2, 2] < LEVEL_COSINE]
    return _Ground(scene.tops, start_height(scene), tuple(ramps))


def _inside(points: F64, ramps: tuple[_Ramp, ...]) -> NDArray[np.bool_]:
    """Points [N, 3] that lie in or on any of the boxes."""
    inside = np.zeros(len(points), np.bool_)
    for ramp in ramps:
        inside |= (np.abs((points - ramp.centre) @ ramp.turn) < ramp.half + MARGIN_M).all(axis=1)
    return inside
