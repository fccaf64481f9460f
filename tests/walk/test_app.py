from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from world import SMALL, box, render

from edge_nav.errors import DepthFault, SourceFault, UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.health import HealthSettings
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.speech.none import SilentVoice
from edge_nav.types import (
    Callout,
    DepthMap,
    DepthModel,
    Fault,
    Frame,
    Pose,
    Source,
    Standing,
    TruthFrame,
    VoiceFate,
    VoiceState,
)
from edge_nav.walk.app import Walk
from edge_nav.walk.loop import Loop
from edge_nav.walk.outputs import Outputs
from edge_nav.walk.results import DebriefTruth

DEPTH = render([box(0, 8, 0, 12, 0.2, 3)], camera=SMALL)
pause = threading.Event().wait
"""A bounded wait that nothing sets: what a slow device or network is made of here."""


class Camera:
    """A live camera by script: ``act`` is asked at every read, and may raise, hang, or give another picture."""

    live, frame_count, skipped, intrinsics = True, None, 0, SMALL

    def __init__(self, act: Callable[[float, np.ndarray], np.ndarray | None], fps: float = 20.0) -> None:
        self._act, self._fps, self._start, self._n = act, fps, time.monotonic(), 0
        self._rng = np.random.default_rng(0)

    def read(self) -> Frame | None:
        pause(1 / self._fps)
        t = time.monotonic() - self._start
        rgb = self._act(t, self._rng.integers(60, 200, (240, 320, 3)).astype(np.uint8))
        self._n += 1
        return None if rgb is None else Frame(self._n, t, rgb, SMALL, DEPTH)

    def close(self) -> None:
        pass


def walk(tmp_path: Path, source: Source, depth: DepthModel | None = None, **options: object) -> tuple[int, list[dict]]:
    log = tmp_path / "walk.jsonl"
    sensor = depth is None
    loop = Loop(depth or SensorDepth(), PerceptionSettings(), GuidanceSettings(), HealthSettings(), sensor_depth=sensor)
    voice = options.pop("voice", lambda **_: SilentVoice())
    made = Walk(source, loop, voice, Outputs(GuidanceLog(log)), **options)  # type: ignore[arg-type]
    code = made.run()
    return code, read_log(log).records


def faults(records: list[dict]) -> list[tuple[str, bool]]:
    return [(r["component"], r["recovered"]) for r in records if r["type"] == "fault"]


def spoken(records: list[dict], kind: str) -> dict:
    return next(r for r in records if r["type"] == "callout" and r["kind"] == kind)


def test_every_frame_of_a_recording_in_turn(tmp_path: Path) -> None:
    code, records = walk(tmp_path, RaycastSource(RaycastSourceSettings(seconds=6)), every_frame=True)
    assert code == 0
    assert [r["frame"] for r in records if r["type"] == "scene"] == list(range(60))
    assert records[0]["type"] == "session"
    assert records[-1]["type"] == "summary"
    assert any(r["type"] == "callout" and r["kind"] == "low_obstacle" for r in records)


def test_two_walks_over_the_same_frames_say_the_same(tmp_path: Path) -> None:
    said = []
    for n in range(2):
        _, records = walk(tmp_path / str(n), RaycastSource(RaycastSourceSettings(seconds=5)), every_frame=True)
        said.append([{k: v for k, v in r.items() if k not in ("wall", "latency_ms", "stage_ms")} for r in records[:-1]])
    assert said[0] == said[1]


class Late(SilentVoice):
    """A voice whose first callout falls away unspoken, as when something else was said for too long."""

    def __init__(self, on_fate: Callable[[VoiceFate], None]) -> None:
        super().__init__()
        self._on_fate, self._first = on_fate, True

    def say(self, callout: Callout, at_s: float) -> None:
        state: VoiceState = "expired" if self._first else "spoken"
        self._first = False
        self._on_fate(VoiceFate(callout.id, state, at_s, None))


def test_what_the_voice_did_not_say_is_decided_again(tmp_path: Path) -> None:
    def texts(folder: str, **options: object) -> list[str]:
        source = RaycastSource(RaycastSourceSettings(seconds=6))
        _, records = walk(tmp_path / folder, source, every_frame=True, **options)
        return [r["text"] for r in records if r["type"] == "callout"]

    heard = texts("heard")
    late = texts("late", voice=lambda on_fate, **_: Late(on_fate))
    assert len(late) == len(heard) + 1
    assert late[0].split(",")[0] == late[1].split(",")[0] == heard[0].split(",")[0]


