"""Floor that was seen level, kept for a while as the walker turns and moves: which ways are free out of the picture.

Within the picture the picture tells; what it shows there takes the place of what was kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.egomotion.ego_motion import EgoMotion
from edge_nav.perception.floor.floor_scan import (
    BIN_M,
    BINS,
    HALF_FAN_DEG,
    LEVEL,
    SECTOR_DEG,
    SECTORS,
    FloorScan,
    bearing_of,
)
from edge_nav.perception.grid import latest_in_cell

KEEP_S, KEEP_BLIND_S = 20.0, 3.0
"""Longer, and who walks may stand there by now. Where the walker's movement is only supposed, it is soon elsewhere."""
REACH_M = 4.0
CELL_M = 0.10
UNSEEN_M = 1.0
"""Nearer, a worn camera sees no floor: what was kept there stays, and what leads to floor is taken for floor."""
_BEARINGS = np.radians([bearing_of(s) for s in range(SECTORS)])
_RANGES = (np.arange(BINS) + 0.5) * BIN_M
_PLACES = np.stack(
    [_RANGES[None, :] * np.sin(_BEARINGS)[:, None], _RANGES[None, :] * np.cos(_BEARINGS)[:, None]], axis=2
)
"""[SECTORS, BINS, 2] right and forward, metres."""


class FloorMap:
    """Places of level floor by where the walker is now."""

    def __init__(self) -> None:
        self._places = np.zeros((0, 2))
        self._until = np.zeros(0)

    @property
    def places(self) -> NDArray[np.float64]:
        """[N, 2]: right and forward, metres."""
        return self._places

    def move(self, ego_motion: EgoMotion, t: float, *, known: bool = True) -> None:
        """The walker has moved. ``known``: the move was measured, not supposed."""
        if not known:
            self._until = np.minimum(self._until, t + KEEP_BLIND_S)
        self._places = ego_motion.points_after(self._places)
        near = np.hypot(self._places[:, 0], self._places[:, 1]) < REACH_M
        self._keep(near & (self._until >= t) & (self._until <= t + KEEP_S))

    def update(self, scan: FloorScan, floor: NDArray[np.float64], t: float) -> None:
        """Take the picture's floor for what was kept in its place. ``floor``: how far it is seen without a break along
        each sector, metres [SECTORS], NaN where none is.
        """
        self._keep(~_looked_at(scan, self._places))
        unbroken = np.nan_to_num(floor)[:, None] > _RANGES[None, :]
        shown = scan.pixels > 0
        level = unbroken & (_RANGES < REACH_M) & np.where(shown, scan.share[:, :, LEVEL] >= 0.5, _RANGES < UNSEEN_M)
        new = _PLACES[level]
        self._places = np.vstack([self._places, new])
        self._until = np.append(self._until, np.full(len(new), t + KEEP_S))
        self._keep(latest_in_cell(self._places, CELL_M))

    def _keep(self, which: NDArray[np.bool_]) -> None:
        self._places, self._until = self._places[which], self._until[which]


def _looked_at(scan: FloorScan, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places lie between the nearest and the farthest that the picture shows in their direction."""
    away = np.hypot(places[:, 0], places[:, 1])
    sector = np.floor((np.degrees(np.arctan2(places[:, 0], places[:, 1])) + HALF_FAN_DEG) / SECTOR_DEG).astype(np.int64)
    shown = scan.pixels > 0
    first, last = shown.argmax(axis=1) * BIN_M, (BINS - shown[:, ::-1].argmax(axis=1)) * BIN_M
    last[~shown.any(axis=1)] = 0.0
    inside = (sector >= 0) & (sector < SECTORS)
    sector = np.where(inside, sector, 0)
    return np.asarray(inside & (away >= first[sector]) & (away < last[sector]), dtype=np.bool_)
