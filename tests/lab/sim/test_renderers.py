"""The two renderers are held to each other: the same scene and camera, the same depth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.cycles_renderer import CyclesRenderer
from edge_nav.lab.sim.families import FAMILIES, generate
from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.lab.sim.shapes import Renderer
from edge_nav.lab.sim.viewpoints import viewpoints

VIEWS = 3


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Renderer, Renderer]]:
    try:
        fast = MujocoRenderer()
        fine = CyclesRenderer(samples=1, bounces=0, threads=2)
    except UsageError as e:
        pytest.skip(str(e))
    yield fast, fine
    fast.close()
    fine.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_renderers_agree_on_depth_and_things(both: tuple[Renderer, Renderer], family: str) -> None:
    scene = SimulatedScene(generate(family, 1))
    for t, pose, camera in viewpoints(scene, 0, VIEWS):
        fast, fine = (renderer.render(scene.world(t), pose, camera) for renderer in both)
        unknown = np.isnan(fast.depth_m) & np.isnan(fine.depth_m)
        same = unknown | (np.abs(fast.depth_m - fine.depth_m) <= 0.01)
        assert same.mean() >= 0.99
        assert (fast.label == fine.label).mean() >= 0.99
        assert (fast.instance == fine.instance).mean() >= 0.99