def test_a_paced_recording_keeps_its_pace_and_time_limit(tmp_path: Path) -> None:
    code, records = walk(tmp_path, RaycastSource(RaycastSourceSettings()), max_seconds=1.0)
    scenes = [r for r in records if r["type"] == "scene"]
    assert code == 0
    assert 0 < len(scenes) <= 10
    assert all(r["t"] < 1.0 for r in scenes)


def test_a_lost_camera_is_announced_and_comes_back(tmp_path: Path) -> None:
    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        if 0.4 < t < 1.0:
            raise SourceFault("the camera is gone: check its cable.")
        return rgb

    code, records = walk(tmp_path, Camera(act), max_seconds=1.6)
    assert code == 0
    assert faults(records) == [("camera", False), ("camera", True)]
    assert spoken(records, "camera_lost")["t"] < 0.4 + 1.0
    assert spoken(records, "recovered")


def test_a_camera_that_hangs_is_announced_by_the_watchdog(tmp_path: Path) -> None:
    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        if 0.3 < t < 0.4:
            pause(1.6)
        return rgb

    _, records = walk(tmp_path, Camera(act), max_seconds=2.6)
    assert faults(records)[:2] == [("camera", False), ("camera", True)]
    assert spoken(records, "camera_lost")["t"] < 0.4 + 1.0


def test_a_camera_that_was_never_there_ends_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_nav.walk.capture.FIRST_FRAME_S", 0.2)

    def act(_t: float, _rgb: np.ndarray) -> np.ndarray:
        raise SourceFault("camera:9 does not open: plug it in.")

    code, records = walk(tmp_path, Camera(act))
    assert code == 1
    assert faults(records) == [("camera", False)]


def test_a_time_limit_holds_while_the_camera_is_lost(tmp_path: Path) -> None:
    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        if t > 0.3:
            raise SourceFault("the camera is gone: check its cable.")
        return rgb

    code, records = walk(tmp_path, Camera(act), max_seconds=1.0)
    assert code == 1
    assert faults(records) == [("camera", False)]


def test_a_frozen_camera_is_announced_and_its_old_world_is_not_spoken_of(tmp_path: Path) -> None:
    still = np.random.default_rng(1).integers(60, 200, (240, 320, 3)).astype(np.uint8)
    code, records = walk(tmp_path, Camera(lambda t, rgb: still if t > 0.3 else rgb), max_seconds=2.0)
    assert code == 1
    assert faults(records) == [("frozen", False)]
    assert spoken(records, "frozen")["t"] < 0.3 + 1.0 + 0.3  # identical for a second, then within a few frames
    after = [r for r in records if r["type"] == "scene" and r["t"] > 1.7]
    assert after
    assert all(r["obstacles"] == [] and r["clearance_m"] is None for r in after)


@pytest.mark.parametrize(("level", "kind"), [(0, "dark"), (255, "bright")])
def test_a_blind_picture_is_announced(tmp_path: Path, level: int, kind: str) -> None:
    rng = np.random.default_rng(2)

    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        return rgb if t < 0.3 else np.clip(level + rng.integers(-2, 3, rgb.shape), 0, 255).astype(np.uint8)

    _, records = walk(tmp_path, Camera(act), max_seconds=1.8)
    assert spoken(records, kind)["t"] < 0.3 + 1.2


class Depth:
    """A depth model by script."""

    describe = "scripted"

    def __init__(self, act: Callable[[Frame], np.ndarray]) -> None:
        self._act = act

    def infer(self, frame: Frame) -> DepthMap:
        return DepthMap(self._act(frame), frame.intrinsics)


def raising(error: Exception) -> Callable[[Frame], np.ndarray]:
    def act(frame: Frame) -> np.ndarray:
        if 0.3 < frame.t < 0.8:
            raise error
        return DEPTH

    return act


