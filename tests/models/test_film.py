"""Filming a scene: frames that are kept, and the video with its truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge_nav.errors import UsageError
from edge_nav.sources.filmed_walk import SCENE, TRUTH, VIDEO, read_camera, read_truth
from models.data.__main__ import app
from models.data.film import Film, Stage, draw_frames, frame_count, frame_path, open_film, read_frame
from models.data.film_store import encode_video
from models.lock import alone

pytest.importorskip("mujoco", reason="films are drawn by MuJoCo here")
THINGS = """
things:
- {kind: room, from: [-1.2, -1.0], to: [1.2, 8.0]}
- {kind: chair, at: [0.2, 3.0]}
- {kind: street_lamp, at: [0.9, 40.0]}
- {kind: clutter, at: [0.0, -14.0]}
walk: {path: [[0, 0], [0, 2]], speed_mps: 1.0}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Film:
    scene = tmp_path / "scene.yaml"
    scene.write_text("seconds: 0.5\n" + THINGS)
    return Film(scene, "mujoco", 96, 72, 10.0)


def test_frames_are_drawn_once_and_the_rest_later(plan: Film, tmp_path: Path) -> None:
    work = tmp_path / "work"
    scene = draw_frames(plan, work, 1)
    assert frame_count(scene, plan.fps) == 5
    assert read_frame(work, 4).shape == (72, 96, 3)
    first = frame_path(work, 1).read_bytes()
    kept = frame_path(work, 2).stat().st_mtime_ns
    frame_path(work, 1).unlink()
    draw_frames(plan, work, 2)
    assert frame_path(work, 1).read_bytes() == first
    assert frame_path(work, 2).stat().st_mtime_ns == kept


def test_a_folder_holds_one_film(plan: Film, tmp_path: Path) -> None:
    draw_frames(plan, tmp_path / "work", 1)
    plan.scene.write_text(plan.scene.read_text() + "\n")
    with pytest.raises(UsageError, match="another film"):
        draw_frames(plan, tmp_path / "work", 1)
    with pytest.raises(UsageError, match="remove it"):
        read_frame(tmp_path / "work", 99)
    for spoil in (lambda p: p.write_text('{"scene'), lambda p: p.unlink()):
        spoil(tmp_path / "work" / "film.json")
        with pytest.raises(UsageError, match="another film"):
            draw_frames(plan, tmp_path / "work", 1)


def test_two_do_not_draw_into_one_folder(plan: Film, tmp_path: Path) -> None:
    work = tmp_path / "work"
    with alone(work, "a film is being drawn"), pytest.raises(UsageError, match=r"a film is being drawn in .* already"):
        draw_frames(plan, work, 1)
    assert [path.name for path in work.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("arguments", "told"), [(["--size", "63x47"], "even numbers"), (["--out", "scene.yaml"], "no folder")]
)
def test_a_film_that_cannot_be_stored_is_told_before_it_is_drawn(
    plan: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["film", str(plan.scene), "--out", "film", "--renderer", "mujoco", *arguments])
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.yaml"]


def test_without_an_encoder_nothing_is_drawn(plan: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)
    command = ["film", str(plan.scene), "--out", str(tmp_path / "film"), "--renderer", "mujoco"]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, UsageError)
    assert "every film is stored by Blender" in str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.yaml"]


def test_a_frame_that_cannot_be_written_is_a_sentence(
    plan: Film, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    (work / "frames" / "00001.png.part").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"4 of 5 frames could not be drawn .* the first is 1: see above"):
        draw_frames(plan, work, 1)
    said = capfd.readouterr().err
    assert f"frames cannot be written to {work} (Is a directory)" in said
    assert "Traceback" not in said


def test_a_path_tracer_gets_what_matters_and_the_same_for_neighbours(plan: Film) -> None:
    scene = open_film(plan)
    assert (scene.camera.width, scene.camera.height) == (96, 72)
    whole, stage = scene.world(0.0), Stage(scene)
    seen = stage.world(0.0)
    kinds = {scene.names[s.instance - 1] for s in seen.still if s.instance}
    assert "chair" in kinds
    assert "clutter" not in kinds
    assert 0 < len(seen.lights.lamps) < len(whole.lights.lamps)
    assert stage.world(0.4).still is seen.still
    walls = [s for s in whole.still if max(s.half) > 1.2]
    assert walls
    assert set(map(id, walls)) <= set(map(id, seen.still))


def test_pictures_survive_the_video(tmp_path: Path) -> None:
    pytest.importorskip("bpy", reason="Blender brings the encoder")
    y, x = np.mgrid[:72, :96]
    pictures = [np.stack([2 * x, 3 * y, (x + y + 8 * n) % 256], axis=-1).astype(np.uint8) // 2 + 40 for n in range(6)]
    for n, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{n:05d}.png"), picture)
    encode_video(tmp_path, 6, (96, 72), 12.5, tmp_path / "film.mp4")
    capture = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(12.5)
    for picture in pictures:
        got, decoded = capture.read()
        assert got
        assert np.abs(decoded.astype(int) - picture).mean() < 4
    assert not capture.read()[0]
    capture.release()


def test_the_command_writes_video_scene_and_truth(plan: Film, tmp_path: Path) -> None:
    pytest.importorskip("bpy", reason="Blender brings the encoder")
    out = tmp_path / "film"
    command = [sys.executable, "-m", "models.data", "film", str(plan.scene), "--out", str(out)]
    done = subprocess.run(
        [*command, "--size", "96x72", "--renderer", "mujoco", "--workers", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 frames, 0.5 s" in done.stderr
    assert (out / SCENE).read_text() == plan.scene.read_text()
    camera, fps = read_camera(out / TRUTH)
    assert (camera.width, camera.height, fps) == (96, 72, 10.0)
    truth = read_truth(out / TRUTH)
    assert [frame.t for frame in truth] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert "chair" in {s.kind for s in truth[0].standing}
    capture = cv2.VideoCapture(str(out / VIDEO))
    assert sum(1 for _ in iter(lambda: capture.read()[0], False)) == 5
    capture.release()
    bad = subprocess.run([*command, "--size", "big"], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert bad.stderr.startswith("--size 'big' is no picture size")
