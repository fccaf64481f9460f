"""What the golden replays walk, and what of a walk they keep.

Per frame the floor, the clearance and the nearest thing in the way; and every callout. Never a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.record.records import number
from edge_nav.sources.health import HealthSettings
from edge_nav.sources.raycast_renderer import Box, box, floor_levels, render
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Frame, Intrinsics, Pose, Scene
from edge_nav.walk.loop import Loop

FOLDER = Path(__file__).parent
SHARED = FOLDER.parents[2] / "shared" / "data" / "rgbd"
REAL = ("kitchen", "livingroom_rendered")
CAMERA = Intrinsics.from_fov(320, 240, 70)
FPS, SPEED_MPS = 10.0, 1.2
WALLS = [Box((-1.6, -1, 0), (-1.5, 14, 2.6)), Box((1.5, -1, 0), (1.6, 14, 2.6)), Box((-1.6, 12, 0), (1.6, 12.1, 2.6))]


@dataclass(frozen=True)
class Synthetic:
    """Boxes that are walked towards for some seconds, at an offset to the right."""

    boxes: list[Box]
    seconds: float = 3.0
    x: float = 0.0


LEVEL = floor_levels((-2, 0), width_m=8, until_m=14)
SYNTHETIC = {
    "empty_corridor": Synthetic([*LEVEL, *WALLS], 4.0),
    "box_on_the_right": Synthetic([*LEVEL, *WALLS, box(0.45, 4.5, 0, 0.4, 0.4, 0.6)]),
    "branch_at_head_height": Synthetic([*LEVEL, *WALLS, box(0, 4.5, 1.6, 1.2, 0.05, 0.12)]),
    "table_edge": Synthetic([*LEVEL, *WALLS, box(-0.6, 4.5, 0.72, 1.8, 0.7, 0.03)]),
    "pole": Synthetic([*LEVEL, *WALLS, box(-0.1, 4.5, 0, 0.04, 0.04, 2.4)]),
    "kerb": Synthetic(floor_levels((-2, 0), (4.5, -0.13), width_m=8, until_m=14)),
    "stairs_down": Synthetic(floor_levels((-2, 0), *((4.5 + 0.29 * n, -0.17 * (n + 1)) for n in range(14)))),
    "stairs_up": Synthetic([*LEVEL, *(box(0, 4.5 + 0.29 * n, 0, 2.0, 0.29, 0.17 * (n + 1)) for n in range(10))]),
}


def frames(name: str) -> Iterator[Frame]:
    """All frames of a walk."""
    if name in REAL:
        source = RgbdSource(RgbdSourceSettings(path=SHARED / name))
        while (frame := source.read()) is not None:
            yield frame
        return
    scene = SYNTHETIC[name]
    rng = np.random.default_rng(1)
    for n in range(round(scene.seconds * FPS)):
        pose = Pose(scene.x, SPEED_MPS * n / FPS, 1.4 + 0.015 * np.sin(n), pitch_deg=18 + 0.8 * np.sin(0.7 * n))
        rgb, depth = render(scene.boxes, pose, CAMERA)
        noisy = depth + (0.0012 + 0.0019 * (depth - 0.4) ** 2) * rng.standard_normal(depth.shape)
        shown = np.clip(rgb + rng.integers(-4, 5, rgb.shape), 0, 255).astype(np.uint8)
        yield Frame(n, n / FPS, shown, CAMERA, noisy.astype(np.float32))


def walk(name: str) -> list[dict[str, Any]]:
    """The kept records of a walk."""
    loop = Loop(SensorDepth(), PerceptionSettings(), GuidanceSettings(), HealthSettings(), sensor_depth=True)
    kept: list[dict[str, Any]] = []
    for frame in frames(name):
        step = loop.step(frame)
        if step.scene is not None:
            kept.append(_scene(step.scene))
        kept += [{"t": number(c.t), "kind": c.kind, "priority": c.priority, "text": c.text} for c in step.callouts]
    return kept


def _scene(scene: Scene) -> dict[str, Any]:
    ahead = min((o for o in scene.obstacles if o.in_corridor), key=lambda o: o.distance_m, default=None)
    return {
        "t": number(scene.t),
        "view": scene.view,
        "floor_m": None if scene.ground is None else number(scene.ground.height_m, 2),
        "clearance_m": number(scene.clearance_m, 2),
        "ahead": None
        if ahead is None
        else {
            "band": ahead.band,
            "label": ahead.label,
            "distance_m": number(ahead.distance_m, 2),
            "bearing_deg": number(ahead.bearing_deg, 0),
        },
    }
