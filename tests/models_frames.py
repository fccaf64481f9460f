"""A few frames in the generator's layout, drawn by the ray caster: enough to teach a tiny network something."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from edge_nav.lab.sim.scene import SceneSpec, save_scene
from edge_nav.sources.raycast_renderer import Box, box, floor_levels, render
from edge_nav.types import Intrinsics, Pose

WALL = (200, 195, 185)


def write_frames(root: Path, seeds: range, frames: int = 2, *, pit_m: float = 0.0) -> Path:
    """``pit_m``: how much lower the floor is from two metres on."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        folder = root / f"s{seed:06d}"
        folder.mkdir(parents=True)
        boxes = [
            *floor_levels((-3.0, 0.0), (2.0, -pit_m)),
            Box((-2.2, -3.0, -1.0), (-2.0, 20.0, 2.8), WALL, tiled=True),
            Box((2.0, -3.0, -1.0), (2.2, 20.0, 2.8), WALL, tiled=True),
            Box((-3.0, 9.0, -1.0), (3.0, 9.2, 2.8), WALL, tiled=True),
            box(float(rng.uniform(-1, 1)), float(rng.uniform(2, 5)), 0.0, 0.6, 0.5, float(rng.uniform(0.3, 1.5))),
        ]
        lines = []
        for n in range(frames):
            camera = Intrinsics.from_fov(160, 120, float(rng.uniform(55, 95)))
            pose = Pose(0.0, float(rng.uniform(0, 1)), 1.4, 0.0, float(rng.uniform(5, 25)))
            seen = render(boxes, pose, camera)
            cv2.imwrite(str(folder / f"{n:02d}.rgb.png"), np.ascontiguousarray(seen.rgb[:, :, ::-1]))
            steps = np.nan_to_num(np.rint(seen.depth_m * 1000)).astype(np.uint16)
            cv2.imwrite(str(folder / f"{n:02d}.depth.png"), steps)
            cv2.imwrite(str(folder / f"{n:02d}.label.png"), np.where(steps > 0, 1, 0).astype(np.uint8))
            cv2.imwrite(str(folder / f"{n:02d}.instance.png"), np.zeros(steps.shape, np.uint16))
            lines.append(json.dumps({"frame": n, "pose": asdict(pose), "intrinsics": asdict(camera)}))
        save_scene(SceneSpec(), folder / "scene.yaml")  # an even floor, as what is drawn stands on
        (folder / "frames.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
