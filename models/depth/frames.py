"""Frames with known depth from anywhere, for evaluation: generated ones, and recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.bench.frames import frames_with_depth
from edge_nav.perception.floor.floor_labels import LOWER
from edge_nav.perception.rays import ground_from_angles
from edge_nav.types import Frame, Ground
from models.data.classes import CLASSES, classified, feet_m
from models.data.dataset import list_frames, read_frame


class Known(NamedTuple):
    """A frame with depth, and what else is known of it. ``lower`` marks ground lower than the walker's [H, W]."""

    frame: Frame
    ground: Ground | None = None
    lower: NDArray[np.bool_] | None = None


def frames_of(spec: str, seeds: tuple[int, int], most: int) -> Iterator[Known]:
    """``frames:DIR`` (scene seeds from, up to but without; at most so many, spread evenly) with the floor that each
    pose tells, or a recording with depth such as ``rgbd:DIR``, of which no more is known beforehand."""
    kind, _, rest = spec.partition(":")
    if kind != "frames":
        yield from (Known(frame) for frame in frames_with_depth(spec))
        return
    refs = list_frames([Path(rest)], *seeds)
    step = max(1, -(-len(refs) // most))
    for n, ref in enumerate(refs[::step]):
        true = read_frame(ref)
        _, _, height_m, _, pitch_deg, roll_deg = ref.pose
        # Each frame is a place of its own: far apart in time, so that nothing is carried over.
        yield Known(
            Frame(n, 100.0 * n, true.rgb, ref.camera, true.depth_m),
            ground_from_angles(height_m - feet_m(ref), pitch_deg, roll_deg),
            classified(true, ref).label == CLASSES.index(LOWER),
        )
