"""What is said to who stands, turns, walks slowly and walks fast."""

from __future__ import annotations

import itertools

import pytest
from guided import scene, thing, times, walk

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.types import Motion


def test_stop_comes_earlier_to_who_walks_faster() -> None:
    far = {}
    for speed in (0.5, 0.9, 1.3):
        moving = Motion(forward_mps=speed, known=True, speed_known=True)
        scenes = [scene(t, thing(4.0 - speed * t, closing_mps=speed), motion=moving) for t in times(0, 3.6 / speed)]
        said = walk(GuidancePolicy(GuidanceSettings()), scenes)
        far[speed] = next(c.distance_m for c in said if c.priority == "stop") or 0.0
    # Latency, the tone, 0.7 s of reaction and braking: 1.6 m at 1.3 m/s, to the body's front.
    assert far[0.5] < 1.1 < far[0.9] < 1.6 < far[1.3] < 2.2


def test_who_stands_is_told_once_and_not_to_stop(policy: GuidancePolicy) -> None:
    standing = Motion(known=True, speed_known=True)
    said = walk(policy, [scene(t, thing(0.8), motion=standing) for t in times(0, 30)])
    assert [c.priority for c in said] == ["caution"]


def test_who_stands_where_nothing_tells_their_speed_is_stopped_once(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(0.8), motion=Motion(known=True)) for t in times(0, 30)])
    assert [c.priority for c in said] == ["stop"]


def test_who_turns_on_the_spot_hears_of_what_they_turn_to_alone(policy: GuidancePolicy) -> None:
    turning = Motion(turn_dps=60.0, known=True, speed_known=True)
    passing = [scene(t, thing(0.8, id=round(10 * t)), motion=turning) for t in times(0, 3)]
    assert walk(policy, passing) == []
    settled = Motion(known=True, speed_known=True)
    said = walk(policy, [scene(t, thing(0.8, id=99), motion=settled) for t in times(3, 6)])
    assert [c.priority for c in said] == ["caution"]


def test_a_remembered_thing_stops_who_walks_at_it_and_is_not_spoken_of_else(policy: GuidancePolicy) -> None:
    unseen = thing(0.7, remembered=True, confidence=0.5)
    standing, walking = (Motion(v, known=True, speed_known=True) for v in (0.0, 0.6))
    assert walk(policy, [scene(t, unseen, motion=standing) for t in times(0, 2)]) == []
    said = walk(policy, [scene(t, unseen, motion=walking) for t in times(2, 3)])
    assert [c.priority for c in said] == ["stop"]


def test_who_goes_slowly_through_a_gap_is_not_stopped_by_its_sides(policy: GuidancePolicy) -> None:
    slow, brisk = (Motion(v, known=True, speed_known=True) for v in (0.5, 1.2))
    post = thing(0.9, 22, left_m=0.34, right_m=0.4)
    assert "stop" not in [c.priority for c in walk(policy, [scene(t, post, motion=slow) for t in times(0, 1)])]
    said = walk(GuidancePolicy(GuidanceSettings()), [scene(t, post, motion=brisk) for t in times(0, 1)])
    assert [c.priority for c in said] == ["stop"]


def test_who_turns_back_to_what_stopped_them_is_stopped_again(policy: GuidancePolicy) -> None:
    near, beside = thing(0.9), thing(0.9, 60.0)
    walk(policy, [scene(t, near) for t in times(0, 0.5)])
    assert not any(
        c.priority == "stop" for c in walk(policy, [scene(t, beside, clearance_m=1.0) for t in times(0.5, 2.0)])
    )
    said = walk(policy, [scene(t, near) for t in times(2.0, 2.5)])
    assert [(c.priority, c.t) for c in said] == [("stop", pytest.approx(2.0))]


def test_standing_before_a_wall_is_not_nagged(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(0.9)) for t in times(0, 60)])
    gaps = [b.t - a.t for a, b in itertools.pairwise(said)]
    assert all(c.priority == "stop" for c in said)
    assert min(gaps) >= 5.0
    assert gaps == sorted(gaps)
