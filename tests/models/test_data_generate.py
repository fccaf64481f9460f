from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from models_frames import write_frames
from starting import wait_for_worker
from typer.testing import CliRunner

from edge_nav.errors import UsageError
from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
from edge_nav.lab.sim.scene import load_scene
from edge_nav.lab.sim.shapes import Rendered
from models.data import generate
from models.data.__main__ import app
from models.data.classes import classified
from models.data.dataset import list_frames, read_frame
from models.data.generate import generate_frames
from models.data.layout import Dataset, claim, complete_scenes, encode, read_lines, read_picture, write_frame
from models.data.verify import verify
from models.lock import alone

REPO = Path(__file__).resolve().parents[2]
FAST = Dataset(renderer="mujoco", frames_per_scene=2)


@pytest.fixture(scope="module")
def has_mujoco() -> None:
    try:
        MujocoRenderer().close()
    except UsageError as e:
        pytest.skip(str(e))


@pytest.fixture(scope="module")
def frames(has_mujoco: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of two frames; tests only read them."""
    root = tmp_path_factory.mktemp("frames") / "fast"
    tally = generate_frames(FAST, root, range(4, 6), workers=2)
    assert (tally.scenes, tally.frames, tally.skipped) == (2, 4, [])
    return root


@pytest.fixture
def copied(frames: Path, tmp_path: Path) -> Iterator[Path]:
    import shutil

    yield Path(shutil.copytree(frames, tmp_path / "copy"))


def hashes(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != ".lock")
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_scene_is_a_folder_of_pictures_with_poses_and_hashes(frames: Path) -> None:
    assert complete_scenes(frames) == [4, 5]
    said = json.loads((frames / "dataset.json").read_text(encoding="utf-8"))
    assert said == {
        "schema": "edge-nav/frames/1",
        "renderer": "mujoco",
        "width": 320,
        "height": 240,
        "samples": 3,
        "frames_per_scene": 2,
        "generator": 5,
    }
    folder = frames / "s000004"
    assert load_scene(folder / "scene.yaml").spec.seed == 4
    lines = read_lines(folder)
    assert [line.frame for line in lines] == [0, 1]
    for line in lines:
        assert (line.intrinsics.width, line.intrinsics.height) == (320, 240)
        assert 0.5 < line.pose.height_m < 3.0
        for name, kind in (("rgb", np.uint8), ("depth", np.uint16), ("label", np.uint8), ("instance", np.uint16)):
            path = folder / f"{line.frame:02d}.{name}.png"
            assert hashlib.sha256(path.read_bytes()).hexdigest() == line.sha256[name]
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            assert picture.dtype == kind
            assert picture.shape == ((240, 320, 3) if name == "rgb" else (240, 320))


def test_pictures_come_back_as_they_went(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.2, 59.0, (6, 8)).astype(np.float32)
    depth[0] = np.nan
    frame = Rendered(
        rng.integers(0, 255, (6, 8, 3), np.uint8),
        depth,
        rng.integers(0, 60000, (6, 8)).astype(np.uint16),
        rng.integers(0, 19, (6, 8)).astype(np.uint8),
    )
    write_frame(tmp_path, 3, frame)
    for name, picture in encode(frame).items():
        back = read_picture(tmp_path, 3, name)
        assert back is not None
        assert np.array_equal(back, picture)
    steps = read_picture(tmp_path, 3, "depth")
    assert steps is not None
    assert not steps[0].any()
    assert steps[1:] / 1000 == pytest.approx(depth[1:], abs=0.00051)


def test_a_run_that_was_cut_off_goes_on_and_gives_the_same(frames: Path, tmp_path: Path) -> None:
    root = tmp_path / "again"
    generate_frames(FAST, root, range(4, 5), workers=1)
    (root / "s000005.part").mkdir()
    (root / "s000005.part" / "00.rgb.png").write_bytes(b"half")
    untouched = (root / "s000004" / "00.rgb.png").stat().st_mtime_ns
    tally = generate_frames(FAST, root, range(4, 6), workers=1)
    assert tally.scenes == 1
    assert (root / "s000004" / "00.rgb.png").stat().st_mtime_ns == untouched
    assert hashes(root) == hashes(frames)


def test_frames_drawn_anew_are_the_same(frames: Path) -> None:
    verdict = verify(frames, 3)
    assert (verdict.scenes, verdict.frames, verdict.redrawn, verdict.wrong) == (2, 4, 3, ())


def test_what_was_changed_or_lost_is_found(copied: Path) -> None:
    folder = copied / "s000004"
    other = cv2.imread(str(folder / "00.rgb.png"))
    cv2.imwrite(str(folder / "00.rgb.png"), 255 - other)
    (folder / "01.label.png").unlink()
    verdict = verify(copied, 1)
    assert verdict.wrong == (
        "s000004: 00.rgb.png has changed",
        "s000004: 01.label.png is missing",
        "s000004: frame 0 drawn anew has another rgb",
    )
    result = CliRunner().invoke(app, ["verify", str(copied)])
    assert "2 wrong" in result.output
    assert isinstance(result.exception, UsageError)


def test_a_folder_keeps_its_settings(copied: Path) -> None:
    with pytest.raises(UsageError, match=r"frames_per_scene 2, not 5.*another --out"):
        claim(copied, Dataset(renderer="mujoco", frames_per_scene=5))
    with pytest.raises(UsageError, match="renderer mujoco, not cycles"):
        claim(copied, Dataset(renderer="cycles", frames_per_scene=2))
    (copied / "dataset.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="not a dataset's"):
        claim(copied, FAST)


@pytest.mark.parametrize("scenes", ["5", "5:5", "7:2", "0:1000001", "a:b", "-1:4", "²:³"])
def test_ranges_that_are_none_are_refused(tmp_path: Path, scenes: str) -> None:
    result = CliRunner().invoke(app, ["generate", "--out", str(tmp_path / "x"), f"--scenes={scenes}"])
    assert isinstance(result.exception, UsageError)
    assert "FIRST:LAST" in str(result.exception)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("size", "told"), [("320x200", "four to three"), ("8x6", "16 to 4096"), ("20000x15000", "4096")]
)
def test_sizes_that_no_camera_has_are_refused(tmp_path: Path, size: str, told: str) -> None:
    command = ["generate", "--out", str(tmp_path / "x"), "--scenes", "0:2", "--renderer", "mujoco", "--size", size]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, UsageError)
    assert told in str(result.exception)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("held", ["5\n", '{"frame": "a"}\n', "[]", "\x00"])
def test_a_scene_whose_lines_or_place_cannot_be_read_is_wrong(copied: Path, held: str) -> None:
    (copied / "s000004" / "frames.jsonl").write_text(held, encoding="utf-8")
    (copied / "s000005" / "scene.yaml").unlink()
    wrong = verify(copied, 2).wrong
    assert len(wrong) == 2
    assert "frames.jsonl cannot be read" in wrong[0]
    assert "s000005/scene.yaml cannot be read" in wrong[1]


def test_a_scene_without_frames_has_none_to_draw_anew(copied: Path) -> None:
    for name in ("s000004", "s000005"):
        (copied / name / "frames.jsonl").write_text("", encoding="utf-8")
    assert [text for text in verify(copied, 1).wrong if "no frame to draw anew" in text]


def test_other_folders_beside_the_scenes_are_left_alone(copied: Path) -> None:
    (copied / "s12abc").mkdir()
    (copied / "s1²").mkdir()
    assert complete_scenes(copied) == [4, 5]
    assert {ref.folder.name for ref in list_frames([copied], 0, 10)} == {"s000004", "s000005"}


@pytest.mark.parametrize(
    ("name", "held"),
    [("frames.jsonl", "[" * 100_000), ("scene.yaml", "seed: !!bool foo"), ("scene.yaml", "seed: 0x" + 5000 * "f")],
    ids=["brackets", "tag", "number"],
)
def test_a_scene_that_cannot_be_read_is_named(tmp_path: Path, name: str, held: str) -> None:
    root = write_frames(tmp_path, range(2), frames=1)
    (root / "s000001" / name).write_text(held, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"{root}/s000001/{name} cannot be read.*: remove .* and generate it again"):
        for ref in list_frames([root], 0, 2):
            classified(read_frame(ref), ref)


@pytest.mark.parametrize("place", ["NaN", "-Infinity"])
def test_a_pose_that_is_nowhere_is_wrong(copied: Path, place: str) -> None:
    lines = copied / "s000004" / "frames.jsonl"
    lines.write_text(re.sub(r'"x": [^,]*', f'"x": {place}', lines.read_text(encoding="utf-8"), count=1))
    assert "s000004/frames.jsonl cannot be read" in verify(copied, 0).wrong[0]
    with pytest.raises(UsageError, match=r"s000004/frames\.jsonl cannot be read .*: remove"):
        list_frames([copied], 0, 10)


def test_what_another_generator_drew_is_not_drawn_anew(copied: Path) -> None:
    said = copied / "dataset.json"
    said.write_text(said.read_text().replace('"generator": 5', '"generator": 4'))
    assert verify(copied, 0).wrong == ()
    with pytest.raises(UsageError, match=r"made by generator 4 and cannot be drawn anew by 5: verify it without"):
        verify(copied, 1)


def test_without_opengl_the_run_ends(has_mujoco: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("glfw", reason="MuJoCo's backend for screens")
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UsageError, match="OpenGL does not start through MUJOCO_GL=glfw"):
        generate_frames(FAST, tmp_path, range(3), workers=1)


def test_verify_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no frames"):
        verify(tmp_path, 0)
    claim(tmp_path, FAST)
    with pytest.raises(UsageError, match="no complete scene"):
        verify(tmp_path, 0)


def test_a_full_disk_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    huge = Dataset(renderer="mujoco", frames_per_scene=99, width=10**6, height=10**6)
    with pytest.raises(UsageError, match=r"2 more scenes need about .* free: free some space"):
        generate_frames(huge, tmp_path / "x", range(2), workers=1)
    assert not (tmp_path / "x").exists()  # so that the next size is not taken for another dataset's


def _draw_but_for_two(dataset: Dataset, root: Path, seeds: list[int], reports: Any, parent: int) -> None:
    """A worker that two scenes kill."""
    for seed in seeds:
        if seed in (3, 4):
            reports.close()
            reports.join_thread()  # a killed process sends nothing more
            os.kill(os.getpid(), signal.SIGKILL)
        reports.put(("scene", seed, "1"))


def test_a_scene_that_kills_its_workers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "_draw_all", _draw_but_for_two)
    tally = generate_frames(FAST, tmp_path, range(6), workers=1)
    assert (tally.scenes, tally.skipped) == (4, [3, 4])
    assert "scene 3 gives no frames: 2 workers died in it" in capsys.readouterr().err


def test_ctrl_c_leaves_nothing_half_done_and_no_process(has_mujoco: None, tmp_path: Path) -> None:
    root = tmp_path / "cut"
    command = [sys.executable, "-m", "models.data", "generate", "--renderer", "mujoco", "--out", str(root)]
    command += ["--scenes", "0:40", "--frames-per-scene", "2", "--workers", "2"]
    job = subprocess.Popen(command, cwd=REPO, stderr=subprocess.PIPE, text=True, start_new_session=True)
    with pytest.raises(UsageError, match="being generated"):
        _second_when_first_draws(root)
    workers = _children(job.pid)
    assert len(workers) >= 2
    os.killpg(job.pid, signal.SIGINT)
    _, said = job.communicate(timeout=60)
    assert job.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert not list(root.glob("*.part"))
    assert all(len(read_lines(root / f"s{seed:06d}")) == 2 for seed in complete_scenes(root))
    until = time.monotonic() + 20
    while any(map(_alive, workers)) and time.monotonic() < until:
        os.sched_yield()
    assert not any(map(_alive, workers))


def test_a_worker_that_is_starting_hears_no_ctrl_c(has_mujoco: None, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "models.data", "generate", "--renderer", "mujoco", "--out", str(tmp_path / "x")]
    command += ["--scenes", "4:5", "--frames-per-scene", "1", "--size", "64x48", "--workers", "1"]
    with subprocess.Popen(command, cwd=REPO, stderr=subprocess.PIPE, text=True) as job:
        os.kill(wait_for_worker(job), signal.SIGINT)
        _, said = job.communicate()
    assert job.returncode == 0
    assert "Traceback" not in said
    assert "died" not in said


def test_who_may_not_draw_does_not_say_what_is_drawn(tmp_path: Path) -> None:
    with (
        alone(tmp_path, "frames are being generated"),
        pytest.raises(UsageError, match=r"being generated in .* already"),
    ):
        generate_frames(FAST, tmp_path, range(4, 6), workers=1)
    assert not (tmp_path / "dataset.json").exists()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file cannot be written to \(File exists\): give a folder that can"):
        generate_frames(FAST, tmp_path / "file", range(4, 6), workers=1)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _second_when_first_draws(root: Path) -> None:
    """Another generator in the same folder, as soon as the first one has begun a scene."""
    until = time.monotonic() + 120
    while time.monotonic() < until and not list(root.glob("s0*")):
        os.sched_yield()
    generate_frames(FAST, root, range(40), workers=1)


def test_realistic_frames_drawn_anew_are_the_same(tmp_path: Path) -> None:
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("the realistic renderer needs bpy (extra render, Python 3.11)")
    root = tmp_path / "fine"
    generate_frames(Dataset(renderer="cycles", frames_per_scene=2), root, range(8, 9), workers=1)
    verdict = verify(root, 2)
    assert (verdict.frames, verdict.redrawn, verdict.wrong) == (2, 2, ())


def test_pictures_of_another_size(has_mujoco: None, tmp_path: Path) -> None:
    generate_frames(Dataset(renderer="mujoco", width=160, height=120, frames_per_scene=1), tmp_path, range(4, 5), 1)
    (ref,) = list_frames([tmp_path], 0, 10)
    assert (ref.camera.width, ref.camera.height) == (160, 120)
    assert read_frame(ref).rgb.shape == (120, 160, 3)
    assert verify(tmp_path, redraw=1).wrong == ()
