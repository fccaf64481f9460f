from __future__ import annotations

import pytest
from obedient import Walker

from edge_nav.lab.walker.body import Bump
from edge_nav.lab.walker.cane import Touch
from edge_nav.lab.walker.feeling import ALONG_M, BEYOND_M, CAREFUL_MPS, TOUCH_S, UP_M
from edge_nav.lab.walker.moves import REACTION_S
from edge_nav.lab.walker.person import SLOW_MPS


def told_with_a_cane(words: str) -> Walker:
    walker = Walker(aided=True, cane=True)
    walker.go(4.0)
    walker.person.hear_tone("stop", walker.t)
    walker.person.hear("stop", words, walker.t + 1.0)
    walker.go(3.5)
    return walker


def test_a_cane_feels_for_what_was_said_to_be_on_the_ground_and_finds_the_way_free() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    assert (walker.speed, walker.person.feeling) == (CAREFUL_MPS, True)
    walker.go_until(lambda: walker.speed == SLOW_MPS)
    felt_m = sum(act.speed_mps * 0.05 for act in walker.acts if act.speed_mps == CAREFUL_MPS)
    assert felt_m == pytest.approx(1.5 + BEYOND_M, abs=0.1)
    assert walker.asked == []


def test_another_stop_is_a_pause_for_who_feels_their_way() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.person.hear_tone("stop", walker.t)
    walker.go(REACTION_S + 0.1)
    assert walker.speed == 0.0
    walker.person.hear("stop", "Stop. Low obstacle ahead, one metre.", walker.t)
    walker.go(2.0)
    assert (walker.speed, walker.asked) == (CAREFUL_MPS, [])


def test_who_did_not_hear_what_it_is_asks() -> None:
    walker = told_with_a_cane("Stop.")
    assert (walker.speed, walker.person.feeling, walker.asked) == (0.0, False, ["free_way"])


def test_who_meets_a_sign_with_the_raised_arm_asks_and_does_not_feel_there_again() -> None:
    walker = told_with_a_cane("Stop. Head height ahead, two metres.")
    assert (walker.speed, walker.person.feeling) == (CAREFUL_MPS, True)
    walker.person.feel_forearm(Bump(0.0, "head", ((0.0, 0.45), (30.0, 0.45))), walker.t)
    walker.go(1.0)
    assert (walker.speed, walker.person.feeling) == (0.0, False)
    walker.go_until(lambda: bool(walker.asked))
    asked = len(walker.acts)
    walker.person.hear("answer", "Free 30 degrees right, four metres.", walker.t)
    walker.go(6.0)
    steps = [act.heading_deg for act in walker.acts[asked:] if act.speed_mps]
    assert steps
    assert not [heading for heading in steps if 15 < heading < 45]


def test_whoever_finds_it_with_the_cane_asks_for_another_way_and_does_not_feel_there_again() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.person.feel_cane(Touch(True, 0), walker.t)
    walker.go(TOUCH_S + 0.1)
    assert walker.speed == 0.0
    walked = walker.walked
    walker.person.hear("stop", "Stop. Drop-off ahead, one metre.", walker.t)
    walker.go(2.0)
    assert (walker.walked, walker.asked) == (pytest.approx(walked, abs=0.05), ["free_way"])


def test_where_no_way_is_told_a_cane_feels_aside_and_towards_the_goal_again() -> None:
    walker = told_with_a_cane("Stop.")
    walker.reply = "No free way in view."
    walked = walker.walked
    walker.go_until(lambda: walker.walked > walked)
    assert set(walker.asked) == {"free_way"}
    assert walker.person.feeling
    assert 40 < abs(walker.heading) < 110
    walker.go(8.0)
    assert (abs(walker.heading) < 15, walker.speed) == (True, SLOW_MPS)


def test_an_edge_that_the_cane_found_stops_whoever_would_walk_there_again() -> None:
    walker = Walker(aided=True, cane=True)
    walker.go(4.0)
    walker.person.hear("fault", "Caution. View blocked.", walker.t - 0.5)
    walker.person.feel_cane(Touch(True, 0), walker.t)
    walker.go(1.0)
    walked = walker.walked
    walker.go_until(lambda: bool(walker.asked))  # the fault is over, and nobody told of the edge again
    assert walker.walked == pytest.approx(walked, abs=0.15)


