"""Edges far away: waves in a far floor and mirror images in a shiny one are none, a kerb across the way is one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from world import SMALL, box, depth_map, floor_levels, frame, render

from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Obstacle, Scene

SHARED = Path(__file__).parents[3] / "shared"
WALL = box(0, 7, 0, 12, 0.2, 3)


def edges(scene: Scene) -> list[Obstacle]:
    return [o for o in scene.obstacles if o.band == "drop" and o.in_corridor]


def wavy(depth: np.ndarray, seed: int) -> np.ndarray:
    """As a stereo depth camera measures what is far: off by several per cent, in patches."""
    grain = np.random.default_rng(seed).standard_normal((24, 24)).astype(np.float32)
    waves = cv2.resize(grain, depth.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(depth * (1 + 0.13 * (depth - 2).clip(0, 3) * np.abs(waves)), np.float32)


def test_a_far_floor_in_waves_has_no_edge() -> None:
    level = render([WALL], camera=SMALL, height=0.62, pitch_deg=15)
    for seed in range(12):
        perception = Perception(PerceptionSettings(camera_height_m=0.62))
        depth = wavy(level, seed)
        assert not edges(perception.perceive(frame(depth, camera=SMALL), depth_map(depth, SMALL)))


@pytest.mark.parametrize("height", [0.62, 1.4])
@pytest.mark.parametrize("deep", [0.13, 0.5])
def test_a_kerb_across_the_way_is_told_from_afar(height: float, deep: float) -> None:
    for edge in (2.7, 3.2, 4.0):
        perception = Perception(PerceptionSettings(camera_height_m=height))
        depth = render(floor_levels((-1, 0), (edge, -deep)), camera=SMALL, height=height, floor=False, pitch_deg=15)
        found = edges(perception.perceive(frame(depth, camera=SMALL), depth_map(depth, SMALL)))
        assert [e.distance_m for e in found] == [pytest.approx(edge, abs=0.15)]


@pytest.mark.parametrize(
    ("recording", "most"),
    [("cases/guidance/flat_floor_step_down/rgbd", 0), ("data/rgbd_train/cmu_aims_office", 3)],
)
def test_a_shiny_level_floor_has_no_edge(recording: str, most: int) -> None:
    if not (SHARED / recording).is_dir():
        pytest.skip(f"the recording is not here: {SHARED / recording} is absent")
    source = RgbdSource(RgbdSourceSettings(path=SHARED / recording))
    perception, claimed, near = Perception(PerceptionSettings(camera_height_m=0.62)), 0, []
    while (shown := source.read()) is not None:
        assert shown.depth_m is not None
        scene = perception.perceive(shown, depth_map(shown.depth_m, shown.intrinsics))
        claimed += bool(edges(scene))
        near.append(scene.clearance_m)
    assert claimed <= most
    if not most:
        assert all(3.7 < away < 4.3 for away in near if away is not None)  # the chair