@pytest.mark.parametrize(
    "act",
    [
        raising(DepthFault("the network failed: check the bundle")),
        raising(RuntimeError("CUDA error")),
        lambda frame: np.full_like(DEPTH, np.nan) if 0.3 < frame.t < 0.8 else DEPTH,
    ],
    ids=["fault", "any exception", "nothing but NaN"],
)
def test_depth_that_fails_is_announced_and_survived(tmp_path: Path, act: Callable[[Frame], np.ndarray]) -> None:
    code, records = walk(tmp_path, Camera(lambda _, rgb: rgb), Depth(act), max_seconds=1.2)
    assert code == 0
    assert faults(records) == [("depth", False), ("depth", True)]
    assert spoken(records, "depth")["t"] < 0.3 + 1.0
    assert not [r for r in records if r["type"] == "scene" and 0.35 < r["t"] < 0.75]


def test_depth_too_slow_to_walk_by_is_announced(tmp_path: Path) -> None:
    def act(frame: Frame) -> np.ndarray:
        pause(0.45)
        return DEPTH

    _, records = walk(tmp_path, Camera(lambda _, rgb: rgb), Depth(act), max_seconds=3.0)
    assert ("slow", False) in faults(records)
    assert spoken(records, "slow")["priority"] == "fault"
    assert records[-1]["dropped_frames"] > 10


def test_a_loop_that_stalls_is_announced_while_it_stalls(tmp_path: Path) -> None:
    def act(frame: Frame) -> np.ndarray:
        if 0.3 < frame.t < 0.4:
            pause(1.5)
        return DEPTH

    _, records = walk(tmp_path, Camera(lambda _, rgb: rgb), Depth(act), max_seconds=2.4)
    assert faults(records)[:2] == [("watchdog", False), ("watchdog", True)]
    assert spoken(records, "stalled")["t"] < 0.4 + 1.1


def test_a_full_disk_does_not_end_the_walk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not here")
    said: list[Callout] = []
    told: list[str] = []

    class Screen:
        def frame(self, index: int) -> None:
            pass

        def callout(self, callout: Callout) -> None:
            said.append(callout)

        def fault(self, fault: Fault) -> None:
            told.append(fault.message)

    loop = Loop(SensorDepth(), PerceptionSettings(), GuidanceSettings(), HealthSettings(), sensor_depth=True)
    source = RaycastSource(RaycastSourceSettings(seconds=4))
    outputs = Outputs(GuidanceLog(Path("/dev/full")), progress=Screen())
    made = Walk(source, loop, lambda **_: SilentVoice(), outputs, every_frame=True)
    assert made.run() == 1
    assert [c.kind for c in said][:2] == ["log", "low_obstacle"]
    assert "free some space" in told[0]


def test_a_model_that_sees_the_floor_too_near_is_corrected_by_the_cameras_height() -> None:
    settings = PerceptionSettings(camera_height_m=1.4)
    model = Depth(lambda frame: DEPTH * np.float32(0.8))
    loop = Loop(model, settings, GuidanceSettings(), HealthSettings(), sensor_depth=False)
    rng = np.random.default_rng(0)
    for n in range(34):  # more than three seconds: so large a correction is not believed sooner
        rgb = rng.integers(60, 200, (240, 320, 3)).astype(np.uint8)
        step = loop.step(Frame(n, n / 10, rgb, SMALL))
    assert step.scene is not None
    assert step.scene.depth_scale == pytest.approx(1.25, abs=0.03)
    assert step.scene.ground is not None
    assert step.scene.ground.height_m == pytest.approx(1.4, abs=0.03)


def test_the_log_is_json_to_the_last_line(tmp_path: Path) -> None:
    walk(tmp_path, RaycastSource(RaycastSourceSettings(seconds=2)), every_frame=True)
    lines = (tmp_path / "walk.jsonl").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert {"wall", "t", "type"} <= set(json.loads(lines[3]))


def test_a_camera_that_hangs_to_the_end_is_no_recovery(tmp_path: Path) -> None:
    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        if t > 0.3:
            pause(4.0)
        return rgb

    code, records = walk(tmp_path, Camera(act), max_seconds=2.0)
    assert code == 1
    assert faults(records) == [("camera", False)]


def test_an_unexpected_error_of_the_camera_ends_the_walk_aloud(tmp_path: Path) -> None:
    def act(t: float, rgb: np.ndarray) -> np.ndarray:
        if t > 0.3:
            raise ValueError("strange driver")
        return rgb

    with pytest.raises(ValueError, match="strange driver"):
        walk(tmp_path, Camera(act), max_seconds=2.0)
    records = read_log(tmp_path / "walk.jsonl").records
    assert faults(records) == [("walk", False)]
    assert spoken(records, "failed")["text"] == "Guidance ended. Stop."
    assert records[-1]["type"] == "summary"


