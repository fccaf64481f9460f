"""Whether distances can be true: a wrong unit, a negative, constant or stuck depth, swapped stereo pictures.

A wrong scale looks like any other room; what gives it away is how high above its floor the camera would be worn.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.perception.floor.plane_fit import hypotheses, noise_m, plausible, select, surface_points
from edge_nav.perception.rays import Rays
from edge_nav.types import DepthMap

F32 = NDArray[np.float32]

HOLD_S = 1.5
"""What cannot be true must last so long, by frame time, before it is told: a hand before the camera does not."""
ENDS_S = 1.0
"""And be gone so long before it is over."""
FORGET_S = 3.0
"""What nothing has spoken for or against so long is no longer suspected. Once told it lasts until something speaks
against it: a scale does not mend itself out of sight."""
SCALE_EVERY_S = 0.5
"""The scale is judged as often: it does not change, and looking for a floor is not free."""

SAMPLES_ACROSS = 64
FEW_SAMPLES = 100
HEIGHT_M = (0.32, 2.3)
"""Nobody wears a camera lower or higher above the floor. What lies lower is a table, or a floor a storey below: these
are told from a wrong scale by what else is seen, `ALL_NEARER_M` and `ALL_FARTHER_M`."""
FLOOR_SHARE = 0.10
"""Least share of the samples on a plane that is taken for a floor."""
ALL_NEARER_M = 1.8
"""With a floor too near: nearly all of the picture is nearer. Around a real table, a room is seen."""
ALL_FARTHER_M = 2.0
"""With a floor too far: all of the picture is farther. On a real balcony, the balcony is seen."""
SQUEEZED_M, SQUEEZED_SPREAD = 0.35, 2.0
"""Half of the picture is nearer than this, yet the far parts are twice as far as the near ones: a wall is flatter."""
NEVER_M = 0.1
"""No depth camera measures what is nearer."""
VAST_M = (8.0, 20.0)
"""Without a floor: nothing is nearer than the first, and half is farther than the second."""
NEGATIVE_SHARE = 0.02
FLAT = 0.002
"""Least spread of a picture's distances, as a share: no walker faces a wall so squarely."""
KNOWN_SHARE, MATCHED_SHARE, TEXTURED_SHARE, EDGE = 0.15, 0.4, 0.05, 12
"""Of the samples with edges (of so many grey levels), where these are enough, at least the first share has a distance.
Once the second had, the pictures are not swapped, and what is unknown later is too near or dazzled: a blocked view."""
PICTURE_STEP = 6.0
"""Mean difference in grey levels of two pictures of different views; noise averages out below it."""
BLOCK = 8


class _Look(NamedTuple):
    """What a frame's samples say: percentiles in metres, and the plane most of the ground lies on, if any."""

    nearest_m: float
    fifth_m: float
    median_m: float
    far_m: float
    farthest_m: float
    floor_m: float | None


class _Sign:
    """One thing that is wrong, from when it has lasted until it has been gone for a while."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._seen_t = -math.inf
        self.message = ""
        """What is wrong and what to do, while it is told; empty otherwise."""

    def update(self, t: float, finding: str | None) -> None:
        """``finding`` is empty where all is well, and None where nothing can be said."""
        if finding:
            self._since, self._seen_t = (t if self._since is None else self._since), t
            if self.message or t - self._since >= HOLD_S:
                self.message = self.message or finding
            return
        gone = t - self._seen_t
        disproved, forgotten = finding == "" and gone >= ENDS_S, finding == "" or gone >= FORGET_S
        if disproved if self.message else forgotten:
            self._since, self.message = None, ""


class DepthPlausibility:
    """Judges depth maps in turn, by frame time alone; a frame from before the last one starts it anew."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._last_t = self._scale_t = -math.inf
        self._signs = {name: _Sign() for name in ("negative", "constant", "stuck", "sparse", "scale")}
        self._before: tuple[F32, F32] | None = None
        self._matched = False

    def update(self, rgb: NDArray[np.uint8], depth: DepthMap, t: float) -> str:
        """One sentence on why the distances cannot be true, and what to do; empty while nothing speaks against them.

        ``rgb`` is uint8 [H, W, 3]; it need not have the depth's size. Relative depth has no scale to be wrong.
        """
        if t < self._last_t:
            self._start()
        self._last_t = t
        if not depth.metric:
            return ""
        samples = _sampled(depth.depth_m)
        known = samples[np.isfinite(samples)]
        self._signs["negative"].update(t, _negative(known))
        self._signs["constant"].update(t, _constant(known))
        self._signs["stuck"].update(t, self._stuck(samples, rgb))
        if t - self._scale_t >= SCALE_EVERY_S - 1e-6:
            self._scale_t = t
            self._signs["sparse"].update(t, self._sparse(rgb, depth.depth_m))
            self._signs["scale"].update(t, _scale(depth, samples))
        return next((sign.message for sign in self._signs.values() if sign.message), "")

    def _stuck(self, samples: F32, rgb: NDArray[np.uint8]) -> str:
        """Against the picture with which this depth first came."""
        picture = _blocks(rgb)
        before = self._before
        if before is None or before[1].shape != picture.shape or not np.array_equal(before[0], samples, equal_nan=True):
            self._before = samples.copy(), picture
            return ""
        if float(np.abs(picture - before[1]).mean()) < PICTURE_STEP:
            return ""
        return "the depth stays the same while the picture changes: restart the depth camera, or check the bundle"

    def _sparse(self, rgb: NDArray[np.uint8], depth_m: F32) -> str | None:
        """Few distances where the picture has edges to measure by, as of swapped or unrectified stereo pictures."""
        share = _known_share(rgb, depth_m)
        if share is None or self._matched:
            return "" if self._matched else None
        self._matched = share >= MATCHED_SHARE
        if share >= KNOWN_SHARE:
            return ""
        return (
            f"only {share:.0%} of a detailed picture has a distance: check that the left and right pictures are not "
            "swapped or turned, and the calibration"
        )


