"""Seamless pictures of materials, drawn from noise and numbers: each look in its two colours, the same for a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import Look, Material

F32 = NDArray[np.float32]
SIZE = 256
"""Pixels each way."""
REPEATS = 4
"""A picture holds the pattern so many times each way: tiles, planks or bricks differ from each other within it."""


class Texture(NamedTuple):
    """uint8 rgb [SIZE, SIZE, 3] that continues over its edges, and how many metres it covers."""

    rgb: NDArray[np.uint8]
    period_m: float


@lru_cache(maxsize=512)
def texture(material: Material) -> Texture:
    """The picture of a material. ``scale_m`` is the size of one tile, plank width, brick length or lump."""
    rng = np.random.default_rng((zlib.crc32(material.look.encode()), material.seed))
    mix, light = _PATTERNS[material.look](rng)
    colour, second = np.array(material.colour, np.float32), np.array(material.second, np.float32)
    rgb = colour + (second - colour) * np.clip(mix, 0, 1)[..., None]
    rgb = rgb * light[..., None]
    period = max(material.scale_m, 0.01) * REPEATS
    return Texture(np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8), period)


def noise(rng: np.random.Generator, slope: float, stretch: tuple[float, float] = (1.0, 1.0)) -> F32:
    """Seamless noise of unit deviation whose amplitude falls with frequency^-slope; ``stretch`` draws it out (y, x)."""
    fy = np.fft.fftfreq(SIZE)[:, None] * stretch[0]
    fx = np.fft.rfftfreq(SIZE)[None, :] * stretch[1]
    amplitude = np.maximum(np.hypot(fy, fx), 1.0 / SIZE) ** -slope
    amplitude[0, 0] = 0.0
    white = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    field = np.fft.irfft2(white * amplitude, (SIZE, SIZE))
    scaled: F32 = (field / field.std()).astype(np.float32)
    return scaled


def _cells(rng: np.random.Generator, rows: int, columns: int, shift: float, joint: float) -> tuple[F32, F32]:
    """A wall of ``rows`` x ``columns``: a random value for each cell, and 1 in the joints between them.

    Every second row is moved by ``shift`` cells; ``joint`` is the joint's share of a row's height.
    """
    y = (np.arange(SIZE) + 0.5) / SIZE * rows
    x = (np.arange(SIZE) + 0.5) / SIZE * columns
    row = np.floor(y).astype(int)
    along = x[None, :] + (row[:, None] % 2) * shift
    column = np.floor(along).astype(int) % columns
    values = rng.random((rows, columns))[row[:, None], column]
    to_row = np.minimum(y % 1, 1 - y % 1)[:, None]
    to_column = np.minimum(along % 1, 1 - along % 1) * rows / columns
    joints = np.minimum(to_row, to_column) < joint / 2
    return values.astype(np.float32), joints.astype(np.float32)


Pattern = tuple[F32, F32]
"""How much of the second colour there is (0..1), and a factor on brightness; each [SIZE, SIZE]."""


def _plaster(rng: np.random.Generator) -> Pattern:
    return 0.04 * noise(rng, 1.5), 1 + 0.02 * noise(rng, 0.6) + 0.02 * noise(rng, 1.6)


def _wood(rng: np.random.Generator) -> Pattern:
    """Planks along x, with grain."""
    value, joints = _cells(rng, REPEATS, 1, rng.random(), 0.03)
    grain = noise(rng, 1.0, (1.0, 9.0))
    rings = np.sin(7 * noise(rng, 1.8, (1.0, 6.0)) + 6 * value)
    return 0.35 + 0.22 * rings + 0.12 * grain + 0.3 * (value - 0.5), (1 + 0.03 * grain) * (1 - 0.45 * joints)


def _tiles(rng: np.random.Generator) -> Pattern:
    """Tiles of the first colour with joints of the second."""
    value, joints = _cells(rng, REPEATS, REPEATS, 0.0, 0.035)
    return joints, 1 + 0.12 * (value - 0.5) + 0.02 * noise(rng, 1.2)


def _paving(rng: np.random.Generator) -> Pattern:
    value, joints = _cells(rng, REPEATS, REPEATS // 2, 0.5, 0.05)
    return 0.25 * value + 0.1 * noise(rng, 0.8), (1 + 0.06 * noise(rng, 0.5)) * (1 - 0.4 * joints)


def _brick(rng: np.random.Generator) -> Pattern:
    """Bricks as long as the pattern's size, a third as high."""
    value, joints = _cells(rng, 3 * REPEATS, REPEATS, 0.5, 0.16)
    return joints, 1 + 0.35 * (value - 0.5) + 0.07 * noise(rng, 0.7)


