from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from world import SMALL, box, depth_map, floor_levels, frame, render

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.guidance.settings import GuidanceSettings
from edge_nav.perception.perceive import Perception
from edge_nav.perception.settings import PerceptionSettings
from edge_nav.types import DepthMap, Scene

NAMES = ("sky", "floor", "wall", "chair", "object")
LOWER = len(NAMES)
WALL = box(0, 8, 0, 12, 0.2, 3)
CHAIR = box(0, 2.0, 0, 0.5, 0.4, 1.0)


def walk(labels: list[int], confidence: float = 0.9) -> list[Scene]:
    """Frames of a chair two metres ahead, whose pixels are given a label each frame."""
    depth = render([CHAIR, WALL], camera=SMALL)
    perception, scenes = Perception(PerceptionSettings()), []
    for n, label in enumerate(labels):
        told = np.where(depth < 2.5, label, 2).astype(np.uint8)
        sure = np.full(depth.shape, confidence, np.float32)
        given = replace(depth_map(depth, SMALL), label=told, confidence=sure, label_names=NAMES)
        scenes.append(perception.perceive(frame(depth, n, camera=SMALL), given))
    return scenes


def test_an_obstacle_carries_the_name_of_most_of_its_pixels() -> None:
    scene = walk([3])[0]
    (chair,) = [o for o in scene.obstacles if o.in_corridor and o.distance_m < 3]
    assert chair.label == "chair"
    assert chair.certainty == pytest.approx(0.9)
    assert scene.names == ("wall", "chair")


@pytest.mark.parametrize(("high_m", "label", "there"), [(0.3, 1, False), (0.3, 4, True), (1.2, 1, True)])
def test_a_low_wave_that_is_called_floor_is_no_obstacle(high_m: float, label: int, there: bool) -> None:
    depth = render([box(0, 2.0, 0, 0.5, 0.4, high_m), WALL], camera=SMALL)
    told = np.where(np.abs(depth - render([WALL], camera=SMALL)) > 0.01, label, 1).astype(np.uint8)
    given = replace(depth_map(depth, SMALL), label=told, label_names=NAMES)
    scene = Perception(PerceptionSettings()).perceive(frame(depth, 0, camera=SMALL), given)
    assert any(o.in_corridor and o.distance_m < 3 for o in scene.obstacles) is there


@pytest.mark.parametrize(
    ("edge_m", "deep_m", "called", "told"),
    [
        (2.0, 0.0, LOWER, True),
        (2.0, 0.0, 1, False),
        (2.0, 0.15, LOWER, True),
        (2.0, 0.15, 1, False),
        (2.0, 0.7, 1, True),
    ],
)
def test_where_ground_is_called_lower_the_floor_ends_and_where_it_is_called_floor_it_is_level_but_for_a_deep_hole(
    edge_m: float, deep_m: float, called: int, told: bool
) -> None:
    depth, level, pit = (
        render(floor_levels((-1, 0), (edge_m, -down)), camera=SMALL, floor=False, pitch_deg=22)
        for down in (deep_m, 0.0, 9.0)
    )
    given = replace(
        depth_map(depth, SMALL),
        label=np.where(level == pit, 1, called).astype(np.uint8),
        label_names=(*NAMES, "lower_floor"),
    )
    scene = Perception(PerceptionSettings(camera_height_m=1.4)).perceive(frame(depth, 0, camera=SMALL), given)
    drops = [o.distance_m for o in scene.obstacles if o.band == "drop" and o.in_corridor]
    assert drops == ([pytest.approx(edge_m, abs=0.15)] if told else [])


def test_the_floor_is_not_fitted_to_ground_that_is_called_lower() -> None:
    depth, pit = (
        render(floor_levels((-1, 0), (1.7, -down)), camera=SMALL, floor=False, pitch_deg=25) for down in (0.3, 9.0)
    )
    given = depth_map(depth, SMALL)
    told = replace(given, label=np.where(depth == pit, 1, LOWER).astype(np.uint8), label_names=(*NAMES, "lower_floor"))

    def seen(depths: DepthMap) -> Scene:
        return Perception(PerceptionSettings()).perceive(frame(depth, 0, camera=SMALL), depths)

    assert seen(given).ground is None  # most of the picture is road: which of the two one stands on is open
    scene = seen(told)
    assert scene.ground is not None
    assert scene.ground.height_m == pytest.approx(1.4, abs=0.01)
    assert [o.distance_m for o in scene.obstacles if o.band == "drop"] == [pytest.approx(1.7, abs=0.1)]


def test_a_name_that_flickers_does_not_change_at_once() -> None:
    nearest = [min(s.obstacles, key=lambda o: o.distance_m).label for s in walk([3, 3, 3, 2, 3, 2, 2, 2, 2])]
    assert nearest[:6] == ["chair"] * 6
    assert nearest[-1] == "wall"


@pytest.mark.parametrize(
    ("label", "confidence", "words"),
    [
        (3, 0.9, "Chair ahead, two metres."),
        (3, 0.3, "Chair ahead, about two metres."),
        (4, 0.9, "Obstacle ahead, two metres."),
    ],
)
def test_guidance_names_it_and_hedges_where_the_network_is_unsure(label: int, confidence: float, words: str) -> None:
    policy = GuidancePolicy(GuidanceSettings(veer_advice=False))
    said = [c.text for scene in walk([label] * 3, confidence) for c in policy.update(scene)]
    assert said == [words]


def test_where_is_the_chair() -> None:
    answers, scene = SceneAnswers(Phrasebook(GuidanceSettings())), walk([3] * 3)[-1]

    def where(thing: str) -> str:
        return answers.answer(Intent("where_thing", thing, 1.0), scene, scene.t, None).text

    assert where("chair") == "Chair ahead, two metres."
    assert where("wall") == "None seen."  # beyond what is looked at, but it has a name
    assert where("door") == "I can't find things by name yet."
