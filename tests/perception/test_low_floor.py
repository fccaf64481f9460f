"""The floor of who sits in a wheelchair, with no camera height set; and tables, beds and worktops that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from world import SMALL, Box, box, depth_map, frame, render

from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Scene

CASES = Path(__file__).parents[3] / "shared" / "cases" / "guidance"
CORRIDOR = [Box((-1.3, -1, 0), (-1.2, 9, 2.6)), Box((1.2, -1, 0), (1.3, 9, 2.6)), Box((-1.3, 8, 0), (1.3, 8.2, 2.6))]
WALL_BEHIND = box(0, 1.3, 0, 8, 0.2, 3)


def scenes(depth: np.ndarray, frames: int = 1) -> list[Scene]:
    perception = Perception(PerceptionSettings())
    noise = np.random.default_rng(2)
    told = []
    for n in range(frames):
        noisy = (depth + 0.003 * depth**2 * noise.standard_normal(depth.shape)).astype(np.float32)
        told.append(perception.perceive(frame(noisy, n, camera=SMALL), depth_map(noisy, SMALL)))
    return told


@pytest.mark.parametrize("pitch", [0, 8, 20])
@pytest.mark.parametrize("height", [0.42, 0.55, 0.62, 0.8])
def test_the_floor_of_who_sits_is_found_at_once(height: float, pitch: float) -> None:
    scene = scenes(render(CORRIDOR, camera=SMALL, height=height, pitch_deg=pitch))[0]
    assert scene.ground is not None
    assert scene.ground.height_m == pytest.approx(height, abs=0.02)
    assert scene.clearance_m is not None
    assert scene.clearance_m > 2.5
    assert not any(o.in_corridor and o.distance_m < 3 for o in scene.obstacles)


@pytest.mark.parametrize("height", [0.5, 0.62])
def test_a_box_before_who_sits_is_told(height: float) -> None:
    scene = scenes(render([*CORRIDOR, box(0, 2.0, 0, 0.4, 0.4, 0.5)], camera=SMALL, height=height, pitch_deg=8))[0]
    ahead = min((o for o in scene.obstacles if o.in_corridor), key=lambda o: o.distance_m)
    assert ahead.distance_m == pytest.approx(2.0, abs=0.08)


@pytest.mark.parametrize("pitch", [15, 40])
@pytest.mark.parametrize("height", [1.2, 1.45])
@pytest.mark.parametrize(
    "furniture",
    [
        [box(0, 0.3, 0.72, 3.0, 0.9, 0.04), WALL_BEHIND],  # a desk against the wall
        [box(0, 0.25, 0.0, 5.0, 0.65, 0.9), box(0, 0.9, 0, 8, 0.2, 3)],  # a worktop
        [box(0, 0.3, 0.72, 1.2, 2.6, 0.04), *CORRIDOR],  # a long table from its end
        [box(0, 0.4, 0.0, 1.6, 2.0, 0.5), box(0, 2.4, 0, 8, 0.2, 3)],  # a bed against the wall
    ],
)
def test_furniture_is_not_the_floor(furniture: list[Box], height: float, pitch: float) -> None:
    for scene in scenes(render(furniture, camera=SMALL, height=height, pitch_deg=pitch), 4):
        assert scene.ground is None or scene.ground.height_m == pytest.approx(height, abs=0.05)


@pytest.mark.parametrize(("case", "height"), [("low_camera_free_floor_stop", 0.51), ("flat_floor_step_down", 0.63)])
def test_recorded_low_cameras_see_the_floor(case: str, height: float) -> None:
    if not (CASES / case).is_dir():
        pytest.skip("recorded cases are not here: ../shared/cases is absent")
    source, perception = RgbdSource(RgbdSourceSettings(path=CASES / case / "rgbd")), Perception(PerceptionSettings())
    while (shown := source.read()) is not None:
        assert shown.depth_m is not None
        scene = perception.perceive(shown, depth_map(shown.depth_m, shown.intrinsics))
        assert scene.ground is not None
        assert scene.ground.height_m == pytest.approx(height, abs=0.04)
        assert scene.clearance_m is not None
        assert scene.clearance_m > 2.5
