"""The light of a scene, from a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.lab.sim.shapes import Lamp, Lights, Sun
from edge_nav.lab.sim.things.base import Degrees

Time = Literal["day", "overcast", "dusk", "night"]


class LightSpec(Settings):
    """Daylight; lamps belong to rooms and to street lamps."""

    time: Time = Field(default="day", description="Time of day, or a grey day.")
    sun_azimuth_deg: Degrees = Field(default=220.0, description="Where the sun stands, degrees clockwise from ahead.")
    sun_elevation_deg: float = Field(default=40.0, ge=3, le=90, description="Height of the sun, degrees.")
    strength: float = Field(default=1.0, ge=0.02, le=3, description="Daylight, 1 is ordinary.")


def lights(spec: LightSpec, lamps: Sequence[Lamp]) -> Lights:
    """Sky, sun and lamps."""
    on = tuple(lamps)
    if spec.time == "night":
        return Lights(0.015 * spec.strength, (0.6, 0.7, 1.0), None, on)
    if spec.time == "dusk":
        sun = Sun(spec.sun_azimuth_deg, min(spec.sun_elevation_deg, 12.0), 0.3 * spec.strength, (1.0, 0.72, 0.5))
        return Lights(0.2 * spec.strength, (0.8, 0.75, 0.95), sun, on)
    if spec.time == "overcast":
        return Lights(0.9 * spec.strength, (0.9, 0.94, 1.0), None, on)
    return Lights(
        0.45 * spec.strength, (0.72, 0.84, 1.0), Sun(spec.sun_azimuth_deg, spec.sun_elevation_deg, spec.strength), on
    )
