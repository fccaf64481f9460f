from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.families import generate
from edge_nav.lab.sim.scene import SceneSpec, SimulatedScene, load_scene, parse_scene, save_scene
from edge_nav.lab.sim.source import open_scene
from edge_nav.lab.sim.split import split_of

SHORT = "things: [{kind: chair, at: [0.5, 4]}, {kind: stairs_down, at: [0, 9], steps: 8}]"


def scene(text: str) -> SimulatedScene:
    return SimulatedScene(parse_scene(text, "test"))


def test_two_lines_are_a_scene() -> None:
    made = scene(SHORT)
    assert made.names == ["chair", "stairs_down"]
    assert {s.instance for s in made.world(0).still} == {0, 1, 2}
    assert made.seconds == pytest.approx(8 / 1.15 + 1, abs=0.01)
    assert made.goal == (0.0, 8.0)
    assert made.camera.width == 640
    assert made.tops.height(0, 8.9) == 0.0
    assert made.tops.height(0, 9.1) == pytest.approx(-0.17)
    assert made.tops.height(0, 12.0) == pytest.approx(-8 * 0.17)


def test_the_ground_is_the_same_whatever_was_asked_before() -> None:
    text = "things: [{kind: stairs_up, at: [0, 3]}, {kind: stairs_down, at: [0, 9]}]\nwalk: {path: [[0, 0], [0, 16]]}"
    forward, back, once = (SimulatedScene(parse_scene(text, "here")) for _ in range(3))
    times = [n * 0.37 for n in range(45)]
    poses = [forward.pose(t) for t in times]
    assert poses == [back.pose(t) for t in reversed(times)][::-1]
    assert poses[30] == once.pose(times[30])
    assert len({pose.height_m for pose in poses}) > 30


