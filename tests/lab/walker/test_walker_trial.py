from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner
from world import box, frame, render

from edge_nav.bundle import SHIPPED
from edge_nav.cli import app
from edge_nav.errors import UsageError
from edge_nav.lab.bench.options import WalkerOptions
from edge_nav.lab.bench.walker import bootstrap_95, conditions_of, row, scenes_of, wilson_95
from edge_nav.lab.sim.source import open_scene
from edge_nav.lab.sim.split import TEST_FROM, split_of
from edge_nav.lab.walker.aid import Aid, AudioCue
from edge_nav.lab.walker.runs import Condition, Job, make_aid, run_jobs, walk
from edge_nav.lab.walker.trial import CAMERA, WalkResult
from edge_nav.types import Callout, Priority

SCENE = """
family: pavement
seed: 950000
things:
  - {kind: box, at: [0.0, 3.5]}
walk: {path: [[0, 0], [0, 5.5]]}
"""
BASELINE = SHIPPED.parents[1] / "docs" / "walker_baseline.json"
ALONE, GUIDED = Condition("no aid"), Condition("true depth", "true")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("mujoco")
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer

    try:
        MujocoRenderer().close()
    except UsageError as e:
        pytest.skip(str(e))
    path = tmp_path_factory.mktemp("scene") / "box.yaml"
    path.write_text(SCENE, encoding="utf-8")
    return str(path)


def callout(n: int, priority: Priority, text: str, t: float, key: str = "") -> Callout:
    return Callout(n, "obstacle", priority, text, key or str(n), t, t + 2.0)


def heard(aid: Aid, until: float, began: float = 0.0) -> list[tuple[float, AudioCue]]:
    steps = [began + 0.05 * n for n in range(round((until - began) / 0.05))]
    return [(round(t, 2), h) for t in steps for h in aid.hear(t)]


def test_words_take_their_time_and_the_tone_is_heard_before_them() -> None:
    aid = make_aid(GUIDED)
    aid.queue.put(callout(1, "stop", "Stop. Obstacle ahead, one metre.", 0.0))
    (first, stop), (last, rest) = heard(aid, 3.0)
    assert (stop, rest) == (AudioCue("stop", ""), AudioCue("stop", "Stop. Obstacle ahead, one metre."))
    assert first == pytest.approx(0.13, abs=0.05)
    assert last == pytest.approx(0.13 + 5 * 0.2, abs=0.05)  # 300 words a minute


def test_what_is_cut_is_heard_up_to_there() -> None:
    aid = make_aid(GUIDED)
    aid.queue.put(callout(1, "caution", "Obstacle ahead, three metres.", 0.0))
    early = heard(aid, 0.6)
    aid.queue.put(callout(2, "stop", "Stop. Drop-off ahead, one metre.", 0.6))
    later = heard(aid, 3.0, 0.6)
    assert [h for _, h in early] == [AudioCue("caution", "")]
    assert later[0][1] == AudioCue("caution", "Obstacle ahead,")
    assert later[-1][1].text.startswith("Stop. Drop-off")


def test_a_stop_that_fell_away_before_it_was_heard_is_decided_again() -> None:
    aid = make_aid(GUIDED)
    said: list[float] = []
    free, blocked = (
        render([], camera=CAMERA, pitch_deg=20),
        render([box(0, 0.9, 0, 0.6, 0.3, 1.2)], camera=CAMERA, pitch_deg=20),
    )
    for n in range(12):
        depth = free if n == 3 else blocked  # lost for one frame, just when it would have been spoken
        said += [c.t for c in aid.see(frame(depth, n, camera=CAMERA)) if c.priority == "stop"]
        if n == 3:
            assert heard(aid, 0.4, 0.3) == []
    assert len(said) == 2
    assert said[1] - said[0] < 0.6


def test_a_question_without_a_picture_has_an_answer_all_the_same() -> None:
    aid = make_aid(GUIDED)
    aid.ask("free_way", 0.0)
    told = heard(aid, 5.0)
    assert [h.priority for _, h in told] == ["answer"]
    assert "can't tell" in told[0][1].text
    assert told[0][0] > 1.8


def test_whoever_is_guided_and_has_a_cane_passes_the_box(scene: str) -> None:
    guided = walk(Job(scene, Condition("true depth, cane", "true", cane=True)))
    assert guided.goal
    assert guided.accidents == 0
    assert guided.stops > 0


