"""A picture or a video of what was perceived: frame, depth with a metric scale, obstacles, map, and the callout."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.record.canvas import AMBER, BAND_COLOURS, BLACK, GREY, RED, WHITE, Image, Labels, text, text_width
from edge_nav.record.depth_colours import colour_depth, draw_legend
from edge_nav.record.projection import Projection
from edge_nav.types import PRIORITIES, Callout, DepthMap, Fault, Frame, Intrinsics, Obstacle, Scene, clock_hour

Rectangle = tuple[tuple[int, int], tuple[int, int]]
"""Upper left and lower right corner."""

PANEL = (640, 480)
CAPTION = 56
MAP = (170, 190)
MAP_RANGE_M = 5.0
SHOWN, UNPLACED = 6, 2
"""So many things are drawn, nearest in the corridor first; so many are named that have no place in the picture."""
STILLS, FILMS = (".png", ".jpg", ".jpeg"), {".mp4": "mp4v", ".avi": "MJPG"}
DEFAULT_FPS = 10.0
HOLD_S = 2.0
"""A callout's words stay in the caption about as long as they take to say."""


def draw(frame: Frame, depth: DepthMap | None, scene: Scene, callout: Callout | None) -> Image:
    """uint8 RGB image, two panels of 640x480 side by side over a caption bar."""
    width, height = PANEL
    k = frame.intrinsics.resized(width, height)
    projection = None if scene.ground is None else Projection(k, scene.ground)
    picture: Image = np.array(cv2.resize(frame.rgb, PANEL, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    labels = Labels(picture)
    if scene.view != "ok":
        labels.put(banner := f"VIEW {scene.view.upper()}", ((width - text_width(banner, 0.9)) // 2, 44), RED, 0.9)
    shown = sorted(scene.obstacles, key=lambda o: (not o.in_corridor, o.distance_m))[:SHOWN]
    boxes = [None if projection is None else _visible(o, projection) for o in shown]
    for obstacle, box in reversed(list(zip(shown, boxes, strict=True))):
        if box is not None:
            _draw_obstacle(picture, obstacle, box)
    if projection is not None:
        _draw_corridor(picture, projection)
    for rank, (obstacle, box) in enumerate(zip(shown, boxes, strict=True)):
        if box is not None or (obstacle.in_corridor and rank < UNPLACED):
            _name_obstacle(labels, obstacle, box, k)
    right: Image = np.zeros((height, width, 3), np.uint8) if depth is None else colour_depth(depth.depth_m, PANEL)
    draw_legend(right)
    _draw_map(right, scene)
    return np.vstack([np.hstack([picture, right]), _caption(2 * width, scene, callout)])


class OverlayWriter:
    """Writes a video of every frame, or the picture of the walk's most telling one: with the most urgent callout.

    A picture that cannot be written is reported once to ``on_fault``; the walk goes on without it.
    """

    def __init__(self, path: Path) -> None:
        kind = path.suffix.lower()
        if kind not in STILLS and kind not in FILMS:
            raise UsageError(f"overlay {path} has an unknown ending: use {', '.join([*STILLS, *FILMS])}.")
        self._path, self._kind = path, kind
        self._rank = len(PRIORITIES) + 1
        self._shown_callout: Callout | None = None
        self.on_fault: Callable[[Fault], None] = _ignore
        self._stopped = False
        self._frames = 0
        self._film: cv2.VideoWriter | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
        except OSError as e:
            raise UsageError(f"overlay {path} cannot be written ({e.strerror}): give another file.") from e
        self._first: tuple[float, Image] | None = None
        if kind in FILMS:
            self._open_film(DEFAULT_FPS)  # to fail now, if it must, and not in the middle of a walk

    def write(self, frame: Frame, depth: DepthMap | None, scene: Scene, callout: Callout | None) -> None:
        """Add a frame. Never raises."""
        if self._stopped:
            return
        if callout is not None:
            self._shown_callout = callout
        elif self._shown_callout is not None and scene.t - self._shown_callout.t > HOLD_S:
            self._shown_callout = None
        if self._film is not None:
            self._add(scene.t, draw(frame, depth, scene, self._shown_callout)[:, :, ::-1])
            return
        rank = len(PRIORITIES) if callout is None else PRIORITIES.index(callout.priority)
        if rank < self._rank:
            self._rank = rank
            image = draw(frame, depth, scene, callout)
            ok, data = cv2.imencode(self._kind, image[:, :, ::-1])
            try:
                if not ok:
                    raise OSError(f"{self._path.name} could not be encoded")
                self._path.write_bytes(data.tobytes())
            except OSError as e:
                self._stopped = True
                message = f"overlay {self._path} cannot be written ({e.strerror or e}): free some space on its disk"
                self.on_fault(Fault("overlay", message))

    def close(self) -> None:
        """Finish the file."""
        if self._film is not None:
            if self._first is not None:
                self._film.write(self._first[1])
            self._film.release()
            if self._frames and not _plays(self._path):
                self.on_fault(Fault("overlay", f"overlay {self._path} does not play: free some space on its disk"))

    def _add(self, t: float, image: Image) -> None:
        """The second frame tells how fast the walk goes; until then the first one waits."""
        if self._frames == 0:
            self._first = (t, image)
        elif self._first is not None:
            self._open_film(min(max(1.0 / max(t - self._first[0], 1e-3), 1.0), 60.0)).write(self._first[1])
            self._first = None
        if self._frames and self._film is not None:
            self._film.write(image)
        self._frames += 1

    def _open_film(self, fps: float) -> cv2.VideoWriter:
        if self._film is not None:
            self._film.release()
        size = (2 * PANEL[0], PANEL[1] + CAPTION)
        self._film = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*FILMS[self._kind]), fps, size)
        if not self._film.isOpened():
            raise UsageError(f"overlay {self._path} cannot be encoded here: use .avi, or .png for one picture.")
        return self._film


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
            if metres <= 3:
                text(picture, f"{metres} m", (ends[1][0] + 6, ends[1][1] + 4), WHITE, 0.4)


def _draw_obstacle(picture: Image, o: Obstacle, box: Rectangle) -> None:
    colour = BAND_COLOURS[o.band]
    (x0, y0), (x1, y1) = box
    if o.band == "drop":
        y0 = y1 = max(y0, y1)
    cv2.rectangle(picture, (x0, y0), (x1, y1), BLACK, 4 if o.in_corridor else 3)
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 if o.in_corridor else 1)


def _name_obstacle(labels: Labels, o: Obstacle, box: Rectangle | None, k: Intrinsics) -> None:
    """Above its rectangle; what lies below the picture, or has no floor to be drawn by, at its bearing."""
    if o.distance_m > MAP_RANGE_M:
        return
    name = (o.label or o.band).replace("_", " ")
    words = f"{name} {o.distance_m:.1f} m, {clock_hour(o.bearing_deg)} o'clock"
    if box is None:
        column = k.cx + k.fx * math.tan(math.radians(max(-60.0, min(60.0, o.bearing_deg))))
        at = (round(column) - text_width(words, 0.5) // 2, PANEL[1] - 16 if o.band == "drop" else PANEL[1] // 2)
    else:
        (x0, y0), (_, y1) = box
        at = (x0, (y1 if o.band == "drop" else y0) - 8)
    labels.put(words, at, BAND_COLOURS[o.band])


def _visible(o: Obstacle, projection: Projection) -> Rectangle | None:
    """Its rectangle where some of it is in the picture; the map shows the others."""
    box = projection.box(o)
    if box is None:
        return None
    (x0, y0), (x1, y1) = box
    return box if x0 < PANEL[0] and x1 >= 0 and y0 < PANEL[1] and y1 >= 0 else None


def _draw_map(panel: Image, scene: Scene) -> None:
    """Seen from above, in a corner: the walker at the bottom, a ring each metre, things with their band's letter."""
    width, height = MAP
    top, left = panel.shape[0] - height - 8, 8
    inset = panel[top : top + height, left : left + width]
    inset[...] = (inset * 0.25).astype(np.uint8)
    scale = (height - 20) / MAP_RANGE_M
    origin = (width // 2, height - 8)
    for metres in range(1, 6):
        cv2.ellipse(inset, origin, (round(metres * scale),) * 2, 0, 200, 340, GREY, 1, cv2.LINE_AA)
    text(inset, f"{MAP_RANGE_M:g} m", (4, 16), GREY, 0.4)
    half = round(0.4 * scale)
    for x in (-half, half):
        cv2.line(inset, (origin[0] + x, origin[1]), (origin[0] + x, 8), WHITE, 1)
    for o in scene.obstacles:
        away = math.sqrt(max(o.distance_m**2 - o.x_m**2, 0.0))
        y = round(origin[1] - away * scale)
        ends = [(round(origin[0] + x * scale), y) for x in (max(o.left_m, -2.5), min(o.right_m, 2.5))]
        cv2.line(inset, ends[0], ends[1], BAND_COLOURS[o.band], 3)
        if away < MAP_RANGE_M:
            text(inset, o.band[0].upper(), (ends[1][0] + 3, y + 4), BAND_COLOURS[o.band], 0.35)
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
    left = width - text_width(facts, 0.55) - 16
    text(bar, facts, (left, 36), GREY, 0.55)
    if callout is not None:
        colour = RED if callout.priority in ("stop", "fault") else AMBER if callout.priority == "caution" else WHITE
        cv2.rectangle(bar, (0, 0), (10, CAPTION), colour, -1)
        words, scale = _drawable(callout), 0.8
        while text_width(words, scale, 2) > left - 40 and scale > 0.4:
            scale -= 0.05
        text(bar, words, (24, 37), colour, scale, 2)
    return bar


def _drawable(callout: Callout) -> str:
    """Its words in the letters that OpenCV draws: without accents, or its kind where the script is another."""
    plain = unicodedata.normalize("NFKD", callout.text.replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.lstrip("¡¿") if plain.lstrip("¡¿").isascii() else callout.kind.replace("_", " ")


def _ignore(_fault: Fault) -> None:
    return None


def _plays(path: Path) -> bool:
    """OpenCV does not tell of a film that could not be written whole."""
    film = cv2.VideoCapture(str(path))
    try:
        return bool(film.read()[0])
    finally:
        film.release()
