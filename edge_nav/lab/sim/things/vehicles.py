"""Parked cars and bicycles."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.things.base import Placed
from edge_nav.lab.sim.things.parts import Parts, lean, tilt


class Car(Placed):
    """A parked car; its heading is where it would drive."""

    kind: Literal["car"] = Field(default="car", description="A parked car; at: its middle.")
    type: Literal["any", "saloon", "hatchback", "van"] = Field(default="any", description="Its shape.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        body = (
            self.type
            if self.type != "any"
            else parts.choice(("saloon", "hatchback", "van", "suv", "hatchback", "saloon"))
        )
        paint, glass, tyre = parts.material("paint"), parts.material("glass"), parts.material("rubber")
        rim, light, dark = parts.material("shiny"), parts.material("lamp"), parts.material("plastic")
        length = {"saloon": 4.5, "hatchback": 3.9, "van": 5.0, "suv": 4.5}[body] * parts.between(0.95, 1.05)
        wide = {"saloon": 1.78, "hatchback": 1.70, "van": 1.95, "suv": 1.86}[body]
        waist, tall = {"saloon": (0.88, 1.45), "hatchback": (0.92, 1.50), "van": (1.15, 2.15), "suv": (1.02, 1.70)}[
            body
        ]
        wheel = 0.36 if body in ("van", "suv") else 0.31
        parts.block((0, 0, 0.2), (wide, length, waist - 0.32), paint, "vehicle", bevel_m=0.08)
        parts.block((0, 0, 0.45), (wide - 0.06, length - 0.16, waist - 0.45), paint, "vehicle", bevel_m=0.08)
        front, back = {"saloon": (0.9, -1.75), "hatchback": (0.75, -1.85), "van": (1.5, -2.4), "suv": (0.85, -2.1)}[
            body
        ]
        middle, cabin = (front + back) / 2, front - back
        roof, rise = 0.31 * cabin, tall - waist
        side = paint if body == "van" else glass
        parts.block((0, middle, waist - 0.02), (wide - 0.16, cabin * 0.8, rise * 0.5), side, "vehicle", bevel_m=0.05)
        parts.block((0, middle, waist - 0.02), (wide - 0.18, 2 * roof, rise), side, "vehicle", bevel_m=0.06)
        parts.block((0, middle, tall - 0.06), (wide - 0.22, 2 * roof, 0.08), paint, "vehicle", bevel_m=0.03)
        for low, high, pane in ((front, middle + roof, glass), (back, middle - roof, side)):
            mid, angle = (low + high) / 2, math.degrees(math.atan2(rise, high - low))
            size = (wide - 0.18, math.hypot(rise, high - low), 0.03)
            parts.box((0, mid, (waist + tall) / 2 - 0.02), size, pane, "vehicle", tilt(angle))
        for x in (-wide / 2 + 0.09, wide / 2 - 0.09):
            for y in (length * 0.31, -length * 0.30):
                parts.rod((x - 0.1, y, wheel), (x + 0.1, y, wheel), wheel, tyre, "vehicle")
                out = math.copysign(0.105, x)
                parts.rod((x, y, wheel), (x + out, y, wheel), wheel * 0.62, rim, "vehicle")
            parts.ball((x * 0.82, length / 2 - 0.02, waist * 0.72), (0.32, 0.12, 0.16), light, "vehicle")
            parts.box((x * 0.86, -length / 2 + 0.01, waist * 0.75), (0.26, 0.06, 0.16), dark, "vehicle")
            parts.ball((x * 1.14, front - 0.32, waist + 0.08), (0.2, 0.1, 0.14), paint, "vehicle")


class Bicycle(Placed):
    """A bicycle, on its stand or leaning; its heading is where it would ride."""

    kind: Literal["bicycle"] = Field(default="bicycle", description="A bicycle.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        frame, tyre, seat = parts.material("paint"), parts.material("rubber"), parts.material("plastic")
        bike = parts.inner((0, 0, 0), lean(parts.between(4, 9)))
        r, ring = 0.34, 6
        for y in (-0.52, 0.52):
            for n in range(ring):
                a, b = 2 * math.pi * n / ring, 2 * math.pi * (n + 1) / ring
                bike.rod(
                    (0, y + r * math.sin(a), r + r * math.cos(a)),
                    (0, y + r * math.sin(b), r + r * math.cos(b)),
                    0.018,
                    tyre,
                    "vehicle",
                )
            bike.rod((-0.03, y, r), (0.03, y, r), 0.03, seat, "vehicle")
        joints = {
            "crank": (0.0, -0.08, 0.3),
            "saddle": (0.0, -0.26, 0.86),
            "head": (0.0, 0.36, 0.88),
            "rear": (0.0, -0.52, r),
            "fork": (0.0, 0.52, r),
            "bar": (0.0, 0.33, 1.02),
        }
        step_through = parts.choice((False, True, False, True)) is True
        tubes = [("crank", "saddle"), ("crank", "head"), ("rear", "crank"), ("rear", "saddle"), ("fork", "bar")]
        if not step_through:
            tubes.append(("saddle", "head"))
        for one, other in tubes:
            bike.rod(joints[one], joints[other], 0.017, frame, "vehicle")
        bike.rod((-0.28, 0.28, 1.04), (0.28, 0.28, 1.04), 0.014, seat, "vehicle")
        bike.ball((0, -0.28, 0.93), (0.16, 0.26, 0.08), seat, "vehicle")
        bike.rod((-0.12, -0.08, 0.3), (0.12, -0.08, 0.3), 0.02, seat, "vehicle")
        if parts.chance(0.4):
            bike.block((0, 0.5, 0.8), (0.34, 0.26, 0.24), seat, "vehicle")
