"""The table of all that is said unasked."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edge_nav.guidance.alerts import Alerts, alerts
from edge_nav.types import PRIORITIES


def test_the_voice_and_the_table_agree_on_what_is_more_urgent() -> None:
    assert tuple(p.name for p in alerts().priorities) == PRIORITIES


def test_all_that_is_said_unasked_expires() -> None:
    for priority in {*(m.priority for m in alerts().messages), "stop", "caution", "notice"}:
        assert alerts().expires_s(priority) > 0
    with pytest.raises(ValueError, match="answer"):
        alerts().expires_s("answer")


def test_what_is_no_fault_of_the_walk_is_for_the_log_alone() -> None:
    assert alerts().fault("record") is None


@pytest.mark.parametrize("section", ["priorities", "views", "information"])
def test_a_table_without_one_of_its_rows_is_refused(section: str) -> None:
    table: dict[str, Any] = alerts().model_dump()
    with pytest.raises(ValidationError, match=section):
        Alerts.model_validate({**table, section: table[section][1:]})


@pytest.mark.parametrize("section", ["hazards", "faults"])
def test_a_table_with_a_row_twice_is_refused(section: str) -> None:
    table: dict[str, Any] = alerts().model_dump()
    with pytest.raises(ValidationError, match=section):
        Alerts.model_validate({**table, section: (*table[section], table[section][0])})


def test_a_hazard_counts_as_one_of_the_table() -> None:
    table: dict[str, Any] = alerts().model_dump()
    first = {**table["hazards"][0], "same_as": "abyss"}
    with pytest.raises(ValidationError, match="abyss"):
        Alerts.model_validate({**table, "hazards": (first, *table["hazards"][1:])})
