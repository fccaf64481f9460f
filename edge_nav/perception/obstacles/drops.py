"""Drop-offs: where the floor ends, told from a slope, from missing depth, and from dark or shiny floor.

Lower ground proves a drop only where level floor ends abruptly: a ramp departs from the plane little by little.
Missing depth alone proves nothing; beyond a floor edge, where no floor comes back, it is reported as floor that
cannot be seen, with low confidence.

Far away a depth camera sees an even floor in waves, and in a shiny one the mirror image of what stands on it: patches
of lower ground, ragged and narrow. There a shallow edge has to run straight across the way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.detection import Detection
from edge_nav.perception.floor.floor_scan import (
    BELOW,
    BIN_M,
    BINS,
    DROP_M,
    LEVEL,
    MISSING,
    SECTOR_DEG,
    FloorScan,
    bearing_of,
    sector_x,
)
from edge_nav.perception.perception_settings import PerceptionSettings

MIN_WIDTH_M = 0.25
MIN_LENGTH_BINS = 3
"""An unseen stretch of floor shorter than 0.3 m is stepped over."""
DARK, DAZZLED = 30.0, 245.0
"""Mean brightness below and above which a depth camera gets no answer from a perfectly sound floor."""
STAIR_RISE = (0.3, 1.1)
"""Fall per metre ahead of a staircase, between a shallow flight's and a ladder's."""
STAIR_RUN_M, STRETCH_M = 2.4, 0.2
KERB_M = 0.26
"""The deepest single step; deeper is a drop."""
FAR_M, SURE_SHARE = 2.5, 0.3
"""From so far on an edge that is less deep than this share of the camera's height may be a wave or a mirror image."""
ACROSS_M, STRAIGHT_M, WIDE_M = 0.8, 0.12, 1.5
"""A far edge is as wide as a walker's way and straight to within so much, or so wide that it may have corners."""
NEXT_M, ALIKE_M = 0.8, 0.06
"""An edge that runs away from the walker goes on at most so far off in the next sector, as deep to within so much."""
BORDER_BINS, HOLE_M = 2, 0.25
"""A drop's edge lies beneath the picture's lower border where the nearest ground that is seen is lower by this, more
than a ramp's would be."""


@dataclass(frozen=True, slots=True)
class _FloorEdge:
    """The floor's end along one sector: range, how far below, and whether lower ground was seen."""

    sector: int
    range_m: float
    depth_m: float
    seen: bool


def find_drops(scan: FloorScan, settings: PerceptionSettings, *, named: bool = False) -> list[Detection]:
    """Edges of adjacent sectors joined into drop-offs, nearest first. ``named``: a network calls lower ground by that
    name, which a wave in the depth does not change.
    """
    suspect = (scan.share[:, :, BELOW] > 0.5) | (scan.share[:, :, MISSING] > 0.7)
    edges = [e for s in np.flatnonzero(suspect.any(axis=1)) if (e := _edge(scan, int(s), suspect[s])) is not None]
    groups: list[list[_FloorEdge]] = []
    for edge in edges:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and edge.sector - last.sector <= 2
            and edge.seen == last.seen
            and abs(edge.range_m - last.range_m) < 0.35
        ):
            groups[-1].append(edge)
        else:
            groups.append([edge])
    if not named:
        sure = {id(e) for run in _runs(edges) if _goes_on(run) for e in run}
        groups = [g for g in groups if _stands_out(scan, g) or sure.issuperset(map(id, g))]
    drops = [d for g in groups if (d := _join(scan, g, settings)) is not None]
    return sorted(drops, key=lambda d: d.distance_m)


def _edge(scan: FloorScan, sector: int, suspect: NDArray[np.bool_]) -> _FloorEdge | None:
    """Where the floor ends, walking outward over the range bins that are shown; None where it does not."""
    share = scan.share[sector]
    shown = np.flatnonzero(scan.pixels[sector] >= 2)
    first = shown[:BORDER_BINS]
    if len(first) == BORDER_BINS and (share[first, BELOW] > 0.5).all():
        low = scan.below_m[sector, first]
        if low[0] < -HOLE_M and low.max() < -DROP_M:
            return _FloorEdge(sector, int(first[0]) * BIN_M, -float(low[0]), True)
    for n in np.flatnonzero(suspect[shown]):
        k, before, after = int(shown[n]), shown[max(0, n - 3) : n], shown[n : n + 3]
        if len(before) < 2 or share[before, LEVEL].mean() < 0.6:
            continue
        if share[k, BELOW] > 0.5:
            here, level = float(scan.below_m[sector, k]), float(scan.level_m[sector, before].mean())
            sudden = here < -DROP_M and level - here > 0.8 * DROP_M and level > -0.05
            if sudden and share[after, BELOW].mean() > 0.6:
                return _FloorEdge(sector, k * BIN_M, -here, True)
        elif len(after) == 3 and share[after, MISSING].mean() > 0.8:
            return _unseen(scan, sector, shown, int(n))
    return None


def _stands_out(scan: FloorScan, edges: list[_FloorEdge]) -> bool:
    """Whether an edge is nearer, deeper or more regular than a far floor's waves and mirror images."""
    away, deep = np.median([(e.range_m, e.depth_m) for e in edges], axis=0)
    if not edges[0].seen or away < FAR_M or deep > SURE_SHARE * scan.camera_m:
        return True
    wide, straight = _line(edges)
    return wide >= WIDE_M or (wide >= ACROSS_M and straight)


