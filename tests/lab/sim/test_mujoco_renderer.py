from __future__ import annotations

import dataclasses
import math
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
from edge_nav.lab.sim.shapes import (
    LABELS,
    Lamp,
    Lights,
    Material,
    Rendered,
    Shape,
    Sun,
    World,
    heading,
    rotation,
    then,
)
from edge_nav.sources import raycast_renderer as raycast
from edge_nav.types import Intrinsics, Pose

OFF_CENTRE = Intrinsics(320, 240, 228.5, 228.5, 150.3, 115.2)
POSE = Pose(x=0.1, y=0.3, height_m=1.4, heading_deg=7.0, pitch_deg=9.0, roll_deg=2.0)
WALL = Material("brick", (0.6, 0.25, 0.2), (0.75, 0.72, 0.7), 0.24)
FLOOR = Material("tiles", (0.75, 0.72, 0.68), (0.4, 0.4, 0.4), 0.4)
RED, GREEN = Material("plastic", (0.9, 0.1, 0.1)), Material("plastic", (0.1, 0.8, 0.1))


def a_box(centre: tuple[float, float, float], half: tuple[float, float, float], instance: int = 0) -> Shape:
    return Shape("box", centre, half, WALL, LABELS.index("wall" if instance == 0 else "object"), instance)


GROUND = Shape("box", (0.0, 10.0, -0.1), (6.0, 20.0, 0.1), FLOOR, LABELS.index("floor"))
BOXES = (
    GROUND,
    a_box((-2.1, 10.0, 1.4), (0.1, 12.0, 1.4)),
    a_box((0.5, 4.0, 0.3), (0.3, 0.2, 0.3), 1),
    a_box((-0.8, 6.0, 1.8), (0.4, 0.05, 0.2), 2),
    a_box((1.5, 19.0, 1.0), (0.5, 0.5, 1.0), 3),
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[MujocoRenderer]:
    pytest.importorskip("mujoco")
    try:
        made = MujocoRenderer()
    except UsageError as e:
        pytest.skip(str(e))
    with made:
        yield made


def draw(renderer: MujocoRenderer, *shapes: Shape, camera: Intrinsics = OFF_CENTRE, pose: Pose = POSE) -> Rendered:
    return renderer.render(World(tuple(shapes)), pose, camera)


def test_depth_of_boxes_is_that_of_the_ray_caster_to_a_millimetre(renderer: MujocoRenderer) -> None:
    seen = draw(renderer, *BOXES)
    boxes = [
        raycast.Box(tuple(np.subtract(s.centre, s.half)), tuple(np.add(s.centre, s.half)))  # type: ignore[arg-type]
        for s in BOXES
    ]
    true = raycast.render(boxes, POSE, OFF_CENTRE, far_m=60.0).depth_m
    assert (np.isnan(seen.depth_m) == np.isnan(true)).mean() > 0.9999
    error = np.abs(seen.depth_m - true)
    # A pixel whose centre lies on an edge may fall to either side of it.
    assert (error[true < 20.0] < 0.001).mean() > 0.9995
    assert (error[true >= 20.0] < 0.01).mean() > 0.99


def test_without_truth_the_picture_is_the_same_and_nothing_else_is_known(renderer: MujocoRenderer) -> None:
    with MujocoRenderer(truth=False) as blind:
        seen = draw(blind, *BOXES)
    assert np.array_equal(seen.rgb, draw(renderer, *BOXES).rgb)
    assert np.isnan(seen.depth_m).all()
    assert not seen.instance.any()
    with pytest.raises(ValueError, match="nothing would be drawn"):
        MujocoRenderer(colours=False, truth=False)


def ray_depth(shape: Shape, pose: Pose, camera: Intrinsics) -> np.ndarray:
    """z-depth of an ellipsoid, from the quadratic of each ray in the axes in which it is a unit sphere."""
    right, down, forward = raycast.camera_axes(pose)
    u = (np.arange(camera.width) - camera.cx) / camera.fx
    v = (np.arange(camera.height) - camera.cy) / camera.fy
    rays = forward + u[None, :, None] * right + v[:, None, None] * down
    to_unit = np.diag(1 / np.array(shape.half)) @ rotation(shape.turn).T
    at = to_unit @ (np.array([pose.x, pose.y, pose.height_m]) - shape.centre)
    way = rays @ to_unit.T
    a, b, c = (way**2).sum(-1), 2 * way @ at, at @ at - 1
    inside = b * b - 4 * a * c
    depth: np.ndarray = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / (2 * a), np.nan)
    return depth


