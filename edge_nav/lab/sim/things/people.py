"""People, who stand or walk to and fro."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from edge_nav.lab.sim.shapes import Point
from edge_nav.lab.sim.things.base import Placed, Spot
from edge_nav.lab.sim.things.parts import Parts

STRIDE_M = 1.35
"""Two steps."""


class Pedestrian(Placed):
    """Someone who stands, or walks along a way and back again."""

    kind: Literal["person"] = Field(default="person", description="A person.")
    way: tuple[Spot, ...] = Field(
        default=(), max_length=20, description="Where they walk from ``at``, and back again: points, metres."
    )
    speed_mps: float = Field(default=1.1, ge=0.05, le=3, description="Walking speed, metres a second.")
    start_s: float = Field(default=0.0, ge=0, le=600, description="When they set off, seconds.")
    rest_s: float = Field(
        default=0.0, ge=0, le=600, description="How long they stand at each end before they walk back, seconds."
    )

    @property
    def moves(self) -> bool:
        return bool(self.way)

    def when(self, t: float) -> tuple[Spot, float, float]:
        """Place, heading and metres walked at a time."""
        points = [self.at, *self.way]
        lengths = [math.dist(a, b) for a, b in pairwise(points)]
        total = sum(lengths)
        if total < 1e-6:
            return self.at, self.heading_deg, 0.0
        once = total + self.rest_s * self.speed_mps  # one way and the rest after it, as a length
        ways, s = divmod(max(t - self.start_s, 0.0) * self.speed_mps, once)
        s = min(s, total)
        walked = ways * total + s
        back = ways % 2 == 1
        s = total - s if back else s
        ends = np.concatenate([[0.0], np.cumsum(lengths)])
        n = min(int(np.searchsorted(ends, s, side="right")) - 1, len(lengths) - 1)
        (x0, y0), (x1, y1) = points[n], points[n + 1]
        share = (s - float(ends[n])) / max(lengths[n], 1e-9)
        heading = math.degrees(math.atan2(x1 - x0, y1 - y0)) + (180 if back else 0)
        return (x0 + share * (x1 - x0), y0 + share * (y1 - y0)), heading, walked

    def build(self, parts: Parts) -> None:
        self.figure(parts, 0.0)

    def figure(self, parts: Parts, walked: float) -> None:
        """Fifteen limbs, mid-stride after so many metres; feet level with the ground."""
        parts.numbered()
        tall = parts.between(1.55, 1.90)
        top, legs = parts.material("clothes"), parts.material("trousers")
        skin, hair, shoe = parts.material("skin"), parts.material("hair"), parts.material("rubber")
        broad = parts.between(0.90, 1.12)
        s = tall / 1.75
        swing = 0.42 * math.sin(2 * math.pi * walked / STRIDE_M) if self.moves else parts.between(-0.1, 0.1)
        hip = 0.90 * s
        lowest = 1.0
        joints: list[tuple[Point, Point, Point]] = []
        for side, angle in ((-1, swing), (1, -swing)):
            thigh, shin = 0.42 * s, 0.42 * s
            bend = 0.15 + max(0.0, -angle) * 0.9
            knee = (side * 0.09 * s * broad, thigh * math.sin(angle), hip - thigh * math.cos(angle))
            low = angle - bend
            ankle = (knee[0], knee[1] + shin * math.sin(low), knee[2] - shin * math.cos(low))
            joints.append(((knee[0], 0.0, hip), knee, ankle))
            lowest = min(lowest, ankle[2] - 0.035 - 0.042 * s)
        body = parts.inner((0, 0, -lowest))
        for a, knee, ankle in joints:
            body.limb(a, knee, 0.075 * s * broad, legs, "person")
            body.limb(knee, ankle, 0.055 * s * broad, legs, "person")
            body.limb(
                (ankle[0], ankle[1] - 0.02, ankle[2] - 0.025),
                (ankle[0], ankle[1] + 0.13 * s, ankle[2] - 0.035),
                0.042 * s,
                shoe,
                "person",
            )
        body.ball((0, 0, hip + 0.03), (0.34 * s * broad, 0.24 * s * broad, 0.26 * s), legs, "person")
        body.limb((0, 0, hip + 0.12 * s), (0, 0.01, hip + 0.40 * s), 0.145 * s * broad, top, "person")
        shoulder = hip + 0.50 * s
        body.ball((0, 0, shoulder - 0.05 * s), (0.44 * s * broad, 0.25 * s, 0.24 * s), top, "person")
        for side, angle in ((-1, -swing), (1, swing)):
            x = side * 0.215 * s * broad
            elbow = (x + side * 0.03, 0.28 * s * math.sin(angle), shoulder - 0.03 - 0.28 * s * math.cos(angle))
            hand = (
                elbow[0],
                elbow[1] + 0.25 * s * math.sin(angle + 0.35),
                elbow[2] - 0.25 * s * math.cos(angle + 0.35),
            )
            body.limb((x, 0, shoulder - 0.03), elbow, 0.05 * s * broad, top, "person")
            body.limb(elbow, hand, 0.04 * s, top, "person")
            body.ball((hand[0], hand[1] + 0.02, hand[2] - 0.05), (0.06, 0.09, 0.12), skin, "person")
        body.rod((0, 0, shoulder), (0, 0.02, shoulder + 0.12 * s), 0.055 * s, skin, "person")
        head = shoulder + 0.235 * s
        body.ball((0, 0.02, head), (0.155 * s, 0.20 * s, 0.24 * s), skin, "person")
        body.ball((0, -0.008, head + 0.03 * s), (0.168 * s, 0.19 * s, 0.21 * s), hair, "person")
