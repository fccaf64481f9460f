"""`bench latency`: capture to decision, and capture to the first audio sample, in a walk at its own pace."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import cv2

from edge_nav.errors import UsageError
from edge_nav.lab.bench.options import LatencyBenchOptions
from edge_nav.lab.bench.report import Row, percentiles, report
from edge_nav.lab.sim.source import SimSource
from edge_nav.record.log import GuidanceLog
from edge_nav.record.read import read_log
from edge_nav.sources.spec import open_source
from edge_nav.speech.voice import open_voice
from edge_nav.speech.wav import WavOutputSettings
from edge_nav.types import PRIORITIES
from edge_nav.walk.app import Walk
from edge_nav.walk.build import make_loop, open_measuring
from edge_nav.walk.options import WalkOptions
from edge_nav.walk.outputs import Outputs
from edge_nav.walk.profile import profile_of

SOUND_TARGET_MS = 300.0


def bench(options: LatencyBenchOptions) -> int:
    """Walk for a while with the voice rendered to a file, and read the times off the log."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "walk.jsonl"
        _walk(options.source, options.seconds, log, Path(folder) / "voice.wav")
        records = read_log(log).records
    decisions = [float(r["latency_ms"]) for r in records if r["type"] == "callout" and r["obstacle_id"] is not None]
    frames = [sum(r["stage_ms"].values()) for r in records if r["type"] == "scene"]
    priority = {r["id"]: r["priority"] for r in records if r["type"] == "callout"}
    sounds: dict[str, list[float]] = {}
    for r in records:
        if r["type"] == "voice" and r["latency_ms"] is not None:
            sounds.setdefault(priority[r["callout_id"]], []).append(float(r["latency_ms"]))
    if not frames:
        raise UsageError(
            f"source {options.source} gave no scene in {options.seconds:g} s: measure longer, or another recording."
        )
    rows: list[Row] = []
    measured = [("a frame, all stages", frames), ("capture to decision", decisions)]
    # What is less urgent waits for its turn: that is the voice's rule, not its speed.
    measured += [(f"capture to sound, {p}", sounds[p]) for p in PRIORITIES if p in sounds]
    for name, values in measured:
        if not values:
            continue
        p50, p95, most = percentiles(values)
        rows.append(
            {
                "what": name,
                "count": len(values),
                "p50_ms": p50,
                "p95_ms": p95,
                "max_ms": most,
                "ratio": p95 / SOUND_TARGET_MS,
            }
        )
    report(
        f"latency; ratio of p95 to the target of {SOUND_TARGET_MS:.0f} ms to the first sound", rows, options.json_file
    )
    return 0


def _walk(source: str, seconds: float, log: Path, wav: Path) -> None:
    profile = profile_of(WalkOptions(source=source))
    speech = profile.speech.model_copy(update={"output": WavOutputSettings(path=wav)})
    frames = open_source(profile.source, SimSource)
    depth, _ = open_measuring(profile, live=frames.live)
    walk = Walk(
        frames,
        make_loop(profile, depth),
        partial(open_voice, speech, language=profile.guidance.language),
        Outputs(GuidanceLog(log)),
        max_seconds=seconds,
        session={},
    )
    walk.run()
