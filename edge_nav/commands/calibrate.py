"""`calibrate`: the scale of a depth model from a wall at a known distance, or a marker of known size."""

from __future__ import annotations

import sys

import numpy as np

from edge_nav.commands.options import CalibrateOptions
from edge_nav.config import load_profile
from edge_nav.errors import UsageError
from edge_nav.perception.depth.calibrate import (
    ScaleMeasurement,
    scale_from_marker,
    scale_from_wall,
    store_scale,
    write_marker,
)
from edge_nav.sources.sim import OpenSim
from edge_nav.sources.spec import open_source, parse_source
from edge_nav.types import DepthMap, Frame
from edge_nav.walk.build import open_measuring

FRAMES = 15
"""The median of so many measurements: a network's depth breathes from frame to frame."""
MARKER_PIXELS = 800


def calibrate_scale(options: CalibrateOptions, open_sim: OpenSim | None = None) -> int:
    """Measure, print the error before and after, and store the scale in the profile."""
    if options.print_marker is not None:
        write_marker(options.print_marker, MARKER_PIXELS)
        sys.stdout.write(f"Print {options.print_marker} and measure its black square: that is --marker, in metres.\n")
        return 0
    if (options.wall_m is None) == (options.marker_m is None):
        raise UsageError("calibrate needs one known thing: give --wall METRES or --marker METRES.")
    profile = load_profile(options.config)
    if options.source is not None:
        profile = profile.model_copy(update={"source": parse_source(options.source, profile.source)})
    if options.bundle is not None:
        profile = profile.model_copy(update={"bundle": options.bundle})
    source = open_source(profile.source, open_sim)
    scales: list[float] = []
    before: list[float] = []
    after: list[float] = []
    trouble = ""
    try:
        model, _ = open_measuring(profile, live=source.live)
        if profile.bundle is None:
            raise UsageError(
                f"source {profile.source.type} measures depth itself, in metres: there is nothing to calibrate."
            )
        while len(scales) < FRAMES and (frame := source.read()) is not None:
            try:
                found = _measure(frame, model.infer(frame), options)
            except UsageError as e:
                trouble = str(e)
                if source.live:
                    raise
                continue
            scales.append(found.scale)
            before.append(found.error_before_m)
            after.append(found.error_after_m)
    finally:
        source.close()
    if not scales:
        raise UsageError(trouble or "no frame could be measured: check the source.")
    scale = float(np.median(scales))
    sys.stdout.write(
        f"Scale {scale:.3f} from {len(scales)} frames; error before {np.median(np.abs(before)):.3f} m, "
        f"after {np.median(np.abs(after)):.3f} m.\n"
    )
    if options.config is None:
        sys.stdout.write(f"Not stored: give --config PROFILE, or write perception.depth_scale: {scale:.3f} into one.\n")
        return 0
    store_scale(options.config, scale)
    sys.stdout.write(f"Stored as perception.depth_scale in {options.config}.\n")
    return 0


def _measure(frame: Frame, depth: DepthMap, options: CalibrateOptions) -> ScaleMeasurement:
    if not depth.metric:
        raise UsageError("the bundle's depth is relative: give perception.camera_height_m in the profile instead.")
    if options.wall_m is not None:
        return scale_from_wall(depth.depth_m, depth.intrinsics, options.wall_m)
    return scale_from_marker(frame.rgb, depth.depth_m, depth.intrinsics, options.marker_m or 0.0)
