"""A walk as fast as possible comes out the same whatever else the machine does, and is walked again from its log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_nav.commands.options import ReplayOptions
from edge_nav.commands.replay import replay_walk
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.speech.none import SilentVoice
from edge_nav.speech.timeline import VoiceTimeline
from edge_nav.speech.voice import Voice, open_voice
from edge_nav.types import Callout, DepthMap, Frame, Pose, Standing, TruthFrame, VoiceFate
from edge_nav.walk.app import Walk
from edge_nav.walk.build import make_loop, session_of
from edge_nav.walk.options import WalkOptions
from edge_nav.walk.outputs import Outputs
from edge_nav.walk.profile import profile_of
from edge_nav.walk.results import DebriefTruth

SECONDS = 5


class Slow(SensorDepth):
    """Takes its time now and then, as on a machine that is busy."""

    def infer(self, frame: Frame) -> DepthMap:
        if frame.index % 5 == 0:
            threading.Event().wait(0.15)
        return super().infer(frame)


def until(t: float) -> list[TruthFrame]:
    def crate(t: float) -> tuple[Standing, ...]:
        gap = round(5.8 - 1.15 * t, 2)
        return (Standing("crate", 1, "ground", 0.0, 0.5, abs(gap), gap if gap > 0 else None, ((8, abs(gap)),)),)

    return [TruthFrame(n / 10, Pose(0.0, 1.15 * n / 10), crate(n / 10)) for n in range(int(t * 10) + 1)]


def drawling(is_current: Callable[[Callout], bool], on_fate: Callable[[VoiceFate], None], **_: object) -> SilentVoice:
    """A voice so slow that not everything has its turn."""
    return SilentVoice(VoiceTimeline(40, earcons=True, is_current=is_current, on_fate=on_fate))


def walk(log: Path, depth: SensorDepth, voice: Callable[..., Voice] | None = None) -> list[dict[str, Any]]:
    """A walk without sound."""
    options = WalkOptions(source="raycast", headless=True, every_frame=True)
    profile = profile_of(options)
    profile = profile.model_copy(update={"source": RaycastSourceSettings(seconds=SECONDS)})
    source = RaycastSource(RaycastSourceSettings(seconds=SECONDS))
    Walk(
        source,
        make_loop(profile, depth),
        voice or partial(open_voice, profile.speech, language="en"),
        Outputs(GuidanceLog(log)),
        truth=DebriefTruth(until, frozenset({"drop"}), {"stop": 0.13}),
        every_frame=True,
        session=session_of(profile, options, source, depth) | {"intrinsics": asdict(source.intrinsics)},
    ).run()
    return read_log(log).records


def of(records: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k not in ("wall", "latency_ms")} for r in records if r["type"] in kinds]


def test_a_busy_machine_changes_nothing_that_is_heard(tmp_path: Path) -> None:
    quick, slow = walk(tmp_path / "quick.jsonl", SensorDepth()), walk(tmp_path / "slow.jsonl", Slow())
    kinds = ("callout", "voice", "debrief")
    assert of(quick, *kinds) == of(slow, *kinds)
    voices = [r for r in quick if r["type"] == "voice"]
    assert {r["state"] for r in voices} >= {"spoken"}
    assert min(r["latency_ms"] for r in voices if r["latency_ms"] is not None) == 60.0
    (found,) = of(quick, "debrief")
    assert [(h["kind"], h["outcome"]) for h in found["hazards"]] == [("crate", "in_time")]
    summary = quick[-1]
    assert summary["voice"]["spoken"] > 0
    assert summary["first_sound"] == {}  # nothing sounded, so nothing was measured


def test_what_the_voice_had_no_time_for_is_walked_again_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = walk(tmp_path / "walk.jsonl", SensorDepth(), drawling)
    assert "expired" in {r["state"] for r in records if r["type"] == "voice"}
    assert replay_walk(ReplayOptions(tmp_path / "walk.jsonl")) == 0
    assert "without a difference" in capsys.readouterr().out
