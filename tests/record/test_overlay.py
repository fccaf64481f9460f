from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from world import K, box, depth_map, frame, render

from edge_nav.errors import UsageError
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.record.depth_colours import UNKNOWN, colour_depth
from edge_nav.record.overlay import CAPTION, PANEL, OverlayWriter, draw
from edge_nav.types import Callout, Scene

DEPTH = render([box(0.3, 2.0, 0, 0.5, 0.3, 1.2), box(0, 8, 0, 12, 0.2, 3)])
SCENE = Perception(PerceptionSettings()).perceive(frame(DEPTH), depth_map(DEPTH))
STOP = Callout(1, "obstacle", "stop", "Stop. Obstacle ahead, two metres.", "k", 0.0, 1.0)
CAUTION = replace(STOP, priority="caution", text="Obstacle ahead.")


def test_the_picture_has_both_panels_and_the_words() -> None:
    image = draw(frame(DEPTH), depth_map(DEPTH), SCENE, STOP)
    plain = draw(frame(DEPTH), depth_map(DEPTH), replace(SCENE, obstacles=()), None)
    assert image.shape == (PANEL[1] + CAPTION, 2 * PANEL[0], 3)
    assert image.dtype == np.uint8
    caption, panel = np.s_[PANEL[1] :, : PANEL[0]], np.s_[: PANEL[1], : PANEL[0]]
    assert (image[caption] != plain[caption]).any()
    assert (image[panel] != plain[panel]).any()


def test_the_depth_colours_are_fixed_and_unknown_is_grey() -> None:
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, :100] = np.nan
    depth[:, 500:] = 9.0
    image = colour_depth(depth, PANEL)
    assert tuple(image[2, 40]) in (UNKNOWN, (120, 120, 120))
    again = colour_depth(np.full((480, 640), 2.0, np.float32), PANEL)
    assert (image[240, 300] == again[240, 300]).all()  # whatever else is in the picture
    assert (image[240, 300] != image[240, 600]).any()


@pytest.mark.parametrize("view", ["blocked", "dark"])
def test_scenes_without_floor_or_view_can_be_drawn(view: str) -> None:
    scene = Scene(0, 0.0, SCENE.obstacles, None, None, None, view=view)  # type: ignore[arg-type]
    assert draw(frame(DEPTH), None, scene, None).any()


def test_a_picture_shows_the_most_urgent_callout(tmp_path: Path) -> None:
    path = tmp_path / "o.png"
    writer = OverlayWriter(path)
    for callout in (None, CAUTION, STOP, CAUTION, None):
        writer.write(frame(DEPTH), depth_map(DEPTH), SCENE, callout)
    writer.close()
    shown = cv2.imread(str(path))[:, :, ::-1]
    assert np.array_equal(shown, draw(frame(DEPTH), depth_map(DEPTH), SCENE, STOP))


def test_a_video_has_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "o.avi"
    writer = OverlayWriter(path)
    for n in range(5):
        writer.write(frame(DEPTH, n, fps=4), depth_map(DEPTH), replace(SCENE, t=n / 4), None)
    writer.close()
    film = cv2.VideoCapture(str(path))
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == 5
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(4.0)
    film.release()


def test_unknown_endings_and_places_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown ending"):
        OverlayWriter(tmp_path / "o.gif")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"):
        OverlayWriter(tmp_path / "file" / "o.png")


def test_a_small_camera_is_drawn_at_the_same_size() -> None:
    small = K.resized(320, 180)
    depth = render([], camera=small)
    scene = Perception(PerceptionSettings()).perceive(frame(depth, camera=small), depth_map(depth, small))
    assert draw(frame(depth, camera=small), depth_map(depth, small), scene, None).shape[1] == 2 * PANEL[0]
