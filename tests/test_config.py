from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from edge_nav.config import Profile, load_profile, parse_profile
from edge_nav.errors import UsageError

REPO = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("path", sorted((REPO / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_profiles_that_come_along_are_valid(path: Path) -> None:
    assert isinstance(load_profile(path), Profile)


def test_equal_settings_have_equal_hashes() -> None:
    a, b = parse_profile({}, "a"), parse_profile({"guidance": {"language": "de"}}, "b")
    assert a.sha256() == Profile().sha256()
    assert a.sha256() != b.sha256()


def fields(model: type[BaseModel], path: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, field in model.model_fields.items():
        found.append((f"{path}{name}", field))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += fields(field.annotation, f"{path}{name}.")
    return found


def test_every_setting_is_described() -> None:
    assert [
        name for name, field in fields(Profile) if not (name.endswith("type") or getattr(field, "description", ""))
    ] == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"speech": {"rate_wpm": 50}}, ["speech.rate_wpm", "50", "120"]),
        ({"guidance": {"language": "fr"}}, ["guidance.language", "fr", "'en'"]),
        ({"source": {"type": "sonar"}}, ["source", "sonar"]),
        ({"perception": {"corridor_width_m": "wide"}}, ["perception.corridor_width_m", "wide"]),
    ],
)
def test_an_impossible_value_names_itself_and_what_is_allowed(data: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_profile(data, "p.yaml")
    assert all(word in str(caught.value) for word in ["p.yaml", *words])