@pytest.mark.parametrize("met", [-1, 1])
def test_who_found_a_thing_goes_along_it_by_small_steps_and_feels_for_its_end(met: int) -> None:
    walker = told_with_a_cane("Stop. Head height ahead, one metre.")
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    walker.person.feel_forearm(Bump(met * 22.0, "head", ((0.0, 0.45), (met * 30.0, 0.45))), walker.t)
    walker.go_until(lambda: bool(walker.asked))
    walker.go_until(lambda: abs(walker.heading) > 25)
    walked, heading = walker.walked, walker.heading
    walker.go_until(lambda: abs(walker.heading) < 15)
    assert 25 < -met * heading < 75  # to the side where the arm met nothing, no farther than need be
    assert walker.walked - walked == pytest.approx(0.3, abs=0.1)


def test_who_meets_a_wall_with_the_canes_tip_goes_up_to_it_and_then_farther_round() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    walker.person.feel_cane(Touch(False, 0), walker.t)
    walker.go_until(lambda: walker.person.feeling and 25 < abs(walker.heading) < 50)
    walked = walker.walked
    walker.person.feel_cane(Touch(False, 0, near=False), walker.t)
    walker.go_until(lambda: walker.walked > walked)
    for _ in range(60):
        if 25 < abs(walker.heading) < 50:
            walker.person.feel_cane(Touch(False, 0, near=False), walker.t)  # all the time, and nothing is nearer
            walker.go(0.05)
    assert walker.walked - walked == pytest.approx(UP_M, abs=0.05)
    assert 50 < abs(walker.heading) < 80


@pytest.mark.parametrize("bump", [Bump(-60.0, "body"), Bump(180.0, "body", ((50.0, 0.3),))])
def test_whoever_ran_into_a_table_does_not_pass_its_corner_as_closely_again(bump: Bump) -> None:
    walker = Walker(aided=True, cane=True)
    walker.go(4.0)
    walker.person.feel_bump(bump, walker.t)  # some 0.2 m aside
    walker.go_until(lambda: bool(walker.asked))
    assert not [act for act in walker.acts[-20:] if act.speed_mps > 0]
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    assert 25 < abs(walker.heading) < 50  # along it, where who knows of nothing goes farther aside


def barred_but_beyond(least_deg: float, seconds: float) -> tuple[Walker, list[float]]:
    """Who found something ahead, and whose cane finds something in every heading nearer the goal's than the first;
    and the headings in which they felt.
    """
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.reply = "No free way in view."
    felt: list[float] = []
    for _ in range(round(seconds / 0.05)):
        if walker.person.feeling and abs(walker.heading) < least_deg:
            walker.person.feel_cane(Touch(False, 0), walker.t)
        if walker.person.feeling:
            felt.append(walker.heading)
        walker.go(0.05)
    return walker, felt


def test_who_is_penned_in_feels_farther_and_farther_round_and_out_again() -> None:
    walker, felt = barred_but_beyond(110.0, 60.0)
    side = 1 if felt[-1] > 0 else -1
    firsts = [next(h for h in felt if low < side * h < low + 20) for low in (25, 55, 85, 120)]
    assert [felt.index(h) for h in firsts] == sorted(felt.index(h) for h in firsts)
    assert walker.walked > 3.6  # out, by steps


def test_where_one_side_is_barred_all_round_the_other_is_tried() -> None:
    _, felt = barred_but_beyond(200.0, 90.0)
    assert min(felt) < -140
    assert max(felt) > 140


def test_a_fault_is_heeded_by_who_feels_their_way() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.person.hear("fault", "Caution. View blocked.", walker.t)
    walker.go(REACTION_S + 0.2)
    assert walker.speed == 0.0
    walker.go(2.0)
    assert walker.speed == 0.0