def test_of_a_path_only_what_is_walked_is_looked_at() -> None:
    path = [[200, 200] if n % 2 else [-200, -200] for n in range(500)]
    made = SimulatedScene(parse_scene(f"walk: {{path: {path}, speed_mps: 0.3}}", "here"))
    looked = []
    height = made.tops.height
    made.tops.height = lambda *at: (looked.append(at), height(*at))[1]  # type: ignore[method-assign]
    made.pose(made.seconds)
    assert 3600 < len(looked) < 3700  # 180 of 282,000 m


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("things: []\nthings: []", "not YAML in line 2: things is there twice"),
        ("things: [{kind: floor, from: [0, 0], to: [0, 5]}]", "has no area; give two corners across"),
        ("things: [{kind: wall, from: [1, 1], to: [1, 1]}]", "has no length; give two points"),
        (
            "things: [{kind: wall, from: [0, 0], to: [2, 0], openings: [{at: 3}]}]",
            "at 3 lies beyond the wall; give 0.45 to 1.55",
        ),
        (
            "things: [{kind: wall, from: [0, 5], to: [1, 5], openings: [{at: 0.5, width_m: 10}]}]",
            "width_m 10 is wider than the wall; give at most 1.00",
        ),
        (
            "things: [{kind: wall, from: [0, 5], to: [6, 5], openings: [{type: window, at: 3, sill_m: 5}]}]",
            "sill_m 5 is too high; give at most 2.50",
        ),
        (
            "things: [{kind: room, from: [-1, -1], to: [1, 12], openings: {ahead: [{at: 50}]}}]",
            "at 50 lies beyond the wall; give -0.55 to 0.55",
        ),
        (
            "things: [{kind: room, from: [-1, -1], to: [1, 12], openings: {left: [{at: -0.9}]}}]",
            "at -0.9 lies beyond the wall; give -0.55 to 11.55",
        ),
        (
            "things: [{kind: room, from: [1, 12], to: [-1, -1], openings: {back: [{at: 0, sill_m: 2.58}]}}]",
            "sill_m 2.58 is too high",
        ),
        ("things: [{kind: chiar, at: [0, 1]}]", "chiar is unknown; use one of"),
        ("things: [{at: [0, 1]}]", "has no kind"),
        ("things: [{kind: chair}]", "at is missing"),
        ("things: [{kind: chair, at: [0, 1], colour: red}]", "colour is not a setting"),
        ("things: [{kind: chair, at: [0, .inf]}]", "not allowed"),
        ("things: [{kind: chair, at: [0, 1000]}]", "not allowed"),
        ("things: [{kind: stairs_down, at: [0, 1], heading_deg: 45}]", "multiple of 90"),
        ("seed: 1000000", "seed"),
        ("seed: -1", "seed"),
        ("things: [", "not YAML in line"),
        ("just words", "holds no settings"),
        ("", "holds no settings"),
        ("seconds: 0", "seconds"),
        ("walk: {path: []}", "path"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scene(text, "place.yaml")
    message = str(caught.value)
    assert said in message
    assert message.startswith("scene place.yaml")
    assert message.endswith(".")
    assert "\n" not in message


def test_a_file_that_is_missing_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_scene(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_scene(tmp_path / "bytes.yaml")


@pytest.mark.parametrize(
    "name", ["corridor:-1", "corridor", "Corridor:7", "~nobody-of-this-name/x.yaml", "corridor:" + 300 * "7"]
)
def test_a_scene_that_is_not_here_is_told_with_both_ways_to_name_one(name: str) -> None:
    with pytest.raises(UsageError, match=r"is not here; give the path .* or FAMILY:SEED, such as corridor:7"):
        open_scene(name)


def test_a_path_over_no_ground_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "scene.yaml"
    file.write_text("things: [{kind: floor, from: [50, 50], to: [51, 51]}]\nwalk: {path: [[0, 0], [0, 5]]}\n")
    with pytest.raises(UsageError, match=r"begins at \[0.0, 0.0\], over no ground; lay a floor there"):
        load_scene(file)


@pytest.mark.parametrize("family", ["corridor", "interior", "pavement", "stairs"])
def test_a_saved_scene_is_the_same_scene(family: str, tmp_path: Path) -> None:
    spec = generate(family, 17)
    save_scene(spec, tmp_path / "s.yaml")
    back = load_scene(tmp_path / "s.yaml")
    assert back.spec == spec
    assert back.world(1.0).still == SimulatedScene(spec).world(1.0).still
    assert [p.name for p in tmp_path.iterdir()] == ["s.yaml"]


@pytest.mark.parametrize(
    ("seed", "split"), [(0, "train"), (899_999, "train"), (900_000, "validation"), (950_000, "test"), (999_999, "test")]
)
def test_the_seed_tells_the_split(seed: int, split: str) -> None:
    assert split_of(seed) == split


@pytest.mark.parametrize("seed", [-1, 1_000_000])
def test_impossible_seeds_are_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        generate("corridor", seed)


def test_an_unknown_family_lists_those_known() -> None:
    with pytest.raises(UsageError, match="corridor, interior, pavement, stairs"):
        generate("forest", 1)


def test_still_is_one_object_and_only_people_move() -> None:
    made = scene("things: [{kind: person, at: [2, 3], way: [[-2, 3]], speed_mps: 1.0}, {kind: chair, at: [3, 8]}]")
    early, late = made.world(0.5), made.world(2.5)
    assert early.still is late.still
    assert {s.instance for s in early.moving} == {1}
    assert {s.instance for s in early.still} == {0, 2}
    middles = [np.mean([s.centre[0] for s in w.moving]) for w in (early, late)]
    assert middles[0] - middles[1] == pytest.approx(2.0, abs=0.15)
    # 4 m there, and back again.
    assert np.mean([s.centre[0] for s in made.world(8.0).moving]) == pytest.approx(2.0, abs=0.15)


def test_the_walker_keeps_to_the_path_at_the_speed_and_stands_at_its_end() -> None:
    made = scene("walk: {path: [[0, 0], [0, 4], [3, 4]], speed_mps: 1.0}")
    assert math.hypot(made.pose(2.0).x, made.pose(2.0).y - 2.0) < 0.03
    assert abs(made.pose(1.0).heading_deg) < 3
    assert made.pose(6.0).heading_deg == pytest.approx(90, abs=3)
    end = made.pose(60.0)
    assert (end.x, end.y, end.height_m, end.pitch_deg) == pytest.approx((3.0, 4.0, 1.4, 15.0))
    assert made.pose(60.0) == made.pose(80.0)


def test_who_has_times_is_there_at_them_and_stands_in_between() -> None:
    made = scene("walk: {path: [[0, 0], [0, 2], [0, 2], [0, 3]], times_s: [1, 3, 8, 9], gait: {bob_m: 0.1}}")
    assert made.seconds == 10.0
    assert [made.pose(t).y for t in (0.0, 1.0, 2.0, 5.0, 8.5, 20.0)] == pytest.approx([0, 0, 1, 2, 2.5, 3])
    assert len({made.pose(t).height_m for t in np.arange(3.5, 7.5, 0.1)}) == 1  # nobody bobs who stands
    assert len({made.pose(t).height_m for t in np.arange(1.5, 2.5, 0.1)}) > 5
    for times, told in (("[0, 1]", "2 entries and path 3"), ("[0, 2, 2]", "must grow"), ("[0, 1, 601]", "600")):
        with pytest.raises(UsageError, match=told):
            scene(f"walk: {{path: [[0, 0], [0, 1], [0, 2]], times_s: {times}}}")


def test_a_gait_bobs_sways_and_nods_within_its_amplitudes() -> None:
    made = scene("walk: {path: [[0, 0], [0, 20]], gait: {bob_m: 0.02, sway_m: 0.01, pitch_deg: 2, yaw_deg: 0}}")
    poses = [made.pose(t) for t in np.arange(1, 10, 0.02)]
    for values, middle, reach in (
        ([p.height_m for p in poses], 1.4, 0.02),
        ([p.x for p in poses], 0.0, 0.01),
        ([p.pitch_deg for p in poses], 15.0, 2.0),
    ):
        assert max(values) == pytest.approx(middle + reach, abs=reach * 0.05)
        assert min(values) == pytest.approx(middle - reach, abs=reach * 0.05)


def test_the_camera_goes_down_with_the_stairs() -> None:
    made = scene("things: [{kind: stairs_down, at: [0, 3], steps: 6}]\nwalk: {path: [[0, 0], [0, 6]], speed_mps: 1.0}")
    heights = [made.pose(t).height_m for t in np.arange(0, 6, 0.05)]
    assert heights[-1] == pytest.approx(1.4 - 6 * 0.17, abs=0.03)
    assert max(abs(a - b) for a, b in pairwise(heights)) < 0.06


def test_the_shortest_way_goes_round_what_is_in_the_way() -> None:
    free = scene("walk: {path: [[0, 0], [0, 6]]}").solvable_path
    assert free is not None
    assert free.length_m == free.straight_m == 6.0
    round_it = scene("things: [{kind: box, at: [0, 3], width_m: 2, length_m: 0.5}]\nwalk: {path: [[0, 0], [0, 6]]}")
    way = round_it.solvable_path
    assert way is not None
    # Tangents to corners 0.25 m beyond the box: 2 * hypot(1.25, 2.5) + 1.0, less what rounding the corners saves.
    assert way.length_m == pytest.approx(2 * math.hypot(1.25, 2.5) + 1.0, abs=0.25)


@pytest.mark.parametrize(
    "across",
    [
        "{kind: wall, from: [-30, 3], to: [30, 3]}",
        "{kind: floor, from: [-30, 3], to: [30, 3.5], level_m: -0.12}",
        "{kind: hanging_sign, at: [0, 3], width_m: 4, lift_m: 1.7},{kind: wall, from: [-30, 3], to: [-1.9, 3]},"
        "{kind: wall, from: [1.9, 3], to: [30, 3]}",
    ],
)
def test_walls_edges_and_low_beams_cannot_be_passed(across: str) -> None:
    ground = "{kind: floor, from: [-30, -9], to: [30, 30]}"
    assert scene(f"things: [{ground}, {across}]\nwalk: {{path: [[0, 0], [0, 6]]}}").solvable_path is None
    assert scene(f"things: [{ground}]\nwalk: {{path: [[0, 0], [0, 6]]}}").solvable_path is not None


def test_a_door_lets_pass_when_it_is_open() -> None:
    def way(open_deg: int) -> object:
        door = f"{{at: 2, open_deg: {open_deg}}}"
        walls = (
            f"things: [{{kind: wall, from: [-2, 3], to: [2, 3], openings: [{door}]}},"
            "{kind: wall, from: [-30, 3], to: [-2, 3]}, {kind: wall, from: [2, 3], to: [30, 3]}]\n"
        )
        return scene(walls + "walk: {path: [[0, 0], [0, 6]]}").solvable_path

    assert way(0) is None
    assert way(95) is not None


def test_another_seed_changes_finishes_but_not_places() -> None:
    one, other = (
        SimulatedScene(
            SceneSpec.model_validate({"seed": s, "things": [{"kind": "floor", "from": [0, 0], "to": [4, 4]}]})
        )
        for s in (1, 2)
    )
    a, b = one.world(0).still[0], other.world(0).still[0]
    assert a.material != b.material
    assert replace(a, material=b.material) == b
