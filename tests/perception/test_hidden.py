"""Low things go out of sight beneath the picture just when they are nearest."""

from __future__ import annotations

import numpy as np
import pytest

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.health import HealthSettings
from edge_nav.sources.raycast_renderer import Box, box, floor_levels, render
from edge_nav.types import Callout, Frame, Intrinsics, Pose, Scene
from edge_nav.walk.loop import Loop

CAMERA = Intrinsics.from_fov(160, 120, 75.0)
SIDES = [Box((-2.2, -3, -8), (-2, 40, 2.8), tiled=True), Box((2, -3, -8), (2.2, 40, 2.8), tiled=True)]


def walk(things: list[Box], stop_y: float, x: float = 0.0, frames: int = 90) -> tuple[list[Callout], list[Scene]]:
    """Ten frames a second from y = 2 m at a metre a second up to ``stop_y``, and on to the last frame there."""
    world = [*floor_levels((-3.0, 0.0), width_m=12.0, until_m=40.0), *SIDES, *things]
    loop = Loop(
        SensorDepth(), PerceptionSettings(camera_height_m=1.4), GuidanceSettings(), HealthSettings(), sensor_depth=True
    )
    rng = np.random.default_rng(0)
    callouts, scenes = [], []
    for n in range(frames):
        seen = render(world, Pose(x, min(2.0 + 0.1 * n, stop_y), 1.4, 0.0, 8.0), CAMERA)
        rgb = seen.rgb.copy()
        rgb[0, 0] = rng.integers(60, 200, 3)  # a camera that never changes is a frozen one
        step = loop.step(Frame(n, n / 10, rgb, CAMERA, seen.depth_m))
        callouts += step.callouts
        if step.scene is not None:
            scenes.append(step.scene)
    return callouts, scenes


@pytest.mark.parametrize(("tall", "distance"), [(0.5, 0.6), (0.3, 0.6), (0.3, 1.0)])
def test_who_stops_before_a_low_thing_is_not_told_clear(tall: float, distance: float) -> None:
    callouts, scenes = walk([box(0, 6, 0, 0.5, 0.4, tall)], 6.0 - distance)
    assert [c.priority for c in callouts][-1] == "stop"
    assert "clear" not in [c.kind for c in callouts]
    last = scenes[-1]
    (hidden,) = [o for o in last.obstacles if o.remembered]
    assert hidden.in_corridor
    assert last.clearance_m is not None
    assert last.clearance_m < 1.6
    assert last.free_bearing_deg is None


def test_what_stands_high_enough_is_still_seen_and_not_remembered() -> None:
    _, scenes = walk([box(0, 6, 0, 0.5, 0.4, 1.2)], 5.4)
    assert not any(o.remembered for s in scenes for o in s.obstacles)


def test_who_passes_beside_a_low_thing_has_nothing_remembered() -> None:
    _, scenes = walk([box(0, 6, 0, 0.5, 0.4, 0.5)], 12.0, x=0.9, frames=80)
    assert not any(o.remembered for s in scenes for o in s.obstacles)
