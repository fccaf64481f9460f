from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from world import SMALL, box, depth_map, floor_levels, frame, render

from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthMap, Scene

NAMES = ("sky", "floor", "wall", "chair", "object")
LOWER = len(NAMES)
WALL = box(0, 8, 0, 12, 0.2, 3)


@pytest.mark.parametrize(("high_m", "label", "there"), [(0.3, 1, False), (0.3, 4, True), (1.2, 1, True)])
def test_a_low_wave_that_is_called_floor_is_no_obstacle(high_m: float, label: int, there: bool) -> None:
    depth = render([box(0, 2.0, 0, 0.5, 0.4, high_m), WALL], camera=SMALL)
    told = np.where(np.abs(depth - render([WALL], camera=SMALL)) > 0.01, label, 1).astype(np.uint8)
    given = replace(depth_map(depth, SMALL), label=told, label_names=NAMES)
    scene = Perception(PerceptionSettings()).perceive(frame(depth, 0, camera=SMALL), given)
    assert any(o.in_corridor and o.distance_m < 3 for o in scene.obstacles) is there


@pytest.mark.parametrize(
    ("deep_m", "called", "told"),
    [
        (0.0, LOWER, True),
        (0.0, 1, False),
        (0.15, LOWER, True),
        (0.15, 1, False),
        (0.7, 1, True),
    ],
)
def test_where_ground_is_called_lower_the_floor_ends_and_where_it_is_called_floor_it_is_level_but_for_a_deep_hole(
    deep_m: float, called: int, told: bool
) -> None:
    depth, level, pit = (
        render(floor_levels((-1, 0), (2.0, -down)), camera=SMALL, floor=False, pitch_deg=22)
        for down in (deep_m, 0.0, 9.0)
    )
    given = replace(
        depth_map(depth, SMALL),
        label=np.where(level == pit, 1, called).astype(np.uint8),
        label_names=(*NAMES, "lower_floor"),
    )
    scene = Perception(PerceptionSettings(camera_height_m=1.4)).perceive(frame(depth, 0, camera=SMALL), given)
    drops = [o.distance_m for o in scene.obstacles if o.band == "drop" and o.in_corridor]
    assert drops == ([pytest.approx(2.0, abs=0.15)] if told else [])


def test_the_floor_is_not_fitted_to_ground_that_is_called_lower() -> None:
    depth, pit = (
        render(floor_levels((-1, 0), (1.7, -down)), camera=SMALL, floor=False, pitch_deg=25) for down in (0.3, 9.0)
    )
    given = depth_map(depth, SMALL)
    told = replace(given, label=np.where(depth == pit, 1, LOWER).astype(np.uint8), label_names=(*NAMES, "lower_floor"))

    def seen(depths: DepthMap) -> Scene:
        return Perception(PerceptionSettings()).perceive(frame(depth, 0, camera=SMALL), depths)

    assert seen(given).ground is None  # most of the picture is road: which of the two one stands on is open
    scene = seen(told)
    assert scene.ground is not None
    assert scene.ground.height_m == pytest.approx(1.4, abs=0.01)
    assert [o.distance_m for o in scene.obstacles if o.band == "drop"] == [pytest.approx(1.7, abs=0.1)]
