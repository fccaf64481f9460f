from __future__ import annotations

import json
from typing import Any

import pytest
from golden.walks import FOLDER, REAL, SHARED, SYNTHETIC, walk

DISTANCE_M, BEARING_DEG = 0.03, 3.0
"""Another processor adds up in another order: figures may move by this, words not at all."""


@pytest.mark.parametrize("name", [*SYNTHETIC, *REAL])
def test_a_walk_goes_as_it_went(name: str) -> None:
    if name in REAL and not (SHARED / name).is_dir():
        pytest.skip("real recordings are not here: ../shared/data is absent")
    was = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    now = walk(name)
    assert [r for r in now if "text" in r] == [r for r in was if "text" in r]
    assert len(now) == len(was)
    for a, b in zip(was, now, strict=True):
        _same(a, b, name)


def _same(was: Any, now: Any, path: str) -> None:
    if isinstance(was, dict) and isinstance(now, dict):
        assert was.keys() == now.keys(), path
        for key in was:
            _same(was[key], now[key], f"{path} {was.get('t', '')} {key}")
    elif isinstance(was, float) and isinstance(now, float):
        assert now == pytest.approx(was, abs=BEARING_DEG if path.endswith("deg") else DISTANCE_M), path
    else:
        assert now == was, path


def test_the_golden_walks_say_what_they_were_made_for() -> None:
    kinds = {}
    for name in SYNTHETIC:
        lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        kinds[name] = {r["kind"] for r in map(json.loads, lines) if "text" in r}
    assert kinds["empty_corridor"] == set()
    assert "low_obstacle" in kinds["box_on_the_right"]
    assert "head" in kinds["branch_at_head_height"]
    assert "overhang" in kinds["table_edge"]
    assert "obstacle" in kinds["pole"]
    assert "step_down" in kinds["kerb"]
    assert "stairs_down" in kinds["stairs_down"]
    assert "stairs_up" in kinds["stairs_up"]
