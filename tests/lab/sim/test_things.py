from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest

from edge_nav.lab.sim.families.draft import _volume
from edge_nav.lab.sim.scene import SceneSpec, SimulatedScene
from edge_nav.lab.sim.shapes import FAR_M, LABELS
from edge_nav.lab.sim.things import AnyThing
from edge_nav.lab.sim.things.finishes import OPTIONS, share
from edge_nav.lab.sim.things.people import Pedestrian
from edge_nav.lab.sim.things.plan import Plan, Slab

KINDS = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyThing)[0])}
STYLES = (1, 900_001, 950_001)


def built(kind: str, **more: Any) -> SimulatedScene:
    area = {"from": [-2, 1], "to": [2, 9]} if "low" in KINDS[kind].model_fields else {"at": [0.0, 4.0]}
    return SimulatedScene(SceneSpec.model_validate({"things": [{"kind": kind, **area, **more}]}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", STYLES)
def test_every_kind_builds_the_same_each_time_and_within_limits(kind: str, style: int) -> None:
    shapes = built(kind, style=style).world(0).still
    assert shapes == built(kind, style=style).world(0).still
    assert 1 <= len(shapes) <= 62
    for s in shapes:
        assert 0 < s.label < len(LABELS)
        assert min(s.half) > 0
        assert math.hypot(*s.turn) == pytest.approx(1, abs=1e-6)
        assert all(math.isfinite(v) for v in (*s.centre, *s.half, *s.turn))
        assert 0 <= s.bevel_m <= min(s.half)
        assert all(0 <= c <= 1 for c in (*s.material.colour, *s.material.second))
        if s.form in ("cylinder", "capsule"):
            assert s.half[0] == s.half[1]
        if s.instance:
            assert max(s.half) < FAR_M / 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_built_at_its_limits(kind: str) -> None:
    for name, field in KINDS[kind].model_fields.items():
        if name in ("style", "lift_m", "level_m"):
            continue
        for limit in (getattr(m, side) for side in ("ge", "le") for m in field.metadata if hasattr(m, side)):
            for style in range(6):
                for s in built(kind, style=style, **{field.alias or name: limit}).world(0).still:
                    assert all(math.isfinite(v) for v in (*s.centre, *s.half, *s.turn))
                    assert 0 <= s.bevel_m <= min(s.half)


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if "at" in v.model_fields])
@pytest.mark.parametrize("style", STYLES)
def test_what_stands_somewhere_is_there_and_on_the_ground(kind: str, style: int) -> None:
    mine = [s for s in built(kind, style=style).world(0).still if s.instance]
    if not mine:
        assert kind == "hole"
        return
    volume = _volume(mine)
    # at is the middle, one edge or the back: the thing reaches there.
    assert volume[0] - 0.15 <= 0 <= volume[3] + 0.15
    assert volume[1] - 0.15 <= 4 <= volume[4] + 0.15
    if kind not in ("stairs_down", "stairs_up", "ramp", "hanging_sign", "wall_cupboard", "picture", "awning"):
        assert volume[2] == pytest.approx(0.0, abs=0.11)


@pytest.mark.parametrize(("depth", "lined"), [(1.2, True), (0.3, True), (0.05, False)])
def test_who_looks_across_a_hole_sees_earth_beneath_the_paving(depth: float, lined: bool) -> None:
    shapes = built("hole", style=1, depth_m=depth, width_m=0.8, length_m=0.6).world(0).still
    paved = next(s.material for s in shapes if s.centre[2] + s.half[2] == pytest.approx(0.0))
    far = [s for s in shapes if s.centre[1] == pytest.approx(4.3, abs=0.01) and s.half[1] < 0.01]
    assert bool(far) is lined
    for side in far:
        assert side.material != paved
        assert side.centre[2] + side.half[2] == pytest.approx(-0.06)
        assert side.centre[2] - side.half[2] <= -depth + 1e-6


@pytest.mark.parametrize("heading", [0, 90, -180, 270])
def test_a_holes_length_leads_where_it_is_headed(heading: float) -> None:
    made = built("hole", style=1, depth_m=1.0, width_m=0.4, length_m=2.0, heading_deg=heading)
    along, across = ((0.0, 0.9), (0.9, 0.0)) if heading % 180 == 0 else ((0.9, 0.0), (0.0, 0.9))
    assert made.tops.height(along[0], 4.0 + along[1]) == pytest.approx(-1.0)
    assert made.tops.height(across[0], 4.0 + across[1]) == pytest.approx(0.0)


@pytest.mark.parametrize("way", [[], [[0.0, 5.0]]])
def test_who_is_lifted_is_so_far_above_their_floor(way: list[list[float]]) -> None:
    person = {"kind": "person", "at": [0.0, 3.0], "way": way, "lift_m": 0.5}
    for level in (0.0, 1.0):
        floor = {"kind": "floor", "from": [-3, -1], "to": [3, 9], "level_m": level}
        world = SimulatedScene(SceneSpec.model_validate({"things": [floor, person]})).world(1.0)
        figure = [s for s in (*world.still, *world.moving) if s.instance]
        assert _volume(figure)[2] == pytest.approx(level + 0.5, abs=0.02)


