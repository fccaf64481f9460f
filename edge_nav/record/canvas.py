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


def text_width(words: str, scale: float, weight: int = 1) -> int:
    """Pixels that the letters take from left to right."""
    return int(cv2.getTextSize(words, FONT, scale, weight)[0][0])


class Labels:
    """Letters on dark plates, legible over any picture, that cover neither one another nor run out of it."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._taken: list[tuple[int, int, int, int]] = []

    def put(self, words: str, at: tuple[int, int], colour: Colour, scale: float = 0.5) -> None:
        """With the lower left corner near a pixel; left out where four lines up or down are taken."""
        (width, height), base = cv2.getTextSize(words, FONT, scale, 1)
        line, (tall, wide) = height + base + 6, self._image.shape[:2]
        x = min(max(at[0], 4), max(wide - width - 4, 4))
        for lines in (0, -1, 1, -2, 2, -3, 3, -4, 4):
            y = min(max(at[1] + lines * line, height + 6), tall - base - 2)
            plate = (x - 3, y - height - 4, x + width + 3, y + base)
            if not any(_overlap(plate, other) for other in self._taken):
                self._taken.append(plate)
                cv2.rectangle(self._image, plate[:2], plate[2:], BLACK, -1)
                text(self._image, words, (x, y), colour, scale)
                return


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