def _sampled(depth_m: F32) -> F32:
    """About 64 samples across, square pixels."""
    step = max(1, round(depth_m.shape[1] / SAMPLES_ACROSS))
    return depth_m[::step, ::step]


def _negative(known: F32) -> str:
    if known.size < FEW_SAMPLES or float(np.count_nonzero(known < 0)) < NEGATIVE_SHARE * known.size:
        return ""
    return (
        f"{np.count_nonzero(known < 0) / known.size:.0%} of the depth is negative: check its sign, and that the left "
        "and right pictures are not swapped"
    )


def _constant(known: F32) -> str:
    if known.size < FEW_SAMPLES:
        return ""
    low, high = np.percentile(known, (2, 98))
    if high - low > FLAT * abs(high):
        return ""
    return f"the whole picture has one distance, {high:.2f} m: restart the depth camera, or check the bundle"


def _known_share(rgb: NDArray[np.uint8], depth_m: F32) -> float | None:
    """How much of a detailed picture's edges has a distance; None of a picture without."""
    if rgb.shape[:2] != depth_m.shape:
        return None
    step = max(1, round(depth_m.shape[1] / (2 * SAMPLES_ACROSS)))
    green = rgb[step // 2 :: step, ::step, 1].astype(np.int16)
    edges = np.abs(green[:, 2:] - green[:, :-2]) > EDGE
    textured = np.count_nonzero(edges)
    if textured < max(FEW_SAMPLES, TEXTURED_SHARE * edges.size):
        return None
    known = np.isfinite(depth_m[step // 2 :: step, ::step])[:, 1:-1]
    return float(np.count_nonzero(edges & known)) / textured


def _scale(depth: DepthMap, samples: F32) -> str | None:
    look = _look(depth, samples)
    if look is None:
        return None
    remedy = "correct depth_scale in camera.yaml, or the unit of the depth camera"
    floor = look.floor_m
    if floor is not None and floor > HEIGHT_M[1] and look.nearest_m > ALL_FARTHER_M:
        seen = f"nothing nearer than {look.nearest_m:.1f} m"
        return f"the camera would be {floor:.1f} m above the floor, and {seen}: {remedy}"
    if floor is not None and floor < HEIGHT_M[0] and look.far_m < ALL_NEARER_M:
        seen = f"nearly all nearer than {look.far_m:.1f} m"
        return f"the camera would be {floor:.2f} m above the floor, and {seen}: {remedy}"
    squeezed = look.median_m < SQUEEZED_M and look.farthest_m < ALL_NEARER_M
    if look.farthest_m < NEVER_M or (squeezed and look.far_m > SQUEEZED_SPREAD * look.fifth_m):
        return f"the whole picture would be nearer than {look.farthest_m:.2f} m: {remedy}"
    if floor is None and look.nearest_m > VAST_M[0] and look.median_m > VAST_M[1]:
        return f"nothing in the picture would be nearer than {look.nearest_m:.0f} m: {remedy}"
    return "" if floor is not None and HEIGHT_M[0] <= floor <= HEIGHT_M[1] else None


def _look(depth: DepthMap, samples: F32) -> _Look | None:
    known = samples[np.isfinite(samples) & (samples > 0)]
    if known.size < FEW_SAMPLES:
        return None
    nearest, fifth, median, far, farthest = (float(q) for q in np.percentile(known, (3, 5, 50, 95, 99)))
    return _Look(nearest, fifth, median, far, farthest, _floor_m(depth, samples, median))


def _floor_m(depth: DepthMap, samples: F32, median_m: float) -> float | None:
    """How high the camera is above the largest surface that faces up; None without one.

    Looked for in the shape alone, whatever its scale: as if half of the picture were nearer than two metres.
    """
    step = max(1, round(depth.depth_m.shape[1] / SAMPLES_ACROSS))
    shrink = np.float32(2.0 / median_m)
    found = surface_points(samples * shrink, Rays.of(depth.intrinsics).strided(step, step))
    if found is None:
        return None
    upright = select(found.points, found.upright)[::2]
    least = FLOOR_SHARE * len(found.points) / 2
    if len(upright) < max(3.0, least):
        return None
    normals, heights = hypotheses(upright)
    keep = plausible(normals) & (heights > 0)
    if not keep.any():
        return None
    normals, heights = normals[keep], heights[keep]
    on_it = np.abs(upright @ normals.T + heights) < 0.5 * noise_m(upright)[:, None]
    best = int(np.argmax((1.0 / upright[:, 2]) @ on_it))
    if np.count_nonzero(on_it[:, best]) < least:
        return None
    return float(heights[best]) / float(shrink)


def _blocks(rgb: NDArray[np.uint8]) -> F32:
    """Mean green level of 8 x 8 blocks of samples: noise goes."""
    step = max(1, rgb.shape[1] // (2 * SAMPLES_ACROSS))
    green = rgb[::step, ::step, 1]
    down, across = green.shape[0] // BLOCK, green.shape[1] // BLOCK
    if not down or not across:
        return green.astype(np.float32)
    whole = green[: down * BLOCK, : across * BLOCK].reshape(down, BLOCK, across, BLOCK)
    mean: F32 = whole.mean(axis=(1, 3), dtype=np.float32)
    return mean
