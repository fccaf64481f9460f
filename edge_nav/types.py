"""The nouns that pass between rooms: plain frozen data, no behaviour beyond validation and unit-free geometry.

Camera axes are OpenCV's: x right, y down, z forward. Metres, seconds and radians, except in names ending ``_deg``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Band = Literal["ground", "body", "head", "drop"]
Priority = Literal["stop", "caution", "notice", "info", "fault", "answer"]
Side = Literal["left", "ahead", "right"]
VoiceState = Literal["spoken", "interrupted", "expired"]
Language = Literal["en", "de", "es", "hi"]
"""Of phrases, questions and the voice."""

Picture = NDArray[np.uint8]
"""uint8 [H, W, 3], red first."""
Cancelled = Callable[[], bool]
"""Whether nobody waits for an answer any more; asked again and again by whoever works on it."""

PRIORITIES: tuple[Priority, ...] = ("stop", "fault", "caution", "answer", "notice", "info")
"""Most urgent first. A fault outranks a caution: whoever hears nothing more must know that nothing more is measured.
What was asked for comes before what was not, unless that is a hazard."""

AHEAD_DEG = 15.0
"""Bearings within this many degrees of straight ahead are "ahead", beyond it "left" or "right"."""


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Pinhole camera: focal lengths and principal point in pixels of a ``width`` x ``height`` image."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"image size {self.width}x{self.height} must be positive")
        if not (self.fx > 0 and self.fy > 0 and math.isfinite(self.fx) and math.isfinite(self.fy)):
            raise ValueError(f"focal lengths fx={self.fx} fy={self.fy} must be positive pixels")
        if not (math.isfinite(self.cx) and math.isfinite(self.cy)):
            raise ValueError(f"principal point cx={self.cx} cy={self.cy} must be finite pixels")

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov_deg: float) -> Intrinsics:
        """Square pixels, principal point in the middle, focal length from the stated horizontal field of view."""
        f = width / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
        return cls(width, height, f, f, (width - 1) / 2, (height - 1) / 2)

    def resized(self, width: int, height: int) -> Intrinsics:
        """The same camera after its image was resized. Pixel centres are at integers, as in OpenCV."""
        sx, sy = width / self.width, height / self.height
        return Intrinsics(
            width, height, self.fx * sx, self.fy * sy, (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5
        )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One camera image. ``t`` is seconds since the walk began; ``depth_m`` is the sensor's depth where there is one."""

    index: int
    t: float
    rgb: NDArray[np.uint8]
    """uint8 [H, W, 3], red first."""
    intrinsics: Intrinsics
    depth_m: NDArray[np.float32] | None = None
    """z-depth in metres, float32 [H, W], NaN where unknown; registered to ``rgb``."""

    def __post_init__(self) -> None:
        size = (self.intrinsics.height, self.intrinsics.width)
        if self.rgb.shape != (*size, 3) or self.rgb.dtype != np.uint8:
            raise ValueError(f"rgb is {self.rgb.dtype} {self.rgb.shape}, the intrinsics ask for uint8 {(*size, 3)}")
        if self.depth_m is not None and (self.depth_m.shape != size or self.depth_m.dtype != np.float32):
            raise ValueError(f"depth is {self.depth_m.dtype} {self.depth_m.shape}, expected float32 {size}")


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """z-depth of one frame: float32 [H, W], NaN where unknown, in the pixels of ``intrinsics``.

    ``metric`` is False while the values are only relative; nothing downstream may then speak of metres.
    ``scale`` is the factor by which the raw depth has been multiplied to give these metres.
    ``certainty`` is 0..1 for the map as a whole: guidance hedges its distances ("about") when it is low.
    ``confidence``, float32 [H, W] where a network gives it: the probability that a pixel's depth is within 15 %.
    ``label``, uint8 [H, W] where a network gives it: an index into ``label_names``.
    """

    depth_m: NDArray[np.float32]
    intrinsics: Intrinsics
    metric: bool = True
    scale: float = 1.0
    certainty: float = 1.0
    confidence: NDArray[np.float32] | None = None
    label: NDArray[np.uint8] | None = None
    label_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """The floor plane as seen from the camera.

    A camera point p (metres) lies ``height_m + normal . p`` above the floor; ``normal`` is a unit vector that points
    up, so about (0, -1, 0) for a level camera. ``pitch_deg`` is positive when the camera looks down, ``roll_deg``
    positive when its right side hangs lower. ``inlier_ratio`` is the share of the measured pixels that lie on the
    floor. ``seen`` is False while the plane is carried over from earlier frames.
    """

    normal: tuple[float, float, float]
    height_m: float
    inlier_ratio: float
    seen: bool = True

    @property
    def pitch_deg(self) -> float:
        return math.degrees(math.asin(max(-1.0, min(1.0, -self.normal[2]))))

    @property
    def roll_deg(self) -> float:
        return math.degrees(math.atan2(-self.normal[0], -self.normal[1]))


