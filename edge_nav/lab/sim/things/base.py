"""What all things of a scene have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from edge_nav.base_settings import Settings
from edge_nav.lab.sim.shapes import Point
from edge_nav.lab.sim.split import SEEDS
from edge_nav.lab.sim.things.parts import Parts
from edge_nav.lab.sim.things.plan import Plan, Rect

Metres = Annotated[float, Field(ge=-200, le=200, allow_inf_nan=False)]
Spot = tuple[Metres, Metres]
"""x to the right and y ahead, metres."""
LEAST_M = 0.02
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]


class SceneThing(Settings):
    """Something in the world."""

    style: int | None = Field(
        default=None,
        ge=0,
        lt=SEEDS,
        description="Decides what is left open: colours, sizes, variants. null: by the scene's seed and its place.",
    )

    def origin(self, plan: Plan) -> tuple[Point, float]:
        """Where its own axes begin, and their heading in degrees."""
        raise NotImplementedError  # every kind says where it is; there is no place that suits them all

    def lay(self, plan: Plan, parts: Parts) -> None:
        """Change the ground."""

    def build(self, parts: Parts) -> None:
        """Add its shapes."""


class Grounded(SceneThing):
    """A thing that stands on the ground, or in it."""

    at: Spot = Field(description="Where it stands: [x to the right, y ahead], metres.")
    heading_deg: Degrees = Field(default=0.0, description="Where its front faces, degrees clockwise from ahead.")

    def origin(self, plan: Plan) -> tuple[Point, float]:
        return (*self.at, plan.level(*self.at) or 0.0), self.heading_deg


class Placed(Grounded):
    """A thing that stands somewhere, on the ground or above it."""

    lift_m: float = Field(default=0.0, ge=-20, le=20, description="How far above the ground it begins, metres.")

    def origin(self, plan: Plan) -> tuple[Point, float]:
        (x, y, ground), heading = super().origin(plan)
        return (x, y, ground + self.lift_m), heading


class Area(SceneThing):
    """A thing that fills a rectangle along the axes."""

    low: Spot = Field(alias="from", description="One corner: [x, y], metres.")
    high: Spot = Field(alias="to", description="The corner across: [x, y], metres.")
    level_m: float = Field(default=0.0, ge=-20, le=20, description="Height of its ground, metres.")

    @model_validator(mode="after")
    def _has_area(self) -> Area:
        if min(abs(a - b) for a, b in zip(self.low, self.high, strict=True)) < LEAST_M:
            raise ValueError(f"from {list(self.low)} to {list(self.high)} has no area; give two corners across")
        return self

    @property
    def rect(self) -> Rect:
        (a, b), (c, d) = self.low, self.high
        return (min(a, c), min(b, d), max(a, c), max(b, d))

    def origin(self, plan: Plan) -> tuple[Point, float]:
        return (0.0, 0.0, self.level_m), 0.0
