"""A small walk with exact depth, drawn as it is walked: thirty-six seconds through every kind of hazard."""

from __future__ import annotations

import math

import numpy as np

from edge_nav.sources.raycast_renderer import Box, Picture, box, floor_levels, render
from edge_nav.types import Intrinsics, Pose

SECONDS = 36.0
SPEED_MPS = 1.15
CAMERA = Intrinsics.from_fov(320, 240, 70.0)
CAMERA_HEIGHT_M = 1.4
STEP_HZ = 1.8
"""Steps a second at this speed; the head bobs once a step and sways once in two."""

STEPS_PER_M, MOST_STEPS = 5000, 65535
"""A depth camera gives whole steps. These are a recording's, so that a recorded walk replays to the same log."""

WOOD, STEEL, SIGN, COAT, WALL = (165, 115, 70), (95, 100, 110), (200, 60, 50), (60, 80, 140), (205, 200, 190)
KERB_Y, STAIRS_Y = 26.0, 40.5
COVERED_S = (24.6, 26.0)
GLASS_S = (28.0, 29.5)

PATH = (
    (0.0, 0.0),
    (3.8, 0.0),
    (5.0, -0.55),
    (7.0, 0.0),
    (9.4, 0.0),
    (10.6, 0.75),
    (11.9, 0.75),
    (12.9, 0.3),
    (13.7, 0.3),
    (14.6, 0.65),
    (15.9, 0.65),
    (17.0, 0.0),
    (18.2, -0.45),
    (18.9, -0.45),
    (20.4, 0.0),
    (60.0, 0.0),
)
"""Where the walker goes: (distance ahead, offset to the right), metres; round what was announced."""


def world(t: float) -> list[Box]:
    """The boxes at a time; only the passer-by moves."""
    stairs = [(STAIRS_Y + 0.29 * n, -0.14 - 0.17 * (n + 1)) for n in range(14)]
    person_x = -2.6 + 0.8 * (t - 14.3)
    return [
        *floor_levels((-3.0, 0.0), (KERB_Y, -0.14), *stairs, width_m=12.0, until_m=48.0),
        Box((-2.2, -3.0, -8.0), (-2.0, 30.0, 2.8), WALL, tiled=True),
        Box((2.0, -3.0, -8.0), (2.2, 30.0, 2.8), WALL, tiled=True),
        box(0.35, 6.0, 0.0, 0.5, 0.4, 0.5, WOOD, "crate"),
        box(-0.2, 11.5, 1.60, 1.0, 0.06, 0.35, SIGN, "sign"),
        box(-0.9, 15.0, 0.72, 2.2, 0.8, 0.04, WOOD, "table"),
        box(-1.9, 15.1, 0.0, 0.06, 0.06, 0.72, WOOD),
        box(0.1, 18.6, 0.0, 0.06, 0.06, 2.6, STEEL, "pole"),
        box(person_x, 21.2, 0.0, 0.45, 0.3, 1.7, COAT, "person"),
        box(-1.35, 23.0, 0.0, 1.3, 0.3, 2.2, WALL, "left pier"),
        box(1.35, 23.0, 0.0, 1.3, 0.3, 2.2, WALL, "right pier"),
    ]


def pose(t: float) -> Pose:
    """The worn camera: along the path, with the bob, sway and nod of a gait. It stops before the stairs."""
    ahead = min(SPEED_MPS * t, STAIRS_Y - 0.9)
    walking = 1.0 if ahead < STAIRS_Y - 0.9 else 0.0
    y, x = zip(*PATH, strict=True)
    phase = 2 * math.pi * STEP_HZ * t
    floor = 0.0 if ahead < KERB_Y else -0.14
    return Pose(
        x=float(np.interp(ahead, y, x)) + walking * 0.015 * math.sin(phase / 2),
        y=ahead,
        height_m=CAMERA_HEIGHT_M + floor + walking * 0.018 * math.sin(phase),
        pitch_deg=18.0 + walking * 1.2 * math.sin(phase + 0.6),
        roll_deg=walking * 0.8 * math.sin(phase / 2 + 0.3),
    )


def picture(t: float, seed: int) -> Picture:
    """One frame: exact depth with a depth camera's noise; a hand over the lens and a glass door on the way."""
    seen = render(world(t), pose(t), CAMERA)
    rng = np.random.default_rng((seed, round(t * 1000)))
    depth = seen.depth_m
    # Noise of a structured-light camera, after Khoshelham and Elberink 2012.
    sigma = 0.0012 + 0.0019 * (depth - 0.4) ** 2
    steps = np.rint((depth + sigma * rng.standard_normal(depth.shape)) * STEPS_PER_M)
    steps[steps > MOST_STEPS] = np.nan
    depth = steps.astype(np.float32) / np.float32(STEPS_PER_M)
    grain = rng.integers(-4, 5, seen.rgb.shape)
    rgb = np.clip(seen.rgb + grain, 0, 255).astype(np.uint8)
    if COVERED_S[0] <= t < COVERED_S[1]:
        rgb = np.clip(np.full_like(rgb, 52) + grain // 2, 0, 255).astype(np.uint8)
        depth[:, 12:] = np.nan
        depth[:, :12] = 0.4  # the hand itself, at the picture's side
    if GLASS_S[0] <= t < GLASS_S[1]:
        depth[20:, 30:-30] = np.nan
    return Picture(rgb, depth)
