"""The walk that comes with the program: a filmed scene, as a video with what was really there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.sources.filmed_walk import TRUTH, VIDEO, read_camera, read_truth
from edge_nav.sources.video import VideoSource, VideoSourceSettings
from edge_nav.types import Frame, Intrinsics, TruthFrame

FOLDER = Path(__file__).with_name("bundled")


class WalkSourceSettings(Settings):
    """The walk that comes with the program."""

    type: Literal["walk"] = "walk"


class WalkSource:
    """A minute and a half out of an office, along a street and to a train; pictures alone, as a camera gives them."""

    live = False

    def __init__(self, _settings: WalkSourceSettings) -> None:
        with _whole():
            self._camera, fps = read_camera(FOLDER / TRUTH)
        self._video = VideoSource(VideoSourceSettings(path=FOLDER / VIDEO, fps=fps))

    @property
    def intrinsics(self) -> Intrinsics:
        """The camera that the scene was filmed with."""
        return self._camera

    @property
    def frame_count(self) -> int | None:
        """All frames of the walk."""
        return self._video.frame_count

    @property
    def skipped(self) -> int:
        """Frames that could not be decoded."""
        return self._video.skipped

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        frame = self._video.read()
        return None if frame is None else Frame(frame.index, frame.t, frame.rgb, self._camera)

    def truth(self, until_s: float) -> list[TruthFrame]:
        """What stood about the walker up to a time, for every frame. UsageError where its file is damaged."""
        with _whole():
            return [frame for frame in read_truth(FOLDER / TRUTH) if frame.t <= until_s]

    def close(self) -> None:
        self._video.close()


@contextmanager
def _whole() -> Iterator[None]:
    """Whoever has the walk only from the program cannot film it again."""
    try:
        yield
    except UsageError as e:
        what = "is damaged" if (FOLDER / TRUTH).is_file() else "is missing"
        raise UsageError(
            f"the walk's {FOLDER / TRUTH} {what}: restore it with `git checkout edge_nav/sources/bundled`, or install "
            "Edge Nav again."
        ) from e
