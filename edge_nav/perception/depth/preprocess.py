"""Frame -> network input, in one pass over each channel and without allocating once warm."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import DepthEntry, FixedInput, MultipleInput

INTERPOLATION = {"bicubic": cv2.INTER_CUBIC, "bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}


def input_size(rule: FixedInput | MultipleInput, width: int, height: int) -> tuple[int, int]:
    """Network input (height, width) for a frame.

    "multiple": the shorter side is scaled to ``shorter_side``, the longer one keeps the aspect, both rounded to the
    nearest multiple but not below the shorter side's, as Depth Anything does.
    """
    if isinstance(rule, FixedInput):
        return rule.height, rule.width
    scale = rule.shorter_side / min(width, height)

    def fit(length: int) -> int:
        nearest = round(length * scale / rule.multiple) * rule.multiple
        least = -(-rule.shorter_side // rule.multiple) * rule.multiple
        return max(nearest, least)

    return fit(height), fit(width)


class Preprocessor:
    """Resize, normalise and transpose into one reused buffer."""

    def __init__(self, entry: DepthEntry, width: int, height: int) -> None:
        rows, columns = input_size(entry.input, width, height)
        self._interpolation = INTERPOLATION[entry.interpolation]
        self._same = (rows, columns) == (height, width)
        self._resized = np.empty((rows, columns, 3), np.uint8)
        self._channel = np.empty((rows, columns), np.uint8)
        self.output: NDArray[np.float32] = np.empty((1, 3, rows, columns), np.float32)
        # (x / 255 - mean) / std as one multiplication and one addition.
        self._gain = [np.float32(1.0 / (255.0 * s)) for s in entry.std]
        self._offset = [np.float32(-m / s) for m, s in zip(entry.mean, entry.std, strict=True)]

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [H, W, 3] -> float32 [1, 3, h, w]: a buffer that the next call overwrites."""
        source = rgb
        if not self._same:
            rows, columns = self._resized.shape[:2]
            cv2.resize(rgb, (columns, rows), dst=self._resized, interpolation=self._interpolation)
            source = self._resized
        for n in range(3):
            cv2.extractChannel(source, n, dst=self._channel)
            np.multiply(self._channel, self._gain[n], out=self.output[0, n], casting="unsafe")
            self.output[0, n] += self._offset[n]
        return self.output