def test_round_and_turned_shapes_stand_where_they_should(renderer: MujocoRenderer) -> None:
    egg = Shape("ellipsoid", (0.3, 3.0, 1.2), (0.5, 0.2, 0.4), RED, LABELS.index("object"), 5, heading(35.0))
    seen, true = draw(renderer, egg).depth_m, ray_depth(egg, POSE, OFF_CENTRE)
    both = np.isfinite(seen) & np.isfinite(true)
    assert both.sum() > 0.98 * np.isfinite(true).sum()
    assert np.percentile(np.abs(seen - true)[both], 99) < 0.01


def test_a_cylinder_and_a_capsule_have_their_height_and_width(renderer: MujocoRenderer) -> None:
    pose, camera = Pose(height_m=1.0), Intrinsics.from_fov(320, 240, 70.0)
    for form, top in (("cylinder", 0.5), ("capsule", 0.7)):
        thing = Shape(form, (0.0, 3.0, 1.0), (0.2, 0.2, 0.5), RED, LABELS.index("pole"), 1)  # type: ignore[arg-type]
        rows, columns = np.nonzero(draw(renderer, thing, camera=camera, pose=pose).instance)
        # The nearest line of a cylinder's rim is 2.8 m away; a capsule's tip stands over its middle, 3 m away.
        assert abs((rows.max() - rows.min()) / 2 / camera.fy - top / (2.8 if form == "cylinder" else 3.0)) < 0.01
        assert abs((columns.max() - columns.min()) / 2 / camera.fx - 0.2 / 3.0) < 0.008
        assert abs(draw(renderer, thing, camera=camera, pose=pose).depth_m[119, 160] - 2.8) < 0.003


def test_every_pixel_has_its_label_and_instance(renderer: MujocoRenderer) -> None:
    seen = draw(renderer, *BOXES)
    assert set(np.unique(seen.instance)) == {0, 1, 2, 3}
    assert set(np.unique(seen.label)) == {LABELS.index(n) for n in ("sky", "floor", "wall", "object")}
    assert (np.isnan(seen.depth_m) == (seen.label == LABELS.index("sky"))).all()
    assert (seen.rgb.dtype, seen.depth_m.dtype, seen.instance.dtype, seen.label.dtype) == (
        np.uint8,
        np.float32,
        np.uint16,
        np.uint8,
    )


def test_what_moves_is_drawn_where_it_is_now_and_needs_no_new_model(renderer: MujocoRenderer) -> None:
    still = (GROUND,)
    walker = Shape("capsule", (0.0, 4.0, 0.9), (0.2, 0.2, 0.6), RED, LABELS.index("person"), 9)
    middles = []
    for x in (-1.0, 0.0, 1.0):
        moved = dataclasses.replace(walker, centre=(x, 4.0, 0.9))
        seen = renderer.render(World(still, (moved,)), Pose(), OFF_CENTRE)
        middles.append(float(np.nonzero(seen.instance == 9)[1].mean()))
    assert np.allclose(np.diff(middles), 228.5 / 3.98, atol=1.5)
    # Someone whose size has not been seen before joins in.
    child = Shape("capsule", (0.5, 3.0, 0.5), (0.15, 0.15, 0.3), GREEN, LABELS.index("person"), 10)
    seen = renderer.render(World(still, (walker, child)), Pose(), OFF_CENTRE)
    assert {9, 10} <= set(np.unique(seen.instance))


