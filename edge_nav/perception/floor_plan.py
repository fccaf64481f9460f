"""Places and cells on the floor plan, as seen from above."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ROW = 4096
"""More cells than there are across."""


def latest(places: NDArray[np.float64], cell_m: float, kind: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which of the places [N, 2] are the last in their cell; of two kinds apart where a ``kind`` [N] is given."""
    cell = np.floor(places / cell_m).astype(np.int64)
    key = (cell[:, 0] * ROW + cell[:, 1]) * 2 + (0 if kind is None else kind)
    _, last = np.unique(key[::-1], return_index=True)
    kept = np.zeros(len(places), np.bool_)
    kept[len(places) - 1 - last] = True
    return kept


def grown(cells: NDArray[np.uint8], width_m: float, cell_m: float) -> NDArray[np.uint8]:
    """Cells, and those within half a width of them."""
    size = 2 * round(width_m / 2 / cell_m) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(cells, ellipse), dtype=np.uint8)
