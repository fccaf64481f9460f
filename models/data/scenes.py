"""Renders one scene of a dataset from several viewpoints. The same seed gives the same files."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge_nav.lab.sim.families import FAMILIES, generate
from edge_nav.lab.sim.scene import SimulatedScene, load_scene, save_scene
from edge_nav.lab.sim.shapes import Rendered, Renderer
from edge_nav.lab.sim.viewpoints import viewpoints
from edge_nav.types import Intrinsics, Pose
from models.data.layout import FRAMES, PART, SCENE, Dataset, RendererName, frame_line, scene_folder, write_frame


def open_renderer(name: RendererName, samples: int) -> Renderer:
    """The renderer for one worker. UsageError where its library is missing."""
    if name == "cycles":
        from edge_nav.lab.sim.cycles_renderer import CyclesRenderer

        return CyclesRenderer(samples, threads=1)
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer

    return MujocoRenderer(shadows=True, fine=True)


def family_of(seed: int) -> str:
    """Families take turns."""
    return FAMILIES[seed % len(FAMILIES)]


def render_scene(renderer: Renderer, dataset: Dataset, root: Path, seed: int) -> int:
    """Write a scene under its final name, whole; how many frames. UsageError where the scene gives no pictures."""
    final = scene_folder(root, seed)
    part = final.with_name(final.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        save_scene(generate(family_of(seed), seed), part / SCENE)
        # Drawn from what was written, so that whoever reads it draws the same.
        scene = load_scene(part / SCENE)
        views = viewpoints(scene, 0, dataset.frames_per_scene)
        lines = []
        for number, (t, pose, view) in enumerate(views):
            camera = view.resized(dataset.width, dataset.height)
            frame = draw(renderer, scene, t, pose, camera)
            lines.append(frame_line(number, t, pose, camera, write_frame(part, number, frame)))
        (part / FRAMES).write_text("".join(lines), encoding="utf-8")
        part.replace(final)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return len(lines)


def draw(renderer: Renderer, scene: SimulatedScene, t: float, pose: Pose, camera: Intrinsics) -> Rendered:
    """One view of a scene."""
    return renderer.render(scene.world(t), pose, camera)
