"""The parts of the realistic renderer that need no Blender."""

from __future__ import annotations

import itertools
import struct
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim import cycles_exr, cycles_film
from edge_nav.lab.sim.cycles_lights import roofed
from edge_nav.lab.sim.cycles_materials import DARK, LOOKS, PAINT, PANE, PLANKS, PRINT, look_of
from edge_nav.lab.sim.cycles_meshes import CyclesMesh, build
from edge_nav.lab.sim.cycles_renderer import load_bpy
from edge_nav.lab.sim.shapes import LABELS, Form, Look, Material, Point, Shape


def corners(mesh: CyclesMesh) -> list[np.ndarray]:
    """Vertices of each face in turn."""
    ends = [*mesh.starts[1:], len(mesh.corners)]
    return [mesh.vertices[mesh.corners[a:b]] for a, b in zip(mesh.starts, ends, strict=True)]


def volume(mesh: CyclesMesh) -> float:
    """Of a closed mesh whose faces turn outwards (divergence theorem over triangle fans)."""
    total = 0.0
    for face in corners(mesh):
        for a, b in itertools.pairwise(face):
            total += float(np.dot(face[0], np.cross(a, b))) / 6
    return total


@pytest.mark.parametrize(
    ("form", "half", "bevel", "wanted"),
    [
        ("box", (0.3, 0.5, 0.2), 0.0, 8 * 0.3 * 0.5 * 0.2),
        ("box", (0.3, 0.5, 0.2), 0.01, 8 * 0.3 * 0.5 * 0.2),
        ("cylinder", (0.4, 0.4, 0.7), 0.0, np.pi * 0.16 * 1.4),
        ("ellipsoid", (0.4, 0.2, 0.7), 0.0, 4 / 3 * np.pi * 0.4 * 0.2 * 0.7),
        ("capsule", (0.2, 0.2, 0.5), 0.0, np.pi * 0.04 * 1.0 + 4 / 3 * np.pi * 0.008),
    ],
)
def test_meshes_enclose_the_volume_of_their_form(form: Form, half: Point, bevel: float, wanted: float) -> None:
    assert volume(build(form, half, bevel, along=False)) == pytest.approx(wanted, rel=0.005)


@pytest.mark.parametrize("bevel", [0.0, 0.02])
@pytest.mark.parametrize("form", ["box", "cylinder", "ellipsoid", "capsule"])
def test_normals_are_of_length_one_and_point_outwards(form: Form, bevel: float) -> None:
    mesh = build(form, (0.3, 0.3, 0.5), bevel, along=True)
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1.0)
    at = 0
    for face in corners(mesh):
        across = np.cross(face[1] - face[0], face[2] - face[0]) + np.cross(face[2] - face[0], face[-1] - face[0])
        assert (mesh.normals[at : at + len(face)] @ across >= -1e-12).all()
        at += len(face)


def test_round_forms_stay_within_a_millimetre_or_two() -> None:
    ball = build("ellipsoid", (1.0, 1.0, 1.0), 0.0, along=False)
    middles = np.array([face.mean(axis=0) for face in corners(ball)])
    assert np.linalg.norm(ball.vertices, axis=1).max() < 1.0013
    assert np.linalg.norm(middles, axis=1).min() > 0.9957
    tube = build("capsule", (0.1, 0.1, 0.4), 0.0, along=False)
    assert tube.vertices[:, 2].max() == pytest.approx(0.5, abs=2e-4)


def test_a_bevel_rounds_the_edges_and_keeps_the_sides() -> None:
    mesh = build("box", (0.3, 0.5, 0.2), 0.02, along=False)
    assert np.abs(mesh.vertices).max(axis=0) == pytest.approx([0.3, 0.5, 0.2])
    assert not (np.abs(mesh.vertices) > np.array([0.299, 0.499, 0.199])).all(axis=1).any()


def test_texture_coordinates_are_metres_and_follow_the_longer_side() -> None:
    for along, wide in ((False, 0.4), (True, 2.0)):
        mesh = build("box", (0.2, 1.0, 0.1), 0.0, along)
        top = mesh.uv[mesh.normals[:, 2] > 0.9]
        assert np.ptp(top, axis=0) == pytest.approx([wide, 2.4 - wide])


