"""What passes between rooms as the log's records: plain dicts, JSON-safe, rounded to what was measured."""

from __future__ import annotations

import math
from typing import Any

from edge_nav.types import Answer, Callout, Fault, Mention, Obstacle, Query, Scene, VoiceFate

SCHEMA = "edge-nav/guidance/1"
Record = dict[str, Any]


def session_record(**fields: object) -> Record:
    """The first line: what walked, with what."""
    return {"type": "session", "schema": SCHEMA, "t": 0.0, **fields}


def scene_record(scene: Scene) -> Record:
    """One frame's scene."""
    ground = scene.ground
    return {
        "type": "scene",
        "t": number(scene.t),
        "frame": scene.frame,
        "obstacles": [_obstacle(o) for o in scene.obstacles],
        "ground": None
        if ground is None
        else {
            "height_m": number(ground.height_m),
            "pitch_deg": number(ground.pitch_deg, 1),
            "roll_deg": number(ground.roll_deg, 1),
            "inlier_ratio": number(ground.inlier_ratio),
        },
        "clearance_m": number(scene.clearance_m, 2),
        "free_bearing_deg": number(scene.free_bearing_deg, 1),
        "view": scene.view,
        "certainty": number(scene.certainty, 2),
        "depth_scale": number(scene.depth_scale),
        "stage_ms": {name: number(ms, 2) for name, ms in scene.stage_ms.items()},
        "dropped_frames": scene.dropped_frames,
    }


def callout_record(callout: Callout, latency_ms: float) -> Record:
    """One decision to speak. ``latency_ms`` runs from frame capture to decision. ``mentions`` is there only where more
    than one thing is named.
    """
    record: Record = {
        "type": "callout",
        "t": number(callout.t),
        "id": callout.id,
        "kind": callout.kind,
        "priority": callout.priority,
        "text": callout.text,
        "obstacle_id": callout.obstacle_id,
        "distance_m": number(callout.distance_m, 2),
        "bearing_deg": number(callout.bearing_deg, 1),
        "clock": callout.clock,
        "side": callout.side,
        "latency_ms": number(latency_ms, 1),
    }
    if len(callout.mentions) > 1:
        record["mentions"] = [_mention(mention) for mention in callout.mentions]
    return record


def voice_record(fate: VoiceFate) -> Record:
    """What became of a callout."""
    latency_ms = None if fate.latency_s is None else fate.latency_s * 1e3
    return {
        "type": "voice",
        "t": number(fate.t),
        "callout_id": fate.callout_id,
        "state": fate.state,
        "latency_ms": number(latency_ms, 1),
    }


def query_record(query: Query) -> Record:
    """One question."""
    return {
        "type": "query",
        "t": number(query.t),
        "id": query.id,
        "text": query.text,
        "source": query.source,
        "confidence": number(query.confidence, 2),
        "stt_ms": number(query.stt_ms, 1),
    }


def answer_record(answer: Answer) -> Record:
    """One answer."""
    return {
        "type": "answer",
        "t": number(answer.t),
        "query_id": answer.query_id,
        "text": answer.text,
        "intent": answer.intent,
        "grounded": answer.grounded,
        "backend": answer.backend,
        "first_word_ms": number(answer.first_word_ms, 1),
        "total_ms": number(answer.total_ms, 1),
        "facts": answer.facts,
    }


def fault_record(fault: Fault, t: float) -> Record:
    """Something broke, or works again."""
    return {
        "type": "fault",
        "t": number(t),
        "component": fault.component,
        "message": fault.message,
        "recovered": fault.recovered,
    }


def summary_record(result: dict[str, Any], t: float) -> Record:
    """The last line."""
    return {"type": "summary", "t": number(t), **result}


def number(value: float | None, digits: int = 3) -> float | None:
    """Rounded; None where there is no number: JSON knows neither NaN nor infinity."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0  # no negative zero


def _mention(mention: Mention) -> Record:
    return {
        "kind": mention.kind,
        "obstacle_id": mention.obstacle_id,
        "distance_m": number(mention.distance_m, 2),
        "bearing_deg": number(mention.bearing_deg, 1),
        "noun_word": mention.noun_word,
    }


def _obstacle(o: Obstacle) -> Record:
    age = {"age_s": number(o.remembered_s, 1)} if o.remembered else {}
    return {
        "id": o.id,
        "distance_m": number(o.distance_m),
        "bearing_deg": number(o.bearing_deg, 1),
        "x_m": number(o.x_m),
        "left_m": number(o.left_m, 2),
        "right_m": number(o.right_m, 2),
        "low_m": number(o.low_m, 2),
        "high_m": number(o.high_m, 2),
        "band": o.band,
        "in_corridor": o.in_corridor,
        "closing_mps": number(o.closing_mps, 2),
        "confidence": number(o.confidence, 2),
        "label": o.label,
        "footing": o.footing,
        "held": o.remembered,
        **age,
    }
