from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from perception.tiny_bundle import write_bundle
from world import SMALL, box, depth_map, frame, render

from edge_nav.commands import doctor
from edge_nav.config import Profile, load_profile
from edge_nav.errors import UsageError
from edge_nav.perception.depth.calibrate import store_scale
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record.read import read_log
from edge_nav.record.session import LOG_NAME, SessionRecorder
from edge_nav.sources.filmed_walk import TRUTH, VIDEO
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.sources.spec import parse_source
from edge_nav.sources.walk import FOLDER
from edge_nav.walk.build import session_of
from edge_nav.walk.options import WalkOptions

REPO = Path(__file__).resolve().parents[1]


def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(REPO / "main.py"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def cli(*arguments: object, **options: object) -> tuple[int, str, str]:
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A walk towards a box, in TUM layout."""
    recorder = SessionRecorder(tmp_path / "recording")
    for n in range(12):
        depth = render([box(0, 3.0 - 0.1 * n, 0, 0.5, 0.3, 1.2), box(0, 8, 0, 12, 0.2, 3)], camera=SMALL)
        depth = np.round(depth * 5000) / np.float32(5000)
        shown = frame(depth, n, camera=SMALL)
        shown.rgb[::3, :: n + 2] = 90
        recorder.write(shown, depth_map(depth, SMALL))
    return tmp_path / "recording"


def test_help_does_not_import_what_is_heavy() -> None:
    code = (
        "import sys, edge_nav.cli; print([m for m in ('cv2', 'numpy', 'onnxruntime', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    assert done.stdout.strip() == "[]"
    status, out, _ = cli("--help")
    assert status == 0
    assert all(verb in out for verb in ("run", "replay", "doctor", "calibrate", "models", "bench"))


def test_the_runtime_does_not_load_torch() -> None:
    code = "import sys, edge_nav.commands.run; print('torch' in sys.modules, 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    assert done.stdout.split() == ["False", "False"]


def test_a_recording_is_walked_logged_pictured_and_replayed(recording: Path, tmp_path: Path) -> None:
    log, picture, again = tmp_path / "w.jsonl", tmp_path / "o.png", tmp_path / "again"
    status, out, err = cli(
        "run",
        "--source",
        f"rgbd:{recording}",
        "--headless",
        "--log",
        log,
        "--overlay",
        picture,
        "--record",
        again,
        "--as-fast-as-possible",
    )
    assert (status, "Traceback" in err) == (0, False)
    assert "Obstacle ahead" in err
    assert "12 in 1.1 s" in out
    records = read_log(log).records
    assert [r["type"] for r in records].count("scene") == 12
    assert any(r["type"] == "callout" and r["side"] == "ahead" for r in records)
    assert cv2.imread(str(picture)).shape[1] == 1280
    status, out, _ = cli("replay", log)
    assert (status, "without a difference" in out) == (0, True)
    status, out, _ = cli("replay", again)
    assert (status, "without a difference" in out) == (0, True)
    text = log.read_text().replace("Obstacle ahead", "Nothing ahead", 1)
    (tmp_path / "changed.jsonl").write_text(text)
    status, out, _ = cli("replay", tmp_path / "changed.jsonl")
    assert status == 1
    assert "first difference in record" in out


def test_a_walk_that_missed_frames_is_replayed_by_its_recording(recording: Path, tmp_path: Path) -> None:
    for n in (1, 4, 5):
        (recording / f"rgb/{n:06d}.png").write_bytes(b"")
    again = tmp_path / "again"
    status, _, err = cli(
        "run", "--source", f"rgbd:{recording}", "--headless", "--record", again, "--as-fast-as-possible"
    )
    assert status == 0, err
    records = read_log(again / LOG_NAME).records
    assert [r["frame"] for r in records if r["type"] == "scene"] == [0, 2, 3, *range(6, 12)]
    status, out, _ = cli("replay", again)
    assert (status, "without a difference" in out) == (0, True), out


def test_without_a_verb_it_walks(recording: Path, tmp_path: Path) -> None:
    status, out, _ = cli("--source", f"rgbd:{recording}", "--headless", cwd=tmp_path)
    assert status == 0
    assert "walk" in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["recording"]  # no image and no log is stored unasked


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_finishes_its_log(tmp_path: Path, name: signal.Signals) -> None:
    log = tmp_path / "w.jsonl"
    before = signal.signal(name, signal.SIG_DFL)  # tests run under nohup would hand down that it is ignored
    try:
        process = start("run", "--source", "raycast", "--headless", "--log", log)
    finally:
        signal.signal(name, before)
    assert process.stderr is not None
    assert process.stderr.readline()  # the first callout is on the screen: the walk is under way
    process.send_signal(name)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert read_log(log).records[-1]["type"] == "summary"


def test_a_second_walk_on_the_same_log_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "w.jsonl"
    process = start("run", "--source", "raycast", "--headless", "--log", log)
    assert process.stderr is not None
    assert process.stderr.readline()
    status, _, err = cli("run", "--source", "raycast", "--headless", "--log", log)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert status == 2
    assert err.count("\n") == 1
    assert "in use by another walk" in err


def test_a_walk_says_why_it_cannot_tell_what_was_in_the_way(tmp_path: Path) -> None:
    shutil.copy(FOLDER / VIDEO, tmp_path)
    (tmp_path / TRUTH).write_bytes((FOLDER / TRUTH).read_bytes()[:5000])
    code = (
        "import sys, pathlib, edge_nav.sources.walk as walk, edge_nav.cli as cli\n"
        "walk.FOLDER = pathlib.Path(sys.argv.pop())\n"
        "cli.main()"
    )
    arguments = ("run", "--headless", "--as-fast-as-possible", "--max-seconds", "0.5", tmp_path)
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPO)
    assert "frames" in done.stdout
    assert f"what was in the way is not told: the walk's {tmp_path / TRUTH} is damaged" in done.stderr


def test_the_wav_output_is_heard(recording: Path, tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text(yaml.safe_dump({"speech": {"output": {"type": "wav", "path": str(tmp_path / "v.wav")}}}))
    status, _, _ = cli("run", "--config", profile, "--source", f"rgbd:{recording}", "--as-fast-as-possible")
    assert status == 0
    assert (tmp_path / "v.wav").stat().st_size > 50_000


def test_images_and_video_take_the_same_path_with_a_bundle(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "tiny")
    folder = tmp_path / "pictures"
    folder.mkdir()
    film = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for n in range(4):
        picture = np.random.default_rng(n).integers(0, 256, (240, 320, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        film.write(picture)
    film.release()
    for spec in (f"images:{folder}", f"video:{tmp_path / 'v.avi'}"):
        log = tmp_path / "w.jsonl"
        status, _, err = cli(
            "run", "--source", spec, "--bundle", bundle, "--headless", "--as-fast-as-possible", "--log", log
        )
        assert status == 0, err
        records = read_log(log).records
        assert "ONNX Runtime" in records[0]["depth"]
        assert "not CUDAExecutionProvider" in records[0]["depth"]
        assert sum(r["type"] == "scene" for r in records) == 4


def test_a_wall_calibrates_a_bundle(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "tiny")
    folder = tmp_path / "wall"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.full((240, 320, 3), 124, np.uint8))
    profile = tmp_path / "p.yaml"
    profile.write_text("perception: {camera_height_m: 1.3}  # mine\n")
    status, out, err = cli(
        "calibrate", "--config", profile, "--source", f"images:{folder}", "--bundle", bundle, "--wall", 3
    )
    assert status == 0, err
    assert "error before" in out
    assert yaml.safe_load(profile.read_text())["perception"]["depth_scale"] == pytest.approx(1.4, abs=0.1)


def test_doctor_and_models_answer(tmp_path: Path) -> None:
    status, out, _ = cli("doctor", cwd=tmp_path, env={**os.environ, "COLUMNS": "200"})
    assert status == 0
    for what in (
        "cameras",
        "ONNX Runtime",
        "CPUExecutionProvider",
        "bundle nano",
        "llama.cpp",
        "audio",
        "text to speech",
        "MuJoCo",
        "Blender",
    ):
        assert what in out
    write_bundle(tmp_path / "models" / "bundles" / "tiny")
    status, out, _ = cli("models", "list", cwd=tmp_path, env={**os.environ, "COLUMNS": "200"})
    assert (status, "tiny" in out, "simulator" in out) == (0, True, True)
    assert cli("models", "verify", "tiny", cwd=tmp_path)[0] == 0


def test_a_remedy_is_shown_as_it_is_to_be_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = doctor.Finding("text reader", False, "not installed", "pip install 'edge-nav[ocr]'")
    monkeypatch.setattr(doctor, "findings", lambda: [missing])
    monkeypatch.setenv("COLUMNS", "200")
    assert doctor.diagnose() == 0
    assert "pip install 'edge-nav[ocr]'" in capsys.readouterr().out


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--source", "sonar:1"], ["sonar:1", "camera:0"]),
        (["run", "--source", "rgbd:/no/such/folder"], ["/no/such/folder"]),
        (["run", "--source", "video:{tmp}/broken.mp4"], ["broken.mp4"]),
        (["run", "--source", "images:{tmp}"], ["{tmp}"]),
        (["run", "--source", "rgbd:{tmp}/noscale"], ["depth_scale"]),
        (["run", "--config", "{tmp}/none.yaml"], ["none.yaml", "--config"]),
        (["run", "--config", "{tmp}/high.yaml"], ["perception.camera_height_m", "9", "2.5"]),
        (["run", "--config", "{tmp}/typo.yaml"], ["perception.camera_heigth_m"]),
        (["run", "--config", "{tmp}/broken.yaml"], ["broken.yaml", "line"]),
        (["run", "--source", "video:{tmp}/film.avi"], ["no depth of its own", "--bundle"]),
        (["run", "--bundle", "nowhere"], ["nowhere", "models list"]),
        (["run", "--source", "raycast", "--log", "/proc/nowhere/w.jsonl"], ["/proc/nowhere", "--log"]),
        (["run", "--source", "raycast", "--overlay", "{tmp}/o.gif"], ["o.gif", ".png"]),
        (["run", "--max-seconds", "-1"], ["max-seconds", "-1"]),
        (["run", "--no-such-option"], ["--no-such-option"]),
        (["fly"], ["fly"]),
        (["replay", "{tmp}/none.jsonl"], ["none.jsonl"]),
        (["calibrate"], ["--wall", "--marker"]),
        (["models", "verify", "nowhere"], ["nowhere"]),
        (["bench", "perception", "--source", "camera:0"], ["camera:0"]),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_two(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    write(tmp_path / "broken.mp4", "no film")
    write(tmp_path / "high.yaml", "perception: {camera_height_m: 9}")
    write(tmp_path / "typo.yaml", "perception: {camera_heigth_m: 1}")
    write(tmp_path / "broken.yaml", "a: [1\nb: 2")
    (tmp_path / "noscale").mkdir()
    write(tmp_path / "noscale" / "camera.yaml", "width: 4\nheight: 4\nfx: 4\nfy: 4\ncx: 2\ncy: 2\n")
    film = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    film.write(np.zeros((240, 320, 3), np.uint8))
    film.release()
    given = [a.replace("{tmp}", str(tmp_path)) for a in arguments]
    status, _, err = cli(*given, *(["--headless"] if given[0] == "run" else []))
    assert status == 2, err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    assert all(word.replace("{tmp}", str(tmp_path)) in err for word in words), err


def test_a_damaged_recording_is_walked_as_far_as_it_goes(recording: Path, tmp_path: Path) -> None:
    depths = sorted((recording / "depth").iterdir())
    depths[2].write_bytes(depths[2].read_bytes()[:100])
    depths[5].unlink()
    log = tmp_path / "w.jsonl"
    status, out, _ = cli("run", "--source", f"rgbd:{recording}", "--headless", "--as-fast-as-possible", "--log", log)
    assert status == 0
    assert read_log(log).records[-1]["skipped_frames"] == 2
    assert "2 were unusable" in " ".join(out.split())


def test_a_recording_whose_first_frames_were_dropped_is_replayed(recording: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert cli("run", "--source", f"rgbd:{recording}", "--headless", "--record", again, "--as-fast-as-possible")[0] == 0
    for name in ("rgb.txt", "depth.txt", "guidance.jsonl"):  # as if the walk had begun three frames later
        lines = (again / name).read_text().splitlines(keepends=True)
        early = ('"t": 0.0', '"t": 0.1,', '"t": 0.2,')
        kept = [n for n, line in enumerate(lines) if n == 0 or not any(e in line for e in early)]
        (again / name).write_text("".join(lines[n] for n in kept) if name.endswith("l") else "".join(lines[3:]))
    status, out, _ = cli("replay", again)
    assert "the whole record" not in out  # frames meet their records, though tracks begin anew
    assert (status, "scene at 0.30 s" in out) == (1, True)


def test_a_cameras_password_is_not_logged() -> None:
    settings = parse_source("camera:rtsp://user:secret@10.0.0.9/stream")
    profile = Profile(source=settings)
    session = session_of(profile, WalkOptions(), RaycastSource(RaycastSourceSettings()), SensorDepth())
    assert "secret" not in str(session)
    assert session["source"] == "camera:rtsp://10.0.0.9/stream"


@pytest.mark.parametrize("text", ["{}\n", "# depth_scale: 1.0\n", "perception:\n    companion: cane\n", "...\n"])
def test_calibrating_leaves_a_profile_that_says_what_was_meant_or_untouched(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        store_scale(path, 1.25)
    except UsageError as e:
        assert "by hand" in str(e)
        assert path.read_text(encoding="utf-8") == text
    else:
        assert load_profile(path).perception.depth_scale == 1.25


def test_bounds_are_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("perception: {camera_height_m: 99}\n", encoding="utf-8")
    status, _, err = cli("run", "--headless", "--config", path)
    assert status == 2
    assert "perception.camera_height_m = 99 is not allowed: give 0.35 to 2.5" in err
