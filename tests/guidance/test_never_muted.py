"""What is in the way and about to be met is spoken, however much was said before, and the nearer thing first."""

from __future__ import annotations

from guided import scene, thing, times, walk

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy


def test_a_thing_in_the_way_is_spoken_after_the_minutes_words_are_used_up() -> None:
    policy = GuidancePolicy(GuidanceSettings(max_callouts_per_minute=1))
    first = walk(policy, [scene(t, thing(3.3, 2.0, id=1)) for t in times(0, 2)])
    assert [c.priority for c in first] == ["caution"]
    pole = walk(policy, [scene(t, thing(2.4, 5.0, id=2, label="pole")) for t in times(10, 12)])
    assert [(c.priority, c.obstacle_id) for c in pole] == [("caution", 2)]


def test_farther_notices_are_the_first_to_go() -> None:
    policy = GuidancePolicy(GuidanceSettings(max_callouts_per_minute=1))
    walk(policy, [scene(t, thing(3.3, 2.0, id=1)) for t in times(0, 2)])
    assert walk(policy, [scene(t, thing(4.6, 0.0, id=2)) for t in times(10, 12)]) == []


def test_the_nearer_of_two_things_in_the_way_is_spoken_first() -> None:
    policy = GuidancePolicy(GuidanceSettings())
    far_head = thing(3.0, 0.0, id=1, band="head", low_m=1.5, high_m=1.9)
    near_body = thing(2.0, 3.0, id=2)
    said = walk(policy, [scene(t, far_head, near_body, motion=scene(0).motion) for t in times(0, 0.6)])
    assert said[0].obstacle_id == 2