def test_glass_has_the_depth_of_its_surface_and_shows_what_is_behind(renderer: MujocoRenderer) -> None:
    pane = Shape(
        "box", (0.0, 3.0, 1.4), (1.0, 0.005, 1.0), Material("glass", (0.7, 0.85, 0.85)), LABELS.index("glass"), 4
    )
    behind = Shape("box", (0.0, 6.0, 1.4), (3.0, 0.1, 1.4), RED, LABELS.index("wall"))
    seen = draw(renderer, behind, pane, pose=Pose())
    alone = draw(renderer, dataclasses.replace(pane, material=GREEN), behind, pose=Pose())
    assert abs(seen.depth_m[115, 150] - 2.995) < 0.002
    assert seen.instance[115, 150] == 4
    red, green, _ = seen.rgb[115, 150].astype(int)
    assert red > green + 30
    assert alone.rgb[115, 150][1] > alone.rgb[115, 150][0]


def test_the_same_world_gives_the_same_picture(renderer: MujocoRenderer) -> None:
    first, again = draw(renderer, *BOXES), draw(renderer, *BOXES)
    assert all(np.array_equal(a, b, equal_nan=a.dtype == np.float32) for a, b in zip(first, again, strict=True))


def test_what_is_out_of_view_is_left_out_and_nothing_else(renderer: MujocoRenderer) -> None:
    forms = ("box", "cylinder", "capsule", "ellipsoid")
    crowd = tuple(
        Shape(
            forms[n % 4],  # type: ignore[arg-type]
            (5 * math.sin(n), 5 * math.cos(1.7 * n), 0.3 + n % 4),
            (0.25, 0.25, 0.2 + n % 3 / 3),
            (RED, GREEN, WALL)[n % 3],
            LABELS.index("object"),
            n,
            then(heading(40.0 * n), (math.cos(n), math.sin(n), 0.0, 0.0)),
        )
        for n in range(1, 60)
    )
    still, moving = World((GROUND, *crowd)), World((GROUND,), crowd)  # what moves is always drawn
    in_view: set[int] = set()
    with MujocoRenderer() as every:
        for n in range(200):
            pose = Pose(0.02 * n, 0.01 * n, 1.2, 77.0 * n, 12.0 * (n % 5) - 20.0, 9.0 * (n % 3))
            seen, drawn = renderer.render(still, pose, OFF_CENTRE), every.render(moving, pose, OFF_CENTRE)
            assert all(np.array_equal(a, b, equal_nan=a.dtype == np.float32) for a, b in zip(seen, drawn, strict=True))
            in_view |= set(np.unique(seen.instance))
    assert len(in_view) > 50


def test_light_and_texture_are_to_be_seen(renderer: MujocoRenderer) -> None:
    for lights in (Lights(0.4, sun=Sun(200.0, 50.0)), Lights(0.05, lamps=(Lamp((0.0, 3.0, 2.6), (0.6, 0.6), 60.0),))):
        seen = renderer.render(World(BOXES, lights=lights), POSE, OFF_CENTRE)
        floor = seen.rgb[seen.label == LABELS.index("floor")].astype(float)
        assert 70 < floor.mean() < 235
        assert floor.std() > 4


def test_shadows_darken_what_lies_behind_a_thing() -> None:
    pytest.importorskip("mujoco")
    lights = Lights(0.3, sun=Sun(270.0, 45.0))
    world = World((GROUND, a_box((0.0, 4.0, 0.5), (0.25, 0.25, 0.5), 1)), lights=lights)
    camera = Intrinsics.from_fov(160, 120, 70.0)
    pose = Pose(height_m=2.0, pitch_deg=25.0)
    with MujocoRenderer(shadows=True) as dark, MujocoRenderer(fine=True) as plain:
        change = dark.render(world, pose, camera).rgb.mean(-1) / plain.render(world, pose, camera).rgb.mean(-1)
    _, columns = np.nonzero(change < 0.75)
    assert len(columns) > 100
    assert columns.mean() > 90  # the sun is on the left


