from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from guided import scene, thing, times, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.guidance.wording import MAX_WORDS
from edge_nav.types import Obstacle


def test_an_approach_gives_one_callout_a_zone(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(6.0 - t, closing_mps=1.0)) for t in times(0, 5)])
    assert [c.priority for c in said] == ["notice", "caution", "stop"]
    assert said[-1].text.startswith("Stop. Obstacle ahead")
    # At one metre a second: what is walked in reaction time and braking, and half a metre of room.
    assert (said[-1].distance_m or 0) == pytest.approx(1.57, abs=0.1)


def test_time_to_contact_makes_stop_earlier_than_distance(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(2.0, closing_mps=1.9)) for t in times(0, 0.3)])
    assert [c.priority for c in said] == ["stop"]


def test_a_second_hazard_is_not_hidden_by_the_first(policy: GuidancePolicy) -> None:
    wall = thing(0.9, -12, id=1)
    branch = thing(1.0, 14, id=2, band="head", low_m=1.6, high_m=1.8)
    walk(policy, [scene(t, wall) for t in times(0, 2)])
    said = walk(policy, [scene(t, wall, branch) for t in times(2, 3)])
    assert [c.kind for c in said] == ["head"]


def test_what_a_cane_misses_comes_first(policy: GuidancePolicy) -> None:
    box = thing(1.0, id=1, band="ground", high_m=0.5)
    drop = thing(1.1, id=2, band="drop", low_m=-0.8, high_m=0.0, label="drop")
    assert policy.update(scene(0.0, box, drop))[0].kind == "drop"


@pytest.mark.parametrize(
    ("band", "footing", "label", "kind"),
    [
        ("head", False, None, "head"),
        ("body", False, None, "overhang"),
        ("body", True, None, "obstacle"),
        ("ground", True, None, "low_obstacle"),
        ("ground", True, "stairs_up", "stairs_up"),
        ("drop", True, "stairs_down", "stairs_down"),
        ("drop", True, "step_down", "step_down"),
        ("drop", True, "unseen_floor", "unseen_floor"),
    ],
)
def test_each_row_of_the_table_is_reached(
    policy: GuidancePolicy, band: str, footing: bool, label: str | None, kind: str
) -> None:
    said = policy.update(scene(0.0, thing(0.7, band=band, footing=footing, label=label)))
    assert [c.kind for c in said] == [kind]


def test_unseen_floor_is_never_a_stop(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(0.5, band="drop", label="unseen_floor")) for t in times(0, 20)])
    assert said
    assert all(c.priority == "caution" for c in said)


def test_one_frame_of_speckle_is_not_spoken(policy: GuidancePolicy) -> None:
    policy.update(scene(0.0))
    assert policy.update(scene(0.1, thing(0.9, seen_frames=1))) == []
    assert policy.update(scene(0.2)) == []


def test_zone_borders_do_not_flicker(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(1.2 + 0.05 * (-1) ** n)) for n, t in enumerate(times(0, 4.5))])
    assert [c.priority for c in said if c.priority == "stop"] == ["stop"]


def test_one_clear_when_the_hazard_ends_and_the_way_is_seen_free(policy: GuidancePolicy) -> None:
    walk(policy, [scene(t, thing(1.0)) for t in times(0, 1)])
    said = walk(policy, [scene(t) for t in times(1, 10)])
    assert [c.kind for c in said] == ["clear"]


def test_no_clear_where_the_way_is_not_seen(policy: GuidancePolicy) -> None:
    walk(policy, [scene(t, thing(1.0)) for t in times(0, 1)])
    assert walk(policy, [scene(t, clearance_m=None) for t in times(1, 10)]) == []


def test_an_empty_way_is_silent(policy: GuidancePolicy) -> None:
    assert walk(policy, [scene(t) for t in times(0, 60)]) == []


