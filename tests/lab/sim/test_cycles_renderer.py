from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge_nav.lab.sim.cycles_renderer import CyclesRenderer
from edge_nav.lab.sim.shapes import LABELS, Form, Lamp, Lights, Look, Material, Point, Shape, Sun, World, heading
from edge_nav.sources import raycast_renderer as raycast
from edge_nav.types import Intrinsics, Pose

CAMERA = Intrinsics.from_fov(160, 120, 75.0)
POSE = Pose(x=0.1, y=0.2, height_m=1.4, heading_deg=8.0, pitch_deg=12.0, roll_deg=3.0)
LIGHTS = Lights(0.5, (0.75, 0.85, 1.0), Sun(40.0, 50.0), (Lamp((0.0, 3.0, 2.5), (0.5, 0.5), 40.0),))


def _needs_blender() -> None:
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("the realistic renderer needs bpy (extra render, Python 3.11)")


@pytest.fixture(scope="module")
def renderer() -> Iterator[CyclesRenderer]:
    _needs_blender()
    made = CyclesRenderer(samples=1, bounces=1, threads=2)
    yield made
    made.close()


def a_shape(
    label: str, centre: Point, half: Point, instance: int = 0, look: Look = "plastic", form: Form = "box"
) -> Shape:
    return Shape(form, centre, half, Material(look, (0.6, 0.5, 0.4), (0.3, 0.3, 0.3)), LABELS.index(label), instance)


def a_street(*moving: Shape, shift: float = 0.0) -> World:
    """Ground, a wall, a crate and a sign overhead."""
    still = (
        a_shape("floor", (0, 10, -0.2), (6, 20, 0.2), look="paving"),
        a_shape("wall", (-2.2, 10, 1.5), (0.2, 12, 1.5), look="brick"),
        a_shape("object", (0.5 + shift, 3.5, 0.3), (0.3, 0.25, 0.3), 1),
        a_shape("sign", (-0.6, 5, 1.9), (0.5, 0.05, 0.2), 2),
    )
    return World(still, moving, LIGHTS, 3)


def true_depth(world: World, pose: Pose, camera: Intrinsics) -> np.ndarray:
    """By the ray caster, which knows upright boxes alone."""
    boxes = []
    for s in (*world.still, *world.moving):
        low, high = (tuple(c + sign * h for c, h in zip(s.centre, s.half, strict=True)) for sign in (-1, 1))
        boxes.append(raycast.Box(low, high))
    return raycast.render(boxes, pose, camera, far_m=60.0).depth_m


@pytest.mark.parametrize(
    "camera",
    [
        CAMERA,
        Intrinsics(160, 120, 110.0, 110.0, 71.3, 68.9),
        Intrinsics(160, 120, 120.0, 95.0, 85.2, 52.4),
        Intrinsics(160, 120, 90.0, 115.0, 79.5, 59.5),
    ],
)
def test_depth_is_that_of_the_pixels_centres(renderer: CyclesRenderer, camera: Intrinsics) -> None:
    world = a_street()
    seen, true = renderer.render(world, POSE, camera).depth_m, true_depth(world, POSE, camera)
    known = np.isfinite(true)
    assert seen.shape == true.shape
    assert (np.isfinite(seen) == known).mean() > 0.995
    error = np.abs(seen - true)[known & np.isfinite(seen)]
    # Away from edges the two differ by rounding alone; a tenth of a pixel's shift would show here.
    assert np.median(error) < 1e-4
    assert (error < 0.01).mean() > 0.995


def test_pixels_know_their_thing_and_label(renderer: CyclesRenderer) -> None:
    seen = renderer.render(a_street(), POSE, CAMERA)
    assert seen.rgb.dtype == np.uint8
    assert (seen.instance.dtype, seen.label.dtype, seen.depth_m.dtype) == (np.uint16, np.uint8, np.float32)
    for number, label in ((1, "object"), (2, "sign")):
        assert (seen.instance == number).sum() > 50
        assert set(seen.label[seen.instance == number]) == {LABELS.index(label)}
    far = np.isnan(seen.depth_m)
    assert far.any()
    assert set(seen.label[far]) == {LABELS.index("sky")}
    assert {LABELS.index("floor"), LABELS.index("wall")} <= set(seen.label[(seen.instance == 0) & ~far])


def test_what_lies_beyond_the_far_end_is_unknown(renderer: CyclesRenderer) -> None:
    wall = a_shape("wall", (0, 80, 10), (40, 1, 10))
    seen = renderer.render(World((wall,), lights=LIGHTS), Pose(height_m=2.0), CAMERA)
    assert np.isnan(seen.depth_m).all()
    assert not seen.label.any()


def test_the_same_view_is_the_same_picture_whatever_was_drawn_before(renderer: CyclesRenderer) -> None:
    first = renderer.render(a_street(), POSE, CAMERA)
    renderer.render(a_street(shift=0.4), Pose(x=0.5, height_m=1.2), CAMERA)
    again = renderer.render(a_street(), POSE, CAMERA)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype == np.float32)