def _carpet(rng: np.random.Generator) -> Pattern:
    return 0.35 + 0.2 * noise(rng, 1.3), 1 + 0.14 * noise(rng, 0.1)


def _concrete(rng: np.random.Generator) -> Pattern:
    return 0.3 + 0.2 * noise(rng, 1.4), 1 + 0.05 * noise(rng, 0.4)


def _asphalt(rng: np.random.Generator) -> Pattern:
    specks = noise(rng, 0.15)
    return np.where(specks > 1.6, 0.8, 0.2) + 0.1 * noise(rng, 1.3), 1 + 0.12 * specks


def _metal(rng: np.random.Generator) -> Pattern:
    return 0.15 + 0.1 * noise(rng, 1.2), 1 + 0.06 * noise(rng, 0.5, (1.0, 20.0))


def _plastic(rng: np.random.Generator) -> Pattern:
    return 0.03 * noise(rng, 1.6), 1 + 0.012 * noise(rng, 0.5)


def _fabric(rng: np.random.Generator) -> Pattern:
    """A weave with folds."""
    at = np.arange(SIZE) * (2 * np.pi * 32 / SIZE)
    weave = np.sin(at)[:, None] * np.sin(at)[None, :]
    return (0.2 + 0.2 * weave).astype(np.float32) + 0.08 * noise(rng, 1.6), 1 + 0.08 * noise(rng, 1.7, (1.0, 0.4))


def _leaves(rng: np.random.Generator) -> Pattern:
    lumps = noise(rng, 0.9)
    return 0.45 + 0.35 * lumps, np.clip(0.85 + 0.3 * noise(rng, 0.7), 0.25, 1.4)


def _bark(rng: np.random.Generator) -> Pattern:
    ridges = noise(rng, 0.9, (5.0, 1.0))
    return 0.4 + 0.3 * ridges, np.clip(0.9 + 0.22 * ridges, 0.3, 1.3)


def _grass(rng: np.random.Generator) -> Pattern:
    return 0.4 + 0.25 * noise(rng, 1.2), np.clip(0.9 + 0.22 * noise(rng, 0.25, (0.6, 1.6)), 0.3, 1.4)


def _skin(rng: np.random.Generator) -> Pattern:
    return 0.04 * noise(rng, 1.5), 1 + 0.02 * noise(rng, 1.0)


def _paper(rng: np.random.Generator) -> Pattern:
    """Printed: lines of marks in the second colour."""
    marks = np.zeros((SIZE, SIZE), np.float32)
    for top in range(10, SIZE - 10, 22):
        x = 12
        while x < SIZE - 20:
            width = int(rng.integers(8, 36))
            if rng.random() < 0.8:
                marks[top : top + 9, x : min(x + width, SIZE - 12)] = 1.0
            x += width + 7
    return 0.85 * marks, 1 + 0.01 * noise(rng, 1.0)


def _even(rng: np.random.Generator) -> Pattern:
    return np.zeros((SIZE, SIZE), np.float32), np.ones((SIZE, SIZE), np.float32)


_PATTERNS: dict[Look, Callable[[np.random.Generator], Pattern]] = {
    "plaster": _plaster,
    "wood": _wood,
    "tiles": _tiles,
    "carpet": _carpet,
    "concrete": _concrete,
    "asphalt": _asphalt,
    "paving": _paving,
    "brick": _brick,
    "metal": _metal,
    "plastic": _plastic,
    "fabric": _fabric,
    "glass": _even,
    "leaves": _leaves,
    "bark": _bark,
    "grass": _grass,
    "skin": _skin,
    "paper": _paper,
    "lamp": _even,
}
