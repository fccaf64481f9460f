"""What is said when something fails, when nothing is seen, and after a pause."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from guided import scene, thing, times, walk

from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.phrasebook import phrases
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.types import Fault, Language


@pytest.mark.parametrize("view", ["blocked", "dark", "bright", "covered", "implausible", "upside_down", "tilted"])
def test_a_blind_view_is_announced_within_a_second_and_its_end_too(policy: GuidancePolicy, view: str) -> None:
    walk(policy, [scene(t) for t in times(0, 1)])
    said = walk(policy, [scene(t, view=view) for t in times(1, 3)])
    assert [(c.kind, c.priority) for c in said] == [(view, "fault")]
    assert said[0].t - 1.0 <= 1.0
    assert [c.kind for c in walk(policy, [scene(t) for t in times(3, 5)])] == ["recovered"]


def test_a_lost_floor_is_admitted_once(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, ground=None, clearance_m=None) for t in times(0, 30)])
    assert [c.kind for c in said] == ["floor_lost"]


@pytest.mark.parametrize("distance_m", [0.7, 1.2])
def test_a_lost_floor_is_admitted_though_something_is_near(policy: GuidancePolicy, distance_m: float) -> None:
    said = walk(policy, [scene(t, thing(distance_m), ground=None) for t in times(0, 6)])
    lost = [c.t for c in said if c.kind == "floor_lost"]
    assert len(lost) == 1
    assert lost[0] <= 5.0


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("kind", ["upside_down", "tilted", "floor_lost"])
def test_what_to_do_with_the_camera_is_said_in_few_words(language: Language, kind: str) -> None:
    assert 3 <= len(phrases(language).messages[kind].split()) <= 12


@pytest.mark.parametrize("component", sorted(f.component for f in alerts().faults))
def test_every_fault_has_words_and_is_not_repeated_at_once(policy: GuidancePolicy, component: str) -> None:
    said = policy.fault(Fault(component, "it broke"), 1.0)
    # A lens that is only assumed breaks nothing.
    assert [c.priority for c in said] == ["info" if component == "lens" else "fault"]
    assert policy.fault(Fault(component, "it broke"), 2.0) == []
    assert policy.fault(Fault(component, "again", recovered=True), 3.0)[0].kind == "recovered"


def test_broken_mended_and_broken_again_is_said_each_time(policy: GuidancePolicy) -> None:
    said = [
        c.kind
        for n, recovered in enumerate([False, True, False, True])
        for c in policy.fault(Fault("camera", "gone", recovered=recovered), 0.5 * n)
    ]
    assert said == ["camera_lost", "recovered", "camera_lost", "recovered"]


def test_a_view_that_flickers_is_blocked(policy: GuidancePolicy) -> None:
    views = itertools.cycle(["blocked", "blocked", "ok"])
    said = walk(policy, [scene(t, view=next(views)) for t in times(0, 6)])
    assert said[0].kind == "blocked"
    assert said[0].t <= 1.0
    assert "recovered" not in [c.kind for c in said]


def test_after_a_pause_what_is_there_is_told(policy: GuidancePolicy) -> None:
    branch = thing(2.2, band="head", low_m=1.6, high_m=1.8)
    policy.pause(True)
    assert walk(policy, [scene(t, branch) for t in times(0, 3)]) == []
    policy.pause(False)
    assert [c.kind for c in walk(policy, [scene(t, branch) for t in times(3, 4)])] == ["head"]


def test_paused_leaves_stops_and_faults(policy: GuidancePolicy) -> None:
    policy.paused = True
    said = walk(policy, [scene(t, thing(6.0 - t, closing_mps=1.0)) for t in times(0, 5)])
    assert [c.priority for c in said] == ["stop"]
    assert policy.fault(Fault("camera", "gone"), 5.0)[0].kind == "camera_lost"
