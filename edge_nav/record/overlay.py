"""A picture or a video of what was perceived: frame, depth with a metric scale, obstacles, map, and the callout."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.record.canvas import AMBER, BAND_COLOURS, BLACK, GREY, RED, WHITE, Image, label, text
from edge_nav.record.depth_colours import colour_depth, draw_legend
from edge_nav.record.projection import Projection
from edge_nav.types import PRIORITIES, Callout, DepthMap, Frame, Obstacle, Scene, clock_hour

PANEL = (640, 480)
CAPTION = 56
MAP = (170, 190)
MAP_RANGE_M = 5.0
SHOWN = 6
STILLS, FILMS = (".png", ".jpg", ".jpeg"), {".mp4": "mp4v", ".avi": "MJPG"}
HOLD_S = 2.0
"""A callout's words stay in the caption about as long as they take to say."""


def draw(frame: Frame, depth: DepthMap | None, scene: Scene, callout: Callout | None) -> Image:
    """uint8 RGB image, two panels of 640x480 side by side over a caption bar."""
    width, height = PANEL
    k = frame.intrinsics.resized(width, height)
    projection = Projection(k, scene.ground)
    picture: Image = np.array(cv2.resize(frame.rgb, PANEL, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _draw_corridor(picture, projection)
    shown = sorted(scene.obstacles, key=lambda o: (not o.in_corridor, o.distance_m))[:SHOWN]
    for obstacle in reversed(shown):
        _draw_obstacle(picture, obstacle, projection)
    if scene.view != "ok":
        label(picture, f"VIEW {scene.view.upper()}", (width // 2 - 90, 40), RED, scale=0.8)
    _draw_map(picture, scene)
    right: Image = np.zeros((height, width, 3), np.uint8) if depth is None else colour_depth(depth.depth_m, PANEL)
    draw_legend(right)
    return np.vstack([np.hstack([picture, right]), _caption(2 * width, scene, callout)])


class OverlayWriter:
    """Writes a video of every frame, or the picture of the walk's most telling one: with the most urgent callout."""

    def __init__(self, path: Path, fps: float = 10.0) -> None:
        kind = path.suffix.lower()
        if kind not in STILLS and kind not in FILMS:
            raise UsageError(f"overlay {path} has an unknown ending: use {', '.join([*STILLS, *FILMS])}.")
        self._path, self._kind = path, kind
        self._rank = len(PRIORITIES) + 1
        self._said: Callout | None = None
        self._film: cv2.VideoWriter | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
        except OSError as e:
            raise UsageError(f"overlay {path} cannot be written ({e.strerror}): give another file.") from e
        if kind in FILMS:
            size = (2 * PANEL[0], PANEL[1] + CAPTION)
            self._film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*FILMS[kind]), fps, size)
            if not self._film.isOpened():
                raise UsageError(f"overlay {path} cannot be encoded here: use .avi, or .png for one picture.")

    def write(self, frame: Frame, depth: DepthMap | None, scene: Scene, callout: Callout | None) -> None:
        """Add a frame."""
        if callout is not None:
            self._said = callout
        elif self._said is not None and scene.t - self._said.t > HOLD_S:
            self._said = None
        if self._film is not None:
            self._film.write(draw(frame, depth, scene, self._said)[:, :, ::-1])
            return
        rank = len(PRIORITIES) if callout is None else PRIORITIES.index(callout.priority)
        if rank < self._rank:
            self._rank = rank
            image = draw(frame, depth, scene, callout)
            ok, data = cv2.imencode(self._kind, image[:, :, ::-1])
            if ok:
                self._path.write_bytes(data.tobytes())

    def close(self) -> None:
        """Finish the file."""
        if self._film is not None:
            self._film.release()


def _draw_corridor(picture: Image, projection: Projection) -> None:
    """The borders of the walking corridor on the floor, with a tick each metre."""
    for side in (-0.4, 0.4):
        line = [p for d in np.arange(0.6, 5.1, 0.1) if (p := projection.pixel(side, float(d), 0.0)) is not None]
        if len(line) > 1:
            cv2.polylines(picture, [np.array(line, np.int32)], False, WHITE, 1, cv2.LINE_AA)
    for metres in range(1, 6):
        ends = projection.pixel(-0.4, metres, 0.0), projection.pixel(0.4, metres, 0.0)
        if ends[0] is not None and ends[1] is not None:
            cv2.line(picture, ends[0], ends[1], WHITE, 1, cv2.LINE_AA)


def _draw_obstacle(picture: Image, o: Obstacle, projection: Projection) -> None:
    colour = BAND_COLOURS[o.band]
    box = projection.box(o)
    if box is None:
        return
    (x0, y0), (x1, y1) = box
    if o.band == "drop":
        y0 = y1 = max(y0, y1)
    cv2.rectangle(picture, (x0, y0), (x1, y1), BLACK, 4 if o.in_corridor else 3)
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 if o.in_corridor else 1)
    name = (o.label or o.band).replace("_", " ")
    words = f"{name} {o.distance_m:.1f} m, {clock_hour(o.bearing_deg)} h"
    label(picture, words, (min(max(x0, 2), picture.shape[1] - 9 * len(words)), min(max(y0 - 6, 16), 470)), colour)


def _draw_map(picture: Image, scene: Scene) -> None:
    """Seen from above, in the corner: the walker at the bottom, a ring each metre."""
    width, height = MAP
    top, left = picture.shape[0] - height - 8, 8
    inset = picture[top : top + height, left : left + width]
    inset[...] = (inset * 0.25).astype(np.uint8)
    scale = (height - 20) / MAP_RANGE_M
    origin = (width // 2, height - 8)
    for metres in range(1, 6):
        cv2.ellipse(inset, origin, (round(metres * scale),) * 2, 0, 200, 340, GREY, 1, cv2.LINE_AA)
    half = round(0.4 * scale)
    for x in (-half, half):
        cv2.line(inset, (origin[0] + x, origin[1]), (origin[0] + x, 8), WHITE, 1)
    for o in scene.obstacles:
        away = math.sqrt(max(o.distance_m**2 - o.x_m**2, 0.0))
        y = round(origin[1] - away * scale)
        ends = [(round(origin[0] + x * scale), y) for x in (max(o.left_m, -2.5), min(o.right_m, 2.5))]
        cv2.line(inset, ends[0], ends[1], BAND_COLOURS[o.band], 3)
    if scene.free_bearing_deg is not None and scene.clearance_m is not None:
        angle = math.radians(scene.free_bearing_deg)
        tip = (round(origin[0] + 45 * math.sin(angle)), round(origin[1] - 45 * math.cos(angle)))
        cv2.arrowedLine(inset, origin, tip, WHITE, 2, cv2.LINE_AA, tipLength=0.3)
    cv2.circle(inset, origin, 4, WHITE, -1)


def _caption(width: int, scene: Scene, callout: Callout | None) -> Image:
    bar: NDArray[np.uint8] = np.zeros((CAPTION, width, 3), np.uint8)
    facts = f"{scene.t:6.1f} s"
    facts += "   floor not seen" if scene.ground is None else f"   floor {scene.ground.height_m:.2f} m below"
    facts += "" if scene.clearance_m is None else f"   free for {scene.clearance_m:.1f} m"
    text(bar, facts, (width - 10 * len(facts) - 8, 36), GREY, 0.55)
    if callout is not None:
        colour = RED if callout.priority in ("stop", "fault") else AMBER if callout.priority == "caution" else WHITE
        cv2.rectangle(bar, (0, 0), (10, CAPTION), colour, -1)
        text(bar, callout.text if callout.text.isascii() else callout.kind.replace("_", " "), (24, 37), colour, 0.8, 2)
    return bar