def an_exr(path: Path, compression: int = 0) -> dict[str, np.ndarray]:
    """A file as the format's layout describes it: two channels, 3 x 2."""
    z = np.array([[1.5, 2.5, 3.5], [4.5, 5.5, 1e10]], np.float32)
    r = np.array([[0.25, 0.5, 1], [2, 4, 8]], np.float16)
    channels = b"".join(name + b"\0" + struct.pack("<i4xii", kind, 1, 1) for name, kind in ((b"L.R", 1), (b"L.Z", 2)))
    window = struct.pack("<4i", 0, 0, 2, 1)
    attributes = [
        (b"channels", b"chlist", channels + b"\0"),
        (b"compression", b"compression", bytes([compression])),
        (b"dataWindow", b"box2i", window),
    ]
    head = struct.pack("<ii", 20000630, 2)
    for name, kind, value in attributes:
        head += name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
    head += b"\0"
    lines = [struct.pack("<ii", y, 18) + r[y].tobytes() + z[y].tobytes() for y in range(2)]
    start = len(head) + 16
    path.write_bytes(head + struct.pack("<QQ", start, start + len(lines[0])) + b"".join(lines))
    return {"L.R": r.astype(np.float32), "L.Z": z}


def test_passes_are_read_from_an_exr(tmp_path: Path) -> None:
    wanted = an_exr(tmp_path / "a.exr")
    found = cycles_exr.read(tmp_path / "a.exr")
    assert found.keys() == wanted.keys()
    for name, picture in wanted.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], picture)


def test_compressed_and_foreign_files_are_refused(tmp_path: Path) -> None:
    an_exr(tmp_path / "a.exr", compression=3)
    with pytest.raises(ValueError, match="compressed"):
        cycles_exr.read(tmp_path / "a.exr")
    (tmp_path / "b.exr").write_bytes(b"\x89PNG\r\n\x1a\n" * 4)
    with pytest.raises(ValueError, match="not a single-part"):
        cycles_exr.read(tmp_path / "b.exr")


def a_room() -> np.ndarray:
    rng = np.random.default_rng(1)
    light = rng.uniform(0.05, 0.9, (60, 80, 3)).astype(np.float32)
    light[:10, 60:] = 30.0
    return light


@pytest.mark.parametrize("brightness", [0.003, 0.1, 1.0, 40.0])
def test_pictures_are_well_exposed_by_day_and_by_night(brightness: float) -> None:
    picture = cycles_film.develop(a_room() * np.float32(brightness))
    assert 50 < np.median(picture) < 190
    assert picture[0, -1].min() > 240


def test_night_stays_darker_than_day() -> None:
    by_day, by_night = (cycles_film.develop(a_room() * np.float32(b)).mean() for b in (1.0, 0.01))
    assert by_night < by_day - 5


def test_the_film_keeps_grey_grey_and_the_order_of_brightness() -> None:
    ramp = np.linspace(0, 3, 200, dtype=np.float32)
    grey = cycles_film.curve(np.repeat(ramp[None, :, None], 3, axis=2))[0].astype(int)
    assert (np.ptp(grey, axis=1) <= 1).all()
    assert (np.diff(grey[:, 1]) >= 0).all()
    assert grey[0, 1] < 5
    assert grey[-1, 1] > 220


def test_warm_light_is_partly_balanced() -> None:
    warm = a_room() * np.array([1.5, 1.0, 0.5], np.float32)
    plain, balanced = cycles_film.curve(warm), cycles_film.develop(warm)

    def cast(picture: np.ndarray) -> float:
        part = picture[12:].reshape(-1, 3).astype(float)
        return float(part[:, 0].mean() - part[:, 2].mean())

    assert 5 < cast(balanced) < 0.7 * cast(plain)


def of(look: Look, label: str, roughness: float = 0.5) -> Shape:
    material = Material(look, (0.5, 0.5, 0.5), roughness=roughness)
    return Shape("box", (0, 0, 1), (2, 2, 0.1), material, LABELS.index(label))


def test_what_a_thing_is_decides_how_it_looks() -> None:
    assert look_of(of("wood", "floor"), inside=True) == PLANKS
    assert look_of(of("wood", "table"), inside=True) == "wood"
    assert look_of(of("plastic", "vehicle", 0.15), inside=False) == PAINT
    assert look_of(of("plastic", "vehicle", 0.9), inside=False) == "plastic"
    assert look_of(of("plastic", "sign"), inside=False) == PRINT
    assert look_of(of("glass", "window"), inside=True) == PANE
    assert look_of(of("glass", "window"), inside=False) == DARK
    assert look_of(of("glass", "glass"), inside=False) == "glass"


def test_every_look_has_a_shader() -> None:
    own = {"glass", "lamp"}
    assert set(get_args(Look)) - own <= set(LOOKS)


def test_a_scene_is_inside_when_ceilings_cover_it() -> None:
    ceiling, ground = of("plaster", "ceiling"), of("asphalt", "floor")
    far = Shape("box", (30, 30, 1), (1, 1, 1), ground.material, LABELS.index("wall"))
    assert roofed((ceiling, ground))
    assert not roofed((ground,))
    assert not roofed((ceiling, ground, far))


def test_without_blender_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)
    with pytest.raises(UsageError, match=r"bpy.*Python 3\.11.*edge-nav\[render\]"):
        load_bpy()
