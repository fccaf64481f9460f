"""Walks for judging guidance: what stands in their way is there, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.bench.guidance_walks import CLEAR_S, PLACES, walk_names, walk_spec
from edge_nav.lab.sim.ground_truth import truth_at
from edge_nav.lab.sim.scene import SimulatedScene, load_scene, save_scene
from edge_nav.lab.sim.split import split_of
from edge_nav.record.debrief_hazards import FACED_M, FacedHazard, find_hazards

ROUND_S = (51.0, 58.0)
"""When a hazard in the middle of a clear walk is met."""
MET = {1: "box", 2: "chair", 3: "bicycle", 4: "drop", 5: "hanging_sign"}


def hazards(name: str, from_s: float, until_s: float, hz: float) -> tuple[list[FacedHazard], int]:
    """What is headed for in a part of a walk, and how often anything at all is in the corridor."""
    scene = SimulatedScene(walk_spec(name))
    truth = [truth_at(scene, from_s + n / hz) for n in range(int((until_s - from_s) * hz) + 1)]
    near = [s for f in truth for s in f.standing if s.corridor_m is not None and s.corridor_m <= FACED_M]
    return find_hazards(truth), len(near)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_one_thing_is_in_the_way_of_a_clear_walk_that_got_one(number: int) -> None:
    found, _ = hazards(f"hazard:{number}", *ROUND_S, 4)
    assert [h.kind for h in found] == [MET[number]]
    assert 53.0 <= found[0].needed_s <= 57.0
    assert found[0].nearest_m <= 1.5  # as near as one needs to stop


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_nothing_is_in_the_way_of_a_clear_one(number: int) -> None:
    assert hazards(f"clear:{number}", *ROUND_S, 2) == ([], 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_nothing_is_in_the_way_of_the_whole_of_a_clear_one(number: int) -> None:
    assert hazards(f"clear:{number}", 0.0, CLEAR_S, 5) == ([], 0)
    found, _ = hazards(f"hazard:{number}", 0.0, CLEAR_S, 5)
    assert len(found) == 1


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_each_place_has_hazards_of_several_kinds(place: str) -> None:
    scene = SimulatedScene(walk_spec(f"place:{place}"))
    found, _ = hazards(f"place:{place}", 0.0, scene.seconds, 5)
    assert len({h.kind for h in found}) >= 5


def test_a_clear_walk_and_its_hazard_are_the_same_but_for_it() -> None:
    for number in range(1, 6):
        clear, hazard = walk_spec(f"clear:{number}"), walk_spec(f"hazard:{number}")
        assert len(hazard.things) == len(clear.things) + 1
        assert hazard.things[: len(clear.things)] == clear.things
        assert clear.seconds == CLEAR_S


def test_three_places_tune_and_three_are_kept() -> None:
    splits = {name: split_of(seed) for name, seed in PLACES.items()}
    assert [n for n, split in splits.items() if split == "validation"] == ["pavement", "home", "park"]
    assert [n for n, split in splits.items() if split == "test"] == ["shop", "platform", "office_night"]
    assert len(walk_names()) == 16


def test_walks_are_always_the_same_and_scenes_as_a_person_writes_them(tmp_path: Path) -> None:
    for name in ("clear:2", "hazard:3", "place:park", "place:shop"):
        spec = walk_spec(name)
        assert spec == walk_spec(name)
        save_scene(spec, tmp_path / "scene.yaml")
        assert load_scene(tmp_path / "scene.yaml").spec == spec
        assert SimulatedScene(spec).seconds <= CLEAR_S


def test_an_unknown_walk_is_told_of() -> None:
    with pytest.raises(UsageError, match="walk place:moon is unknown"):
        walk_spec("place:moon")
