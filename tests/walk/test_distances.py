"""A walk by distances that cannot be true: told aloud, counted, nothing said of what is where, and it failed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.record.summary import Summary, summary_table
from edge_nav.sources.health import HealthSettings
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.types import Callout, Fault, Frame, Language
from edge_nav.walk.app import ENDS_ON
from edge_nav.walk.loop import Loop

WORDS: dict[Language, str] = {
    "en": "Distances look wrong.",
    "de": "Abstände wirken falsch.",
    "es": "Las distancias parecen erróneas.",
    "hi": "दूरियाँ ग़लत लगती हैं।",
}


def scaled(frame: Frame, factor: float) -> Frame:
    assert frame.depth_m is not None
    return replace(frame, depth_m=(frame.depth_m * np.float32(factor)).astype(np.float32))


def walk(factor: float, language: Language = "en") -> tuple[list[Callout], list[Fault], Summary]:
    loop = Loop(
        SensorDepth(),
        PerceptionSettings(),
        GuidanceSettings(language=language),
        HealthSettings(),
        sensor_depth=True,
    )
    summary, callouts, faults = Summary(), list[Callout](), list[Fault]()
    source = RaycastSource(RaycastSourceSettings(seconds=5, fps=5))
    while (frame := source.read()) is not None:
        result = loop.step(scaled(frame, factor))
        assert result.scene is not None
        summary.scene(result.scene)
        callouts += result.callouts
        faults += result.faults
        for fault in result.faults:
            summary.fault(fault)
    return callouts, faults, summary


@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_it_is_told_counted_and_then_nothing_is_said_of_any_distance(factor: float) -> None:
    callouts, faults, summary = walk(factor)
    told = next(c for c in callouts if c.kind == "implausible")
    assert (told.text, told.priority) == (WORDS["en"], "fault")
    assert told.t <= 3.0
    assert all(c.distance_m is None for c in callouts if c.t >= told.t)
    assert [(f.component, f.recovered) for f in faults] == [("distance", False)]
    assert "depth_scale" in faults[0].message
    figures = summary.result(0, 0)
    assert figures["faults"] == {"distance": 1}
    assert figures["views"]["implausible"] >= 10
    assert "not seen" in [str(cell) for cell in summary_table(figures).columns[0].cells]


@pytest.mark.parametrize("language", WORDS)
def test_it_is_told_in_every_language(language: Language) -> None:
    callouts, _, _ = walk(5.0, language)
    assert WORDS[language] in [c.text for c in callouts]


def test_a_true_walk_tells_none_of_it() -> None:
    callouts, faults, summary = walk(1.0)
    assert not faults
    assert "implausible" not in [c.kind for c in callouts]
    assert summary.result(0, 0)["views"] == {"ok": 25}


def test_a_walk_that_ends_by_it_ended_on_a_fault() -> None:
    assert "distance" in ENDS_ON
