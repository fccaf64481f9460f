"""Pixel rays and the floor's own axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Ground, Intrinsics

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Normalised ray components of an image's columns and rows: a pixel's ray is (x[u], y[v], 1)."""

    x: F32
    y: F32

    @classmethod
    def of(cls, intrinsics: Intrinsics) -> Rays:
        u = np.arange(intrinsics.width, dtype=np.float32)
        v = np.arange(intrinsics.height, dtype=np.float32)
        return cls(
            ((u - np.float32(intrinsics.cx)) / np.float32(intrinsics.fx)).astype(np.float32),
            ((v - np.float32(intrinsics.cy)) / np.float32(intrinsics.fy)).astype(np.float32),
        )

    def strided(self, rows: int, columns: int) -> Rays:
        """Every ``rows``-th row and ``columns``-th column."""
        return Rays(self.x[::columns], self.y[::rows])

    def dot(self, axis: NDArray[np.float64], out: F32 | None = None) -> F32:
        """axis . ray for every pixel, float32 [H, W]; separable, so one outer sum."""
        across = (axis[0] * self.x).astype(np.float32)
        along = (axis[1] * self.y + axis[2]).astype(np.float32)
        total: F32 = np.add(along[:, None], across[None, :], out=out)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class FloorAxes:
    """Unit axes in camera coordinates: ``up`` off the floor, ``forward`` and ``right`` along it."""

    up: NDArray[np.float64]
    forward: NDArray[np.float64]
    right: NDArray[np.float64]
    height_m: float

    @classmethod
    def of(cls, ground: Ground) -> FloorAxes:
        up = np.asarray(ground.normal, dtype=np.float64)
        optical = np.array([0.0, 0.0, 1.0])
        forward = optical - up * (optical @ up)
        norm = float(np.linalg.norm(forward))
        if norm < 1e-3:  # straight down: the image's up side is the only sense of "ahead" left
            forward, norm = np.array([0.0, -1.0, 0.0]), 1.0
        forward = forward / norm
        return cls(up, forward, np.cross(forward, up), ground.height_m)

    def project(
        self, x_m: float, forward_m: float, height_m: float, intrinsics: Intrinsics
    ) -> tuple[float, float, float]:
        """A floor point at a height -> pixel (u, v) and z-depth in metres (not positive: behind the camera)."""
        p = self.right * x_m + self.forward * forward_m + self.up * (height_m - self.height_m)
        if p[2] <= 1e-6:
            return (float("nan"), float("nan"), float(p[2]))
        return (
            float(intrinsics.fx * p[0] / p[2] + intrinsics.cx),
            float(intrinsics.fy * p[1] / p[2] + intrinsics.cy),
            float(p[2]),
        )


def ground_from_angles(height_m: float, pitch_deg: float, roll_deg: float = 0.0) -> Ground:
    """The floor plane of a camera at a height, pitched down and rolled to the right; not seen, only supposed."""
    pitch, roll = np.radians(pitch_deg), np.radians(roll_deg)
    normal = (
        -float(np.cos(pitch) * np.sin(roll)),
        -float(np.cos(pitch) * np.cos(roll)),
        -float(np.sin(pitch)),
    )
    return Ground(normal, height_m, 0.0, seen=False)
