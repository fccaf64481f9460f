"""How high the ground is: the tops of what can be walked on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import LABELS, Shape, rotation

F64 = NDArray[np.float64]
WALKABLE = frozenset(LABELS.index(name) for name in ("floor", "stairs", "kerb"))


CHUNK = 512


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
        best = [self._best(points[n : n + CHUNK], below[n : n + CHUNK]) for n in range(0, len(points), CHUNK)]
        return np.concatenate(best).reshape(x.shape) if best else np.full(x.shape, np.nan)

    def _best(self, points: F64, below: F64) -> F64:
        """Heights at points [N, 2]."""
        if len(self._centre) == 0:
            return np.full(len(points), np.nan)
        lines = np.column_stack([points, np.zeros(len(points))])[:, None] - self._centre
        start = np.einsum("nbi,bij->nbj", lines, self._turn)
        up = self._turn[:, 2]
        # Where the vertical line enters and leaves each box (slab method), in metres above z = 0.
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = (-self._half - start) / up, (self._half - start) / up
        flat = np.abs(up) < 1e-12
        outside = ((np.abs(start) > self._half + 1e-9) & flat).any(axis=2)
        low = np.where(flat, -np.inf, np.minimum(a, b)).max(axis=2)
        top = np.where(flat, np.inf, np.maximum(a, b)).min(axis=2)
        top = np.where((top >= low) & ~outside & (low <= below[:, None]), top, -np.inf).max(axis=1)
        return np.where(np.isfinite(top), top, np.nan)

    def height(self, x: float, y: float, below_m: float = np.inf) -> float:
        return float(self.heights(np.array([x]), np.array([y]), below_m)[0])
