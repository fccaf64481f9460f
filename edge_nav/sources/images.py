"""A folder of pictures as a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from edge_nav.errors import UsageError
from edge_nav.sources.calibration import Lens, LensSettings
from edge_nav.sources.pixels import list_images, read_rgb
from edge_nav.sources.recording import Recording, Shot


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
            self._files = list_images(folder)
        except OSError as error:
            raise UsageError(
                f"images:{settings.path} cannot be listed ({error.strerror}): give a folder of jpg or png files."
            ) from None
        if not self._files:
            raise UsageError(f"images:{settings.path} holds no jpg or png file: give a folder that does.")
        self._fps = settings.fps
        self._lens = Lens(settings)
        super().__init__(f"images:{settings.path}", len(self._files))

    def _load(self, position: int) -> Shot | None:
        rgb = read_rgb(self._files[position])
        return None if rgb is None else Shot(*self._lens.straighten(rgb))

    def _time_s(self, position: int) -> float:
        return position / self._fps
