"""The lens and the sensor of a scene's camera, as data."""

from __future__ import annotations

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Intrinsics


class CameraSpec(Settings):
    """A worn pinhole camera with square pixels."""

    width: int = Field(default=640, ge=16, le=4096, description="Picture width, pixels.")
    height: int = Field(default=480, ge=16, le=4096, description="Picture height, pixels.")
    fov_deg: float = Field(default=70.0, ge=20, le=130, description="Horizontal field of view, degrees.")
    height_m: float = Field(default=1.4, ge=0.3, le=2.5, description="Height above the ground, metres.")
    pitch_deg: float = Field(default=15.0, ge=-45, le=70, description="Tilt, positive looks down, degrees.")
    roll_deg: float = Field(default=0.0, ge=-45, le=45, description="Tilt, positive hangs lower on the right, degrees.")

    @property
    def intrinsics(self) -> Intrinsics:
        return Intrinsics.from_fov(self.width, self.height, self.fov_deg)


class SensorSpec(Settings):
    """What lens and sensor do to a clean picture."""

    exposure_ev: float = Field(default=0.0, ge=-5, le=4, description="Over (+) or under (-) exposure, stops.")
    read_noise: float = Field(default=0.004, ge=0, le=0.2, description="Sigma of the dark noise, 1 is white.")
    shot_noise: float = Field(default=0.006, ge=0, le=0.3, description="Sigma of the light's own noise at white.")
    shutter_s: float = Field(
        default=0.008, ge=0, le=0.2, description="Exposure time, over which the picture smears as the camera turns."
    )
    defocus_px: float = Field(
        default=0.4, ge=0, le=8, description="Sigma of the lens's blur, pixels of a 640 wide picture."
    )
    vignetting: float = Field(default=0.2, ge=0, le=1, description="Share of the light that is lost in the corners.")
    warmth: float = Field(default=0.0, ge=-1, le=1, description="White balance: -1 bluish, 1 yellowish.")
    jpeg_quality: int | None = Field(default=90, ge=5, le=100, description="Compression; null for none.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Of the noise.")
