"""A walk whose bundle can look at pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from perception.tiny_bundle import write_bundle as write_depth_bundle
from test_cli import cli, start
from test_questions_cli import home
from vlm.vlm_bundle import write_bundle

from edge_nav.config import Profile, parse_profile
from edge_nav.errors import UsageError
from edge_nav.record.read import read_log
from edge_nav.walk.build_conversation import open_picture_model


def profile_with(**vlm: object) -> Profile:
    return parse_profile({"dialogue": {"recogniser": {"type": "text"}, "vlm": vlm}}, "test")


def test_what_measuring_cannot_tell_is_asked_of_the_model(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "eyes")
    profile, log = tmp_path / "p.yaml", tmp_path / "walk.jsonl"
    profile.write_text(yaml.safe_dump({"dialogue": {"vlm": {"bundle": str(folder), "threads": 1}}}), encoding="utf-8")
    process = start(
        *(
            "run",
            "--source",
            "raycast",
            "--headless",
            "--config",
            profile,
            "--as-fast-as-possible",
            "--max-seconds",
            "1",
        ),
        *("--mic", "text", "--log", log),
        env=home(tmp_path),
        stdin=-1,
    )
    _, err = process.communicate("what colour is that door over there\n", timeout=100)
    assert process.returncode == 0, err
    records = read_log(log).records
    answer = next(r for r in records if r["type"] == "answer" and r["backend"] == "eyes")
    assert answer["text"]
    assert "picture model" not in answer["text"]
    assert answer["grounded"] is False
    assert not [r for r in records if r["type"] == "fault"]


def test_a_bundle_asked_for_by_name_must_be_able_to_look(tmp_path: Path) -> None:
    write_depth_bundle(tmp_path / "depth")
    with pytest.raises(UsageError, match="cannot look at pictures"):
        open_picture_model(profile_with(bundle=str(tmp_path / "depth")))
    with pytest.raises(UsageError, match="neither a folder"):
        open_picture_model(profile_with(bundle="nothing"))
    assert open_picture_model(profile_with().model_copy(update={"bundle": str(tmp_path / "depth")})) == (None, None)
    assert open_picture_model(profile_with()) == (None, None)


def test_no_eyes_are_opened_where_nothing_is_asked(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "eyes")
    assert open_picture_model(parse_profile({"dialogue": {"vlm": {"bundle": str(folder)}}}, "test")) == (None, None)


def test_without_llama_cpp_only_who_asked_for_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(write_bundle(tmp_path / "eyes"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pip install"):
        open_picture_model(profile_with(bundle=folder))
    eyes, fault = open_picture_model(profile_with().model_copy(update={"bundle": folder}))
    assert eyes is None
    assert fault is not None
    assert "pip install" in fault.message


def test_a_misspelt_setting_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("dialogue: {vlm: {gpu: 3}}\n", encoding="utf-8")
    status, _, err = cli("run", "--headless", "--config", tmp_path / "p.yaml", env=home(tmp_path))
    assert status == 2
    assert "dialogue.vlm.gpu is not a setting" in err
