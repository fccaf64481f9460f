from __future__ import annotations

from edge_nav.lab.walker.feeling import TOUCHED_M
from edge_nav.lab.walker.felt import Felt
from edge_nav.lab.walker.person import BUMPED_M


def test_nobody_walks_into_the_same_thing_at_once_again() -> None:
    felt = Felt()
    felt.go(2.0, 0.0)
    felt.touch(30.0, 10.0)
    felt.go(-0.4, 0.0)
    assert felt.bars(0.0, 20.0)
    assert not felt.bars(-60.0, 20.0)
    felt.go(1.0, -90.0)
    assert not felt.bars(0.0, 20.0)  # aside of it the way is free
    assert felt.bars(60.0, 20.0)
    assert not felt.bars(60.0, 200.0)  # and by then they do not know any more


def test_a_heading_that_fails_again_and_again_does_not_make_others_forgotten() -> None:
    felt = Felt()
    felt.fail(60.0, 0.0, 0.0)
    for _ in range(20):
        felt.fail(0.5, 0.0, 1.0)
    assert felt.in_vain(60.0, 0.1, 2.0)
    assert felt.in_vain(0.0, 0.1, 2.0)
    assert not felt.in_vain(30.0, 0.1, 2.0)


def test_what_was_run_into_is_passed_less_closely_than_what_a_hand_found() -> None:
    felt = Felt()
    felt.touch(-60.0, 0.0, 0.25)  # 0.22 m aside
    assert not felt.bars(0.0, 1.0, TOUCHED_M)
    felt.touch(-60.0, 0.0, 0.25, BUMPED_M)
    assert felt.bars(0.0, 1.0, TOUCHED_M)
