"""Walks of plain data with a known truth, and what was said on them."""

from __future__ import annotations

from typing import Any

from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.types import Callout, Pose, Standing, TruthFrame, VoiceFate, VoiceState

SPEED = 1.0
TONES = {"stop": 0.13, "caution": 0.08, "notice": 0.05}
RATE_WPM = 300


def thing(y: float, walker_y: float, **changes: Any) -> Standing:
    """A thing straight ahead at a place along the way."""
    gap = y - walker_y
    fields: dict[str, Any] = {
        "kind": "box",
        "number": 7,
        "band": "ground",
        "low_m": 0.0,
        "high_m": 0.5,
        "distance_m": abs(gap),
        "corridor_m": gap if gap > 0 else None,
        "points": ((0, gap),) if gap > 0 else (),
    }
    return Standing(**{**fields, **changes})


def walk(until: float, *things: tuple[float, dict[str, Any]], turn_at: float = 99.0) -> list[TruthFrame]:
    """A walk straight ahead past things; from ``turn_at`` seconds on, nothing is in the corridor."""
    frames = []
    for n in range(round(until * 10) + 1):
        t = n / 10
        standing = [thing(y, SPEED * t, **changes) for y, changes in things]
        if t >= turn_at:
            standing = [thing(y, SPEED * t, **{**changes, "corridor_m": None}) for y, changes in things]
        frames.append(TruthFrame(t, Pose(0.0, SPEED * t), tuple(s for s in standing if s.distance_m <= 5)))
    return frames


def callout(t: float, distance_m: float | None, bearing_deg: float | None = 0.0, **changes: Any) -> Callout:
    """A caution about a box."""
    fields: dict[str, Any] = {"id": round(t * 10), "kind": "low_obstacle", "priority": "caution", "text": "Box."}
    return Callout(
        **{**fields, "key": "", "t": t, "expires_t": t + 2, "distance_m": distance_m, "bearing_deg": bearing_deg}
        | changes
    )


def say(collector: CalloutCollector, one: Callout, latency_s: float = 0.1, cut_s: float | None = None) -> None:
    """It is begun so long after its frame, and spoken to its end or cut so long after its beginning."""
    collector.callout(one)
    whole = TONES.get(one.priority, 0.0) + len(one.text.split()) * 60 / RATE_WPM
    state: VoiceState = "spoken" if cut_s is None else "interrupted"
    collector.fate(VoiceFate(one.id, state, one.t + latency_s + (whole if cut_s is None else cut_s), latency_s))


def heard(*callouts: Callout, latency_s: float = 0.1) -> CalloutCollector:
    """All of them spoken to their ends."""
    collector = CalloutCollector(TONES, RATE_WPM)
    for one in callouts:
        say(collector, one, latency_s)
    return collector