def test_what_moves_is_moved_and_the_rest_stays(renderer: CyclesRenderer) -> None:
    walker = a_shape("person", (0.9, 5.0, 0.9), (0.2, 0.15, 0.9), 7, look="fabric")
    world = a_street(walker)
    before = renderer.render(world, POSE, CAMERA)
    moved = dataclasses.replace(world, moving=(dataclasses.replace(walker, centre=(-0.6, 4.0, 0.9)),))
    after = renderer.render(moved, POSE, CAMERA)
    for seen, truth in ((before, world), (after, moved)):
        assert (seen.instance == 7).sum() > 100
        wrong = np.abs(seen.depth_m - true_depth(truth, POSE, CAMERA)) > 0.01
        assert wrong.mean() < 0.01
    # Moved there it looks as if it had been there from the beginning.
    anew = renderer.render(dataclasses.replace(moved, still=tuple(moved.still)), POSE, CAMERA)
    assert np.array_equal(after.rgb, anew.rgb)
    alone = renderer.render(dataclasses.replace(moved, moving=()), POSE, CAMERA)
    assert not (alone.instance == 7).any()


def test_glass_is_measured_where_it_is_and_seen_through(renderer: CyclesRenderer) -> None:
    red = Shape("box", (0, 6, 1.4), (3, 0.1, 3), Material("plastic", (0.8, 0.05, 0.05)), LABELS.index("wall"))
    pane = Shape("box", (0, 3, 1.4), (1, 0.005, 3), Material("glass", (0.9, 0.95, 0.95)), LABELS.index("glass"), 5)
    seen = renderer.render(World((red, pane), lights=LIGHTS), Pose(height_m=1.4), CAMERA)
    middle = (slice(50, 70), slice(70, 90))
    assert seen.depth_m[middle] == pytest.approx(2.995, abs=1e-3)
    assert (seen.instance[middle] == 5).all()
    colour = seen.rgb[middle].reshape(-1, 3).mean(axis=0)
    assert colour[0] > 1.3 * colour[1]


@pytest.mark.parametrize(
    ("form", "half"), [("cylinder", (0.5, 0.5, 0.8)), ("capsule", (0.5, 0.5, 0.3)), ("ellipsoid", (0.5, 0.7, 0.9))]
)
def test_round_forms_lie_where_they_are(renderer: CyclesRenderer, form: Form, half: Point) -> None:
    shape = dataclasses.replace(a_shape("object", (0, 4, 1.4), half, 3, form=form), turn=heading(90.0))
    seen = renderer.render(World((shape,), lights=LIGHTS), Pose(height_m=1.4), Intrinsics(161, 121, 110, 110, 80, 60))
    # A quarter turn brings its own x axis to the front.
    assert seen.depth_m[60, 80] == pytest.approx(4 - half[0], abs=0.002)
    wide = int((seen.instance[60] == 3).sum())
    exact = 2 * 110 * half[1] / np.sqrt(16 - half[0] ** 2)
    assert wide == pytest.approx(exact, abs=2)


@pytest.mark.parametrize("look", get_args(Look))
def test_every_look_can_be_drawn_and_shows_its_colour(renderer: CyclesRenderer, look: Look) -> None:
    small = Intrinsics.from_fov(40, 30, 60.0)

    def seen(colour: tuple[float, float, float]) -> np.ndarray:
        slab = Shape("box", (0, 2, 0.0), (3, 3, 0.1), Material(look, colour, colour, 0.2), LABELS.index("object"))
        world = World((slab,), lights=dataclasses.replace(LIGHTS, sun=None, lamps=()))
        return renderer.render(world, Pose(height_m=1.4, pitch_deg=70.0), small).rgb.reshape(-1, 3).mean(axis=0)

    red, blue = seen((0.8, 0.1, 0.1)), seen((0.1, 0.1, 0.8))
    assert red[0] - red[2] > blue[0] - blue[2] + (3 if look == "glass" else 20)


def test_a_lamp_lights_a_closed_room(renderer: CyclesRenderer) -> None:
    plaster = Material("plaster", (0.8, 0.8, 0.78), (0.6, 0.6, 0.6))
    walls = [((0, 2, -0.1), (2, 3, 0.1), "floor"), ((0, 2, 2.6), (2, 3, 0.1), "ceiling")]
    walls += [((x, 2, 1.25), (0.1, 3, 1.3), "wall") for x in (-2.0, 2.0)]
    walls += [((0, y, 1.25), (2, 0.1, 1.3), "wall") for y in (-1.0, 5.0)]
    still = tuple(Shape("box", at, half, plaster, LABELS.index(label)) for at, half, label in walls)
    lit = World(still, lights=Lights(0.0, lamps=(Lamp((0, 3.5, 2.45), (0.4, 0.4), 40.0),)))
    dark = World(still, lights=Lights(0.0))
    assert renderer.render(lit, Pose(height_m=1.4), CAMERA).rgb.mean() > 60
    assert renderer.render(dark, Pose(height_m=1.4), CAMERA).rgb.mean() < 5


@pytest.mark.parametrize(
    ("folder", "text", "said"),
    [
        ("scripts/modules", "import _bpy", "loaded"),
        ("elsewhere", "import missing_part", "No module named 'missing_part'"),
    ],
)
def test_blenders_own_scripts_are_not_its_module_and_another_failure_is_told(
    tmp_path: Path, folder: str, text: str, said: str
) -> None:
    """In a process of its own, which has not loaded it yet; with a package of that name first on its path."""
    _needs_blender()
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "bpy.py").write_text(text, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / folder)!r})\n"
        "from edge_nav.errors import UsageError\n"
        "from edge_nav.lab.sim.cycles_renderer import load_bpy\n"
        "try: print('loaded' * bool(load_bpy().app.version))\n"
        "except UsageError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said in done.stdout
