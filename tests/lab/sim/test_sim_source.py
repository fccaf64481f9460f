from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.source import SimSource, SimSourceSettings, open_scene
from edge_nav.record.read import read_log
from edge_nav.sources.spec import open_source, parse_source, source_name

SCENE = """
family: corridor
seconds: 3.0
camera: {width: 160, height: 120}
things:
  - {kind: person, at: [0.0, 3.5]}
walk: {path: [[0, 0], [0, 3]]}
"""


@pytest.fixture(scope="module", autouse=True)
def _drawing() -> None:
    pytest.importorskip("mujoco")
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer

    try:
        MujocoRenderer().close()
    except UsageError as e:
        pytest.skip(str(e))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "street.yaml"
    path.write_text(SCENE, encoding="utf-8")
    return path


def test_a_scene_plays_like_a_recording(scene: Path) -> None:
    settings = parse_source(f"sim:{scene}")
    assert source_name(settings) == f"sim:{scene}"
    source = open_source(settings, SimSource)
    frames = [source.read() for _ in range(31)]
    assert (source.live, source.frame_count, source.skipped) == (False, 30, 0)
    assert frames[-1] is None
    shown = [f for f in frames if f is not None]
    assert [f.index for f in shown] == list(range(30))
    assert np.allclose([f.t for f in shown], np.arange(30) / 10)
    assert shown[0].rgb.shape == (120, 160, 3)
    # Who stands there comes closer at walking speed; the floor in these rows is farther.
    near = [float(np.nanmin(f.depth_m[20:60, 60:100])) for f in (shown[0], shown[20]) if f.depth_m is not None]
    assert near[0] - near[1] == pytest.approx(2.3, abs=0.4)
    source.close()
    assert source.read() is None


def test_the_same_scene_gives_the_same_frames_and_another_noise_another_depth(scene: Path) -> None:
    def third(**changes: float) -> tuple[np.ndarray, np.ndarray]:
        source = SimSource(SimSourceSettings.model_validate({"scene": str(scene), **changes}))
        frame = [source.read() for _ in range(3)][-1]
        source.close()
        assert frame is not None
        assert frame.depth_m is not None
        return frame.rgb, frame.depth_m

    (rgb, depth), (rgb_again, depth_again), (_, exact) = third(), third(), third(depth_noise=0.0)
    assert np.array_equal(rgb, rgb_again)
    assert np.array_equal(depth, depth_again, equal_nan=True)
    assert not np.array_equal(depth, exact, equal_nan=True)


def test_a_family_and_seed_is_a_scene() -> None:
    assert open_scene("corridor:7").spec == open_scene("corridor:7").spec
    assert open_scene("corridor:7").spec.seed == 7


def test_a_file_of_that_name_comes_first(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scene.parent)
    scene.rename(scene.with_name("corridor:7"))
    assert open_scene("corridor:7").seconds == 3.0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.yaml", "is not here"),
        ("castle:3", "castle"),
        ("corridor:99999999999", "99999999999"),
    ],
)
def test_a_scene_that_cannot_be_had_is_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as e:
        open_source(parse_source(f"sim:{name}"), SimSource)
    assert "\n" not in str(e.value)


def test_walking_through_a_scene_twice_gives_the_same_log(scene: Path, tmp_path: Path) -> None:
    def walk(name: str) -> list[dict[str, object]]:
        log = tmp_path / name
        command = [
            "main.py",
            "run",
            "--source",
            f"sim:{scene}",
            "--headless",
            "--as-fast-as-possible",
            "--log",
            str(log),
        ]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        timed = ("wall", "stage_ms", "latency_ms")
        records = read_log(log).records
        assert [r["type"] for r in records[-2:]] == ["debrief", "summary"]  # both hold times that were measured
        return [{k: v for k, v in r.items() if k not in timed} for r in records[:-2]]

    first, again = walk("a.jsonl"), walk("b.jsonl")
    assert first == again
    kinds = [r["priority"] for r in first if r["type"] == "callout"]
    assert "stop" in kinds
    assert sum(r["type"] == "scene" for r in first) == 30
