"""Recognising with the real recognisers on synthesised questions and, where they are, on real recordings."""

from __future__ import annotations

import os
import signal
import wave
from pathlib import Path

import numpy as np
import pytest
from spoken import say

from edge_nav.dialogue.dialogue_settings import DialogueSettings
from edge_nav.dialogue.intents import Understanding
from edge_nav.errors import SpeechFault
from edge_nav.listening.grammar import Vocabulary, jsgf, sentences
from edge_nav.listening.recognise_pocketsphinx import PocketsphinxRecogniser, PocketsphinxSettings
from edge_nav.listening.recognise_whisper import WhisperSettings
from edge_nav.listening.recogniser_settings import TextSettings
from edge_nav.listening.sound import BLOCK, RATE_HZ
from edge_nav.listening.utterances import UtteranceEnded, Utterances
from edge_nav.listening.voice_activity import VoiceActivity
from edge_nav.listening.worker import RecogniserProcess
from edge_nav.walk.build_conversation import vocabulary

SPEECH = Path(__file__).parents[3] / "shared" / "data" / "speech"
needs_recordings = pytest.mark.skipif(not SPEECH.is_dir(), reason="real recordings are not here")
WORDS = vocabulary("en", None)


@pytest.fixture(scope="module")
def pocketsphinx() -> PocketsphinxRecogniser:
    pytest.importorskip("pocketsphinx")
    return PocketsphinxRecogniser(WORDS)


def recorded(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == RATE_HZ
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return np.concatenate([data / np.float32(32768), np.zeros(RATE_HZ, np.float32)])


def utterances(whole: np.ndarray) -> list[tuple[np.ndarray, UtteranceEnded]]:
    """As the walk would cut them out."""
    activity, cutter = VoiceActivity(), Utterances("hands_free")
    found, parts = [], []
    for n in range(0, len(whole) - BLOCK + 1, BLOCK):
        block = whole[n : n + BLOCK]
        for event in cutter.block(block, activity.probability(block)):
            if isinstance(event, UtteranceEnded):
                found.append((np.concatenate(parts), event))
                parts = []
            else:
                parts.append(event.sound)
    return found


QUESTIONS = [
    "what is ahead",
    "what is on my left",
    "is the way clear",
    "which way is free",
    "how far is it",
    "find the exit",
]


@pytest.mark.parametrize("voice", ["gmw/en-us", "gmw/en"])
def test_questions_are_recognised(pocketsphinx: PocketsphinxRecogniser, voice: str) -> None:
    understanding = Understanding("en")
    right = 0
    for question in QUESTIONS:
        ((heard, end),) = utterances(say(question, voice))
        found = pocketsphinx.recognise(heard, end.speech_s)
        right += found.confidence > 0.2 and understanding.intent(found.text) == understanding.intent(question)
    assert right >= len(QUESTIONS) - 1


def test_a_question_that_is_not_in_the_grammar_is_not_taken_for_one(pocketsphinx: PocketsphinxRecogniser) -> None:
    for talk in ("two coffees with brown sugar please", "my brother will arrive on Friday evening"):
        ((heard, end),) = utterances(say(talk))
        assert pocketsphinx.recognise(heard, end.speech_s).confidence < PocketsphinxSettings().needed


def test_silence_and_noise_are_nothing(pocketsphinx: PocketsphinxRecogniser) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, RATE_HZ).astype(np.float32)
    for heard in (np.zeros(RATE_HZ, np.float32), noise, np.zeros(0, np.float32)):
        assert pocketsphinx.recognise(heard, 1.0).confidence < PocketsphinxSettings().needed


@needs_recordings
def test_kitchen_noise_is_no_speech() -> None:
    assert utterances(recorded(SPEECH / "kitchen_noise.wav")) == []


@needs_recordings
def test_real_talk_to_someone_else_gives_no_action(pocketsphinx: PocketsphinxRecogniser) -> None:
    needed = PocketsphinxSettings().needed
    talk = [*sorted((SPEECH / "commands").glob("*.wav"))[:12], SPEECH / "jfk.wav"]
    heard = [u for path in talk for u in utterances(recorded(path))]
    assert len(heard) >= 12
    taken = [pocketsphinx.recognise(s, e.speech_s) for s, e in heard if e.why == "said"]
    assert [r for r in taken if r.whole and r.confidence >= needed] == []


@needs_recordings
def test_real_speech_is_cut_at_its_pauses() -> None:
    spans = [e.speech_s for _, e in utterances(recorded(SPEECH / "jfk.wav"))]
    assert len(spans) >= 3
    assert sum(spans) > 4.0


def test_a_grammar_leaves_out_what_the_recogniser_does_not_know() -> None:
    words = Vocabulary(("find the {thing}", "quux now", "stop"), ("door", "quux"))
    text = jsgf(words, lambda word: word != "quux")
    assert "quux" not in text
    assert "<thing> = door;" in text
    whole = sentences(words)
    assert whole("find the door")
    assert not whole("find the")


