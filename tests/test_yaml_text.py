"""YAML that other people wrote, wherever it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_nav.config import load_profile
from edge_nav.dialogue.preferences import read_preferences
from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import load_scene
from edge_nav.sources.calibration import load_calibration
from edge_nav.yaml_text import parse_yaml

WRONG = [
    "seed: !!bool foo",
    "seed: !!int ''",
    "seconds: !!float ''",
    "name: !!timestamp foo",
    "name: 2024-02-30",
    "seed: " + 5000 * "9",
    "seed: 0x" + 5000 * "f",
    "width: -0b" + 20_000 * "1",
    "things: " + 5000 * "[",
    "seed: 1\nname: [\nseed: 2",
    "seed: 1\nseed: 1",
    "walk: {gait: {bob_m: 0.1, bob_m: 0.2}}",
    "name: \x07",
]


@pytest.mark.parametrize("read", [load_scene, load_profile, read_preferences, load_calibration])
@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:24])
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, read: Callable[[Path], object]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(path)
    said = str(caught.value)
    assert str(path) in said
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 300 + len(str(path))


def test_a_name_may_stand_for_another_than_the_one_taken_over() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, y: 3}"
    assert parse_yaml(text) == {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1}, "c": {"x": 2, "y": 3}}


def test_large_numbers_are_read() -> None:
    assert parse_yaml(f"[{9 * 10**200}, 0x{60 * 'f'}, 1_000, 1:30]") == [9 * 10**200, 16**60 - 1, 1000, 90]
