"""What both renderers draw: primitive shapes with materials, lights, and the pictures that come back. Plain data.

World axes: x right, y ahead, z up, metres; headings in degrees clockwise from y, seen from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_nav.types import Intrinsics, Pose

Point = tuple[float, float, float]
Colour = tuple[float, float, float]
"""sRGB, 0..1."""
Quaternion = tuple[float, float, float, float]
"""w, x, y, z; from the shape's own axes to the world's."""

Form = Literal["box", "cylinder", "ellipsoid", "capsule"]
Look = Literal[
    "plaster",
    "wood",
    "tiles",
    "carpet",
    "concrete",
    "asphalt",
    "paving",
    "brick",
    "metal",
    "plastic",
    "fabric",
    "glass",
    "leaves",
    "bark",
    "grass",
    "skin",
    "paper",
    "lamp",
]

LABELS = (
    "sky",
    "floor",
    "wall",
    "ceiling",
    "door",
    "window",
    "person",
    "chair",
    "table",
    "shelf",
    "cabinet",
    "pole",
    "stairs",
    "kerb",
    "vehicle",
    "vegetation",
    "sign",
    "glass",
    "object",
)
"""What a pixel can belong to; a label picture holds indices into this."""

FAR_M = 60.0
"""Nothing beyond is measured: its depth is NaN, its label sky."""


@dataclass(frozen=True, slots=True)
class Material:
    """A look, in two colours, with the size of its pattern in metres. ``seed`` varies the pattern."""

    look: Look
    colour: Colour
    second: Colour = (0.5, 0.5, 0.5)
    scale_m: float = 0.3
    roughness: float = 0.6
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """One primitive. ``half``: half sizes along its own axes, metres.

    A cylinder and a capsule stand along their own z: ``half`` is (radius, radius, half length), a capsule's without its
    round ends. ``instance`` is 0 for what is built (ground, walls, ceiling) and one number for each thing.
    """

    form: Form
    centre: Point
    half: Point
    material: Material
    label: int
    instance: int = 0
    turn: Quaternion = (1.0, 0.0, 0.0, 0.0)
    bevel_m: float = 0.0
    """How far a box's edges are rounded where a renderer can; far below what is measured."""


@dataclass(frozen=True, slots=True)
class Sun:
    """Azimuth in degrees clockwise from y: where the light comes from. ``strength`` 1 is a clear noon."""

    azimuth_deg: float
    elevation_deg: float
    strength: float = 1.0
    colour: Colour = (1.0, 0.96, 0.9)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A bright rectangle that faces down; its visible body, if any, is a shape of its own."""

    centre: Point
    size_m: tuple[float, float]
    watts: float
    colour: Colour = (1.0, 0.95, 0.85)


@dataclass(frozen=True, slots=True)
class Lights:
    """``sky`` is the light that comes from everywhere, 1 a bright overcast day out of doors."""

    sky: float = 0.4
    sky_colour: Colour = (0.75, 0.85, 1.0)
    sun: Sun | None = None
    lamps: tuple[Lamp, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything at one moment. ``still`` is the same object at every moment of a scene, so it can be kept."""

    still: tuple[Shape, ...]
    moving: tuple[Shape, ...] = ()
    lights: Lights = field(default_factory=Lights)
    seed: int = 0


class Rendered(NamedTuple):
    """uint8 rgb [H, W, 3]; float32 z-depth [H, W] in metres, NaN beyond FAR_M; uint16 instance and uint8 label [H, W].

    The picture is well exposed and free of noise: lens and sensor come after.
    """

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    instance: NDArray[np.uint16]
    label: NDArray[np.uint8]


class Renderer(Protocol):
    """Draws worlds with one camera. One object, one thread."""

    def render(self, world: World, pose: Pose, camera: Intrinsics) -> Rendered: ...

    def close(self) -> None: ...


def heading(degrees: float) -> Quaternion:
    """A turn about the vertical, clockwise seen from above."""
    half = -math.radians(degrees) / 2
    return (math.cos(half), 0.0, 0.0, math.sin(half))


def then(first: Quaternion, second: Quaternion) -> Quaternion:
    """One turn after another: the quaternion product second * first."""
    w1, x1, y1, z1 = second
    w2, x2, y2, z2 = first
    return (
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
    )


def rotation(turn: Quaternion) -> NDArray[np.float64]:
    """The 3 x 3 matrix that takes the shape's own axes to the world's."""
    w, x, y, z = turn
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