def test_guidance_spares_the_walker_the_box_that_they_run_into_alone(scene: str) -> None:
    alone, guided = walk(Job(scene, ALONE)), walk(Job(scene, GUIDED))
    assert alone.ground > 0
    assert guided.accidents == 0
    assert guided.goal
    assert guided.stops > 0
    assert guided.callouts > guided.stops
    assert alone.callouts == 0
    assert guided.shortest_m == pytest.approx(5.6, abs=0.2)
    figures = row("true depth", [guided], 10.0)
    assert (figures["collisions_per_100m"], figures["fewer_rate"], figures["goal_rate"]) == (0.0, 1.0, 1.0)
    assert figures["stops_per_min"] == pytest.approx(60 * guided.stops / guided.seconds)


def test_the_same_walk_ends_the_same(scene: str) -> None:
    assert walk(Job(scene, ALONE)) == walk(Job(scene, ALONE))
    assert [Job(name, ALONE).seed for name in ("pavement:950012", "walks/some.yaml")] == [950012, 0]


def walked(metres: float, falls: int, *, goal: bool = True) -> WalkResult:
    return WalkResult(goal, True, 60.0, metres, 10.0, falls=falls)


def test_intervals_hold_the_figure_and_narrow_with_more_scenes() -> None:
    few = [walked(10.0, n % 3) for n in range(6)]
    many = few * 20
    (low, high), (lower, higher) = bootstrap_95(many), bootstrap_95(few)
    assert low is not None and high is not None and lower is not None and higher is not None
    assert lower < low < 10.0 < high < higher
    assert bootstrap_95(few) == (lower, higher)  # from a fixed seed
    assert bootstrap_95([walked(0.0, 0)]) == (None, None)


def test_wilsons_interval_is_the_published_one() -> None:
    assert wilson_95(10, 10) == pytest.approx((0.722, 1.0), abs=0.001)  # Brown, Cai and DasGupta, 2001
    assert wilson_95(1, 10) == pytest.approx((0.018, 0.404), abs=0.001)
    assert wilson_95(0, 0) == (None, None)


def test_a_run_that_was_cut_short_goes_on(scene: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    jobs = [Job(scene, c) for c in (ALONE, Condition("cane alone", cane=True))]
    first = run_jobs(jobs[:1], 1, kept, lambda _: None)
    with kept.open("a", encoding="utf-8") as file:
        file.write('{"job": "cut sho')
    counted: list[int] = []
    both = run_jobs(jobs, 1, kept, counted.append)
    assert counted == [1, 2]
    assert both[jobs[0]] == first[jobs[0]]
    assert set(both) == set(jobs)
    assert run_jobs(jobs, 1, kept, lambda _: None) == both
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("held", ['{"rows": []}\n', "\x00\x01 no walks", "a,b\n1,2\n"])
def test_a_file_of_something_else_is_left_as_it_is(scene: str, tmp_path: Path, held: str) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(held, encoding="utf-8")
    with pytest.raises(UsageError, match="holds something else than walks"):
        run_jobs([Job(scene, ALONE)], 1, kept, lambda _: None)
    assert kept.read_text(encoding="utf-8") == held


@pytest.mark.skipif(not BASELINE.exists(), reason="the long run has not been made yet")
def test_the_baseline_that_comes_along_has_its_figures() -> None:
    assert BASELINE.stat().st_size < 100_000
    rows = json.loads(BASELINE.read_text(encoding="utf-8"))["rows"]
    assert rows[0]["condition"] == "no aid"
    for figures in rows:
        assert figures["accidents_per_100m_low"] <= figures["accidents_per_100m"] <= figures["accidents_per_100m_high"]
        assert figures["goal_rate_low"] <= figures["goal_rate"] <= figures["goal_rate_high"]


def test_scenes_are_of_the_test_split_and_conditions_as_asked() -> None:
    names = scenes_of(WalkerOptions(scenes=50))
    assert len(names) == 200
    assert all(split_of(int(n.partition(":")[2])) == "test" for n in names)
    assert len(scenes_of(WalkerOptions())) == 4
    assert scenes_of(WalkerOptions(scenes=1, only=("stairs",))) == [f"stairs:{TEST_FROM}"]
    many = scenes_of(WalkerOptions(only=("corridor:900000-900002", "stairs:7")))
    assert many == ["corridor:900000", "corridor:900001", "corridor:900002", "stairs:7"]
    with pytest.raises(UsageError, match="LAST not before FIRST"):
        scenes_of(WalkerOptions(only=("corridor:9-3",)))
    twice = WalkerOptions(only=("stairs", "corridor:7", "stairs", f"stairs:{TEST_FROM}", "corridor:6-7"))
    assert scenes_of(twice) == [f"stairs:{TEST_FROM}", "corridor:7", "corridor:6"]
    both = scenes_of(WalkerOptions(only=("stairs", "corridor:7"), scenes=2))
    assert both == [f"stairs:{TEST_FROM}", f"stairs:{TEST_FROM + 1}", "corridor:7"]
    conditions = conditions_of(WalkerOptions(fps=(5.0, 10.0, 20.0, 5.0), latency_s=(0.0, 0.3, 0.3)))
    for depth, name in (("true", "true depth"), ("bundle", "bundle nano")):
        tried = [c for c in conditions if c.depth == depth and not c.cane]
        assert [c.name.removeprefix(name) for c in tried] == ["", ", 5 fps", ", 20 fps", ", +300 ms"]
        assert [(c.fps, c.latency_s) for c in tried] == [(10, 0), (5, 0), (20, 0), (10, 0.3)]
    with_cane = [c.name for c in conditions_of(WalkerOptions()) if c.cane]
    assert with_cane == ["cane alone", "true depth, cane", "bundle nano, cane"]
    assert [c.name for c in conditions_of(WalkerOptions(conditions=("bundle nano, cane",)))] == ["bundle nano, cane"]
    assert [c.name for c in conditions_of(WalkerOptions(conditions=("cane alone",)))] == ["cane alone"]
    with pytest.raises(UsageError, match=r"'dog' is unknown: use one of 'no aid', .*'true depth, cane', 'bundle nano'"):
        conditions_of(WalkerOptions(conditions=("dog",)))
    with pytest.raises(UsageError, match="nowhere"):
        conditions_of(WalkerOptions(bundle="nowhere"))


def test_a_network_that_is_spoilt_is_told_before_walking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SHIPPED / "nano", tmp_path / "models" / "bundles" / "nano")
    (tmp_path / "models" / "bundles" / "nano" / "depth.onnx").write_bytes(b"spoilt")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="6 bytes instead of"):
        conditions_of(WalkerOptions(conditions=("bundle nano",)))
    assert conditions_of(WalkerOptions(conditions=("no aid",))) == [Condition("no aid")]


