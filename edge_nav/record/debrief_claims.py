"""Whether what was said was so: each spoken sentence against what stood there when its picture was taken.

A mention means whatever has a point within MATCH_M and MATCH_DEG of where it says. What it calls the thing is not
asked, but for this: what speaks of ground that falls away has to mean an edge, and what does not, none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge_nav.record.debrief_hazards import EDGE_M, Spot, frame_at, spot_of
from edge_nav.record.debrief_spoken import SpokenCallout
from edge_nav.types import EDGE, Mention, Standing, TruthFrame

MATCH_M, MATCH_DEG = 0.75, 20.0
SWAY_S = 0.5
"""What is in the corridor so long before or after is in the way: the trunk turns a little with every step."""
CLEAR_M, CLEAR_SLACK_M = 2.5, 0.25
"""So far the way has to be free where "clear" is said without a distance; and how far off it may be measured."""
FLOOR_HIDDEN_M, FLOOR_HIDDEN_DEG, FLOOR_EDGE_M = 1.5, 45.0, 3.5
"""What stands as near as this hides the floor, and an edge as near as that leaves little of it to be seen."""
REPEAT_S = 10.0
"""The same again within so long is a repetition."""

Verdict = Literal["true", "false", "beside the way", "not judged"]


class Meant(NamedTuple):
    """A mention with what it means: nothing, where it is false. ``spot``: where in the world it points to."""

    mention: Mention
    heard_s: float | None
    standing: tuple[Standing, ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class JudgedCallout:
    """A sentence with its verdict. ``repeated``: it tells nothing but what was told in the same zone shortly before."""

    spoken: SpokenCallout
    verdict: Verdict
    meant: tuple[Meant, ...]
    frame: TruthFrame | None
    repeated: bool = False


def judge(
    spoken: Sequence[SpokenCallout], truth: Sequence[TruthFrame], drop_kinds: Collection[str]
) -> list[JudgedCallout]:
    """The verdict on each sentence, in the order of the walk. ``drop_kinds``: what speaks of ground that falls away.

    A sentence is false if any of its mentions is, and beside the way if all are so and none means what is in the way.
    What speaks of the camera and of broken parts is not judged: no truth tells of them.
    """
    judged: list[JudgedCallout] = []
    for one in spoken:
        frame = frame_at(truth, one.callout.t)
        if one.mentions:
            meant = _each_its_own(
                [_meant(m, heard, frame, drop_kinds) for m, heard in zip(one.mentions, one.heard_s, strict=True)]
            )
            verdict = _verdict(meant, frame, truth)
        else:
            meant, verdict = (), _message_verdict(one, frame)
        judged.append(JudgedCallout(one, verdict, meant, frame, _is_repeated(one, meant, judged)))
    return judged


def _meant(mention: Mention, heard: float | None, frame: TruthFrame | None, drop_kinds: Collection[str]) -> Meant:
    if frame is None:
        return Meant(mention, heard, (), (math.inf, math.inf))
    drops = mention.kind in drop_kinds
    standing = tuple(s for s in frame.standing if (s.number == EDGE) == drops and _is_at(s, mention))
    return Meant(mention, heard, standing, spot_of(frame, mention.bearing_deg, mention.distance_m))


def _is_at(standing: Standing, mention: Mention) -> bool:
    return any(
        abs(d - mention.distance_m) <= MATCH_M and abs(b - mention.bearing_deg) <= MATCH_DEG for b, d in standing.points
    )


def _each_its_own(meant: Sequence[Meant]) -> tuple[Meant, ...]:
    """Of two things that one sentence names, each mention means the one that it fits better, if that leaves it any."""
    kept = []
    for m in meant:
        own = tuple(s for s in m.standing if _misfit(s, m.mention) <= min(_misfit(s, o.mention) for o in meant))
        kept.append(m._replace(standing=own or m.standing))
    return tuple(kept)


def _misfit(standing: Standing, mention: Mention) -> float:
    return min(
        abs(d - mention.distance_m) / MATCH_M + abs(b - mention.bearing_deg) / MATCH_DEG for b, d in standing.points
    )


def _verdict(meant: Sequence[Meant], frame: TruthFrame | None, truth: Sequence[TruthFrame]) -> Verdict:
    if frame is None or any(not m.standing for m in meant):
        return "false"
    about = [f for f in (frame, frame_at(truth, frame.t - SWAY_S), frame_at(truth, frame.t + SWAY_S)) if f is not None]
    return "true" if any(_is_in_the_way(m, about) for m in meant) else "beside the way"


def _is_in_the_way(meant: Meant, about: Sequence[TruthFrame]) -> bool:
    """Whether what is meant reaches into the corridor about as near as was said, not somewhere far ahead."""
    most = meant.mention.distance_m + MATCH_M
    for frame in about:
        inside = [s for s in frame.standing if s.corridor_m is not None and s.corridor_m <= most]
        for s in inside:
            if any(s == m or (s.number > 0 and s.number == m.number) for m in meant.standing):
                return True
            # Parts of the building and edges have no number of their own, but they are of a kind.
            if s.number <= 0 and any((s.number, s.kind) == (m.number, m.kind) for m in meant.standing):
                return True
    return False


def _message_verdict(one: SpokenCallout, frame: TruthFrame | None) -> Verdict:
    """Of a sentence that names no place."""
    if frame is None or one.callout.kind not in ("clear", "floor_lost"):
        return "not judged"
    if one.callout.kind == "clear":
        reach = one.callout.distance_m or CLEAR_M
        near = min((s.corridor_m for s in frame.standing if s.corridor_m is not None), default=math.inf)
        return "true" if near >= reach - CLEAR_SLACK_M else "false"
    return "true" if _hides_floor(frame) else "false"


def _hides_floor(frame: TruthFrame) -> bool:
    """Whether a camera that looks down may well not see the floor: what stands before it, or it falls away."""
    if frame.pose.pitch_deg < 0:
        return True
    for s in frame.standing:
        if s.number == EDGE and s.corridor_m is not None and s.corridor_m <= FLOOR_EDGE_M:
            return True
        if s.band == "body" and any(abs(b) <= FLOOR_HIDDEN_DEG and d <= FLOOR_HIDDEN_M for b, d in s.points):
            return True
    return False


def _is_repeated(one: SpokenCallout, meant: Sequence[Meant], before: Sequence[JudgedCallout]) -> bool:
    """Whether everything in it was told with the same priority in the last REPEAT_S."""
    told = [
        m
        for earlier in before
        if earlier.spoken.callout.priority == one.callout.priority and one.began_s - earlier.spoken.began_s <= REPEAT_S
        for m in earlier.meant
    ]
    sure = [m for m in meant if m.standing]
    return bool(sure) and all(any(_is_same(m, other) for other in told) for m in sure)


def _is_same(one: Meant, other: Meant) -> bool:
    """By the truth's numbers; what has none is the same where it is in the same place."""
    numbers = {s.number for s in other.standing if s.number > 0}
    if any(s.number in numbers for s in one.standing):
        return True
    built = any(a.number <= 0 and a.number == b.number for a in one.standing for b in other.standing)
    return built and math.dist(one.spot, other.spot) < EDGE_M
