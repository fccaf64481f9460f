"""Frames with depth for the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator

from edge_nav.errors import UsageError
from edge_nav.lab.sim.source import SimSource
from edge_nav.sources.spec import open_source, parse_source
from edge_nav.types import Frame


def frames_with_depth(spec: str) -> Iterator[Frame]:
    """All frames of a recording; UsageError if it has no depth."""
    settings = parse_source(spec)
    if settings.type == "camera":
        raise UsageError(f"source {spec} is live: benchmarks need a recording, such as raycast or rgbd:DIR.")
    source = open_source(settings, SimSource)
    try:
        while (frame := source.read()) is not None:
            if frame.depth_m is None:
                raise UsageError(f"source {spec} has no depth: give rgbd:DIR, stereo:DIR, sim:SCENE or raycast.")
            yield frame
    finally:
        source.close()
