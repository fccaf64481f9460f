"""Collects the shapes of one thing, given in the thing's own axes: x to its right, y to its front, z up."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from edge_nav.lab.sim.shapes import (
    LABELS,
    Colour,
    Form,
    Lamp,
    Material,
    Point,
    Quaternion,
    Shape,
    heading,
    rotation,
    then,
)
from edge_nav.lab.sim.split import split_of
from edge_nav.lab.sim.things.finishes import Role, finish, share

T = TypeVar("T")
STRAIGHT: Quaternion = (1.0, 0.0, 0.0, 0.0)


def tilt(degrees: float) -> Quaternion:
    """A turn about the own x axis: positive lifts what points to the front."""
    half = math.radians(degrees) / 2
    return (math.cos(half), math.sin(half), 0.0, 0.0)


def lean(degrees: float) -> Quaternion:
    """A turn about the own y axis: positive brings the top to the right."""
    half = math.radians(degrees) / 2
    return (math.cos(half), 0.0, math.sin(half), 0.0)


def towards(direction: Sequence[float]) -> Quaternion:
    """The turn that takes z to a direction, by the shortest way."""
    x, y, z = (float(v) / math.dist(direction, (0, 0, 0)) for v in direction)
    if z < -1 + 1e-9:
        return (0.0, 1.0, 0.0, 0.0)
    w = 1 + z
    n = math.sqrt(w * w + x * x + y * y)
    return (w / n, -y / n, x / n, 0.0)


class Parts:
    """Where a thing puts its shapes and lamps. Positions and sizes in metres, sizes whole, angles in degrees.

    ``style`` alone decides whatever its description leaves open; ``names`` lists the things so
    far, whose numbers count from 1.
    """

    def __init__(self, kind: str, style: int, base: Point, heading_deg: float, names: list[str]) -> None:
        self.split = split_of(style)
        self.rng = np.random.default_rng((style, zlib.crc32(kind.encode())))
        self.shapes: list[Shape] = []
        self.lamps: list[Lamp] = []
        self._base, self._turn, self._matrix = base, heading(heading_deg), rotation(heading(heading_deg))
        self._kind, self._names, self._number = kind, names, 0

    def inner(self, at: Point, turn: Quaternion = STRAIGHT) -> Parts:
        """Axes of its own for a part; its shapes join the thing's."""
        part = copy.copy(self)
        part._base, part._turn = self._world(at), then(turn, self._turn)
        part._matrix = rotation(part._turn)
        return part

    def numbered(self, name: str = "") -> None:
        """What follows is a thing of its own."""
        self._names.append(name or self._kind)
        self._number = len(self._names)

    def built(self) -> None:
        """What follows belongs to the building, not to a thing."""
        self._number = 0

    def material(self, role: Role) -> Material:
        return finish(role, self.split, self.rng)

    def choice(self, options: Sequence[T]) -> T:
        """One of the variants that the split may use."""
        mine = share(options, self.split)
        return mine[int(self.rng.integers(len(mine)))]

    def between(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def chance(self, share_of_1: float) -> bool:
        return bool(self.rng.random() < share_of_1)

    def box(
        self,
        at: Point,
        size: Point,
        material: Material,
        label: str = "object",
        turn: Quaternion = STRAIGHT,
        bevel_m: float = 0.004,
    ) -> None:
        """By its middle and whole sizes."""
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        self._add("box", at, half, material, label, turn, min(bevel_m, min(half) / 2))

    def block(self, at: Point, size: Point, material: Material, label: str = "object", bevel_m: float = 0.004) -> None:
        """By the middle of its underside."""
        self.box((at[0], at[1], at[2] + size[2] / 2), size, material, label, bevel_m=bevel_m)

    def rod(self, a: Point, b: Point, radius: float, material: Material, label: str = "object") -> None:
        """A cylinder from point to point."""
        middle, half = self._span(a, b)
        turn = towards((b[0] - a[0], b[1] - a[1], b[2] - a[2]))
        self._add("cylinder", middle, (radius, radius, half), material, label, turn)

    def limb(self, a: Point, b: Point, radius: float, material: Material, label: str = "object") -> None:
        """A capsule whose round ends are about the two points."""
        middle, half = self._span(a, b)
        turn = towards((b[0] - a[0], b[1] - a[1], b[2] - a[2]))
        self._add("capsule", middle, (radius, radius, half), material, label, turn)

    def beam(self, a: Point, b: Point, wide: float, material: Material, label: str = "object") -> None:
        """A square bar from point to point."""
        middle, half = self._span(a, b)
        turn = towards((b[0] - a[0], b[1] - a[1], b[2] - a[2]))
        self._add("box", middle, (wide / 2, wide / 2, half), material, label, turn, min(0.003, wide / 8))

    def drum(self, at: Point, radius: float, tall: float, material: Material, label: str = "object") -> None:
        """An upright cylinder by the middle of its underside."""
        self._add("cylinder", (at[0], at[1], at[2] + tall / 2), (radius, radius, tall / 2), material, label, STRAIGHT)

    def ball(
        self, at: Point, size: Point, material: Material, label: str = "object", turn: Quaternion = STRAIGHT
    ) -> None:
        """An ellipsoid by its middle and whole sizes."""
        self._add("ellipsoid", at, (size[0] / 2, size[1] / 2, size[2] / 2), material, label, turn)

    def lamp(self, at: Point, size_m: tuple[float, float], watts: float, colour: Colour) -> None:
        self.lamps.append(Lamp(self._world(at), size_m, round(watts, 1), colour))

    def _span(self, a: Point, b: Point) -> tuple[Point, float]:
        return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2), math.dist(a, b) / 2

    def _world(self, at: Point) -> Point:
        x, y, z = self._matrix @ np.array(at) + np.array(self._base)
        return (round(float(x), 6), round(float(y), 6), round(float(z), 6))

    def _add(
        self, form: Form, at: Point, half: Point, material: Material, label: str, turn: Quaternion, bevel: float = 0.0
    ) -> None:
        a, b, c = (round(max(float(h), 5e-4), 6) for h in half)
        w, x, y, z = (round(float(q), 9) for q in then(turn, self._turn))
        self.shapes.append(
            Shape(
                form,
                self._world(at),
                (a, b, c),
                material,
                LABELS.index(label),
                self._number,
                (w, x, y, z),
                round(bevel, 6),
            )
        )

    def clutter(self, count: int, area: tuple[float, float], level: float) -> None:
        """Small things on a surface: books, cups, boxes, bottles."""
        for _ in range(count):
            x = self.between(-area[0] / 2, area[0] / 2)
            y = self.between(-area[1] / 2, area[1] / 2)
            material = self.material("goods")
            form = self.choice(("book", "cup", "box", "bottle", "bowl", "tray"))
            spot = self.inner((x, y, level), heading(self.between(0, 90)))
            if form in ("cup", "bottle"):
                tall = self.between(0.08, 0.11) if form == "cup" else self.between(0.2, 0.3)
                spot.drum((0, 0, 0), self.between(0.03, 0.045), tall, material)
            elif form == "bowl":
                spot.ball((0, 0, 0.03), (0.2, 0.2, 0.1), material)
            else:
                tall = {"book": self.between(0.02, 0.05), "tray": 0.02}.get(form, self.between(0.08, 0.25))
                spot.block((0, 0, 0), (self.between(0.12, 0.24), self.between(0.1, 0.3), tall), material)
