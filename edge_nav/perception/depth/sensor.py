"""Depth that the source measures itself: a depth camera, a stereo pair, a recording, a simulated world."""

from __future__ import annotations

from edge_nav.errors import DepthFault
from edge_nav.types import DepthMap, Frame


class SensorDepth:
    """Takes the frame's own depth as it is."""

    describe = "depth measured by the source"

    def infer(self, frame: Frame) -> DepthMap:
        """The frame's depth. Raises DepthFault where it has none."""
        if frame.depth_m is None:
            raise DepthFault(f"frame {frame.index} has no depth: check the depth camera, or give --bundle")
        return DepthMap(frame.depth_m, frame.intrinsics)
