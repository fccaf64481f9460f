from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from world import SMALL, depth_map

from edge_nav.errors import UsageError
from edge_nav.record import records
from edge_nav.record.compare import first_difference
from edge_nav.record.log import RETRY_RECORDS, GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.record.session import SessionRecorder
from edge_nav.record.summary import Summary, summary_table
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Callout, Fault, Frame, Ground, Obstacle, Scene, VoiceFate

THING = Obstacle(1.23456, -12.345, -0.2, -0.4, 0.1, 0.1, 1.2, "body", True, 0.9, id=3, closing_mps=0.5)
SCENE = Scene(
    7, 0.7, (THING,), Ground((0.0, -1.0, 0.0), 1.4, 0.3), 1.23, None, stage_ms={"depth": 1.0}, dropped_frames=2
)
CALLOUT = Callout(1, "obstacle", "stop", "Stop.", "k", 0.7, 2.0, 3, 1.23, -47.0)


def session() -> dict[str, object]:
    return records.session_record(version="0", bundle=None, source="walk", intrinsics={}, config_sha256="0")


def test_the_records_are_the_contract() -> None:
    scene = records.scene_record(SCENE)
    assert {
        "type",
        "t",
        "frame",
        "obstacles",
        "ground",
        "clearance_m",
        "free_bearing_deg",
        "stage_ms",
        "dropped_frames",
    } <= set(scene)
    assert set(scene["ground"]) == {"height_m", "pitch_deg", "roll_deg", "inlier_ratio"}
    contract = {
        "id",
        "distance_m",
        "bearing_deg",
        "x_m",
        "low_m",
        "high_m",
        "band",
        "in_corridor",
        "closing_mps",
        "confidence",
        "label",
    }
    assert contract <= set(scene["obstacles"][0])
    callout = records.callout_record(CALLOUT, 12.3)
    assert (callout["clock"], callout["side"], callout["latency_ms"]) == (10, "left", 12.3)
    voice = records.voice_record(VoiceFate(1, "spoken", 2.0, 0.1))
    assert (voice["callout_id"], voice["state"], voice["latency_ms"]) == (1, "spoken", 100.0)


def test_no_record_holds_what_json_has_not() -> None:
    scene = replace(SCENE, clearance_m=math.nan, obstacles=(replace(THING, closing_mps=math.inf, distance_m=math.nan),))
    text = json.dumps(records.scene_record(scene), allow_nan=False)
    assert json.loads(text)["clearance_m"] is None


def test_a_killed_walk_leaves_every_earlier_line_whole(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    code = (
        "import os,sys; from pathlib import Path; from edge_nav.record.log import GuidanceLog; "
        f"log = GuidanceLog(Path({str(path)!r})); "
        "[log.write({'type': 'session', 'schema': 'edge-nav/guidance/1', 't': n}) for n in range(50)]; os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert len(read_log(path).records) == 50
    with path.open("a") as file:
        file.write('{"type": "sce')
    logged = read_log(path)
    assert (len(logged.records), logged.truncated) == (50, 1)


def test_wall_time_is_utc(tmp_path: Path) -> None:
    log = GuidanceLog(tmp_path / "w.jsonl", lambda: datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc))
    log.write(session())
    log.close()
    assert json.loads((tmp_path / "w.jsonl").read_text())["wall"] == "2026-01-02T03:04:05.678Z"


def test_a_second_walk_on_the_same_log_is_refused_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    first = GuidanceLog(path)
    first.write(session())
    with pytest.raises(UsageError, match="in use by another walk"):
        GuidanceLog(path)
    first.write({"type": "fault", "t": 1.0})
    first.close()
    assert len(read_log(path).records) == 2


def test_an_older_log_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    for n in range(3):
        log = GuidanceLog(path)
        log.write({**session(), "version": str(n)})
        log.close()
    kept = [read_log(p).records[0]["version"] for p in (path, tmp_path / "w.jsonl.1", tmp_path / "w.jsonl.2")]
    assert kept == ["2", "0", "1"]


def test_a_full_disk_is_one_fault_and_the_walk_goes_on() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not here")
    faults: list[Fault] = []
    log = GuidanceLog(Path("/dev/full"))
    log.on_fault = faults.append
    for _ in range(2 * RETRY_RECORDS):
        log.write(session())
    assert [(f.component, f.recovered) for f in faults] == [("log", False)]
    assert "free some space" in faults[0].message
    assert log.lost == 2 * RETRY_RECORDS


def test_a_disk_with_room_again_is_written_again(tmp_path: Path) -> None:
    path, faults = tmp_path / "w.jsonl", []
    log = GuidanceLog(path)
    log.on_fault = faults.append
    full, real = os.open("/dev/full", os.O_WRONLY), log._fd
    log._fd = full
    log.write(session())
    log._fd = real
    for _ in range(RETRY_RECORDS):
        log.write(session())
    os.close(full)
    assert [f.recovered for f in faults] == [False, True]
    assert len(read_log(path).records) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "instead of"),
        ('{"type": "scene"}\n', "instead of"),
        ("[]\n", "no record"),
        ("{x\n{}\n", "damaged at line 1"),
    ],
)
def test_what_is_no_log_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "w").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_log(tmp_path / "w")


