"""The field's measures of depth (Eigen et al., 2014), over pixels whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
BINS_M = tuple(np.arange(0.5, 5.01, 0.5))
NAMES = ("abs_rel", "sq_rel", "rmse_m", "log10", "silog", "delta1", "delta2", "delta3")


@dataclass(slots=True)
class Sums:
    """Adds up pixels, so that a set of any size is measured without keeping it. Each frame counts by its pixels."""

    pixels: int = 0
    error_m: float = 0.0
    total: F64 = field(default_factory=lambda: np.zeros(9))
    bin_error: F64 = field(default_factory=lambda: np.zeros(len(BINS_M) - 1))
    bin_pixels: F64 = field(default_factory=lambda: np.zeros(len(BINS_M) - 1))

    def add(self, depth: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
        """Two maps of the same shape in metres; where either is not a positive number they do not count.

        Returns this frame's AbsRel, NaN where nothing counted.
        """
        both = np.isfinite(depth) & np.isfinite(truth) & (depth > 0) & (truth > 0)
        d, t = depth[both].astype(np.float64), truth[both].astype(np.float64)
        if not d.size:
            return float("nan")
        log, ratio = np.log(d) - np.log(t), np.maximum(d / t, t / d)
        error = np.abs(d - t)
        self.pixels += d.size
        self.error_m += float(error.sum())
        self.total += [
            (error / t).sum(),
            (error**2 / t).sum(),
            (error**2).sum(),
            np.abs(log).sum() / np.log(10),
            (log**2).sum(),
            log.sum(),
            (ratio < 1.25).sum(),
            (ratio < 1.25**2).sum(),
            (ratio < 1.25**3).sum(),
        ]
        which = np.digitize(t, BINS_M) - 1
        inside = (which >= 0) & (which < len(BINS_M) - 1)
        self.bin_error += np.bincount(which[inside], error[inside], len(BINS_M) - 1)
        self.bin_pixels += np.bincount(which[inside], minlength=len(BINS_M) - 1)
        return float((error / t).mean())

    def values(self) -> dict[str, float]:
        """By the names in NAMES; silog is 100 times the standard deviation of the error of log depth, as in KITTI."""
        if not self.pixels:
            return dict.fromkeys(NAMES, float("nan"))
        m = self.total / self.pixels
        silog = 100 * float(np.sqrt(max(m[4] - m[5] ** 2, 0.0)))
        found = (m[0], m[1], np.sqrt(m[2]), m[3], silog, m[6], m[7], m[8])
        return {name: float(v) for name, v in zip(NAMES, found, strict=True)}

    def bins(self) -> list[tuple[float, float, float]]:
        """(from, to, mean absolute error) in metres; NaN where nothing was that far."""
        with np.errstate(invalid="ignore"):
            error = np.where(self.bin_pixels > 0, self.bin_error / np.maximum(self.bin_pixels, 1), np.nan)
        return [(float(a), float(b), float(e)) for a, b, e in zip(BINS_M[:-1], BINS_M[1:], error, strict=True)]
