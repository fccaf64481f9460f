"""How near a hazard is, given how fast the walker goes: STOP, caution or notice."""

from __future__ import annotations

from typing import Literal

from edge_nav.guidance.alerts import HazardAlert
from edge_nav.types import Obstacle

Zone = Literal["stop", "caution", "notice"]
NEARNESS: dict[Zone, int] = {"stop": 3, "caution": 2, "notice": 1}
LEAVE_M = 0.3
"""A zone is left this much farther out than it was entered, so that nothing flickers at its border."""
STANDING_MPS = 0.15
"""Slower than this the walker stands, or turns on the spot: who stands is not told to stop."""
SLOW_MPS, SHOULDERS_M = 0.65, 0.3
"""Who goes slowly through a gap is not stopped by what leaves room for the shoulders."""
SETTLING_S = 0.95
"""From capture to the first act: measuring, the tone, and a person's reaction of 0.7 s."""
BRAKING_MPS2 = 3.0
"""A walker stops within a step."""
ROOM_M = 0.45
"""From the camera to what would be touched, and a hand's breadth."""
STOP_AT_M = (0.8, 3.2)
"""Someone who comes towards the walker is told of from so far; who walks at 1.4 m/s towards a wall, from 2.1 m."""
USUAL_STOP_M = 1.2
CAUTION_S = 3.0
"""Who walks faster is warned from farther: three seconds of way."""


def zone_of(
    hazard: HazardAlert, obstacle: Obstacle, before: Zone | None, speed_mps: float | None = None
) -> Zone | None:
    """The zone an obstacle is in now, given the one it was in: borders are wider on the way out.

    ``speed_mps`` is the walker's, None where it is not known: then ``stop_m`` and ``stop_s`` decide alone.
    """
    slack = {z: LEAVE_M if before is not None and NEARNESS[before] >= n else 0.0 for z, n in NEARNESS.items()}
    d = obstacle.distance_m
    if _stops(hazard, obstacle, slack["stop"], speed_mps):
        return "stop"
    if obstacle.remembered:
        return None
    if d < max(hazard.caution_m, CAUTION_S * obstacle.closing_mps if hazard.caution_m else 0.0) + slack["caution"]:
        return "caution" if hazard.caution_m else None
    if hazard.notice_m is not None and d < hazard.notice_m + slack["notice"]:
        return "notice"
    return None


def stopping_m(speed_mps: float) -> float:
    """How far off a walker of a speed has to hear STOP so as to stand before a thing."""
    way = ROOM_M + SETTLING_S * speed_mps + speed_mps**2 / (2 * BRAKING_MPS2)
    return min(max(way, STOP_AT_M[0]), STOP_AT_M[1])


def _stops(hazard: HazardAlert, obstacle: Obstacle, slack_m: float, speed_mps: float | None) -> bool:
    if hazard.stop_m is None:
        return False
    if speed_mps is not None and (speed_mps < STANDING_MPS or (speed_mps < SLOW_MPS and _passed_beside(obstacle))):
        return False
    fast = max(speed_mps or 0.0, obstacle.closing_mps)
    way = stopping_m(fast) * hazard.stop_m / USUAL_STOP_M
    if speed_mps is None:
        way = max(way, hazard.stop_m)
    soon = hazard.stop_s is not None and obstacle.time_to_contact_s < hazard.stop_s
    return soon or obstacle.distance_m < way + slack_m


def _passed_beside(obstacle: Obstacle) -> bool:
    """Whether a thing at the corridor's border leaves room for the shoulders."""
    aside = obstacle.left_m > SHOULDERS_M or obstacle.right_m < -SHOULDERS_M
    return aside and obstacle.band != "drop"
