"""How high the ground is: the tops of what can be walked on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.sim.shapes import LABELS, Shape, rotation

F64 = NDArray[np.float64]
WALKABLE = frozenset(LABELS.index(name) for name in ("floor", "stairs", "kerb"))


class Tops:
    """The boxes labelled floor, stairs or kerb, ready to be asked."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        boxes = [s for s in shapes if s.label in WALKABLE and s.form == "box"]
        self._centre = np.array([s.centre for s in boxes], np.float64).reshape(-1, 3)
        self._half = np.array([s.half for s in boxes], np.float64).reshape(-1, 3)
        self._turn = np.array([rotation(s.turn) for s in boxes], np.float64).reshape(-1, 3, 3)

    def heights(self, x: F64, y: F64, below_m: float | F64 = np.inf) -> F64:
        """Height of the highest top at each point; NaN where there is no ground.

        What begins above ``below_m`` is overhead and left out.
        """
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        below = np.broadcast_to(below_m, x.shape).ravel()
        best = np.full(len(points), -np.inf)
        for centre, half, turn in zip(self._centre, self._half, self._turn, strict=True):
            start = np.column_stack([points - centre[:2], np.full(len(points), -centre[2])]) @ turn
            up = turn[2]
            # Where the vertical line leaves the box (slab method), in metres above z = 0.
            with np.errstate(divide="ignore", invalid="ignore"):
                a, b = (-half - start) / up, (half - start) / up
            flat = np.abs(up) < 1e-12
            outside = (np.abs(start) > half + 1e-9) & flat
            a, b = np.where(flat, -np.inf, a), np.where(flat, np.inf, b)
            low, top = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
            hit = (top >= low) & ~outside.any(axis=1) & (low <= below)
            best = np.where(hit & (top > best), top, best)
        return np.where(np.isfinite(best), best, np.nan).reshape(x.shape)

    def height(self, x: float, y: float, below_m: float = np.inf) -> float:
        return float(self.heights(np.array([x]), np.array([y]), below_m)[0])