@dataclass(frozen=True, slots=True)
class MeasuredThing:
    """One connected thing in the bird's-eye view; distances are horizontal, to its nearest point.

    ``x_m`` is the nearest point's offset to the right; ``left_m`` and ``right_m`` the lateral extent. ``low_m`` and
    ``high_m`` are heights above the floor of the part that faces the walker. ``footing`` is False only where the
    space beneath was seen to be empty. ``confidence`` is 0..1.
    """

    distance_m: float
    bearing_deg: float
    x_m: float
    left_m: float
    right_m: float
    low_m: float
    high_m: float
    band: Band
    in_corridor: bool
    confidence: float = 1.0
    label: str | None = None
    footing: bool = True
    remembered: bool = False
    """Not seen now: it went out of sight beneath the picture while it was in the way, and may still be there."""
    remembered_s: float = 0.0
    """How long ago it was seen, where it is only remembered."""
    certainty: float = 1.0
    """How far its distance can be trusted, 0..1, where the depth network says so of its pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle(MeasuredThing):
    """A thing that is followed from frame to frame, so that it has a lasting id and a closing speed."""

    id: int
    closing_mps: float = 0.0
    seen_frames: int = 1

    @property
    def time_to_contact_s(self) -> float:
        """Seconds until contact at the present closing speed; infinite when it does not come closer."""
        return self.distance_m / self.closing_mps if self.closing_mps > 0.05 else math.inf


@dataclass(frozen=True, slots=True)
class Motion:
    """How the walker moves, as depth maps or pictures tell: speed forward and to the right, and turn to the right."""

    forward_mps: float = 0.0
    right_mps: float = 0.0
    turn_dps: float = 0.0
    known: bool = False
    """False while nothing tells: at the start, and where too little stands around."""
    speed_known: bool = False
    """Whether the speed forward is measured, too: along a bare corridor nothing tells it."""


View = Literal["ok", "blocked", "dark", "bright", "covered", "uncalibrated", "implausible", "upside_down", "tilted"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What was measured in one frame. ``view`` other than "ok" means: the obstacles are no longer the whole story."""

    frame: int
    t: float
    obstacles: tuple[Obstacle, ...]
    ground: Ground | None
    clearance_m: float | None
    """How far the corridor ahead is seen to be free; None if unknown."""
    free_bearing_deg: float | None
    """The direction that leads on, nearest to ahead, over floor that is or was seen; None if none leads anywhere."""
    view: View = "ok"
    certainty: float = 1.0
    depth_scale: float = 1.0
    names: tuple[str, ...] = ()
    """The things that the depth network can name, in its own words."""
    motion: Motion = Motion()
    free_reach_m: float | None = None
    """How far ``free_bearing_deg`` is seen to be free."""
    free_onward: bool = False
    """Whether that is the first leg of a way that leads on in another direction."""
    curvature_per_m: float = 0.0
    """Of the corridor: one over the radius of the turn that is walked, positive to the right; 0 is straight."""
    stage_ms: dict[str, float] = field(default_factory=dict)
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing that a callout names. ``noun_word``: which of the text's words, from 0, its noun ends with."""

    kind: str
    obstacle_id: int | None
    distance_m: float
    bearing_deg: float
    noun_word: int


@dataclass(frozen=True, slots=True)
class Callout:
    """One sentence worth saying. ``t`` is its frame's time; after ``expires_t`` (same clock) it must not be spoken.

    ``mentions``: all that it names, where that is more than the one thing of ``obstacle_id``; else it may be empty.
    """

    id: int
    kind: str
    priority: Priority
    text: str
    key: str
    t: float
    expires_t: float
    obstacle_id: int | None = None
    distance_m: float | None = None
    bearing_deg: float | None = None
    mentions: tuple[Mention, ...] = ()

    @property
    def clock(self) -> int | None:
        return None if self.bearing_deg is None else clock_hour(self.bearing_deg)

    @property
    def side(self) -> Side | None:
        return None if self.bearing_deg is None else side_of(self.bearing_deg)