def _runs(edges: list[_FloorEdge]) -> list[list[_FloorEdge]]:
    """Edges of adjacent sectors that may be one edge, however slantwise it runs."""
    runs: list[list[_FloorEdge]] = []
    for edge in edges:
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and edge.sector - last.sector <= 2
            and edge.seen == last.seen
            and abs(edge.depth_m - last.depth_m) < max(ALIKE_M, 0.3 * last.depth_m)
            and np.hypot(*(_place(edge) - _place(last))) < NEXT_M
        ):
            runs[-1].append(edge)
        else:
            runs.append([edge])
    return runs


def _goes_on(run: list[_FloorEdge]) -> bool:
    """Whether an edge runs straight, or comes from near."""
    wide, straight = _line(run)
    return (wide >= ACROSS_M and straight) or sum(e.range_m < FAR_M for e in run) >= 2


def _line(edges: list[_FloorEdge]) -> tuple[float, bool]:
    """How long an edge is, metres, and whether it is straight."""
    places = np.stack([_place(e) for e in edges])
    across = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(across.T @ across)
    away = float(np.median([e.range_m for e in edges]))
    long = float(np.ptp(across @ axes[:, 1])) + away * math.radians(SECTOR_DEG)  # the outermost sectors' own halves
    return long, bool(np.abs(across @ axes[:, 0]).max() <= STRAIGHT_M)


def _place(edge: _FloorEdge) -> NDArray[np.float64]:
    """Right and forward, metres."""
    return np.array(
        [sector_x(edge.sector, edge.range_m), edge.range_m * math.cos(math.radians(bearing_of(edge.sector)))]
    )


def _fall_beyond(scan: FloorScan, edges: list[_FloorEdge]) -> float:
    """Fall per metre of true distance in the first two metres beyond an edge; 0 where it is not a slope.

    Treads lie close together in the picture, so this looks at each pixel's own place.
    """
    sector, away, height = scan.lower.T
    start = float(np.median([e.range_m for e in edges]))
    mine = (sector >= edges[0].sector) & (sector <= edges[-1].sector) & (away > start) & (away < start + STAIR_RUN_M)
    away, height = away[mine], height[mine]
    # The lowest of each stretch, so that the treads' many near pixels do not outweigh the far few.
    stretch = ((away - start) / STRETCH_M).astype(int)
    known = [k for k in range(round(STAIR_RUN_M / STRETCH_M)) if np.count_nonzero(stretch == k) >= 3]
    if len(known) < 4:
        return 0.0
    ahead = (np.array(known) + 0.5) * STRETCH_M
    low = np.array([np.median(height[stretch == k]) for k in known])
    slope, offset = np.polyfit(ahead, -low, 1)
    return float(slope) if np.abs(-low - slope * ahead - offset).max() < 0.2 else 0.0


def _unseen(scan: FloorScan, sector: int, shown: NDArray[np.intp], n: int) -> _FloorEdge | None:
    """Floor that gives no depth: nothing if it comes back level, if a thing stands behind, or if light explains it."""
    share = scan.share[sector]
    gone = shown[n:]
    until = next((m for m, k in enumerate(gone) if share[k, MISSING] < 0.5), len(gone))
    if until < MIN_LENGTH_BINS or until < len(gone):
        return None
    brightness = float(scan.missing_brightness[sector, gone[:until]].mean())
    if not DARK < brightness < DAZZLED:
        return None
    if int(gone[0]) * BIN_M > 3.0 or int(gone[until - 1]) < min(BINS, int(gone[0]) + 5):
        return None
    return _FloorEdge(sector, int(gone[0]) * BIN_M, DROP_M, False)


def _join(scan: FloorScan, edges: list[_FloorEdge], settings: PerceptionSettings) -> Detection | None:
    ranges = np.array([e.range_m for e in edges])
    width = float(np.median(ranges)) * math.radians(SECTOR_DEG) * (edges[-1].sector - edges[0].sector + 1)
    if len(edges) < 2 or width < MIN_WIDTH_M:
        return None
    x = np.array([sector_x(e.sector, e.range_m) for e in edges])
    half = settings.corridor_width_m / 2
    inside = np.abs(x) <= half
    # The edge ahead matters more than a nearer corner of it beside the corridor.
    choice = int(np.argmin(np.where(inside, ranges, ranges + 100.0)))
    edge = edges[choice]
    depth = float(np.median([e.depth_m for e in edges]))
    slope = _fall_beyond(scan, edges) if edge.seen else 0.0
    return Detection(
        distance_m=float(np.median(ranges[inside])) if inside.any() else edge.range_m,
        bearing_deg=bearing_of(edge.sector),
        x_m=float(x[choice]),
        forward_m=edge.range_m * math.cos(math.radians(bearing_of(edge.sector))),
        left_m=float(x.min()),
        right_m=float(x.max()),
        low_m=-depth,
        high_m=0.0,
        band="drop",
        in_corridor=bool(inside.any()),
        confidence=min(1.0, 0.5 + 0.1 * len(edges)) if edge.seen else 0.3,
        label=_label(edge.seen, depth, slope),
        footing=True,
        places=np.stack([_place(e) for e in edges]),
    )


def _label(seen: bool, depth_m: float, slope: float) -> str:
    if not seen:
        return "unseen_floor"
    if STAIR_RISE[0] < slope < STAIR_RISE[1]:
        return "stairs_down"
    return "step_down" if depth_m <= KERB_M and slope < STAIR_RISE[0] else "drop"
