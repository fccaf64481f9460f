from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from world import SMALL, box, depth_map, frame, render

from edge_nav.dialogue.answers import SceneAnswers
from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import Scene

NAMES = ("sky", "floor", "wall", "chair", "object")
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