def test_at_most_six_unasked_callouts_a_minute_but_every_stop() -> None:
    policy = GuidancePolicy(GuidanceSettings())
    crowd = [scene(t, thing(3.0, 0, id=int(t / 2) + 1)) for t in times(0, 60)]
    crowd = [
        replace(s, obstacles=(replace(s.obstacles[0], bearing_deg=30.0 * (n // 20 % 2)),)) for n, s in enumerate(crowd)
    ]
    assert len(walk(policy, crowd)) <= 6
    said = policy.update(scene(60.5, thing(0.8, id=99)))
    assert [c.priority for c in said] == ["stop"]


def test_a_lost_track_is_not_a_new_hazard(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(3.0, 5, id=n)) for n, t in enumerate(times(0, 4))])
    assert len(said) == 1


def test_veer_advice_only_when_the_free_side_is_certain(policy: GuidancePolicy) -> None:
    sure = [scene(t, thing(2.5, seen_frames=1 if t < 0.25 else 5), free_bearing_deg=-24.0) for t in times(0, 0.6)]
    assert walk(policy, [scene(-0.1), *sure])[0].text == "Obstacle ahead, two and a half metres. Veer left."
    unsure = [replace(s, free_bearing_deg=24.0 * (-1) ** n) for n, s in enumerate(sure)]
    assert "Veer" not in walk(GuidancePolicy(GuidanceSettings()), [scene(-0.1), *unsure])[0].text
    legs = [replace(s, free_reach_m=3.0, free_onward=True) for s in sure]  # where it leads, one leg does not tell
    assert "Veer" not in walk(GuidancePolicy(GuidanceSettings()), [scene(-0.1), *legs])[0].text
    doubtful = [replace(s, certainty=0.4) for s in sure]
    text = walk(GuidancePolicy(GuidanceSettings()), [scene(-0.1), *doubtful])[0].text
    assert text == "Obstacle ahead, about two and a half metres."


def test_nobody_is_sent_round_a_drop(policy: GuidancePolicy) -> None:
    drop = thing(1.4, band="drop", label="drop", low_m=-1.0)
    scenes = [scene(t, replace(drop, seen_frames=1 if t < 0.25 else 5), free_bearing_deg=20.0) for t in times(0, 0.6)]
    assert [c.text for c in walk(policy, [scene(-0.1), *scenes])] == ["Stop. Drop-off ahead, one and a half metres."]


def test_verbosity_and_companions() -> None:
    far, wall, side = thing(4.5), thing(3.0), thing(1.2, 60)
    one = [scene(0.0, far)]
    assert walk(GuidancePolicy(GuidanceSettings(verbosity="hazards")), one) == []
    assert len(walk(GuidancePolicy(GuidanceSettings(verbosity="normal")), one)) == 1
    assert walk(GuidancePolicy(GuidanceSettings(verbosity="normal")), [scene(0.0, side)]) == []
    assert len(walk(GuidancePolicy(GuidanceSettings(verbosity="talkative")), [scene(0.0, side)])) == 1
    assert walk(GuidancePolicy(GuidanceSettings(), "dog"), [scene(0.0, wall)]) == []
    assert len(walk(GuidancePolicy(GuidanceSettings(), "dog"), [scene(0.0, thing(0.9))])) == 1
    sign = thing(3.0, band="head", low_m=1.6)
    assert len(walk(GuidancePolicy(GuidanceSettings(), "dog"), [scene(0.0, sign)])) == 1


def test_a_callout_is_current_only_while_its_hazard_is_there(policy: GuidancePolicy) -> None:
    callout = policy.update(scene(0.0, thing(1.0)))[0]
    assert policy.is_current(callout)
    policy.update(scene(0.1))
    assert not policy.is_current(callout)


@pytest.mark.parametrize(("certainty", "holds"), [(0.1, True), (0.9, False)])
def test_a_stop_for_what_a_network_doubts_outlasts_a_flicker(
    policy: GuidancePolicy, certainty: float, holds: bool
) -> None:
    said = walk(policy, [scene(t, thing(1.0, certainty=certainty)) for t in times(0, 0.3)])
    assert [c.priority for c in said] == ["stop"]
    walk(policy, [scene(t) for t in times(0.3, 0.5)])
    assert policy.is_current(said[0]) == holds
    walk(policy, [scene(t) for t in times(0.5, 0.8)])
    assert not policy.is_current(said[0])


obstacles = st.builds(
    thing,
    st.floats(0.2, 6),
    st.floats(-60, 60),
    id=st.integers(1, 4),
    band=st.sampled_from(["ground", "body", "head", "drop"]),
    footing=st.booleans(),
    closing_mps=st.floats(-2, 2),
    confidence=st.floats(0, 1),
    seen_frames=st.integers(1, 9),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(obstacles, max_size=4), min_size=5, max_size=150))
def test_whatever_is_seen_the_promises_hold(frames: list[list[Obstacle]]) -> None:
    policy = GuidancePolicy(GuidanceSettings(verbosity="talkative"))
    said = walk(policy, [scene(0.1 * n, *obstacles) for n, obstacles in enumerate(frames)])
    assert all(len(c.text.split()) <= MAX_WORDS and c.expires_t > c.t for c in said)
    assert len({c.id for c in said}) == len(said)
    quiet = [c.t for c in said if c.priority in ("caution", "notice", "info")]
    assert all(sum(t <= u < t + 60 for u in quiet) <= 7 for t in quiet)  # six, and a "clear" for the last
    assert all(b - a >= 1.49 for a, b in itertools.pairwise(quiet))


def test_a_drop_that_was_spoken_of_does_not_hide_what_stands_nearer(policy: GuidancePolicy) -> None:
    drop = thing(1.4, id=1, band="drop", low_m=-0.8, high_m=0.0, label="drop")
    walk(policy, [scene(t, drop) for t in times(0, 2)])
    said = walk(policy, [scene(t, drop, thing(0.6, id=2)) for t in times(2, 3)])
    assert [(c.kind, c.priority) for c in said] == [("obstacle", "stop")]


def test_a_hazard_that_flickers_is_not_left(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, *([thing(0.9)] if n % 3 else [])) for n, t in enumerate(times(0, 4))])
    assert len(said) == 1