@dataclass(frozen=True, slots=True)
class Query:
    """A question. ``t`` is the walk's time at which it was understood to have been asked."""

    id: int
    text: str
    source: Literal["voice", "text"]
    t: float
    confidence: float = 1.0
    stt_ms: float | None = None
    """From the end of speech to its words, None for typed questions."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. ``grounded``: every distance and side in it was measured, not guessed by a model."""

    query_id: int
    text: str
    t: float
    grounded: bool
    backend: str
    facts: dict[str, object]
    first_word_ms: float | None
    """From the question's words to the answer's first sentence in the voice queue."""
    total_ms: float | None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceFate:
    """What became of a callout. ``latency_s``: frame capture to first audio sample, None if never heard."""

    callout_id: int
    state: VoiceState
    t: float
    latency_s: float | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broke. ``message`` is one sentence with the remedy; ``recovered`` says that it works again."""

    component: str
    message: str
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Pose:
    """A camera above the world's origin of heights; pitch positive looking down, roll positive right side lower."""

    x: float = 0.0
    y: float = 0.0
    height_m: float = 1.4
    heading_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0


EDGE = -1

Polar = tuple[int, float]
"""Bearing in whole degrees, 0 ahead and positive right; horizontal distance in metres."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing, part of the building, or edge of the ground, as the walker has it.

    ``number`` is the thing's, 0 for parts of the building, EDGE for edges that fall away. ``distance_m`` is that of the
    nearest point, ``corridor_m`` that of the nearest part in the 0.8 m corridor ahead, None if none reaches in.
    Heights are above the floor where the walker stands; an edge's ``low_m`` is minus its depth.
    """

    kind: str
    number: int
    band: Band
    low_m: float
    high_m: float
    distance_m: float
    corridor_m: float | None
    points: tuple[Polar, ...]


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """All that stands within 6.5 m ahead and beside at a time, seconds since the walk began; hidden things, too."""

    t: float
    pose: Pose
    standing: tuple[Standing, ...]


class Source(Protocol):
    """Where frames come from. One object, one thread."""

    @property
    def live(self) -> bool:
        """True for a device that goes on without end, False for a recording that ends."""
        ...

    @property
    def intrinsics(self) -> Intrinsics: ...

    @property
    def frame_count(self) -> int | None:
        """Number of frames of a recording, None if unknown."""
        ...

    @property
    def skipped(self) -> int:
        """Frames of the recording that were unusable and left out so far."""
        ...

    def read(self) -> Frame | None:
        """The next frame, None after the last. Raises SourceFault when a device is lost; reading again reconnects."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class KnowsTruth(Protocol):
    """A source that knows the world it shows, so that the words said in it can be held against what was there."""

    def truth(self, until_s: float) -> Sequence[TruthFrame]:
        """What stood about the walker up to a time. Raises UsageError where its record is damaged."""
        ...


@runtime_checkable
class HasNotices(Protocol):
    """A source of which something is to be told once, when the walk begins."""

    @property
    def notices(self) -> tuple[Fault, ...]: ...


class DepthModel(Protocol):
    """Frame -> depth. Raises DepthFault when a frame cannot be measured."""

    @property
    def describe(self) -> str:
        """What runs and where, for the log's first line: bundle, backend, provider, and why not a better one."""
        ...

    def infer(self, frame: Frame) -> DepthMap: ...


class PictureModel(Protocol):
    """Answers a question about a picture."""

    @property
    def name(self) -> str: ...

    def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
        """Pieces of text as they come. To end soon after ``cancelled`` says so."""
        ...


class Closable(Protocol):
    """Something that is open, and is closed at the end of a walk."""

    def close(self) -> None: ...


def clock_hour(bearing_deg: float) -> int:
    """Bearing on the clock face: 0 is 12 o'clock, positive to the right, rounded to the nearest hour."""
    hour = math.floor(bearing_deg / 30.0 + 0.5) % 12
    return hour or 12


def side_of(bearing_deg: float) -> Side:
    """ "ahead" within ±15 degrees, otherwise the side."""
    if abs(bearing_deg) <= AHEAD_DEG:
        return "ahead"
    return "right" if bearing_deg > 0 else "left"
