"""`replay`: walks a recorded walk again and shows the first difference from its log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_nav.commands.options import ReplayOptions
from edge_nav.config import Profile, parse_profile
from edge_nav.errors import UsageError
from edge_nav.record import records
from edge_nav.record.compare import first_difference
from edge_nav.record.read import read_log
from edge_nav.record.session import LOG_NAME
from edge_nav.sources.sim import OpenSim
from edge_nav.sources.spec import open_source, parse_source
from edge_nav.types import Source
from edge_nav.walk.build import make_loop, open_measuring

LIVE_COMPONENTS = ("camera", "watchdog", "slow", "speech", "log", "record", "bundle")
"""Faults of devices and of time, which no recording brings back."""
NEEDED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "scene": {"t": (int, float), "frame": int, "obstacles": list},
    "callout": {"t": (int, float), "priority": str, "kind": str, "text": str},
    "fault": {"t": (int, float), "component": str},
}
"""What walking again relies on in each record."""
Said = tuple[float, str]
"""A callout's time and text: its number also counts those about devices."""


def replay_walk(options: ReplayOptions, open_sim: OpenSim | None = None) -> int:
    """Print what was found. Exit code 0: the same; 1: different."""
    what = options.what
    log = what / LOG_NAME if what.is_dir() else what
    logged = read_log(log)
    session = logged.records[0]
    profile = _profile(session, log)
    spec = options.source or (f"rgbd:{what}" if what.is_dir() else str(session.get("source", "")))
    if spec.startswith("camera"):
        raise UsageError(f"log {log} is of a live camera: replay the folder that `run --record DIR` wrote.")
    settings = parse_source(spec, profile.source)
    profile = profile.model_copy(update={"source": settings})
    _check(logged.records, log)
    was = [r for r in logged.records if _repeatable(r)]
    if not was:
        raise UsageError(f"log {log} holds no frame: there is nothing to replay.")
    frames = {round(float(r["t"]), 3): int(r["frame"]) for r in logged.records if r["type"] == "scene"}
    opened = open_source(settings, open_sim)
    start_s = _start(what) if what.is_dir() else 0.0
    now = list(_walk(opened, profile, frames, _unsaid(logged.records), start_s))
    difference = first_difference(was, now)
    lost = f" ({logged.truncated} truncated line left out)" if logged.truncated else ""
    if difference is None:
        sys.stdout.write(f"{log}: {len(was)} records, walked again without a difference{lost}.\n")
        return 0
    sys.stdout.write(f"{log}: {difference.sentence}{lost}\n")
    return 1


def _check(found: list[dict[str, Any]], log: Path) -> None:
    for number, record in enumerate(found, 1):
        needed = NEEDED.get(record["type"], {})
        if not all(isinstance(record.get(name), kind) for name, kind in needed.items()):
            raise UsageError(f"log {log} line {number} is no whole {record['type']} record: replay an unedited log.")


def _profile(session: dict[str, Any], log: Path) -> Profile:
    config = session.get("config")
    if not isinstance(config, dict):
        raise UsageError(f"log {log} does not hold its settings: only logs of `run --log` can be replayed.")
    return parse_profile(config, f"in {log}")


def _start(folder: Path) -> float:
    """Walk time of a recording's first frame: sources count from it, but the walk may have dropped the ones before."""
    try:
        lines = (folder / "rgb.txt").read_text(encoding="utf-8").splitlines()
        return next((float(line.split()[0]) for line in lines if line.strip() and not line.startswith("#")), 0.0)
    except (OSError, ValueError) as e:
        raise UsageError(f"recording {folder} has no usable rgb.txt: give a folder that `run --record` wrote.") from e


def _unsaid(found: list[dict[str, Any]]) -> dict[int, list[Said]]:
    """What the policy had learnt by each frame that was never heard: it is news still."""
    said: dict[object, Said] = {}
    unsaid: dict[int, list[Said]] = {}
    learnt: list[Said] = []
    for record in found:
        if record["type"] == "callout":
            said[record.get("id")] = (float(record["t"]), str(record["text"]))
        elif record["type"] == "voice" and record.get("state") == "expired" and record.get("callout_id") in said:
            learnt.append(said[record["callout_id"]])
        elif record["type"] == "scene":
            unsaid[int(record["frame"])], learnt = learnt, []
    return unsaid


def _walk(
    source: Source, profile: Profile, frames: dict[float, int], unsaid: dict[int, list[Said]], start_s: float
) -> Iterator[dict[str, Any]]:
    """Records of the frames that the walk took, by their times; the ones it dropped are dropped again.

    ``frames`` has the numbers that they had: a recording counts only those that it holds. ``unsaid`` has what the
    policy was told before each frame that the voice had no time for.
    """
    numbers: dict[Said, int] = {}
    try:
        depth, _ = open_measuring(profile, live=False, force=True)
        loop = make_loop(profile, depth)
        while (frame := source.read()) is not None:
            t = frame.t + start_s
            number = frames.get(round(t, 3))
            if number is None:
                continue
            frame = replace(frame, index=number, t=t)
            for callout_id in (numbers[said] for said in unsaid.get(number, ()) if said in numbers):
                loop.policy.unsaid(callout_id)
            step = loop.step(frame)
            numbers |= {(round(c.t, 3), c.text): c.id for c in step.callouts}
            found = [records.fault_record(f, frame.t) for f in step.faults]
            if step.scene is not None:
                found.append(records.scene_record(step.scene))
            found += [records.callout_record(c, 0.0) for c in step.callouts]
            yield from (r for r in found if _repeatable(r))
    finally:
        source.close()


def _repeatable(record: dict[str, Any]) -> bool:
    if record["type"] == "callout":
        return bool(record["priority"] != "fault" and record["kind"] != "recovered")
    if record["type"] == "fault":
        return bool(record["component"] not in LIVE_COMPONENTS)
    return bool(record["type"] == "scene")
