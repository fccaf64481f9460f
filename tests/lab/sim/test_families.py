from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from edge_nav.lab.sim.families import FAMILIES, generate
from edge_nav.lab.sim.hazards import contact, ground_height
from edge_nav.lab.sim.outlines import distance, outlines
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.lab.sim.shapes import World
from edge_nav.lab.sim.solids import Solids
from edge_nav.lab.sim.viewpoints import CLEAR_M, viewpoints

SEEDS = (0, 5, 900_002, 950_003)
CASES = [(family, seed) for family in FAMILIES for seed in SEEDS]


@cache
def made(family: str, seed: int) -> SimulatedScene:
    return SimulatedScene(generate(family, seed))


@pytest.mark.parametrize(("family", "seed"), CASES)
def test_the_same_seed_gives_the_same_scene_within_limits(family: str, seed: int) -> None:
    scene = made(family, seed)
    assert generate(family, seed) == scene.spec
    world = scene.world(1.5)
    assert 30 <= len(world.still) + len(world.moving) <= 300
    assert len(world.lights.lamps) <= 16
    assert {s.instance for s in (*world.still, *world.moving)} <= set(range(len(scene.names) + 1))
    assert 3.0 < scene.seconds < 90.0
    assert scene.spec.family == family


@pytest.mark.parametrize("family", FAMILIES)
def test_other_seeds_give_other_scenes(family: str) -> None:
    assert made(family, 0).spec.things != made(family, 5).spec.things


@pytest.mark.parametrize(("family", "seed"), CASES)
def test_the_walk_touches_nothing_that_stands_and_crosses_no_edge(family: str, seed: int) -> None:
    scene = made(family, seed)
    if scene.solvable_path is None:
        pytest.skip("no way leads to this scene's goal")
    assert scene.solvable_path.length_m >= scene.solvable_path.straight_m - 1e-6
    still = World(scene.world(0.0).still)
    path = np.array(scene.spec.walk.path)
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0], np.cumsum(lengths)])
    points = [(np.interp(s, along, path[:, 0]), np.interp(s, along, path[:, 1])) for s in np.arange(0, along[-1], 0.1)]
    heights = [ground_height(still, float(x), float(y), 2.0) for x, y in points]
    assert max(abs(np.diff(heights)), default=0.0) < 0.10
    for (x, y), floor in zip(points, heights, strict=True):
        # Grid ways keep 0.27 m, to within a cell of 5 cm.
        assert contact(still, float(x), float(y), 0.19, floor) == []


@pytest.mark.parametrize(("family", "seed"), CASES)
def test_nobody_walks_through_things(family: str, seed: int) -> None:
    scene = made(family, seed)
    for t in np.linspace(0, scene.seconds, 9):
        world = scene.world(float(t))
        middles: dict[int, list[tuple[float, float, float]]] = {}
        for s in world.moving:
            middles.setdefault(s.instance, []).append(s.centre)
        for parts in middles.values():
            x, y, _ = np.mean(parts, axis=0)
            floor = ground_height(world, float(x), float(y), 2.0)
            assert not math.isnan(floor)
            assert contact(World(world.still), float(x), float(y), 0.12, floor) == []


def test_most_scenes_can_be_solved() -> None:
    solved = [scene.solvable_path is not None for scene in (made(f, s) for f, s in CASES)]
    assert np.mean(solved) >= 0.9


@pytest.mark.parametrize("family", FAMILIES)
def test_held_out_scenes_share_no_finish_with_training(family: str) -> None:
    looks = []
    for seeds in ((0, 5), (900_002,), (950_003,)):
        shapes = [
            s for seed in seeds for s in (*made(family, seed).world(0).still, *made(family, seed).world(0).moving)
        ]
        looks.append({(s.material.look, s.material.colour, s.material.seed) for s in shapes})
    assert not looks[0] & looks[1]
    assert not looks[0] & looks[2]
    assert not looks[1] & looks[2]


@pytest.mark.parametrize(("family", "seed"), [(f, s) for f in FAMILIES for s in (5,)])
def test_viewpoints_are_free_and_within_their_limits(family: str, seed: int) -> None:
    scene = made(family, seed)
    views = viewpoints(scene, 3, 5)
    assert views == viewpoints(scene, 3, 5)
    assert views != viewpoints(scene, 4, 5)
    close = 0
    for t, pose, camera in views:
        world = scene.world(t)
        solids = Solids((*world.still, *world.moving))
        assert solids.distance(np.array([pose.x, pose.y, pose.height_m])) >= CLEAR_M
        above = pose.height_m - ground_height(world, pose.x, pose.y, pose.height_m)
        assert 0.99 <= above <= 1.71
        assert -5 <= pose.pitch_deg <= 35
        assert abs(pose.roll_deg) <= 6
        assert 55 <= math.degrees(2 * math.atan(camera.width / 2 / camera.fx)) <= 95
        assert (camera.width, camera.height) == (320, 240)
        gaps = [distance(o.polygon, pose.x, pose.y)[0] for o in outlines([s for s in world.still if s.instance], 0.0)]
        close += min(gaps, default=9.0) < 4.0
    assert close >= 3


def test_families_have_obstacles_of_every_band_and_drops() -> None:
    kinds = {t.kind for f, s in [(f, s) for f in FAMILIES for s in (*SEEDS, 1, 2)] for t in made(f, s).spec.things}
    assert kinds >= {"box", "chair", "table", "shelf", "person", "pole", "hanging_sign", "tree", "road", "stairs_down"}
    assert kinds >= {"stairs_up", "hole", "car", "wall_cupboard", "room", "facade", "plant", "bin"}
