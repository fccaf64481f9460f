"""`bench perception`: what everything but the network costs a frame."""

from __future__ import annotations

import itertools
import time

import cv2
import numpy as np

from edge_nav.errors import UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.lab.bench.frames import frames_with_depth
from edge_nav.lab.bench.options import PerceptionBenchOptions
from edge_nav.lab.bench.report import Row, percentiles, report
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.health import HealthSettings, ViewMonitor
from edge_nav.types import DepthMap, Frame

TARGET_MS = 10.0
SIZE = (640, 480)
WARM_UP = 3
SCALES = (0.5, 1.0, 1.5, 2.0)


def bench(options: PerceptionBenchOptions) -> int:
    """Median, p95 and greatest time of each stage at 640x480 on one core, and of the whole at other sizes."""
    cv2.setNumThreads(1)
    frames = list(itertools.islice(frames_with_depth(options.source), options.frames + WARM_UP))
    if len(frames) <= WARM_UP:
        raise UsageError(f"source {options.source} has {len(frames)} frames: benchmarks need more than {WARM_UP}.")
    stages = measure([resized(f, *SIZE) for f in frames])
    rows: list[Row] = []
    for name, values in stages.items():
        p50, p95, most = percentiles(values)
        rows.append({"stage": name, "p50_ms": p50, "p95_ms": p95, "max_ms": most, "ratio": p50 / TARGET_MS})
    report(
        f"perception, {SIZE[0]}x{SIZE[1]}, one core; ratio to the target of {TARGET_MS:.0f} ms", rows, options.json_file
    )

    whole = float(np.median(stages["everything"]))
    growth: list[Row] = []
    for scale in SCALES:
        width, height = round(SIZE[0] * scale), round(SIZE[1] * scale)
        some = frames[: max(WARM_UP + 5, len(frames) // 3)]
        p50 = float(np.median(measure([resized(f, width, height) for f in some])["everything"]))
        growth.append(
            {
                "size": f"{width}x{height}",
                "pixels": width * height,
                "p50_ms": p50,
                "ratio": p50 / whole,
                "pixel_ratio": scale**2,
            }
        )
    target = None if options.json_file is None else options.json_file.with_stem(options.json_file.stem + "-pixels")
    report("cost against the number of pixels; ratio to 640x480", growth, target)
    return 0


def measure(frames: list[Frame]) -> dict[str, list[float]]:
    """Milliseconds of each stage, in order, for each frame after the warm-up."""
    perception, monitor = Perception(PerceptionSettings()), ViewMonitor(HealthSettings())
    policy = GuidancePolicy(GuidanceSettings())
    stages: dict[str, list[float]] = {}
    last = 0.0

    def mark(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        stages.setdefault(name, []).append((now - last) * 1e3)
        last = now

    for n, frame in enumerate(frames):
        if frame.depth_m is None:
            continue
        if n == WARM_UP:
            stages.clear()
        begin = last = time.perf_counter()
        view = monitor.update(frame).view
        mark("health")
        scene = perception.perceive(frame, DepthMap(frame.depth_m, frame.intrinsics), view, mark)
        policy.update(scene)
        mark("policy")
        stages.setdefault("everything", []).append((last - begin) * 1e3)
    return stages


def resized(frame: Frame, width: int, height: int) -> Frame:
    """A frame at another resolution; depth by nearest pixel, so that no depth is made up."""
    if frame.rgb.shape[:2] == (height, width) or frame.depth_m is None:
        return frame
    rgb = np.asarray(cv2.resize(frame.rgb, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    depth = np.asarray(cv2.resize(frame.depth_m, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.float32)
    return Frame(frame.index, frame.t, rgb, frame.intrinsics.resized(width, height), depth)