def test_the_process_answers_and_comes_back_when_it_is_killed() -> None:
    pytest.importorskip("pocketsphinx")
    heard = say("is the way clear")
    process = RecogniserProcess(PocketsphinxSettings(), WORDS, "en")
    try:
        process.begin(heard, 1.0)
        found = process.result(120.0)
        assert found is not None
        assert found.text == "is the way clear"
        assert not process.busy
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(SpeechFault, match="started again"):
            for _ in range(50):
                process.begin(heard, 1.0)
                process.result(1.0)
        process.begin(heard, 1.0)
        found = process.result(120.0)
        assert found is not None
        assert found.text == "is the way clear"
    finally:
        process.close()


def test_a_process_that_still_loads_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pocketsphinx")
    monkeypatch.setattr("edge_nav.listening.worker.HANGS_S", 0.0)
    process = RecogniserProcess(PocketsphinxSettings(), WORDS, "en")
    try:
        process.begin(say("is the way clear"), 1.0)
        assert process.result(0.01) is None
        monkeypatch.undo()
        found = process.result(120.0)
        assert found is not None
        assert found.text == "is the way clear"
    finally:
        process.close()


def test_a_process_that_hangs_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pocketsphinx")
    monkeypatch.setattr("edge_nav.listening.worker.HANGS_S", 0.5)
    process = RecogniserProcess(PocketsphinxSettings(), WORDS, "en")
    try:
        process.wait_ready()
        os.kill(process.pid, signal.SIGSTOP)
        process.begin(np.zeros(8 * RATE_HZ, np.float32), 1.0)  # more than a pipe holds
        assert process.busy
        with pytest.raises(SpeechFault, match="started again"):
            for _ in range(20):
                process.result(0.2)
        monkeypatch.undo()
        process.begin(say("is the way clear"), 1.0)
        found = process.result(120.0)
        assert found is not None
        assert found.text == "is the way clear"
    finally:
        process.close()


def test_a_process_that_keeps_dying_is_left_alone() -> None:
    pytest.importorskip("pocketsphinx")
    process = RecogniserProcess(PocketsphinxSettings(), WORDS, "en")
    said = []
    try:
        for _ in range(6):
            process.wait_ready()
            if process.pid:
                os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(SpeechFault) as e:
                for _ in range(50):
                    process.begin(np.zeros(16, np.float32), 1.0)
                    process.result(1.0)
            said.append("keeps stopping" in str(e.value))
    finally:
        process.close()
    assert said[0] is False
    assert said[-1] is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (WhisperSettings(model="/nowhere/model.pt"), "checkpoint /nowhere/model.pt is not there"),
        (WhisperSettings(model="no-such-model"), "no-such-model is not on this machine"),
    ],
)
def test_missing_weights_are_one_sentence(settings: WhisperSettings, message: str) -> None:
    process = RecogniserProcess(settings, WORDS, "en")
    try:
        with pytest.raises(SpeechFault, match=message):
            process.wait_ready()
    finally:
        process.close()


def test_a_language_without_a_grammar_recogniser_is_one_sentence() -> None:
    process = RecogniserProcess(PocketsphinxSettings(), vocabulary("de", None), "de")
    try:
        with pytest.raises(SpeechFault, match="knows no de"):
            process.wait_ready()
    finally:
        process.close()


def test_whisper_with_a_local_checkpoint(tmp_path: Path) -> None:
    """A small Whisper with random weights: what it hears is nonsense, the way there is the real one."""
    whisper = pytest.importorskip("whisper", reason="the extra `whisper` is not installed")
    from edge_nav.listening.recognise_whisper import WhisperRecogniser

    dims = whisper.model.ModelDimensions(80, 1500, 64, 2, 1, 51864, 448, 64, 2, 1)
    whisper.torch.manual_seed(0)
    model = whisper.model.Whisper(dims)
    path = tmp_path / "tiny.en.pt"
    whisper.torch.save({"dims": dims.__dict__, "model_state_dict": model.state_dict()}, path)
    recogniser = WhisperRecogniser(WhisperSettings(model=str(path)), "en")
    found = recogniser.recognise(say("is the way clear"), 1.0)
    assert 0.0 <= found.confidence <= 1.0


def test_pocketsphinx_is_the_default_until_a_whisper_model_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if name == "whisper" else None)
    assert DialogueSettings().backend == PocketsphinxSettings()
    models = tmp_path / ".cache" / "whisper"
    models.mkdir(parents=True)
    (models / "tiny.pt").write_bytes(b"")
    assert DialogueSettings().backend == WhisperSettings(model="tiny")
    (models / "base.pt").write_bytes(b"")
    assert DialogueSettings().backend == WhisperSettings(model="base")
    assert DialogueSettings(recogniser=TextSettings()).backend is None
