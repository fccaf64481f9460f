"""Questions from the command line, as a user asks them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import yaml
from test_asking import microphone_wav
from test_cli import cli, start

from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.listening.recogniser_settings import AutoSettings, TextSettings
from edge_nav.record.read import read_log
from edge_nav.walk.profile import parse_mic

RAYCAST = ("--source", "raycast")
"""The walk with exact depth: no model is needed, and what is ahead when is known."""


def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose settings lie in the test's own folder."""
    return {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "COLUMNS": "200"}


def test_typed_questions_are_answered_and_kept(tmp_path: Path) -> None:
    log, profile = tmp_path / "walk.jsonl", tmp_path / "p.yaml"
    output = {"type": "wav", "path": str(tmp_path / "voice.wav")}
    profile.write_text(yaml.safe_dump({"speech": {"output": output}}), encoding="utf-8")
    arguments = (
        "run",
        *RAYCAST,
        "--config",
        profile,
        "--as-fast-as-possible",
        "--max-seconds",
        "1.5",
        "--mic",
        "text",
        "--log",
        log,
    )
    process = start(*arguments, env=home(tmp_path), stdin=-1)
    out, err = process.communicate("what is ahead\nuse feet\n", timeout=60)
    assert process.returncode == 0, err
    records = read_log(log).records
    assert [r["intent"] for r in records if r["type"] == "answer"] == ["introduction", "ahead", "feet"]
    assert "Edge Nav helps beside a cane" in err
    assert "questions" in out
    kept = yaml.safe_load((tmp_path / "config" / "edge-nav" / "settings.yaml").read_text(encoding="utf-8"))
    assert kept == {"introduced": True, "units": "feet"}
    process = start(*arguments, env=home(tmp_path), stdin=-1)
    _, err = process.communicate("what is ahead\n", timeout=60)
    assert "feet." in err
    assert "Edge Nav helps" not in err


def test_who_cannot_have_heard_the_notice_hears_it_next_time(tmp_path: Path) -> None:
    arguments = ("run", *RAYCAST, "--headless", "--as-fast-as-possible", "--max-seconds", "0.5", "--mic", "text")
    for _ in range(2):
        process = start(*arguments, env=home(tmp_path), stdin=-1)
        _, err = process.communicate("", timeout=60)
        assert "Edge Nav helps" in err


@pytest.mark.parametrize(
    ("mic", "says"),
    [
        ("bogus", "--mic = 'bogus' is unknown: give device"),
        ("wav:", "--mic = 'wav:' is unknown"),
        ("wav:/nowhere.wav", "/nowhere.wav cannot be read"),
    ],
)
def test_bad_microphones_are_one_sentence(tmp_path: Path, mic: str, says: str) -> None:
    status, _, err = cli("run", *RAYCAST, "--headless", "--mic", mic, env=home(tmp_path))
    assert status == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_damaged_kept_settings_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "config" / "edge-nav" / "settings.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("units: parsecs\n", encoding="utf-8")
    status, _, err = cli("run", *RAYCAST, "--headless", "--mic", "text", env=home(tmp_path), stdin=-3)
    assert status == 2
    assert "are damaged" in err


def test_missing_weights_are_told_within_a_second_and_the_walk_goes_on(tmp_path: Path) -> None:
    profile, log = tmp_path / "p.yaml", tmp_path / "walk.jsonl"
    wav = microphone_wav(tmp_path / "mic.wav", [(0.3, "what is ahead")], 2)
    recogniser = {"type": "whisper", "model": "no-such-model"}
    dialogue = {"microphone": {"type": "wav", "path": str(wav)}, "recogniser": recogniser}
    profile.write_text(yaml.safe_dump({"dialogue": dialogue}), encoding="utf-8")
    status, _, err = cli(
        *("run", *RAYCAST, "--headless", "--config", profile, "--max-seconds", "3", "--log", log), env=home(tmp_path)
    )
    assert status == 0, err
    records = read_log(log).records
    # On a busy machine the answers may be told to be slow before.
    fault = next(r for r in records if r["type"] == "fault" and r["component"] == "recogniser")
    assert "no-such-model is not on this machine" in fault["message"]
    # The recogniser's process needs a moment to start on a busy machine; what counts is when it knows.
    assert any(r["type"] == "callout" and r["text"] == "I can't hear questions now." for r in records)
    assert sum(r["type"] == "scene" for r in records) > 10


def test_no_microphone_is_said_and_the_walk_goes_on(tmp_path: Path) -> None:
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)
    if any(d["max_input_channels"] > 0 for d in sounddevice.query_devices()):
        pytest.skip("this machine has a microphone")
    log = tmp_path / "walk.jsonl"
    status, _, _ = cli(
        "run", *RAYCAST, "--headless", "--mic", "device", "--max-seconds", "1", "--log", log, env=home(tmp_path)
    )
    assert status == 0
    records = read_log(log).records
    fault = next(r for r in records if r["type"] == "fault")
    assert (fault["component"], fault["t"] < 1.0) == ("microphone", True)
    assert "plug one in" in fault["message"]


def test_a_signal_pushes_to_talk(tmp_path: Path) -> None:
    """SIGUSR1 would end a process that does not expect it."""
    profile, log = tmp_path / "p.yaml", tmp_path / "walk.jsonl"
    # Asked again and again: on a busy machine the signal comes late. A push is for one question.
    asked = [(1.5, "what is ahead"), *((7.5 + 3.5 * n, "is the way clear") for n in range(9))]
    wav = microphone_wav(tmp_path / "mic.wav", asked, 40)
    microphone = {"type": "wav", "path": str(wav)}
    # Guidance that is spoken meanwhile would make it deaf.
    dialogue = {"microphone": microphone, "trigger": "push_to_talk", "deaf_while_speaking": False}
    profile.write_text(yaml.safe_dump({"dialogue": dialogue}), encoding="utf-8")
    arguments = ("run", *RAYCAST, "--headless", "--config", profile, "--max-seconds", "40", "--log", log)
    process = start(*arguments, env=home(tmp_path), stdin=-3)
    assert process.stderr is not None
    pushed = False
    for line in process.stderr:
        if "Clear." in line and not pushed:  # at 4.9 s of the walk
            process.send_signal(signal.SIGUSR1)
            pushed = True
        elif pushed and " answer " in line:
            process.send_signal(signal.SIGINT)
            break
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [r["text"] for r in read_log(log).records if r["type"] == "query"] == ["is the way clear"]


def test_a_bad_microphone_leaves_no_recording_behind(tmp_path: Path) -> None:
    arguments = ("run", *RAYCAST, "--headless", "--record", tmp_path / "r", "--mic", "wav:/nowhere.wav")
    for _ in range(2):
        status, _, err = cli(*arguments, env=home(tmp_path))
        assert status == 2
        assert "/nowhere.wav cannot be read" in err
    assert not (tmp_path / "r").exists()


def test_a_microphone_on_the_command_line_wins_over_typed_questions() -> None:
    assert parse_mic("wav:a.wav", DialogueSettings(recogniser=TextSettings())).recogniser == AutoSettings()
