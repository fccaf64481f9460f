"""A camera that hangs upside down or tilted is noticed by where the floor lies; one worn upright never is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from world import SMALL, Box, box, depth_map, frame, render

from edge_nav.perception.floor.posture import largest_plane_roll_deg
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.perception.rays import Rays
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Intrinsics, Scene

SHARED = Path(__file__).parents[3] / "shared" / "data" / "rgbd"
ROOM = [box(0, 5, 0, 12, 0.2, 2.6), Box((-2, -1, 0), (-1.9, 6, 2.6)), box(0.7, 2.5, 0, 0.5, 0.5, 0.9)]
UPRIGHT = render(ROOM, camera=SMALL, pitch_deg=20)


def turned(depth: np.ndarray, degrees: int) -> np.ndarray:
    if degrees == 180:
        return np.ascontiguousarray(depth[::-1, ::-1])
    about = cv2.getRotationMatrix2D(((depth.shape[1] - 1) / 2, (depth.shape[0] - 1) / 2), degrees, 1.0)
    nowhere = float("nan")
    return cv2.warpAffine(depth, about, depth.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=nowhere)


def views(depth: np.ndarray, seconds: float, camera: Intrinsics = SMALL, **changes: object) -> list[Scene]:
    perception = Perception(PerceptionSettings(**changes))
    frames = [frame(depth, n, fps=5.0, camera=camera) for n in range(round(5 * seconds))]
    return [perception.perceive(shown, depth_map(depth, camera)) for shown in frames]


@pytest.mark.parametrize(("degrees", "view"), [(180, "upside_down"), (30, "tilted"), (-30, "tilted"), (45, "tilted")])
def test_a_turned_camera_is_noticed_within_three_seconds(degrees: int, view: str) -> None:
    scenes = views(turned(UPRIGHT, degrees), 3.0)
    assert scenes[-1].view == view
    assert scenes[-1].free_bearing_deg is None


def test_a_camera_on_its_side_is_noticed_by_its_known_height() -> None:
    side = np.ascontiguousarray(np.rot90(UPRIGHT))
    k = SMALL
    camera = Intrinsics(k.height, k.width, k.fy, k.fx, k.cy, k.width - 1 - k.cx)
    assert views(side, 3.0, camera, camera_height_m=1.4)[-1].view == "tilted"


def test_the_plane_tells_the_roll() -> None:
    rays = Rays.of(SMALL)
    for degrees in (0, 30, -45):
        depth = render(ROOM, camera=SMALL, pitch_deg=20, roll_deg=degrees)
        assert largest_plane_roll_deg(depth_map(depth, SMALL), rays, None) == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize(
    "depth",
    [
        UPRIGHT,
        render(ROOM, camera=SMALL, pitch_deg=20, roll_deg=12),
        render([box(0, 1.0, 0, 8, 0.2, 3)], camera=SMALL, pitch_deg=0),  # a wall, no floor
        render([Box((-1, -1, 0), (-0.9, 9, 3)), box(0, 4, 0, 3, 0.2, 3)], camera=SMALL, pitch_deg=-20, floor=False),
        render([box(0, 0.3, 0.72, 3.0, 0.9, 0.04), box(0, 1.3, 0, 8, 0.2, 3)], camera=SMALL, pitch_deg=30),  # a desk
    ],
)
def test_an_upright_camera_is_never_called_turned(depth: np.ndarray) -> None:
    assert {scene.view for scene in views(depth, 6.0)}.isdisjoint({"upside_down", "tilted"})


def test_an_upright_recording_is_never_called_turned() -> None:
    if not (SHARED / "kitchen").is_dir():
        pytest.skip("real recordings are not here: ../shared/data is absent")
    source, perception = RgbdSource(RgbdSourceSettings(path=SHARED / "kitchen")), Perception(PerceptionSettings())
    while (shown := source.read()) is not None:
        assert shown.depth_m is not None
        scene = perception.perceive(shown, depth_map(shown.depth_m, shown.intrinsics))
        assert scene.view not in ("upside_down", "tilted")
