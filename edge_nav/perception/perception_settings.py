"""What perception must know about the walker and the camera."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_nav.base_settings import Settings

Companion = Literal["none", "cane", "dog"]


class PerceptionSettings(Settings):
    """Geometry of the walker and of the search for obstacles."""

    camera_height_m: float | None = Field(
        default=None, ge=0.35, le=2.5, description="Height of the camera above the floor in metres; null if unknown."
    )
    camera_pitch_deg: float | None = Field(
        default=None,
        ge=-30,
        le=60,
        description="Camera pitch in degrees, positive looking down; null if unknown or changing.",
    )
    depth_scale: float = Field(
        default=1.0,
        ge=0.2,
        le=5.0,
        description="Factor on the depth of a model, as measured by `calibrate` (1 = as it comes).",
    )
    correct_scale: bool = Field(
        default=True,
        description="With a known camera height, let the floor correct a model's depth scale while walking.",
    )
    walker_height_m: float = Field(default=1.75, ge=0.8, le=2.3, description="Body height of the walker in metres.")
    corridor_width_m: float = Field(default=0.8, ge=0.4, le=1.5, description="Width of the walking corridor in metres.")
    max_range_m: float = Field(
        default=6.0, ge=2.0, le=10.0, description="How far ahead obstacles are looked for, in metres."
    )
    companion: Companion = Field(
        default="cane", description="What the walker holds: the cane's or the dog's own image is not an obstacle."
    )

    @property
    def corridor_height_m(self) -> float:
        """The walker's height and a hand's breadth."""
        return self.walker_height_m + 0.1