def test_two_stops_at_once_let_the_first_be_heard(policy: GuidancePolicy) -> None:
    drop = thing(0.9, id=1, band="drop", low_m=-0.8, high_m=0.0, label="drop")
    said = walk(policy, [scene(t, drop, thing(1.0, id=2)) for t in times(0, 4)])
    assert [c.kind for c in said] == ["drop", "obstacle"]
    assert said[1].t - said[0].t >= 1.4


def test_after_clear_a_new_thing_is_spoken_of_at_once(policy: GuidancePolicy) -> None:
    walk(policy, [scene(t, thing(1.0)) for t in times(0, 1)])
    assert [c.kind for c in walk(policy, [scene(t) for t in times(1, 3.5)])] == ["clear"]
    said = walk(policy, [scene(t, thing(1.0, id=7)) for t in times(3.5, 4)])
    assert [c.priority for c in said] == ["stop"]
    assert said[0].t == pytest.approx(3.5)


def test_what_waits_is_still_true_when_its_track_got_another_number(policy: GuidancePolicy) -> None:
    said = walk(policy, [scene(t, thing(2.0, id=1)) for t in times(0, 0.5)])
    policy.update(scene(0.6, thing(1.9, id=9)))
    assert policy.is_current(said[0])
    policy.update(scene(0.7, thing(1.9, 60.0, id=9)))
    assert not policy.is_current(said[0])


def test_who_comes_towards_the_walker_is_not_announced_in_beginnings_only(policy: GuidancePolicy) -> None:
    def limbs(away: float) -> list[Obstacle]:
        head = thing(away + 0.1, id=1, band="head", low_m=1.3, high_m=1.8, closing_mps=2.0)
        feet = thing(away + 0.05, id=3, band="ground", low_m=0.0, high_m=0.3, closing_mps=2.0)
        return [head, thing(away, id=2, closing_mps=2.0), feet]

    stops = [c for c in walk(policy, [scene(t, *limbs(3.4 - 2.0 * t)) for t in times(0, 1.4)]) if c.priority == "stop"]
    assert 1 <= len(stops) <= 3
    assert all(b.t - a.t >= 0.4 for a, b in itertools.pairwise(stops))


def test_a_stop_holds_though_the_edge_is_told_more_exactly_meanwhile(policy: GuidancePolicy) -> None:
    edge = thing(1.2, band="drop", low_m=-0.6, high_m=0.0, label="drop")
    said = walk(policy, [scene(t, edge) for t in times(0, 0.3)])
    assert [c.priority for c in said] == ["stop"]
    walk(policy, [scene(0.3, replace(edge, label="step_down", low_m=-0.2))])
    assert policy.is_current(said[0])
    walk(policy, [scene(0.4, thing(0.9, 15.0, id=9))])
    assert policy.is_current(said[0])
    walk(policy, [scene(0.5, thing(4.0, id=9))])
    assert not policy.is_current(said[0])


@pytest.mark.parametrize("away", [1.0, 2.5])
def test_what_was_never_heard_is_said_again(policy: GuidancePolicy, away: float) -> None:
    first = walk(policy, [scene(t, thing(away)) for t in times(0, 0.5)])
    assert len(first) == 1
    assert walk(policy, [scene(t, thing(away)) for t in times(0.5, 1.5)]) == []
    policy.unsaid(first[0].id)
    again = walk(policy, [scene(t, thing(away)) for t in times(1.5, 2.0)])
    assert [c.text for c in again] == [first[0].text]
    policy.unsaid(first[0].id)  # the second was heard
    assert walk(policy, [scene(t, thing(away)) for t in times(2.0, 3.0)]) == []


def test_what_is_never_heard_costs_no_words_and_has_no_end(policy: GuidancePolicy) -> None:
    for n in range(12):
        said = walk(policy, [scene(t, thing(2.5, id=n)) for t in times(2.0 * n, 2.0 * n + 0.5)])
        assert [c.priority for c in said] == ["caution"]
        policy.unsaid(said[0].id)
    assert walk(policy, [scene(t) for t in times(24.0, 28.0)]) == []


def test_a_stop_about_another_thing_is_said_in_the_same_words_too(policy: GuidancePolicy) -> None:
    first = walk(policy, [scene(t, thing(0.9, -12, id=1)) for t in times(0, 0.5)])
    second = walk(policy, [scene(t, thing(0.9, 14, id=2)) for t in times(2.5, 3)])
    assert [c.text for c in first] == [c.text for c in second] == ["Stop. Obstacle ahead, one metre."]