def test_the_verb_writes_its_figures(scene: str, tmp_path: Path) -> None:
    json_file = tmp_path / "walker.json"
    done = CliRunner().invoke(
        app, ["bench", "walker", "--only", scene, "--condition", "no aid", "--json", str(json_file)]
    )
    assert done.exit_code == 0, done.output
    data = json.loads(json_file.read_text(encoding="utf-8"))
    assert data["rows"][0]["condition"] == "no aid"
    assert data["rows"][0]["collisions_per_100m"] > 0
    assert "cpu" in data["machine"]
    assert " 1 scene;" in done.output


def test_a_folder_that_cannot_be_written_is_told_before_walking(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "walker", "--keep", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "--keep" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fps", "0"], "--fps = 0 is not allowed: give 1 to 20"),
        (["--fps", "nan"], "--fps = nan is not allowed"),
        (["--latency", "-1"], "--latency = -1 is not allowed: give 0 to 10"),
        (["--scenes", "100000000"], "give 1 to 50000"),
        (["--only", "corridor:1-99999999999"], "not above 999999"),
        (["--only", "nowhere.yaml"], "nowhere.yaml is not here"),
        (["--only", ""], "--only '' names no scene: give a family"),
        (["--only", "corridor:1000000"], "scene seed 1000000 does not exist"),
        (["--fps", "30"], "--fps = 30 is not allowed: give 1 to 20"),  # a walk's ticks are 50 ms
        (["--scenes", "3"], "says which scenes: leave out --scenes"),
        (["--keep", "FILE", "--json", "FILE"], "give two files"),
    ],
)
def test_what_cannot_be_walked_is_told_before_walking(arguments: list[str], told: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    begun = ["bench", "walker", "--only", f"corridor:{TEST_FROM}", "--condition", "no aid"]
    done = CliRunner().invoke(app, [*begun, *(str(file) if a == "FILE" else a for a in arguments)])
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
    assert file.read_text(encoding="utf-8") == ""


def test_bad_usage_leaves_no_empty_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    done = CliRunner().invoke(app, ["bench", "walker", "--only", "nowhere.yaml", "--keep", str(kept)])
    assert isinstance(done.exception, UsageError)
    assert not kept.exists()


def test_scenes_open_by_name(scene: str) -> None:
    assert open_scene(scene).solvable_path is not None
