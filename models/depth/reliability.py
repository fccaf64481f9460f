"""How far confidence can be believed, as a picture: what it promised against what was found."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.depth.evaluation import CONFIDENCE_BINS, Evaluation
from models.depth.export import WITHIN

SIDE, EDGE = 320, 52
"""Of the square that is plotted in, and of the margin for words, pixels."""
INK, GRID, BAR, LINE = (40, 40, 40), (215, 215, 215), (225, 200, 160), (180, 90, 20)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def expected_error(result: Evaluation) -> float:
    """Mean difference between confidence and the share that was right, weighted by pixels (Guo et al., 2017, ECE).

    Each tenth counts with its middle. NaN where nothing carried confidence.
    """
    pixels = result.confident.sum()
    if not pixels:
        return float("nan")
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num(result.right / result.confident)
    return float((np.abs(share - _middles()) * result.confident).sum() / pixels)


def write_reliability(result: Evaluation, title: str, path: Path) -> None:
    """A plot as PNG: the line is the share of pixels within 15 % by confidence, the bars how many pixels there are."""
    picture = np.full((SIDE + 2 * EDGE, SIDE + 2 * EDGE, 3), 255, np.uint8)
    most = max(float(result.confident.max()), 1.0)
    for n, pixels in enumerate(result.confident):
        left, right = _at(n / CONFIDENCE_BINS, 0.0), _at((n + 1) / CONFIDENCE_BINS, float(pixels) / most)
        cv2.rectangle(picture, left, right, BAR, -1)
    for tenth in range(0, 11, 2):
        value = tenth / 10
        cv2.line(picture, _at(value, 0), _at(value, 1), GRID, 1)
        cv2.line(picture, _at(0, value), _at(1, value), GRID, 1)
        x, y = _at(value, 0)
        cv2.putText(picture, f"{value:.1f}", (x - 10, y + 18), FONT, 0.4, INK, 1, cv2.LINE_AA)
        x, y = _at(0, value)
        cv2.putText(picture, f"{value:.1f}", (x - 30, y + 4), FONT, 0.4, INK, 1, cv2.LINE_AA)
    cv2.line(picture, _at(0, 0), _at(1, 1), GRID, 2, cv2.LINE_AA)
    _draw_line(picture, result)
    cv2.putText(picture, title[:60], (EDGE, EDGE - 28), FONT, 0.45, INK, 1, cv2.LINE_AA)
    error = f"within {100 * WITHIN:.0f} % of the truth; mean miss {expected_error(result):.3f}"
    cv2.putText(picture, error, (EDGE, EDGE - 10), FONT, 0.4, INK, 1, cv2.LINE_AA)
    cv2.putText(picture, "confidence; bars: pixels", (EDGE + 80, SIDE + EDGE + 38), FONT, 0.4, INK, 1, cv2.LINE_AA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def _draw_line(picture: NDArray[np.uint8], result: Evaluation) -> None:
    points = [
        _at(float(middle), float(right / all_of_it))
        for middle, right, all_of_it in zip(_middles(), result.right, result.confident, strict=True)
        if all_of_it > 0
    ]
    for a, b in pairwise(points):
        cv2.line(picture, a, b, LINE, 2, cv2.LINE_AA)
    for point in points:
        cv2.circle(picture, point, 4, LINE, -1, cv2.LINE_AA)


def _middles() -> NDArray[np.float64]:
    return (np.arange(CONFIDENCE_BINS) + 0.5) / CONFIDENCE_BINS


def _at(x: float, y: float) -> tuple[int, int]:
    return round(EDGE + x * SIDE), round(EDGE + (1 - y) * SIDE)