def test_a_stop_before_the_first_step_is_a_pause_too() -> None:
    walker = Walker(aided=True, cane=True)
    walker.go(4.0)
    walker.person.hear_tone("stop", walker.t)
    walker.person.hear("stop", "Stop. Drop-off ahead, one and a half metres.", walker.t + 1.0)
    walker.go_until(lambda: walker.person.feeling)
    walker.person.hear_tone("stop", walker.t - 0.4)  # heard at once, still standing
    walked = walker.walked
    walker.go(1.0)
    assert walker.walked - walked < 0.05


def test_what_was_found_in_a_pause_is_not_walked_into() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.person.hear_tone("stop", walker.t)
    walker.go(REACTION_S + 0.1)
    walker.person.feel_cane(Touch(True, 0), walker.t)
    walker.person.hear("stop", "Stop. Drop-off ahead, one metre.", walker.t)
    walked = walker.walked
    walker.go(5.0)
    assert walker.walked == walked


def test_what_lies_aside_is_not_felt_for_ahead() -> None:
    walker = told_with_a_cane("Stop. Pole, two o'clock, one and a half metres.")
    assert (walker.person.feeling, walker.asked) == (False, ["free_way"])


def test_words_of_an_earlier_stop_do_not_count_for_the_next() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.go_until(lambda: not walker.person.feeling)
    walker.person.hear("stop", "Stop. Drop-off ahead, one metre.", walker.t - REACTION_S)  # when it is past
    walker.go(0.1)
    walker.person.hear_tone("stop", walker.t)  # and then no words
    walker.go(5.0)
    assert walker.asked == ["free_way"]


def test_after_going_where_they_were_told_they_feel_for_the_way_to_the_goal() -> None:
    walker = told_with_a_cane("Stop.")
    walker.reply = "Free 40 degrees right, about two metres."
    walker.go_until(lambda: walker.speed == SLOW_MPS)
    assert len(walker.asked) == 2  # the first was not answered
    felt = [act.heading_deg for act in walker.acts if act.speed_mps == CAREFUL_MPS]
    assert all(heading == pytest.approx(40, abs=10) or heading == pytest.approx(0, abs=10) for heading in felt)
    assert (felt[0] > 20, felt[-1] > 20) == (True, False)


def test_along_a_long_thing_the_steps_grow_and_they_seldom_ask() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    steps = [0.0]
    for _ in range(600):
        if walker.person.feeling and abs(walker.heading) < 25:
            walker.person.feel_cane(Touch(False, 0), walker.t)  # it goes on, towards the goal
        if abs(walker.heading) < 25 and steps[-1] > 0.2:
            steps.append(0.0)
        before = walker.walked
        walker.go(0.05)
        steps[-1] += walker.walked - before if abs(walker.heading) > 25 else 0.0
    assert steps[0] == pytest.approx(ALONG_M, abs=0.1)
    assert steps[1:-1] == pytest.approx([2 * ALONG_M] * (len(steps) - 2), abs=0.1)
    assert len(walker.asked) <= len(steps) / 2


def test_what_was_touched_before_a_turn_tells_nothing_of_what_is_ahead_after_it() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    walker.person.feel_cane(Touch(False, 0), walker.t)
    walker.go_until(lambda: walker.person.feeling and abs(walker.heading) > 25)
    walked, heading = walker.walked, walker.heading
    walker.heading = 0.0
    walker.go(0.05)
    walker.person.feel_cane(Touch(False, 0), walker.t - TOUCH_S)  # late
    walker.heading = heading
    walker.go(1.0)
    assert walker.walked > walked


def test_past_what_they_went_along_they_begin_anew() -> None:
    walker = told_with_a_cane("Stop. Drop-off ahead, one and a half metres.")
    walker.reply = "No free way in view."
    walker.go_until(lambda: walker.person.feeling)
    walker.person.feel_cane(Touch(False, 0), walker.t)
    walker.go_until(lambda: abs(walker.heading) > 25)  # along it
    walker.go_until(lambda: walker.speed == SLOW_MPS)
    walker.person.hear_tone("stop", walker.t - 0.6)  # and no words
    walker.person.hear("stop", "Stop.", walker.t - 0.6)
    walker.go_until(lambda: abs(walker.heading) > 25)
    walked, heading = walker.walked, abs(walker.heading)
    walker.go_until(lambda: abs(walker.heading) < 15)
    assert heading > 45
    assert walker.walked - walked > 0.6