def test_a_larger_picture_and_another_thread_may_follow(renderer: MujocoRenderer) -> None:
    draw(renderer, *BOXES)
    large = Intrinsics.from_fov(640, 480, 70.0)
    seen: list[Rendered] = []
    other = threading.Thread(target=lambda: seen.append(draw(renderer, *BOXES, camera=large)))
    other.start()
    other.join()
    assert seen[0].rgb.shape == (480, 640, 3)
    assert draw(renderer, *BOXES).rgb.shape == (240, 320, 3)


def test_pictures_of_other_proportions_may_follow_each_other(renderer: MujocoRenderer) -> None:
    low, high = Intrinsics.from_fov(96, 48, 90.0), Intrinsics.from_fov(48, 96, 60.0)
    world = World(BOXES)
    for camera in (low, high, low):
        seen = renderer.render(world, POSE, camera)
        with MujocoRenderer() as fresh:
            alone = fresh.render(world, POSE, camera)
        assert all(np.array_equal(a, b, equal_nan=a.dtype == np.float32) for a, b in zip(seen, alone, strict=True))


def test_pixels_that_are_not_square_are_refused(renderer: MujocoRenderer) -> None:
    with pytest.raises(UsageError, match="square pixels"):
        draw(renderer, GROUND, camera=Intrinsics(320, 240, 228.0, 200.0, 159.5, 119.5))


HIDE_GL = """
import ctypes, ctypes.util
class Without(ctypes.CDLL):
    def __init__(self, name=None, *more, **named):
        if name and any(part in str(name) for part in ("GL", "OSMesa")):
            raise OSError(f"{name}: cannot open shared object file")
        super().__init__(name, *more, **named)
ctypes.CDLL = ctypes.cdll._dlltype = Without
find = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if "GL" in name or name == "OSMesa" else find(name)
"""


@pytest.mark.parametrize(
    ("setup", "sentence"),
    [
        ("sys.modules['mujoco'] = None", r"MuJoCo is not here .*pip install edge-nav\[sim\]"),
        ("os.environ['MUJOCO_GL'] = 'crayon'", "unset MUJOCO_GL"),
        ("os.environ['MUJOCO_GL'] = 'disable'", "apt install libegl1"),
        (HIDE_GL, "apt install libegl1"),
        (HIDE_GL + "\nos.environ['MUJOCO_GL'] = 'osmesa'", "apt install libegl1"),
    ],
    ids=["no mujoco", "unknown", "disabled", "no EGL", "no OSMesa"],
)
def test_what_is_missing_is_one_sentence_with_the_remedy(setup: str, sentence: str) -> None:
    pytest.importorskip("mujoco")
    script = (
        f"import os, sys\n{setup}\nfrom edge_nav.errors import UsageError\n"
        "from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer\n"
        "try:\n    MujocoRenderer()\nexcept UsageError as e:\n    print(e)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert re.search(sentence, done.stdout)
    assert done.stdout.count("\n") == 1


def test_a_renderer_that_nobody_closed_does_not_crash_the_exit(renderer: MujocoRenderer) -> None:
    script = (
        "from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer\n"
        "from edge_nav.types import Pose\nfrom edge_nav.lab.sim.shapes import Material, Shape, World\n"
        "from edge_nav.types import Intrinsics\nr = MujocoRenderer()\n"
        "s = Shape('box', (0, 3, 1), (1, 1, 1), Material('wood', (1, 1, 1)), 2)\n"
        "r.render(World((s,)), Pose(), Intrinsics.from_fov(64, 48, 70))\nprint('drawn')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "drawn\n", "")
