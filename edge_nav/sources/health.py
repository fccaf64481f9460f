"""Whether the camera still sees: frozen, dark, overexposed or covered pictures, from each frame at little cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Frame, View

_CELLS_ACROSS, _CELL_PX = 160, 4
"""A picture is averaged into so many cells across at least, but of so many pixels each way at least: edges stay, sensor
noise goes."""
_SATURATED = 250
_NOISE_SHARE = 0.10
"""Noise makes up to this share of a dark picture's cells look detailed."""
_LEAVE = 2.0
"""A reported state ends only when its measure is this many times better than where it began."""


class HealthSettings(Settings):
    """When a view counts as lost. Measured on walks indoors and outdoors, of which none comes near these bounds."""

    hold_s: float = Field(
        default=0.5,
        ge=0.0,
        le=5.0,
        description="Seconds of frame time that a state must last before it, or its end, is told.",
    )
    frozen_after_s: float = Field(
        default=1.0, ge=0.1, le=10.0, description="Seconds of frame time with identical pictures that count as frozen."
    )
    dark_level: float = Field(
        default=24.0,
        ge=1.0,
        le=100.0,
        description="Dark: 95 % of the picture is below this grey level (0..255), no structure.",
    )
    bright_share: float = Field(
        default=0.65, ge=0.1, le=1.0, description="Overexposed: at least this share of the picture is saturated."
    )
    covered_detail: float = Field(
        default=0.05, ge=0.0, le=0.5, description="Covered: less than this share of the picture has edges or texture."
    )


@dataclass(frozen=True, slots=True)
class ViewState:
    """``view`` is "ok", "dark", "bright" or "covered"; ``frozen`` says that the same picture keeps coming."""

    view: View
    frozen: bool


class ViewMonitor:
    """Judges frames in turn, by frame time alone; a frame from before the last one starts it anew."""

    def __init__(self, settings: HealthSettings | None = None) -> None:
        self._settings = settings or HealthSettings()
        self._view: View = "ok"
        self._differs_since: float | None = None
        self._last_t = -math.inf
        self._sample: NDArray[np.uint8] | None = None
        self._still_since = 0.0

    def update(self, frame: Frame) -> ViewState:
        if frame.t < self._last_t:
            self._view, self._differs_since, self._sample = "ok", None, None
        self._last_t = frame.t
        frozen = self._is_frozen(frame)
        seen = self._classify(frame.rgb)
        if seen == self._view:
            self._differs_since = None
        elif self._differs_since is None:
            self._differs_since = frame.t
        # One timer for all that differs: a view that flickers between dark and covered is lost all the while.
        if self._differs_since is not None and frame.t - self._differs_since >= self._settings.hold_s:
            self._view, self._differs_since = seen, None
        return ViewState(self._view, frozen)

    def _is_frozen(self, frame: Frame) -> bool:
        # Noise moves every pixel of a living camera, so a few of them tell.
        step = max(1, frame.rgb.shape[1] // 80)
        sample = np.ascontiguousarray(frame.rgb[::step, ::step])
        before, self._sample = self._sample, sample
        # A saturated picture has no noise to move; its view is reported as lost anyway.
        if before is None or not np.array_equal(before, sample) or sample.min() == sample.max():
            self._still_since = frame.t
        return frame.t - self._still_since >= self._settings.frozen_after_s

    def _classify(self, rgb: NDArray[np.uint8]) -> View:
        s = self._settings
        cells, detail = _measure(rgb)
        bright = float(np.count_nonzero(cells >= _SATURATED)) / cells.size
        # The unsaturated rest must grow by the factor, so that a share near 1 can still be left.
        if 1.0 - bright <= (1.0 - s.bright_share) * self._slack("bright"):
            return "bright"
        sample = np.sort(cells[::2, ::2], axis=None)
        slack = self._slack("dark")
        if sample[int(0.95 * sample.size)] < s.dark_level * slack and detail < _NOISE_SHARE * slack:
            return "dark"
        return "covered" if detail < s.covered_detail * self._slack("covered") else "ok"

    def _slack(self, view: View) -> float:
        return _LEAVE if self._view == view else 1.0


def _measure(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.int16], float]:
    """Mean green level of each cell, int16, and the share of cells with more gradient than noise makes."""
    step = max(1, rgb.shape[1] // (4 * _CELLS_ACROSS))
    green = cv2.extractChannel(rgb, 1) if step == 1 else np.ascontiguousarray(rgb[::step, ::step, 1])
    cell_px = min(max(_CELL_PX, green.shape[1] // _CELLS_ACROSS), *green.shape)
    # Whole cells only: OpenCV averages those several times faster.
    down, across = max(1, green.shape[0] // cell_px), green.shape[1] // cell_px
    whole = green[: down * cell_px, : across * cell_px]
    cells = cv2.resize(whole, (across, down), interpolation=cv2.INTER_AREA).astype(np.int16)
    corner = cells[:-1, :-1]
    gradient = np.abs(cells[:-1, 1:] - corner) + np.abs(cells[1:, :-1] - corner)
    odd = green[::4, 1::4].astype(np.int16)
    noise = float(np.abs(odd - green[::4, ::4][:, : odd.shape[1]]).sum()) / max(1, odd.size)
    # White noise of standard deviation s makes neighbours differ by 1.13 s, and cells of n x n pixels by 1.13 s / n.
    threshold = max(4.0, 1.5 + 4.0 * noise / cell_px)
    return cells, float(np.count_nonzero(gradient > threshold)) / max(1, gradient.size)
