"""What a callout's record holds of what it names."""

from __future__ import annotations

import json
from dataclasses import replace

from edge_nav.record.records import callout_record
from edge_nav.types import Callout, Mention

TABLE, CHAIR = Mention("obstacle", 3, 2.04, -3.24, 0), Mention("obstacle", 4, 2.5, 8.0, 2)
SAID = Callout(1, "obstacle", "caution", "Table and chair ahead, two metres.", "k", 1.0, 3.0, 3, 2.04, -3.24)


def test_one_thing_is_logged_as_ever() -> None:
    plain = callout_record(SAID, 50.0)
    assert "mentions" not in plain
    assert callout_record(replace(SAID, mentions=(TABLE,)), 50.0) == plain


def test_several_things_are_logged_each() -> None:
    record = json.loads(json.dumps(callout_record(replace(SAID, mentions=(TABLE, CHAIR)), 50.0)))
    assert record["mentions"] == [
        {"kind": "obstacle", "obstacle_id": 3, "distance_m": 2.04, "bearing_deg": -3.2, "noun_word": 0},
        {"kind": "obstacle", "obstacle_id": 4, "distance_m": 2.5, "bearing_deg": 8.0, "noun_word": 2},
    ]
