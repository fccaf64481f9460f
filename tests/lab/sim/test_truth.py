from __future__ import annotations

import math

import numpy as np
import pytest
from box_truth import truth_obstacles
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_nav.sources.raycast_renderer import Box, box
from edge_nav.types import Pose


def test_distance_bearing_and_heights_are_those_of_the_nearest_point() -> None:
    things = [
        box(1.25, 2.0, 0.4, 0.5, 0.3, 1.2, name="right"),
        box(0, 3.0, 1.6, 1, 0.1, 0.3, name="sign"),
        box(0, 1, 0, 1, 1, 1),
    ]
    right, sign = truth_obstacles(things, Pose(), floor_m=-0.1)
    assert (right.name, sign.name) == ("right", "sign")
    assert (right.distance_m, right.bearing_deg) == pytest.approx((math.hypot(1, 2), math.degrees(math.atan2(1, 2))))
    assert (right.low_m, right.high_m) == pytest.approx((0.5, 1.7))
    assert right.corridor_m is None
    assert (sign.distance_m, sign.bearing_deg, sign.corridor_m) == pytest.approx((3.0, 0.0, 3.0))


def test_a_turned_walker_has_it_elsewhere() -> None:
    thing = [box(0.0, 2.0, 0.0, 0.2, 0.2, 1.0, name="post")]
    (turned,) = truth_obstacles(thing, Pose(heading_deg=30.0))
    assert turned.bearing_deg == pytest.approx(-30.0)
    assert turned.corridor_m is None
    (behind,) = truth_obstacles(thing, Pose(heading_deg=180.0))
    assert abs(behind.bearing_deg) == pytest.approx(180.0)
    assert behind.corridor_m is None


def test_a_long_thing_can_be_nearer_beside_the_corridor_than_in_it() -> None:
    (beam,) = truth_obstacles([Box((-3.0, 1.0, 0.0), (3.0, 1.1, 1.0), name="beam")], Pose(heading_deg=40.0))
    assert beam.distance_m == pytest.approx(1.0)
    # Its nearest point lies 40 degrees to the left; the corridor's left border meets it farther ahead.
    assert beam.corridor_m is not None
    assert beam.corridor_m > 1.0


@settings(max_examples=60, deadline=None)
@given(
    x=st.floats(-3, 3),
    y=st.floats(-3, 5),
    width=st.floats(0.05, 3),
    deep=st.floats(0.05, 3),
    heading=st.floats(-180, 180),
)
def test_against_many_points_of_the_footprint(x: float, y: float, width: float, deep: float, heading: float) -> None:
    thing = box(x, y, 0.0, width, deep, 1.0, name="thing")
    (truth,) = truth_obstacles([thing], Pose(heading_deg=heading))
    step = 301
    px, py = np.meshgrid(np.linspace(thing.low[0], thing.high[0], step), np.linspace(thing.low[1], thing.high[1], step))
    assert truth.distance_m == pytest.approx(np.hypot(px, py).min(), abs=0.02)
    a = math.radians(heading)
    aside, ahead = px * math.cos(a) - py * math.sin(a), px * math.sin(a) + py * math.cos(a)
    inside = (np.abs(aside) < 0.4) & (ahead > 0)
    if inside.any():
        assert truth.corridor_m == pytest.approx(np.hypot(px, py)[inside].min(), abs=0.03)
    elif truth.corridor_m is not None:  # only a corner reaches in, between the points
        assert ((np.abs(aside) < 0.42) & (ahead > -0.02)).any()
