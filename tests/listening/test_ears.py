"""Microphones, buttons and typed questions: the devices themselves stand in by script, everything else is real."""

from __future__ import annotations

import io
import os
import pty
import struct
import termios
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import SpeechFault, UsageError
from edge_nav.listening.button import EV_KEY, EVENT, InputDevice, Presses, SpaceKey
from edge_nav.listening.ears import Ears, ListeningNotice
from edge_nav.listening.grammar import Vocabulary
from edge_nav.listening.microphone import (
    BLOCK_S,
    DeviceMicrophone,
    Resampler,
    WavMicrophone,
    WavMicrophoneSettings,
)
from edge_nav.listening.recognise_pocketsphinx import PocketsphinxSettings
from edge_nav.listening.sound import BLOCK, RATE_HZ, SoundSamples
from edge_nav.listening.typed import TypedQuestions
from edge_nav.listening.worker import RecogniserProcess
from edge_nav.types import Fault


def until(done: Callable[[], bool]) -> None:
    """Bounded wait for what another thread does."""
    waited = threading.Event()
    for _ in range(1000):
        if done():
            return
        waited.wait(0.005)
    pytest.fail("it never came to that")


class Card:
    """A sound card by script: the test hands over sound and pulls the plug."""

    def __init__(self, rate_hz: float = 16000.0) -> None:
        self.rate_hz, self.opened, self.closed, self.missing = rate_hz, 0, 0, False
        self.hear: Callable[[SoundSamples], None] = lambda _: None

    def open(self, hear: Callable[[SoundSamples], None]) -> tuple[Card, float]:
        if self.missing:
            raise SpeechFault("microphone default cannot be opened (gone): plug one in, see `doctor`")
        self.hear, self.opened = hear, self.opened + 1
        return self, self.rate_hz

    def start(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


def tone(rate_hz: float, seconds: float, hz: float = 440.0) -> SoundSamples:
    return np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_any_rate_becomes_sixteen_kilohertz(rate_hz: int) -> None:
    resampler = Resampler(rate_hz)
    pieces = np.array_split(tone(rate_hz, 2.0), 37)
    whole = np.concatenate([b for p in pieces for b in resampler.blocks(p)])
    assert 1.8 * RATE_HZ < len(whole) <= 2.0 * RATE_HZ
    middle = whole[RATE_HZ // 2 : RATE_HZ // 2 + RATE_HZ]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(1.0, abs=0.05)


def test_a_card_of_another_rate_gives_blocks() -> None:
    card, now = Card(48000.0), [0.0]
    microphone = DeviceMicrophone(card.open, lambda: False, lambda: now[0])
    card.hear(tone(48000, 0.5))
    blocks = microphone.take(0.5)
    assert 12 <= len(blocks) <= 16
    assert all(b.sound.shape == (BLOCK,) for b in blocks)
    assert microphone.take(0.6) == []


def test_sound_is_marked_when_it_is_taken_and_not_when_it_is_fetched() -> None:
    card, speaking = Card(), [True]
    microphone = DeviceMicrophone(card.open, lambda: speaking[0], lambda: 0.0)
    card.hear(tone(16000, 0.4))
    speaking[0] = False
    assert {b.own_voice for b in microphone.take(1.0)} == {True}


def test_a_microphone_that_is_pulled_out_is_told_of_once_and_comes_back() -> None:
    card, now = Card(), [0.0]
    microphone = DeviceMicrophone(card.open, lambda: False, lambda: now[0])
    now[0] = 0.7
    with pytest.raises(SpeechFault, match="stopped"):
        microphone.take(0.7)
    assert (microphone.works, card.closed) == (False, 1)
    card.missing = True
    now[0] = 3.8
    with pytest.raises(SpeechFault, match="cannot be opened"):
        microphone.take(3.8)
    assert microphone.take(4.0) == []
    card.missing = False
    now[0] = 7.0
    microphone.take(7.0)
    assert microphone.works
    card.hear(tone(16000, 0.4))
    assert microphone.take(7.1)


def test_no_microphone_at_all_is_one_sentence() -> None:
    card = Card()
    card.missing = True
    with pytest.raises(SpeechFault, match="plug one in"):
        DeviceMicrophone(card.open, lambda: False)


def test_sound_that_nobody_fetches_does_not_fill_the_memory() -> None:
    card = Card()
    microphone = DeviceMicrophone(card.open, lambda: False, lambda: 0.0)
    for _ in range(60):
        card.hear(tone(16000, 1.0))
    assert len(microphone.take(60.0)) * BLOCK_S <= 10.1


def stereo_wav(path: Path, rate_hz: int, seconds: float) -> Path:
    mono = (20000 * tone(rate_hz, seconds)).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.stack([mono, np.zeros_like(mono)], axis=1).tobytes())
    return path


def test_a_recording_is_heard_at_its_own_pace(tmp_path: Path) -> None:
    microphone = WavMicrophone(WavMicrophoneSettings(path=stereo_wav(tmp_path / "a.wav", 44100, 1.0)), lambda: False)
    first, second = microphone.take(0.5), microphone.take(1.0)
    assert len(first) == int(0.5 / BLOCK_S)
    assert len(first) + len(second) == int(1.0 / BLOCK_S)
    assert microphone.take(1.0) == []
    assert np.abs(first[5].sound).max() == pytest.approx(20000 / 32768 / 2, rel=0.1)


@pytest.mark.parametrize(
    ("content", "says"), [(b"no wav", "16-bit WAV"), (b"", "16-bit WAV"), (None, "cannot be read")]
)
def test_what_is_no_recording_is_one_sentence(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        WavMicrophone(WavMicrophoneSettings(path=path), lambda: False)


def test_a_question_under_way_is_dropped_with_the_microphone_and_said_so() -> None:
    card, now = Card(), [0.0]
    microphone = DeviceMicrophone(card.open, lambda: False, lambda: now[0])
    words = RecogniserProcess(PocketsphinxSettings(), Vocabulary(("stop",), ()), "en")
    ears = Ears(microphone, words, Presses(), "hands_free", deaf=True)
    try:
        rng = np.random.default_rng(0)
        card.hear(rng.normal(0, 0.1, 8000).astype(np.float32))
        ears.listen(0.5)
        now[0] = 1.3
        found = ears.listen(1.3)
        assert [(f.component, f.recovered) for f in found if isinstance(f, Fault)] == [("microphone", False)]
        assert ears.listen(1.4) == []
        now[0] = 5.0
        found = ears.listen(5.0)
        assert [(f.component, f.recovered) for f in found if isinstance(f, Fault)] == [("microphone", True)]
    finally:
        ears.close()


def test_a_push_is_noticed_at_once() -> None:
    presses = Presses()
    microphone = DeviceMicrophone(Card().open, lambda: False, lambda: 0.0)
    words = RecogniserProcess(PocketsphinxSettings(), Vocabulary(("stop",), ()), "en")
    ears = Ears(microphone, words, presses, "push_to_talk", deaf=True)
    try:
        presses.add("push")
        assert ears.listen(0.1) == [ListeningNotice("pushed")]
    finally:
        ears.close()


def key_event(code: int, value: int, kind: int = EV_KEY) -> bytes:
    return EVENT.pack(0, 0, kind, code, value)


def test_an_input_device_gives_pushes_and_releases(tmp_path: Path) -> None:
    path = tmp_path / "event3"
    os.mkfifo(path)
    presses, taken = Presses(), []
    keep_open = os.open(path, os.O_RDWR)
    device = InputDevice(path, presses)
    try:
        # A key with its repeats, and an event that is no key.
        os.write(keep_open, key_event(57, 1) + key_event(57, 2) + key_event(0, 1, kind=0) + key_event(57, 0))
        until(lambda: taken.extend(presses.take()) or len(taken) >= 2)
        assert taken == ["hold", "release"]
    finally:
        device.close()
        os.close(keep_open)


def test_an_input_device_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(SpeechFault, match="/dev/input/by-id"):
        InputDevice(Path("/dev/input/no-such-button"), Presses())


def test_events_are_as_long_as_the_kernels() -> None:
    assert EVENT.size == struct.calcsize("@llHHi")


def test_the_space_key_pushes_and_the_terminal_is_given_back() -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    presses, taken = Presses(), []
    key = SpaceKey(presses, slave)
    try:
        os.write(master, b"x a ")
        until(lambda: taken.extend(presses.take()) or len(taken) >= 2)
        assert taken == ["push", "push"]
    finally:
        key.close()
    assert termios.tcgetattr(slave)[3] == before[3]
    os.close(master)
    os.close(slave)


def test_a_terminal_that_was_closed_is_not_given_back() -> None:
    master, slave = pty.openpty()
    key = SpaceKey(Presses(), slave)
    os.close(master)
    key.close()
    os.close(slave)


def test_typed_questions_come_a_line_each() -> None:
    typed = TypedQuestions(io.StringIO("what is ahead\n\n  is the way clear  \n"))
    typed.wait_end(5)
    assert typed.take() == ["what is ahead", "is the way clear"]
    assert typed.take() == []
