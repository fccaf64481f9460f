"""Colours and letters of the pictures. The palette is Okabe and Ito's, told apart by most colour-blind people."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Band

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

BLACK, GREY, WHITE = (0, 0, 0), (170, 170, 170), (255, 255, 255)
AMBER: Colour = (230, 159, 0)
RED: Colour = (255, 80, 60)
BAND_COLOURS: dict[Band, Colour] = {
    "ground": (86, 180, 233),
    "body": AMBER,
    "head": (204, 121, 167),
    "drop": RED,
}
FONT = cv2.FONT_HERSHEY_SIMPLEX


def text(image: Image, words: str, at: tuple[int, int], colour: Colour, scale: float, weight: int = 1) -> None:
    """Letters with their lower left corner at a pixel."""
    cv2.putText(image, words, at, FONT, scale, colour, weight, cv2.LINE_AA)


def label(image: Image, words: str, at: tuple[int, int], colour: Colour, scale: float = 0.5) -> None:
    """Letters on a dark plate, legible over any picture."""
    (width, height), base = cv2.getTextSize(words, FONT, scale, 1)
    x, y = at
    cv2.rectangle(image, (x - 3, y - height - 4), (x + width + 3, y + base), BLACK, -1)
    text(image, words, at, colour, scale)
