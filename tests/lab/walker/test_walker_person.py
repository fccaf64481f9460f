from __future__ import annotations

import pytest
from obedient import Walker

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.lab.walker.person import CAREFUL_MPS, FIRST_MPS, REACTION_S, SLOW_MPS
from edge_nav.lab.walker.words import NamedThing, understand
from edge_nav.types import Ground, Scene

BOOK = Phrasebook(GuidanceSettings())


@pytest.mark.parametrize("distance_m", [0.4, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0])
@pytest.mark.parametrize("bearing_deg", [0.0, 30.0, -30.0, 60.0])
def test_what_the_phrasebook_says_is_understood(distance_m: float, bearing_deg: float) -> None:
    said = BOOK.hazard("low_obstacle", bearing_deg, distance_m, urgent=True, hedged=True, veer="left")
    heard = understand(said)
    assert heard.stop
    assert heard.veer == "left"
    assert heard.things == (NamedThing("Low obstacle", bearing_deg, max(0.5, distance_m if distance_m > 0.5 else 0.5)),)


def test_drops_and_clear_are_understood() -> None:
    drop = understand(BOOK.hazard("drop", 0.0, 1.5, urgent=True, hedged=False, veer=None))
    assert [t.what for t in drop.things] == ["Drop-off"]
    assert understand(BOOK.message("clear")).clear
    assert not understand(BOOK.hazard("obstacle", 0.0, 3.0, urgent=False, hedged=False, veer=None)).stop


def test_answers_are_understood() -> None:
    ground = Ground((0.0, -1.0, 0.0), 1.4, 0.5)
    answers = SceneAnswers(BOOK)

    def heard(free: float | None) -> float | None:
        scene = Scene(0, 0.0, (), ground, 3.0, free)
        return understand(answers.answer(Intent("free_way", None, 1.0), scene, 0.1, None).text).free_deg

    assert heard(0.0) == 0.0
    assert heard(-32.0) == -30.0
    assert heard(12.0) == 10.0
    assert heard(None) is None


def test_how_far_it_is_free_is_understood_and_never_more_than_measured() -> None:
    answers = SceneAnswers(BOOK)
    for reach, said in ((1.0, 1.0), (1.49, 1.0), (2.9, 2.5), (3.0, 3.0), (4.9, 4.0)):
        scene = Scene(0, 0.0, (), Ground((0.0, -1.0, 0.0), 1.4, 0.5), 1.0, 20.0, free_reach_m=reach)
        heard = understand(answers.answer(Intent("free_way", None, 1.0), scene, 0.1, None).text)
        assert (heard.free_deg, heard.free_m, heard.onward) == (20.0, said, False)


def test_a_leg_that_leads_on_is_understood() -> None:
    ground = Ground((0.0, -1.0, 0.0), 1.4, 0.5)
    scene = Scene(0, 0.0, (), ground, 1.0, -60.0, free_reach_m=0.8, free_onward=True)
    heard = understand(SceneAnswers(BOOK).answer(Intent("free_way", None, 1.0), scene, 0.1, None).text)
    assert (heard.free_deg, heard.free_m, heard.onward) == (-60.0, 0.5, True)


def test_a_walker_listens_first_and_then_goes_to_the_goal() -> None:
    walker = Walker()
    walker.go(1.0)
    assert walker.speed == 0.0
    walker.go(2.0)
    assert (walker.speed, walker.acts[-1].heading_deg) == (1.2, 0.0)


def test_stop_is_obeyed_after_the_reaction_and_not_before() -> None:
    walker = Walker()
    walker.go(4.0)
    walker.person.hear("stop", "", walker.t)
    walker.go(REACTION_S - 0.1)
    assert walker.speed == 1.2
    walker.go(0.2)
    assert walker.speed == 0.0


def test_who_was_told_of_something_goes_slowly_until_they_are_there_or_hear_that_it_is_clear() -> None:
    walker = Walker()
    walker.go(4.0)
    told = walker.walked
    walker.person.hear("caution", "Low obstacle ahead, four metres.", walker.t)
    walker.go(5.5)
    assert walker.speed == SLOW_MPS
    assert told + 3.0 < walker.walked < told + 4.5
    walker.go(2.0)
    assert walker.speed == 1.2
    walker.person.hear("caution", "Low obstacle ahead, four metres.", walker.t)
    walker.go(1.0)
    walker.person.hear("info", "Clear.", walker.t)
    walker.go(1.0)
    assert walker.speed == 1.2


def stopped() -> Walker:
    walker = Walker()
    walker.go(4.0)
    walker.person.hear("stop", "", walker.t)
    walker.person.hear("stop", "Stop. Obstacle ahead, two metres. Veer left.", walker.t + 1.0)
    walker.go(5.0)
    return walker


def test_after_a_stop_they_ask_and_go_where_it_is_free_for_as_far_as_it_was_said() -> None:
    walker = stopped()
    assert walker.asked == ["free_way"]
    before = walker.walked
    walker.person.hear("answer", "Free 30 degrees left, one and a half metres.", walker.t)
    walker.go(5.5)
    assert -42 < min(a.heading_deg for a in walker.acts) < -18  # as exactly as people turn
    # All but the margin of what was said to be free, then back towards the goal, and asked again.
    assert walker.walked - before == pytest.approx(1.2, abs=0.1)
    walker.go(4.0)
    assert abs(walker.heading) < 15
    assert walker.asked == ["free_way", "free_way"]


