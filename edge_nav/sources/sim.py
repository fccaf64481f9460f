"""A simulated scene as a source: what a profile says of it. The laboratory draws it; whoever starts the walk hands that
in, so that the product runs without its simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Source


class SimSourceSettings(Settings):
    """A scene from a YAML file, or the one of a family and seed."""

    type: Literal["sim"] = "sim"
    scene: str = Field(min_length=1, description="Path of a scene's YAML file, or FAMILY:SEED such as corridor:7.")
    fps: float = Field(default=10.0, ge=1, le=60, description="Frames per second.")
    shadows: bool = Field(default=False, description="Draw the sun's shadows, for three times the time.")
    depth_noise: float = Field(
        default=1.0, ge=0, le=10, description="Noise of the depth, in units of a structured-light camera's; 0 is exact."
    )


OpenSim: TypeAlias = Callable[[SimSourceSettings], Source]
"""Opens a simulated scene. Raises UsageError for one that cannot be had."""
