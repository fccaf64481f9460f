"""What stands about the walker of a scene, and the file that keeps it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.ground_truth import truth_at
from edge_nav.lab.sim.scene import SceneSpec, SimulatedScene
from edge_nav.sources.filmed_walk import read_camera, read_truth, write_truth
from edge_nav.types import EDGE, Standing

SCENE = {
    "things": [
        {"kind": "floor", "from": [-5, -5], "to": [5, 20]},
        {"kind": "box", "at": [0.2, 3.0], "width_m": 0.4, "length_m": 0.4, "height_m": 0.5},
        {"kind": "hole", "at": [0.0, 4.5], "width_m": 1.0, "length_m": 1.0, "depth_m": 0.6},
        {"kind": "hanging_sign", "at": [1.5, 3.0], "lift_m": 1.6},
        {"kind": "box", "at": [0.0, -2.0]},
        {"kind": "wall", "from": [-2.0, -1.0], "to": [-2.0, 6.0]},
    ],
    "walk": {"path": [[0, 0], [0, 10]], "speed_mps": 1.0, "gait": {"sway_m": 0.0, "yaw_deg": 0.0}},
}


@pytest.fixture
def scene() -> SimulatedScene:
    return SimulatedScene(SceneSpec.model_validate(SCENE))


def one(scene: SimulatedScene, t: float, kind: str) -> Standing:
    return next(s for s in truth_at(scene, t).standing if s.kind == kind)


def test_things_are_where_they_stand(scene: SimulatedScene) -> None:
    box = one(scene, 0.0, "box")
    assert (box.band, box.distance_m, box.corridor_m) == ("ground", 2.8, 2.8)
    assert box.high_m == pytest.approx(0.5, abs=0.02)
    assert min(d for _, d in box.points) == box.distance_m
    assert all(-5 <= bearing <= 15 for bearing, _ in box.points)
    sign = one(scene, 0.0, "hanging_sign")
    assert sign.band == "head"
    assert sign.corridor_m is None
    assert sign.low_m == pytest.approx(1.6, abs=0.01)


def test_they_come_nearer_as_the_walker_goes(scene: SimulatedScene) -> None:
    frame = truth_at(scene, 1.5)
    assert frame.pose.y == pytest.approx(1.5, abs=0.01)
    assert one(scene, 1.5, "box").distance_m == pytest.approx(1.3, abs=0.02)


def test_an_edge_that_falls_away_has_its_depth(scene: SimulatedScene) -> None:
    drop = one(scene, 0.0, "drop")
    assert (drop.number, drop.band, drop.low_m, drop.corridor_m) == (EDGE, "drop", -0.6, 4.0)


def test_what_lies_behind_or_far_is_left_out_and_the_building_is_not(scene: SimulatedScene) -> None:
    standing = truth_at(scene, 0.0).standing
    assert sum(s.kind == "box" for s in standing) == 1
    wall = one(scene, 0.0, "wall")
    assert wall.number == 0
    assert wall.distance_m == pytest.approx(2.0, abs=0.1)
    assert len(wall.points) > 5


def test_a_written_truth_is_read_back_the_same_and_written_twice_has_the_same_bytes(
    scene: SimulatedScene, tmp_path: Path
) -> None:
    frames = [truth_at(scene, n / 5) for n in range(4)]
    for name in ("a", "b"):
        write_truth(tmp_path / name, scene.camera, 5.0, frames)
    assert read_truth(tmp_path / "a") == frames
    assert read_camera(tmp_path / "a") == (scene.camera, 5.0)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_a_damaged_truth_is_one_sentence(scene: SimulatedScene, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl.gz"
    write_truth(path, scene.camera, 5.0, [truth_at(scene, 0.0)])
    whole = path.read_bytes()
    spoilt = {
        "cut": whole[: len(whole) // 2],
        "spoilt": whole[:30] + b"\xff" * 40 + whole[70:],
        "none": b"",
        "text": b"hello",
        "other": gzip.compress(b'{"schema": "other/1"}\n'),
        "empty": gzip.compress(b"{}\n"),
    }
    for name, data in spoilt.items():
        path.write_bytes(data)
        with pytest.raises(UsageError, match=r"film the scene again\.$"):
            read_truth(path)
            raise AssertionError(name)
    with pytest.raises(UsageError, match="is not there"):
        read_camera(tmp_path / "nothing")
