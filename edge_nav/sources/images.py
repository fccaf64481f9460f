"""A folder of pictures as a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from edge_nav.errors import UsageError
from edge_nav.sources.exif import focal_px
from edge_nav.sources.lens import Lens, LensSettings
from edge_nav.sources.pixels import HEIC_REMEDY, is_heic, list_heic, list_images, read_rgb
from edge_nav.sources.recording import Recording, Shot
from edge_nav.types import Fault


class ImagesSourceSettings(LensSettings):
    """jpg and png files of one folder, in natural order (2 before 10)."""

    type: Literal["images"] = "images"
    path: Path = Field(description="Folder with the pictures.")
    fps: float = Field(
        default=10.0, gt=0.0, le=240.0, description="Pictures per second, as no file says when it was taken."
    )


class ImagesSource(Recording):
    """Each picture with the intrinsics of its own size. Raises UsageError if the folder has no usable picture."""

    def __init__(self, settings: ImagesSourceSettings) -> None:
        folder = settings.path.expanduser()
        try:
            self._files, heic = list_images(folder), list_heic(folder)
        except OSError as error:
            raise UsageError(
                f"images:{settings.path} cannot be listed ({error.strerror}): give a folder of jpg or png files."
            ) from None
        if not self._files:
            but = f", but {len(heic)} HEIC: {HEIC_REMEDY}." if heic else ": give a folder that does."
            raise UsageError(f"images:{settings.path} holds no jpg or png file{but}")
        self._fps = settings.fps
        self._lens = Lens(settings)
        self._heic = len(heic)
        try:
            super().__init__(f"images:{settings.path}", len(self._files), len(heic))
        except UsageError:
            if any(map(is_heic, self._files)):
                raise UsageError(
                    f"images:{settings.path} holds HEIC pictures under another name: {HEIC_REMEDY}."
                ) from None
            raise

    @property
    def notices(self) -> tuple[Fault, ...]:
        """That the field of view is only assumed, and which pictures cannot be read."""
        left_out = Fault("pictures", f"{self._heic} HEIC pictures are left out: {HEIC_REMEDY}")
        return (*self._lens.notices, left_out) if self._heic else self._lens.notices

    def _load(self, position: int) -> Shot | None:
        file = self._files[position]
        rgb = read_rgb(file)
        if rgb is None:
            return None
        return Shot(*self._lens.straighten(rgb, focal_px(file, rgb.shape[1], rgb.shape[0])))

    def _time_s(self, position: int) -> float:
        return position / self._fps
