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
FIRST_TO_M, FIRST_M, FIRST_SHARE = 4.0, 0.15, 0.07
"""The first thing in the corridor, so far or nothing, is told rightly within the greater of these."""
SAME_M = 0.5
"""A thing with a new number so near to where one was a frame ago is that one."""


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
    first_right: int = 0
    """Frames in which the first thing in the corridor is at its distance, or there is none and none is told."""
    first_wrong: list[tuple[int, float, float]] = field(default_factory=list)
    """The others: frame, what is true and what is told, metres."""
    remembered_first: int = 0
    """Frames in which what is only remembered is told as nearer than anything seen."""
    numbers: set[int] = field(default_factory=set)
    before: tuple[Obstacle, ...] = ()
    renumbered: int = 0
    """Frames in which the first thing in the corridor has a new number, though a thing was there a frame ago."""


def bench(options: AccuracyBenchOptions) -> int:
    """Recall, precision and errors for each recording."""
    rows: list[Row] = []
    for source in options.sources or ("raycast",):
        s = score(source, options.every, options.camera_height_m)
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
                "first_right": s.first_right / n if (n := s.first_right + len(s.first_wrong)) else None,
                "remembered_first": s.remembered_first,
                "renumbered": s.renumbered,
            }
        )
    report("obstacles in the corridor, 0.5-3 m, against the brute-force reference", rows, options.json_file)
    return 0


def score(source: str, every: int = 1, camera_height_m: float | None = None) -> AccuracyScore:
    """Walk a recording; compare every so many frames. Each frame is perceived: tracking needs them all."""
    settings = PerceptionSettings(camera_height_m=camera_height_m)
    perception, s = Perception(settings), AccuracyScore()
    for frame in frames_with_depth(source):
        if frame.depth_m is None:
            continue
        scene = perception.perceive(frame, DepthMap(frame.depth_m, frame.intrinsics))
        _note_numbers(scene, s)
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
        max_m=FIRST_TO_M,
        curvature_per_m=scene.curvature_per_m,
    )
    _compare_first(frame.index, scene, truth, s)
    claimed = [
        o
        for o in scene.obstacles
        if o.in_corridor and not o.remembered and o.band != "drop" and NEAR_M <= o.distance_m <= FAR_M
    ]
    s.drops += sum(o.in_corridor and o.band == "drop" and o.label != "unseen_floor" for o in scene.obstacles)
    for t in truth:
        if not NEAR_M <= t.distance_m <= FAR_M or t.area_m2 < LEAST_AREA_M2 or t.high_m < LEAST_HEIGHT_M:
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


def _compare_first(frame: int, scene: Scene, truth: list[ReferenceObstacle], s: AccuracyScore) -> None:
    seen = (t.distance_m for t in truth if t.area_m2 >= LEAST_AREA_M2 and t.high_m >= LEAST_HEIGHT_M)
    true_m = min(seen, default=math.inf)
    there = [o for o in scene.obstacles if o.in_corridor and o.band != "drop"]
    told_m = min((o.distance_m for o in there if not o.remembered), default=math.inf)
    s.remembered_first += any(o.remembered and o.distance_m < told_m for o in there)
    slack_m = max(FIRST_M, FIRST_SHARE * min(true_m, FIRST_TO_M))
    if min(true_m, FIRST_TO_M) - min(told_m, FIRST_TO_M) > slack_m or told_m - true_m > slack_m:
        s.first_wrong.append((frame, true_m, told_m))
    else:
        s.first_right += 1


def _note_numbers(scene: Scene, s: AccuracyScore) -> None:
    ahead = [o for o in scene.obstacles if o.in_corridor and o.band != "drop" and not o.remembered]
    first = min(ahead, key=lambda o: o.distance_m, default=None)
    if first is not None and first.id not in s.numbers:
        s.renumbered += any(math.hypot(_x(o) - _x(first), _forward(o) - _forward(first)) < SAME_M for o in s.before)
    s.before = tuple(o for o in scene.obstacles if o.band != "drop")
    s.numbers.update(o.id for o in scene.obstacles)


def _forward(t: ReferenceObstacle | Obstacle) -> float:
    return t.distance_m * math.cos(math.radians(t.bearing_deg))


def _x(t: ReferenceObstacle | Obstacle) -> float:
    return t.distance_m * math.sin(math.radians(t.bearing_deg))


def _hours_apart(a_deg: float, b_deg: float) -> int:
    apart = abs(clock_hour(a_deg) - clock_hour(b_deg))
    return min(apart, 12 - apart)