def test_a_leg_that_leads_on_is_gone_to_its_end_however_short_and_its_first_step_slowly() -> None:
    walker = stopped()
    before = walker.walked
    walker.person.hear("answer", "Free 60 degrees left, half a metre, and on from there.", walker.t)
    walker.go(5.0)
    assert -80 < min(a.heading_deg for a in walker.acts) < -40
    assert walker.walked - before == pytest.approx(0.5, abs=0.05)
    assert max(a.speed_mps for a in walker.acts[-60:]) == FIRST_MPS
    walker = stopped()
    before = walker.walked
    walker.person.hear("answer", "Free 60 degrees left, half a metre.", walker.t)
    walker.go(4.2)
    assert walker.walked == before


def test_a_stop_on_a_leg_ends_it_and_they_ask_again() -> None:
    walker = stopped()
    walker.person.hear("answer", "Free 60 degrees left, four metres.", walker.t)
    walker.go_until(lambda: walker.speed == CAREFUL_MPS)
    walker.person.hear("stop", "", walker.t)
    walker.go(REACTION_S + 0.1)
    before = walker.walked
    walker.go_until(lambda: len(walker.asked) == 2)
    assert walker.walked == before
    assert abs(walker.heading) < 15


def test_who_was_stopped_by_something_near_goes_back_where_they_came_from() -> None:
    walker = Walker()
    walker.go(4.0)
    walker.person.hear("stop", "", walker.t)
    walker.person.hear("stop", "Stop. Obstacle ahead, one metre.", walker.t + 1.0)
    walker.go_until(lambda: bool(walker.asked))
    assert sum(-a.speed_mps * 0.05 for a in walker.acts if a.speed_mps < 0) == pytest.approx(0.6, abs=0.05)


def test_they_do_not_go_where_nothing_is_said_to_be_free() -> None:
    walker = stopped()
    before = walker.walked
    for _ in range(10):
        walker.person.hear("answer", "No free way in view.", walker.t)
        walker.go(4.0)
    assert walker.walked == before
    # But they look round, to both sides.
    assert max(a.heading_deg for a in walker.acts) - min(a.heading_deg for a in walker.acts) > 80


def test_free_ahead_or_clear_lets_them_walk_on_slowly() -> None:
    walker = stopped()
    walker.person.hear("answer", "Free ahead, three metres.", walker.t)
    walker.go(1.5)
    assert 0 < walker.speed < 1.0


def test_a_caution_slows_and_veers_for_a_while() -> None:
    walker = Walker()
    walker.go(4.0)
    walker.person.hear("caution", "Obstacle ahead, three metres. Veer right.", walker.t)
    walker.go(1.0)
    assert walker.speed < 1.0
    assert walker.acts[-1].heading_deg == 20.0
    walker.go(6.0)
    assert (walker.speed, walker.acts[-1].heading_deg) == (1.2, 0.0)


def test_a_fault_is_waited_out() -> None:
    walker = Walker()
    walker.go(4.0)
    walker.person.hear("fault", "Caution. View blocked.", walker.t)
    walker.go(REACTION_S + 0.2)
    assert walker.speed == 0.0
    walker.go(4.0)
    assert (walker.speed, walker.asked) == (SLOW_MPS, [])


def test_whoever_touches_something_goes_back_and_then_aside() -> None:
    alone = Walker(aided=False)
    alone.go(3.0)
    alone.person.touch(30.0, alone.t)
    alone.go(1.3)
    assert alone.speed < 0
    alone.go(6.0)
    assert -125 < min(a.heading_deg for a in alone.acts) < -30  # away from the side that was touched
    alone.go(6.0)
    assert abs(alone.heading) < 10
    assert (alone.speed, alone.asked) == (1.2, [])


def test_a_cane_stops_them_with_room_to_turn() -> None:
    alone = Walker(aided=False)
    alone.go(3.0)
    alone.person.touch(-30.0, alone.t, "cane")
    alone.go(0.5)
    assert alone.speed == 0.0
    alone.go(6.0)
    assert max(a.heading_deg for a in alone.acts) > 30
    assert min(a.speed_mps for a in alone.acts) == 0.0


def test_what_is_touched_on_the_way_back_does_not_begin_it_anew() -> None:
    alone = Walker(aided=False)
    alone.go(3.0)
    alone.person.touch(0.0, alone.t)
    alone.go_until(lambda: alone.speed < 0)
    for _ in range(200):
        if alone.speed < 0:
            alone.person.touch(180.0, alone.t)
        alone.go(0.05)
    assert sum(a.speed_mps < 0 for a in alone.acts) <= 16
    assert alone.acts[-1].speed_mps > 0


def test_who_is_guided_asks_aside_after_a_touch() -> None:
    walker = Walker()
    walker.go(4.0)
    walker.person.touch(-30.0, walker.t)
    walker.go_until(lambda: bool(walker.asked))
    assert 30 < walker.heading < 125
    walker.person.hear("answer", "Free ahead, four metres.", walker.t)
    before = walker.walked
    walker.go_until(lambda: len(walker.asked) == 2)
    assert walker.walked - before == pytest.approx(1.8, abs=0.1)
    assert abs(walker.heading) < 15
