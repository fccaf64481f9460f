"""Stairs and single steps that lead up, told from boxes and walls by their slope and their treads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection
from edge_nav.perception.grid import CELL_M, HALF_WIDTH_M, LAYERS, LOWEST_M, STEP_M, any_layer
from edge_nav.perception.obstacles.clustering import Occupancy

RISE = (0.4, 1.1)
"""Rise per metre ahead: building codes allow about 0.5-0.9, a voxel's rounding adds the rest."""
MIN_RUN_M, MIN_RISE_M = 0.6, 0.35
"""At least two treads' run and two risers must be seen."""
HIGHEST_M, TREAD_M, WIDE_M, LEVEL = 0.3, 0.5, 0.6, 0.7
"""A single step is no higher, its top is level for so far behind its edge and so wide, over this share of it."""


def with_stairs_named(detection: Detection, occupied: Occupancy) -> Detection:
    """With its name where it is stairs or a step that leads up."""
    if leads_up(detection, occupied):
        return replace(detection, label="stairs_up")
    if detection.label is None and steps_up(detection, occupied):
        return replace(detection, label="step_up")
    return detection


def leads_up(thing: Detection, occupied: Occupancy) -> bool:
    """Whether the tops of what stands ahead climb steadily away from the walker across the thing's width."""
    if thing.band == "drop" or not thing.in_corridor or thing.low_m > 0.25:
        return False
    block = _ahead(thing, occupied, 2.5)
    if block.shape[1] < round(0.4 / CELL_M):
        return False
    share = block.mean(axis=1)  # [forward, layer]: how much of the width is filled
    filled = share > 0.4
    rows = np.flatnonzero(filled.any(axis=1))
    if len(rows) < 5:
        return False
    top = LOWEST_M + STEP_M * (LAYERS - np.argmax(filled[rows][:, ::-1], axis=1))
    ahead = rows * CELL_M
    if ahead[-1] - ahead[0] < MIN_RUN_M or top.max() - top[0] < MIN_RISE_M or top[0] > 0.45:
        return False
    slope, offset = np.polyfit(ahead, top, 1)
    residual = top - (slope * ahead + offset)
    return bool(RISE[0] < slope < RISE[1] and np.abs(residual).max() < 0.2 and np.diff(top).max() < 0.25)


def steps_up(thing: Detection, occupied: Occupancy) -> bool:
    """Whether a low thing is the edge of higher ground: a kerb or a single step up. A voxel is too high for its top to
    be told from a gentle ramp's.
    """
    if thing.band != "ground" or not thing.in_corridor or thing.low_m > LOWEST_M + 1e-6 or thing.high_m > HIGHEST_M:
        return False
    filled = any_layer(_ahead(thing, occupied, 1.5)) > 0
    first, there = filled.argmax(axis=0), filled.any(axis=0)
    tread = first[None, there] + np.arange(round(TREAD_M / CELL_M))[:, None]
    if np.count_nonzero(there) < round(WIDE_M / CELL_M) or tread.max() >= len(filled):
        return False
    return bool(filled[tread, np.flatnonzero(there)[None]].mean() > LEVEL)


def _ahead(thing: Detection, occupied: Occupancy, far_m: float) -> NDArray[np.bool_]:
    """The voxels from the thing's nearest point on, over its width within the corridor."""
    columns = occupied.any.shape[1]
    left = max(0, round((max(thing.left_m, -0.4) + HALF_WIDTH_M) / CELL_M))
    right = min(columns, round((min(thing.right_m, 0.4) + HALF_WIDTH_M) / CELL_M))
    start = max(0, int(thing.forward_m / CELL_M) - 2)
    return occupied.voxels[start : start + round(far_m / CELL_M), left:right]