@pytest.mark.parametrize("heading", [0, 90, 200.5])
def test_a_turned_thing_is_the_same_thing_turned(heading: float) -> None:
    straight, turned = (built("chair", style=4, heading_deg=h).world(0).still for h in (0, heading))
    a = math.radians(heading)
    for s, t in zip(straight[1:], turned[1:], strict=True):
        x, y = s.centre[0], s.centre[1] - 4
        moved = (x * math.cos(a) + y * math.sin(a), 4 - x * math.sin(a) + y * math.cos(a), s.centre[2])
        assert t.centre == pytest.approx(moved, abs=1e-5)
        assert t.half == s.half


@pytest.mark.parametrize("role", OPTIONS)
def test_splits_share_no_finish(role: Any) -> None:
    train, validation, test = (share(OPTIONS[role], split) for split in ("train", "validation", "test"))
    assert train
    assert validation
    assert test
    assert not set(train) & set(validation)
    assert not set(train) & set(test)
    assert not set(validation) & set(test)


@pytest.mark.parametrize("kind", ["chair", "table", "shelf", "car", "person", "sofa"])
def test_patterns_and_colours_of_held_out_things_never_occur_in_training(kind: str) -> None:
    looks = []
    for low in (0, 900_000, 950_000):
        made = [s.material for n in range(8) for s in built(kind, style=low + n).world(0).still if s.instance]
        looks.append({(m.look, m.colour) for m in made})
        assert {m.seed % 3 for m in made} == {(0, 900_000, 950_000).index(low)}
    assert not looks[0] & looks[1]
    assert not looks[0] & looks[2]
    assert not looks[1] & looks[2]


def test_later_ground_cuts_earlier_and_nothing_overlaps() -> None:
    material = built("box").world(0).still[0].material
    plan = Plan()
    plan.lay(Slab((-5, -5, 5, 5), 0.0, material))
    plan.lay(Slab((-1, -1, 1, 6), -0.3, material))
    plan.cut((2, 2, 3, 3))
    area = sum((s.rect[2] - s.rect[0]) * (s.rect[3] - s.rect[1]) for s in plan.slabs)
    assert area == pytest.approx(100 + 2 * 1 - 1)
    rng = np.random.default_rng(1)
    for x, y in rng.uniform(-4.9, 4.9, (200, 2)):
        inside = [s for s in plan.slabs if s.rect[0] < x < s.rect[2] and s.rect[1] < y < s.rect[3]]
        gone = 2 < x < 3 and 2 < y < 3
        assert len(inside) == (0 if gone else 1)
        assert plan.level(x, y) == (None if gone else (-0.3 if -1 < x < 1 and y > -1 else 0.0))


def test_rooms_are_closed_but_for_their_openings() -> None:
    from edge_nav.lab.sim.solids import Solids

    room = {"kind": "room", "from": [-2, -2], "to": [2, 6], "openings": {"left": [{"at": 3.0, "type": "gap"}]}}
    solids = Solids(SimulatedScene(SceneSpec.model_validate({"things": [room]})).world(0).still)
    rng = np.random.default_rng(3)
    rays = rng.normal(size=(3000, 3))
    origin = np.array([0.3, 1.0, 1.4])
    t, _ = solids.cast(origin, rays)
    ends = origin + rays * t[:, None]
    out = (np.abs(ends[:, 0]) > 2.2) | (ends[:, 1] > 6.2) | (ends[:, 1] < -2.2) | ~np.isfinite(t)
    # Those that leave go through the gap.
    at_wall = origin + rays[out] * ((-2 - origin[0]) / rays[out, 0])[:, None]
    assert 5 < out.sum() < 300
    assert (np.abs(at_wall[:, 1] - 3.0) < 0.46).all()
    assert (at_wall[:, 2] < 2.06).all()


def test_a_persons_legs_swing_and_a_foot_is_on_the_ground() -> None:
    made = SimulatedScene(SceneSpec.model_validate({"things": [{"kind": "person", "at": [0, 0], "way": [[0, 9]]}]}))
    reach = []
    for t in np.arange(0, 3, 0.1):
        volume = _volume(made.world(t).moving)
        assert volume[2] == pytest.approx(0.0, abs=0.02)
        assert 1.45 < volume[5] < 2.0
        reach.append(volume[4] - volume[1])
    assert max(reach) - min(reach) > 0.2


def test_who_walks_to_and_fro_rests_at_each_end() -> None:
    person = Pedestrian(at=(0.0, 0.0), way=((0.0, 4.0),), speed_mps=1.0, start_s=2.0, rest_s=5.0)
    places = {t: person.when(t)[0][1] for t in (0.0, 2.0, 5.0, 6.0, 10.9, 12.0, 15.0, 19.9, 21.0)}
    assert places == pytest.approx({0.0: 0, 2.0: 0, 5.0: 3, 6.0: 4, 10.9: 4, 12.0: 3, 15.0: 0, 19.9: 0, 21.0: 1})
    walked = [person.when(t)[2] for t in np.arange(0, 60, 0.1)]
    assert (np.diff(walked) >= -1e-9).all()
    assert np.diff(walked).max() < 0.11
    assert person.when(4.0)[1] == pytest.approx(0)
    assert person.when(12.0)[1] % 360 == pytest.approx(180)
