"""The walk that comes with the program: it decodes, its truth fits it, and it is small."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.ground_truth import truth_at
from edge_nav.lab.sim.scene import load_scene
from edge_nav.record.debrief_hazards import find_hazards
from edge_nav.sources.filmed_walk import SCENE, TRUTH, VIDEO, read_truth
from edge_nav.sources.walk import FOLDER, WalkSource, WalkSourceSettings


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    source = WalkSource(WalkSourceSettings())
    found = []
    while (frame := source.read()) is not None:
        assert frame.depth_m is None
        assert frame.intrinsics == source.intrinsics
        assert frame.t == pytest.approx(frame.index / 10)
        found.append(frame.rgb)
    assert source.skipped == 0
    assert len(found) == source.frame_count
    source.close()
    return found


def test_every_frame_is_a_picture_and_has_its_truth(pictures: list[np.ndarray]) -> None:
    truth = read_truth(FOLDER / TRUTH)
    assert len(pictures) == len(truth)
    assert 60 <= truth[-1].t <= 120
    assert [frame.t for frame in truth] == [round(n / 10, 3) for n in range(len(truth))]
    assert {picture.shape for picture in pictures} == {(360, 480, 3)}
    assert min(picture.std() for picture in pictures) > 20
    assert max(np.abs(a.astype(int) - b).mean() for a, b in pairwise(pictures)) < 60


@pytest.mark.parametrize("damage", [lambda b: b[:5000], lambda b: b[:5000] + b"\xff" * 50 + b[5050:], None])
def test_a_damaged_truth_is_one_sentence_that_says_how_to_restore_it(
    damage: Callable[[bytes], bytes] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (FOLDER / TRUTH).read_bytes()
    shutil.copy(FOLDER / VIDEO, tmp_path)
    shutil.copy(FOLDER / TRUTH, tmp_path)
    monkeypatch.setattr("edge_nav.sources.walk.FOLDER", tmp_path)
    source = WalkSource(WalkSourceSettings())
    (tmp_path / TRUTH).unlink() if damage is None else (tmp_path / TRUTH).write_bytes(damage(data))
    what = "missing" if damage is None else "damaged"
    with pytest.raises(
        UsageError, match=rf"{TRUTH} is {what}: restore it with `git checkout edge_nav/sources/bundled`"
    ):
        source.truth(1.0)
    source.close()


def test_its_camera_and_truth_are_those_of_its_scene() -> None:
    scene = load_scene(FOLDER / SCENE)
    assert WalkSource(WalkSourceSettings()).intrinsics == scene.camera
    truth = read_truth(FOLDER / TRUTH)
    assert len(truth) == round(scene.seconds * 10)
    for number in (20, 300, 640):
        assert truth_at(scene, number / 10) == truth[number]


def test_it_leads_to_every_kind_of_hazard() -> None:
    hazards = find_hazards(read_truth(FOLDER / TRUTH))
    assert {h.band for h in hazards} == {"ground", "body", "head", "drop"}
    kinds = {h.kind for h in hazards}
    assert kinds >= {"box", "wall_cupboard", "person", "chair", "hanging_sign", "table", "glass_door", "tree", "car"}
    assert kinds >= {"bicycle", "pole", "drop", "stairs_up"}
    assert sum(h.kind == "drop" for h in hazards) >= 4


def test_nobody_walks_through_anything() -> None:
    for frame in read_truth(FOLDER / TRUTH):
        for thing in frame.standing:
            if thing.number > 0 and thing.kind not in ("stairs_up", "stairs_down") and thing.low_m < 1.9:
                assert thing.distance_m > 0.3, (frame.t, thing.kind)


def test_it_is_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in (VIDEO, SCENE, TRUTH)) < 15e6
    assert {path.name for path in FOLDER.iterdir()} == {VIDEO, SCENE, TRUTH}