def test_the_first_difference_is_named() -> None:
    a = [records.scene_record(SCENE), records.callout_record(CALLOUT, 1.0)]
    b = [records.scene_record(SCENE), records.callout_record(replace(CALLOUT, id=9, text="Go."), 7.0)]
    assert first_difference(a, [*a]) is None
    found = first_difference(a, b)
    assert found is not None
    assert found.sentence == "first difference in record 2 (callout at 0.70 s): text was 'Stop.', is 'Go.'."
    shorter = first_difference(a, a[:1])
    assert shorter is not None
    assert "the whole record was 'Stop.', is 'absent'" in shorter.sentence
    moved = first_difference(
        a, [records.scene_record(replace(SCENE, obstacles=(replace(THING, distance_m=2.0),))), a[1]]
    )
    assert moved is not None
    assert moved.path == "obstacles[0].distance_m"


def test_a_recorded_walk_comes_back_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = []
    recorder = SessionRecorder(tmp_path / "walk")
    for n in range(3):
        depth = (rng.integers(1500, 30000, (240, 320)) / np.float32(5000)).astype(np.float32)
        depth[:20] = np.nan
        frame = Frame(n, n / 7, rng.integers(0, 256, (240, 320, 3)).astype(np.uint8), SMALL, depth)
        recorder.write(frame, depth_map(depth, SMALL))
        frames.append(frame)
    recorder.close()
    source = RgbdSource(RgbdSourceSettings(path=tmp_path / "walk"))
    for frame in frames:
        back = source.read()
        assert back is not None
        assert back.depth_m is not None
        assert frame.depth_m is not None
        assert back.t == pytest.approx(frame.t, abs=1e-5)
        assert np.array_equal(back.rgb, frame.rgb)
        assert np.array_equal(back.depth_m, frame.depth_m, equal_nan=True)
    assert source.read() is None


def test_a_folder_with_something_in_it_is_not_recorded_into(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        SessionRecorder(tmp_path)


def test_recording_that_cannot_go_on_is_one_fault(tmp_path: Path) -> None:
    faults: list[Fault] = []
    recorder = SessionRecorder(tmp_path / "walk")
    recorder.on_fault = faults.append
    (tmp_path / "walk" / "rgb").rmdir()
    frame = Frame(0, 0.0, np.zeros((240, 320, 3), np.uint8), SMALL)
    recorder.write(frame, None)
    recorder.write(frame, None)
    assert [f.component for f in faults] == ["record"]


def test_the_summary_counts_and_its_percentiles_are_right() -> None:
    summary = Summary()
    rng = np.random.default_rng(0)
    times = rng.gamma(4, 3, 4000)
    for ms in times:
        summary.scene(replace(SCENE, stage_ms={"geometry": float(ms)}))
    summary.callout(CALLOUT, 0.02)
    summary.voice(VoiceFate(1, "spoken", 1.0, 0.1))
    summary.fault(Fault("camera", "gone"))
    result = summary.result(5, 1)
    assert result["frames"] == 4000
    assert result["stages"]["geometry"]["p95_ms"] == pytest.approx(np.percentile(times, 95), abs=0.5)
    assert result["stages"]["geometry"]["max_ms"] == pytest.approx(times.max(), abs=0.01)
    assert (result["callouts"], result["voice"], result["faults"]) == ({"stop": 1}, {"spoken": 1}, {"camera": 1})
    json.dumps(records.summary_record(result, 1.0), allow_nan=False)
    assert summary_table(result).row_count > 8


def test_a_walk_without_frames_has_a_summary() -> None:
    assert summary_table(Summary().result(0, 0)).row_count > 3


def test_a_pipe_is_refused_and_a_link_is_followed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="is a pipe"):
        GuidanceLog(pipe)
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_text("old\n", encoding="utf-8")
    link.symlink_to(real)
    log = GuidanceLog(link)
    log.write({"type": "session"})
    log.close()
    assert link.is_symlink()
    assert "session" in real.read_text(encoding="utf-8")
    assert (tmp_path / "real.jsonl.1").read_text(encoding="utf-8") == "old\n"
