"""Frames with known depth from anywhere, for evaluation: generated ones, and recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_nav.bench.frames import frames_with_depth
from edge_nav.perception.rays import ground_from_angles
from edge_nav.types import Frame, Ground
from models.data.dataset import list_frames, read_frame


def frames_of(spec: str, seeds: tuple[int, int], most: int) -> Iterator[tuple[Frame, Ground | None]]:
    """``frames:DIR`` (scene seeds from, up to but without; at most so many, spread evenly) with the floor that each
    pose tells, or a recording with depth such as ``rgbd:DIR``, whose floor is not known beforehand."""
    kind, _, rest = spec.partition(":")
    if kind != "frames":
        yield from ((frame, None) for frame in frames_with_depth(spec))
        return
    refs = list_frames([Path(rest)], *seeds)
    step = max(1, -(-len(refs) // most))
    for n, ref in enumerate(refs[::step]):
        true = read_frame(ref)
        _, _, height_m, _, pitch_deg, roll_deg = ref.pose
        # Each frame is a place of its own: far apart in time, so that nothing is carried over.
        yield Frame(n, 100.0 * n, true.rgb, ref.camera, true.depth_m), ground_from_angles(height_m, pitch_deg, roll_deg)