def test_an_error_of_perception_ends_the_walk_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError("out of bounds")

    monkeypatch.setattr("edge_nav.perception.perceive.find_obstacles", broken)
    with pytest.raises(IndexError):
        walk(tmp_path, RaycastSource(RaycastSourceSettings(seconds=2)), every_frame=True)
    records = read_log(tmp_path / "walk.jsonl").records
    assert faults(records) == [("walk", False)]
    assert spoken(records, "failed")


@pytest.mark.parametrize(("before", "frames"), [(signal.SIG_DFL, 6), (signal.SIG_IGN, 20)])
def test_a_closed_terminal_ends_the_walk_but_under_nohup(tmp_path: Path, before: signal.Handlers, frames: int) -> None:
    class Closing(RaycastSource):
        def read(self) -> Frame | None:
            frame = super().read()
            if frame is not None and frame.index == 6:
                os.kill(os.getpid(), signal.SIGHUP)
            return frame

    was = signal.signal(signal.SIGHUP, before)
    try:
        code, records = walk(tmp_path, Closing(RaycastSourceSettings(seconds=2)), every_frame=True)
        assert signal.getsignal(signal.SIGHUP) == before
    finally:
        signal.signal(signal.SIGHUP, was)
    assert code == 0
    assert sum(r["type"] == "scene" for r in records) == frames
    assert records[-1]["type"] == "summary"


def test_a_disk_too_slow_for_the_recording_does_not_hold_up_the_walk(tmp_path: Path) -> None:
    class SlowRecorder:
        on_fault = None

        def write(self, *_: object) -> None:
            pause(0.5)

        def close(self) -> None:
            pass

    log = tmp_path / "walk.jsonl"
    loop = Loop(SensorDepth(), PerceptionSettings(), GuidanceSettings(), HealthSettings(), sensor_depth=True)
    outputs = Outputs(GuidanceLog(log), SlowRecorder())  # type: ignore[arg-type]
    source = Camera(lambda _t, rgb: rgb, fps=30.0)
    Walk(source, loop, lambda **_: SilentVoice(), outputs, max_seconds=1.5).run()  # type: ignore[arg-type]
    records = read_log(log).records
    assert faults(records) == [("record", False)]
    assert len([r for r in records if r["type"] == "scene"]) > 15


def test_a_walk_whose_truth_is_known_ends_with_what_was_announced_of_it(tmp_path: Path) -> None:
    def until(t: float) -> list[TruthFrame]:
        return [TruthFrame(n / 10, Pose(0.0, 1.15 * n / 10), crate(n / 10)) for n in range(int(t * 10) + 1)]

    def crate(t: float) -> tuple[Standing, ...]:
        gap = round(5.8 - 1.15 * t, 2)
        return (Standing("crate", 1, "ground", 0.0, 0.5, abs(gap), gap if gap > 0 else None, ((8, abs(gap)),)),)

    _, records = walk(
        tmp_path,
        RaycastSource(RaycastSourceSettings(seconds=6)),
        every_frame=True,
        truth=DebriefTruth(until, frozenset()),
    )
    assert [r["type"] for r in records[-2:]] == ["debrief", "summary"]
    found = records[-2]
    assert [(h["kind"], h["outcome"]) for h in found["hazards"]] == [("crate", "in_time")]
    first = next(r for r in records if r["type"] == "callout" and r["id"] == found["hazards"][0]["callout_id"])
    assert first["kind"] == "low_obstacle"


def test_a_truth_that_cannot_be_read_does_not_cost_the_summary(tmp_path: Path) -> None:
    def until(_: float) -> list[TruthFrame]:
        raise UsageError("truth cannot be read: film the scene again.")

    code, records = walk(
        tmp_path,
        RaycastSource(RaycastSourceSettings(seconds=1)),
        every_frame=True,
        truth=DebriefTruth(until, frozenset()),
    )
    assert code == 0
    assert [r["type"] for r in records if r["type"] in ("debrief", "summary")] == ["summary"]
