"""`ask` from the command line: an answer, or one sentence and exit code 2."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from perception.tiny_bundle import write_bundle as write_depth_bundle
from test_asking import microphone_wav
from vlm.vlm_bundle import write_bundle
from world import SMALL, box, render

from edge_nav.commands.ask import ask
from edge_nav.commands.options import AskOptions
from edge_nav.commands.picture import MOST_PIXELS
from edge_nav.dialogue.measured import said
from edge_nav.errors import UsageError

REPO = Path(__file__).resolve().parents[1]
NOTHING = said("en", "nothing")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a box two metres ahead, its depth, and a bundle that babbles."""
    folder = tmp_path_factory.mktemp("ask")
    depth_m = render([box(0, 2.0, 0, 0.5, 0.3, 1.2), box(0, 8, 0, 12, 0.2, 3)], camera=SMALL)
    rgb = np.random.default_rng(0).integers(60, 190, (*depth_m.shape, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "picture.png"), rgb)
    cv2.imwrite(str(folder / "picture.jpg"), rgb)
    cv2.imwrite(str(folder / "depth.png"), np.nan_to_num(depth_m * 1000).astype(np.uint16))
    cv2.imwrite(str(folder / "wide.png"), np.zeros((20, 90), np.uint16))
    whole = (folder / "picture.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("no picture")
    huge = bytearray(whole)
    huge[16:24] = (60000).to_bytes(4, "big") * 2
    (folder / "huge.png").write_bytes(huge)
    write_bundle(folder / "bundle")
    return folder


def options(place: Path, image: str = "picture.png", question: str | None = "what", **changes: Any) -> AskOptions:
    return AskOptions(place / image, question, **{"bundle": str(place / "bundle"), **changes})


def test_the_command_answers_in_text(place: Path) -> None:
    command = [sys.executable, str(REPO / "main.py"), "ask", place / "picture.jpg", "what is it?", "--bundle"]
    done = subprocess.run([*command, place / "bundle"], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n")
    assert done.stdout.strip()
    done = subprocess.run([*command, place / "nowhere"], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "nowhere" in done.stderr


def answers(monkeypatch: pytest.MonkeyPatch, *pieces: str) -> list[str]:
    """Let the model say this; what it was asked is noted."""
    asked: list[str] = []

    def answer(_vlm: object, _rgb: object, question: str, _cancelled: object) -> Any:
        asked.append(question)
        return iter(pieces)

    monkeypatch.setattr("edge_nav.commands.ask.Vlm.answer", answer)
    monkeypatch.setattr("edge_nav.commands.ask.try_out", lambda *_: None)  # takes a second, and is tested by itself
    return asked


def test_without_measuring_numbers_and_sides_are_left_out(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answers(monkeypatch, "A red", " box. It is two metres away.", " It \x1b[mshines.")
    assert ask(options(place, question=" what \n is it?")) == 0
    assert capsys.readouterr().out == "A red box.\n"
    assert asked == ["what is it?"]
    answers(monkeypatch, "It is on the left.")
    assert ask(options(place)) == 0
    assert capsys.readouterr().out == f"{NOTHING}\n"
    answers(monkeypatch)
    assert ask(options(place)) == 0
    assert capsys.readouterr().out == "The model gave no answer.\n"


def test_with_depth_the_model_is_told_and_held_to_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answers(monkeypatch, "A red box is five metres ahead. The way is clear. A dog is behind you.")
    assert ask(options(place, depth_map=place / "depth.png")) == 0
    box_ahead = "Obstacle ahead, two metres."
    assert asked == [f"Measured from here: {box_ahead} what"]
    out = capsys.readouterr().out
    assert out.startswith("A red box is two metres ahead. ")
    assert "clear" not in out.lower().replace("nothing", "")
    assert "dog" not in out
    answers(monkeypatch, "You can go.")
    assert ask(options(place, depth_map=place / "depth.png")) == 0
    assert capsys.readouterr().out.startswith("Measured: ")


def test_whether_something_is_safe_is_asked_of_no_model(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answers(monkeypatch, "Yes.")
    assert ask(options(place, question="is it safe to cross")) == 0
    assert ask(options(place, question="is it safe to cross", depth_map=place / "depth.png")) == 0
    assert asked == []
    assert capsys.readouterr().out == "I never say what is safe.\n" * 2


def test_depth_comes_from_a_bundle_too(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_depth_bundle(tmp_path / "depth")
    asked = answers(monkeypatch, "A red box.")
    assert ask(options(place, depth=True, depth_bundle=str(tmp_path / "depth"))) == 0
    assert asked[0].startswith("Measured from here: ")
    assert capsys.readouterr().out == "A red box.\n"


def test_other_languages_have_their_own_words(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, "Rote Tür aus Holz. Links.")
    assert ask(options(place, language="de")) == 0
    assert capsys.readouterr().out == "Rote Tür aus Holz.\n"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"image": "nothing.png"}, "cannot be read"),
        ({"image": "."}, "cannot be read"),
        ({"image": "half.png"}, "not whole"),
        ({"image": "text.jpg"}, "no jpg or png"),
        ({"image": "huge.png"}, f"at most {MOST_PIXELS // 10**6} million"),
        ({"question": None}, "one question"),
        ({"question": "  "}, "empty"),
        ({"audio": Path("a.wav")}, "one question"),
        ({"question": None, "audio": Path("nothing.wav")}, "cannot be read"),
        ({"language": "fr"}, "--language"),
        ({"bundle": "nothing"}, "neither a folder"),
        ({"depth": True}, "measures no depth"),
        ({"depth_map": Path("picture.png")}, "one channel"),
        ({"depth_map": Path("wide.png")}, "another aspect"),
        ({"depth_map": Path("half.png")}, "damaged"),
        ({"depth_map": Path("text.jpg")}, "no jpg or png"),
        ({"depth_bundle": "nothing"}, "neither a folder"),
    ],
)
def test_whatever_cannot_be_used_is_one_sentence(
    changes: dict[str, Any], word: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(UsageError) as raised:
        ask(options(place, **changes))
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_bundle_without_eyes_is_refused(place: Path, tmp_path: Path) -> None:
    write_depth_bundle(tmp_path / "depth")
    with pytest.raises(UsageError, match="cannot look at pictures"):
        ask(options(place, bundle=str(tmp_path / "depth")))


def test_the_only_bundle_that_can_look_is_found(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edge_nav.commands.ask.FOLDER", tmp_path)
    monkeypatch.setattr("edge_nav.bundle.FOLDER", tmp_path)
    with pytest.raises(UsageError, match="models pull"):
        ask(options(place, bundle=None))
    write_depth_bundle(tmp_path / "depth")
    write_bundle(tmp_path / "one")
    answers(monkeypatch, "A box.")
    assert ask(options(place, bundle=None)) == 0
    assert capsys.readouterr().out == "A box.\n"
    write_bundle(tmp_path / "two")
    with pytest.raises(UsageError, match="several bundles"):
        ask(options(place, bundle=None))


def test_the_question_may_be_a_recording(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "p.yaml"
    config.write_text("dialogue: {recogniser: {type: pocketsphinx}}\n", encoding="utf-8")
    wav = microphone_wav(tmp_path / "question.wav", [(0.5, "which way is free")], 3)
    asked = answers(monkeypatch, "A box.")
    assert ask(options(place, question=None, audio=wav, config=config)) == 0
    assert asked == ["which way is free"]


def test_a_recording_that_says_nothing_is_refused(place: Path, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    with pytest.raises(UsageError, match="no question was recognised"):
        ask(options(place, question=None, audio=tmp_path / "silence.wav"))
