"""`bench accuracy`: obstacles in the corridor against the brute-force reference, on recordings with true depth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from edge_nav.lab.bench.frames import frames_with_depth
from edge_nav.lab.bench.options import AccuracyBenchOptions
from edge_nav.lab.bench.reference import ReferenceObstacle, point_support, reference_ground, reference_obstacles
from edge_nav.lab.bench.report import Row, report
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthMap, Frame, Obstacle, Scene, clock_hour, side_of

NEAR_M, FAR_M = 0.5, 3.0
MATCH_M = 0.25
LEAST_AREA_M2, LEAST_HEIGHT_M = 0.0024, 0.15
"""Things smaller than this lie within the floor's own error, and are not asked for."""
SUPPORT_M2 = 0.0005


@dataclass(slots=True)
class AccuracyScore:
    """Counts of one recording, and the errors of what was matched."""

    frames: int = 0
    no_floor: int = 0
    found: int = 0
    missed: list[tuple[int, ReferenceObstacle]] = field(default_factory=list)
    supported: int = 0
    unsupported: list[tuple[int, Obstacle]] = field(default_factory=list)
    drops: int = 0
    distance_error_m: list[float] = field(default_factory=list)
    side_wrong: int = 0
    clock_wrong: int = 0


def bench(options: AccuracyBenchOptions) -> int:
    """Recall, precision and errors for each recording."""
    rows: list[Row] = []
    for source in options.sources or ("raycast",):
        s = score(source, options.every)
        expected, claimed = s.found + len(s.missed), s.supported + len(s.unsupported)
        errors = np.abs(s.distance_error_m) if s.distance_error_m else np.array([np.nan])
        rows.append(
            {
                "recording": source.rstrip("/").rpartition("/")[2],
                "frames": s.frames,
                "no_floor": s.no_floor,
                "obstacles": expected,
                "recall": s.found / expected if expected else None,
                "precision": s.supported / claimed if claimed else None,
                "drop_claims": s.drops,
                "error_mean_m": float(errors.mean()),
                "error_p95_m": float(np.percentile(errors, 95)),
                "side_wrong": s.side_wrong,
                "clock_wrong": s.clock_wrong,
            }
        )
    report("obstacles in the corridor, 0.5-3 m, against the brute-force reference", rows, options.json_file)
    return 0


def score(source: str, every: int = 1) -> AccuracyScore:
    """Walk a recording; compare every so many frames. Each frame is perceived: tracking needs them all."""
    settings = PerceptionSettings()
    perception, s = Perception(settings), AccuracyScore()
    for frame in frames_with_depth(source):
        if frame.depth_m is None:
            continue
        scene = perception.perceive(frame, DepthMap(frame.depth_m, frame.intrinsics))
        if frame.index % every == 0:
            _compare(frame, scene, settings, s)
    return s


def _compare(frame: Frame, scene: Scene, settings: PerceptionSettings, s: AccuracyScore) -> None:
    s.frames += 1
    if frame.depth_m is None or scene.ground is None:
        s.no_floor += 1
        return
    height = scene.ground.height_m
    # The reference finds the floor itself; perception's height only tells it which of two floors is meant.
    ground = reference_ground(frame.depth_m, frame.intrinsics, (height - 0.08, height + 0.08))
    if ground is None:
        s.no_floor += 1
        return
    truth = reference_obstacles(
        frame.depth_m,
        frame.intrinsics,
        ground,
        width_m=settings.corridor_width_m,
        height_m=settings.corridor_height_m,
        max_m=FAR_M,
    )
    claimed = [
        o
        for o in scene.obstacles
        if o.in_corridor and not o.remembered and o.band != "drop" and NEAR_M <= o.distance_m <= FAR_M
    ]
    s.drops += sum(o.in_corridor and o.band == "drop" and o.label != "unseen_floor" for o in scene.obstacles)
    for t in truth:
        if t.distance_m < NEAR_M or t.area_m2 < LEAST_AREA_M2 or t.high_m < LEAST_HEIGHT_M:
            continue
        near = [o for o in scene.obstacles if o.in_corridor and not o.remembered and o.band != "drop"]
        near = [o for o in near if abs(o.distance_m - t.distance_m) <= MATCH_M]
        if not near:
            s.missed.append((frame.index, t))
            continue
        match = min(near, key=lambda o: abs(o.distance_m - t.distance_m) + abs(o.x_m - _x(t)) / 2)
        s.found += 1
        s.distance_error_m.append(match.distance_m - t.distance_m)
        # A flat front has many nearest points: one on the other side is wrong only if nothing stands there.
        if point_support(frame.depth_m, frame.intrinsics, ground, match.distance_m, match.bearing_deg) < SUPPORT_M2:
            s.clock_wrong += _hours_apart(match.bearing_deg, t.bearing_deg) > 1
            s.side_wrong += {side_of(match.bearing_deg), side_of(t.bearing_deg)} == {"left", "right"}
    for o in claimed:
        area = point_support(frame.depth_m, frame.intrinsics, ground, o.distance_m, o.bearing_deg)
        if area >= SUPPORT_M2:
            s.supported += 1
        else:
            s.unsupported.append((frame.index, o))


def _x(t: ReferenceObstacle) -> float:
    return t.distance_m * math.sin(math.radians(t.bearing_deg))


def _hours_apart(a_deg: float, b_deg: float) -> int:
    apart = abs(clock_hour(a_deg) - clock_hour(b_deg))
    return min(apart, 12 - apart)
