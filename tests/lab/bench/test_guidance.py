"""Guidance on walks whose truth is known: the table, and what is kept of what was perceived."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_nav.config import Profile
from edge_nav.errors import UsageError
from edge_nav.lab.bench.guidance import bench, row, walked, walks_of
from edge_nav.lab.bench.options import GuidanceBenchOptions
from edge_nav.lab.bench.perceived import PerceivedWalk, read_perceived, write_perceived
from edge_nav.types import Ground, Intrinsics, Motion, Obstacle, Pose, Scene, Standing, TruthFrame

CAMERA = Intrinsics.from_fov(320, 240, 84)
GROUND = Ground((0.0, -0.95, -0.3), 1.4, 0.6)


def obstacle(distance_m: float, number: int = 1) -> Obstacle:
    return Obstacle(
        distance_m,
        0.0,
        0.0,
        -0.2,
        0.2,
        0.0,
        0.9,
        "body",
        True,
        label="chair",
        id=number,
        closing_mps=1.0,
        seen_frames=9,
    )


def approach(seconds: float, start_m: float, things: int = 1) -> PerceivedWalk:
    """Towards a chair at a metre a second, ten frames a second."""
    scenes, truth = [], []
    for n in range(round(seconds * 10)):
        t = n / 10
        gap = start_m - t
        motion = Motion(1.0, 0.02, 1.2, known=True, speed_known=True)
        seen = (obstacle(gap),) if things and gap > 0.3 else ()
        scenes.append(Scene(n, t, seen, GROUND, gap if seen else 6.0, 0.0, motion=motion, names=("chair",)))
        standing = Standing("chair", 4, "body", 0.0, 0.9, abs(gap), gap if gap > 0 else None, ((0, abs(gap)),))
        truth.append(TruthFrame(t, Pose(0.0, t), (standing,)))
    return PerceivedWalk(CAMERA, scenes, truth)


def test_a_walk_is_spoken_by_the_voice_s_rules_and_judged() -> None:
    walk = approach(6.0, 5.5)
    fast, slow = walked(walk, Profile(), 300), walked(walk, Profile(), 120)
    for result in (fast, slow):
        assert [h.kind for h in result.hazards] == ["chair"]
        assert not result.judged("false")
    assert fast.hazards[0].outcome == "in time"
    assert fast.hazards[0].heard_s is not None
    assert slow.hazards[0].heard_s is not None
    assert slow.hazards[0].heard_s > fast.hazards[0].heard_s
    assert slow.speaking_s > fast.speaking_s
    figures = row("chair", 300, walk, fast)
    assert figures["callouts_per_min"] == pytest.approx(len(fast.sentences) / (5.9 / 60))
    assert figures["words_per_min"] == pytest.approx(fast.words / (5.9 / 60))
    assert (figures["in_time"], figures["late"], figures["missed"]) == (1, 0, 0)


def test_what_is_not_there_is_false() -> None:
    walk = approach(6.0, 5.5)
    empty = replace(walk, truth=[replace(frame, standing=()) for frame in walk.truth])
    result = walked(empty, Profile(), 300)
    assert result.hazards == ()
    assert len(result.judged("false")) == len(result.sentences) > 0


def test_perceived_scenes_come_back_as_they_were(tmp_path: Path) -> None:
    walk = approach(1.0, 5.123456789)
    bare = Scene(10, 1.0, (), None, None, None, view="dark")
    walk = replace(walk, scenes=[*walk.scenes, bare])
    write_perceived(tmp_path / "kept", "clear:1", "this one", walk)
    assert read_perceived(tmp_path / "kept", "clear:1", "this one", CAMERA) == walk
    assert read_perceived(tmp_path / "kept", "clear:1", "another", CAMERA) is None
    assert read_perceived(tmp_path / "kept", "clear:2", "this one", CAMERA) is None


@pytest.mark.parametrize("damage", [b"no gzip", gzip.compress(b"no JSON\n"), gzip.compress(b'{"schema": 1')])
def test_damaged_scenes_are_told_of(tmp_path: Path, damage: bytes) -> None:
    write_perceived(tmp_path, "clear:1", "this one", approach(0.5, 5.0))
    (tmp_path / "clear-1.jsonl.gz").write_bytes(damage)
    with pytest.raises(UsageError, match="remove them"):
        read_perceived(tmp_path, "clear:1", "this one", CAMERA)


def test_walks_go_by_name_and_by_group() -> None:
    assert walks_of(()) == ["filmed"]
    assert walks_of(("clear", "clear:2", "filmed")) == [*(f"clear:{n}" for n in range(1, 6)), "filmed"]
    assert walks_of(("tuning",)) == ["place:pavement", "place:home", "place:park"]
    assert walks_of(("kept",)) == ["place:shop", "place:platform", "place:office_night"]
    with pytest.raises(UsageError, match="clear:9 is unknown"):
        walks_of(("clear:9",))


def test_three_seconds_of_a_walk_are_perceived_once_and_judged_twice(tmp_path: Path) -> None:
    pytest.importorskip("mujoco")
    tables: list[dict[str, Any]] = []
    kept: list[int] = []
    for name in ("first", "again"):
        file = tmp_path / f"{name}.json"
        assert bench(GuidanceBenchOptions(("hazard:5",), None, tmp_path / "scenes", 3.0, json_file=file)) == 0
        tables.append(json.loads(file.read_text()))
        kept.append((tmp_path / "scenes" / "hazard-5.jsonl.gz").stat().st_mtime_ns)
    assert tables[0]["rows"] == tables[1]["rows"]
    assert kept[0] == kept[1]
    assert [(r["walk"], r["rate_wpm"], r["seconds"]) for r in tables[0]["rows"]] == [
        ("hazard:5", 200, 2.9),
        ("hazard:5", 300, 2.9),
    ]
    wanted = {"callouts_per_min", "stops_per_min", "words_per_min", "speaking_ratio", "false", "beside_way", "repeats"}
    assert wanted | {"in_time", "late", "missed"} <= set(tables[0]["rows"][0])
