from __future__ import annotations

import itertools
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_nav.errors import SpeechFault
from edge_nav.guidance.phrasebook import phrases
from edge_nav.speech.device import DeviceOutputSettings, DeviceVoice
from edge_nav.speech.earcons import PATTERNS, earcon
from edge_nav.speech.mixer import Mixer
from edge_nav.speech.player import Player
from edge_nav.speech.queue import VoiceQueue
from edge_nav.speech.sound import RATE_HZ, Mono, Stereo
from edge_nav.speech.speech_settings import SpeechSettings
from edge_nav.speech.tts_pyttsx3 import Pyttsx3Settings, Pyttsx3Voice
from edge_nav.speech.voice import open_voice
from edge_nav.speech.wav import WavOutputSettings, WavVoice
from edge_nav.types import PRIORITIES, Callout, Fault, VoiceFate


def callout(
    n: int, priority: str = "caution", t: float = 0.0, text: str = "Obstacle ahead.", **changes: object
) -> Callout:
    values = {"kind": "obstacle", "key": f"k{n}", "expires_t": t + 2.0, "bearing_deg": 0.0, **changes}
    return Callout(n, priority=priority, text=text, t=t, **values)  # type: ignore[arg-type]


class Tone:
    """Stands in for text-to-speech where only time matters: a second of a steady tone per call."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds

    def synthesise(self, text: str) -> Mono:
        return np.full(round(self.seconds * RATE_HZ), 0.25, np.float32)


def espeak(language: str = "en", rate: int = 300) -> Pyttsx3Voice:
    try:
        return Pyttsx3Voice(Pyttsx3Settings(), language, rate)
    except SpeechFault as e:
        pytest.skip(str(e))


def failed(fault: Fault) -> None:
    pytest.fail(fault.message)


def player_into(
    fates: list[VoiceFate], synthesiser: object, current: Callable[[Callout], bool] = lambda _: True
) -> Player:
    return Player(
        synthesiser,  # type: ignore[arg-type]
        earcons=True,
        volume=1.0,
        is_current=current,
        on_fate=fates.append,
        on_fault=lambda f: pytest.fail(f.message),
    )


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE_HZ, 2)
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return data.reshape(-1, 2) / 32768


def test_most_urgent_first_and_newer_replaces_its_key() -> None:
    queue = VoiceQueue(lambda _: True)
    for n, priority in enumerate(reversed(PRIORITIES)):
        queue.put(callout(n, priority))
    assert queue.put(callout(9, "info", key="k0")) == (callout(0, "info"),)
    order = []
    while (start := queue.decide(0.0).start) is not None:
        order.append(start.priority)
        queue.finished()
    assert order == list(PRIORITIES)


def test_expiry_and_validity_are_asked_when_the_turn_comes() -> None:
    there = {"k1"}
    queue = VoiceQueue(lambda c: c.key in there)
    queue.put(callout(1))
    queue.put(callout(2))
    queue.put(callout(3, expires_t=0.5))
    assert queue.decide(0.0).start == callout(1)
    queue.finished()
    decision = queue.decide(1.0)
    assert decision.start is None
    assert [c.id for c in decision.expired] == [2, 3]


@pytest.mark.parametrize(
    ("old", "new", "cuts"),
    [
        ("caution", "stop", True),
        ("fault", "stop", True),
        ("info", "fault", True),
        ("stop", "fault", False),
        ("stop", "stop", True),
        ("caution", "caution", False),
        ("notice", "caution", False),
    ],
)
def test_what_interrupts_what(old: str, new: str, cuts: bool) -> None:
    queue = VoiceQueue(lambda _: True)
    queue.put(callout(1, old))
    queue.decide(0.0)
    queue.put(callout(2, new))
    assert (queue.decide(0.1).cut is not None) == cuts


def test_a_fault_waits_for_the_word_stop_but_not_for_its_whole_sentence() -> None:
    queue = VoiceQueue(lambda _: True)
    queue.put(callout(1, "stop"))
    queue.decide(0.0)
    queue.put(callout(2, "fault"))
    assert queue.decide(0.7).cut is None
    assert queue.decide(0.8).cut == callout(1, "stop")


def test_earcons_differ_and_never_clip() -> None:
    tones = [earcon(p, 0.0) for p in PRIORITIES if PATTERNS[p]]
    assert len({(len(t), round(float(np.abs(np.fft.rfft(t[:, 0])).argmax()), 3)) for t in tones}) == len(tones)
    assert all(np.abs(t).max() <= 1.0 and len(t) < 0.25 * RATE_HZ for t in tones)
    assert len(earcon("info", 0.0)) == 0


@given(st.floats(-180, 180))
def test_a_mirrored_bearing_mirrors_the_ears(bearing: float) -> None:
    left, right = earcon("stop", -bearing), earcon("stop", bearing)
    assert np.allclose(left, right[:, ::-1], atol=1e-6)
    power = (right.astype(float) ** 2).sum()
    assert power == pytest.approx((earcon("stop", 0.0).astype(float) ** 2).sum(), rel=1e-4)
    if bearing > 5:
        assert np.abs(right[:, 1]).max() > np.abs(right[:, 0]).max()


def test_the_mixer_cuts_within_its_fade() -> None:
    mixer = Mixer()
    mixer.start(1, np.full((RATE_HZ, 2), 0.5, np.float32), more=False)
    assert np.abs(mixer.render(256)).max() == 0.5
    mixer.cut()
    assert np.abs(mixer.render(256)[120:]).max() == 0.0
    assert [(e.utterance, e.began) for e in mixer.events()] == [(1, True)]


def test_words_of_an_utterance_that_was_cut_are_dropped() -> None:
    mixer = Mixer()
    mixer.start(1, np.zeros((10, 2), np.float32), more=True)
    mixer.start(2, np.zeros((10, 2), np.float32), more=True)
    mixer.add(1, np.ones((100, 2), np.float32))
    assert np.abs(mixer.render(256)).max() == 0.0


def test_stop_cuts_running_words_within_150_ms_of_audio(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, Tone(3.0)), failed)
    voice.say(callout(1, "notice", 0.0, bearing_deg=None), 0.0)
    voice.say(callout(2, "stop", 1.0, bearing_deg=-80.0), 1.0)
    voice.close(2.0)
    sound = samples(path)
    after = sound[round(1.15 * RATE_HZ) : round(1.15 * RATE_HZ) + 500]
    assert [(f.callout_id, f.state) for f in fates] == [(1, "interrupted"), (2, "spoken")]
    assert fates[1].latency_s is not None
    assert 0 <= fates[1].latency_s <= 0.030
    tone = sound[round(1.02 * RATE_HZ) : round(1.05 * RATE_HZ)]
    assert np.abs(tone[:, 0]).max() > 5 * np.abs(tone[:, 1]).max()  # the tone is on the left, the old words are gone
    assert np.abs(after).max() > 0.2


def test_the_file_has_true_timing(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, espeak()), failed)
    voice.say(callout(1, "caution", 2.0, "Head height ahead, two metres."), 2.05)
    voice.tick(4.0)
    voice.say(callout(2, "stop", 6.0, "Stop. Drop-off ahead, one metre."), 6.02)
    voice.close(6.5)
    loud = np.flatnonzero(np.abs(samples(path)).max(axis=1) > 0.02) / RATE_HZ
    assert loud[0] == pytest.approx(2.05, abs=0.02)
    second = loud[loud > 5.0]
    assert second[0] == pytest.approx(6.02, abs=0.02)
    assert not len(loud[(loud > 4.2) & (loud < 6.0)])
    assert np.abs(samples(path)).max() < 1.0
    assert [f.state for f in fates] == ["spoken", "spoken"]


@pytest.mark.parametrize("language", ["en", "de", "es", "hi"])
def test_every_language_speaks(language: str) -> None:
    voice = espeak(language)
    words = voice.synthesise(phrases(language).messages["blocked"])  # type: ignore[arg-type]
    assert len(words) > 0.3 * RATE_HZ
    assert np.sqrt((words**2).mean()) > 0.02


def test_the_rate_is_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Head height, one o'clock, two metres."
    voices = [espeak(rate=rate) for rate in (150, 450)]  # both alive: the library itself knows only one rate
    slow, fast = (len(voice.synthesise(text)) for voice in voices)
    assert 2.2 < slow / fast < 4.0
    assert capsys.readouterr().out == ""


def test_words_are_whole_whatever_else_the_machine_does() -> None:
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(1000))

    busy = [threading.Thread(target=burn) for _ in range(4)]
    for thread in busy:
        thread.start()
    try:
        lengths = [len(espeak(rate=rate).synthesise("Stop. Drop-off ahead, one metre.")) for rate in [150, 450] * 10]
    finally:
        stop.set()
        for thread in busy:
            thread.join()
    slow, fast = lengths[::2], lengths[1::2]
    assert max(slow) < 1.05 * min(slow)
    assert max(fast) < 1.05 * min(fast)
    assert min(slow) > 2.2 * max(fast)


def test_an_unknown_voice_is_one_sentence() -> None:
    espeak()
    with pytest.raises(SpeechFault, match="'gmw/klingon' is unknown"):
        Pyttsx3Voice(Pyttsx3Settings(voice="gmw/klingon"), "en", 300)


def test_an_unknown_language_is_one_sentence() -> None:
    espeak()
    with pytest.raises(SpeechFault, match="no voice for language 'xx'"):
        Pyttsx3Voice(Pyttsx3Settings(), "xx", 300)


said = st.lists(st.tuples(st.sampled_from(PRIORITIES), st.integers(1, 4), st.floats(0, 0.6)), min_size=1, max_size=25)


@settings(max_examples=40, deadline=None)
@given(said)
def test_every_callout_has_one_fate_and_none_overlap(tmp_path_factory: pytest.TempPathFactory, found: list) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path_factory.mktemp("v") / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, Tone(0.4)), failed)
    t, starts = 0.0, {}
    for n, (priority, key, gap) in enumerate(found):
        t += gap
        starts[n] = t
        voice.say(callout(n, priority, t, key=f"k{key}"), t)
    voice.close(t)
    assert sorted(f.callout_id for f in fates) == list(range(len(found)))
    spans = sorted((starts[f.callout_id] + f.latency_s, f.t) for f in fates if f.latency_s is not None)
    assert all(b[0] >= a[1] - 0.02 for a, b in itertools.pairwise(spans))
    assert np.abs(samples(path)).max() <= 0.8  # two at once would reach higher


class FakeStream:
    """No sound card exists where tests run: this one asks for samples when it is told to, as PortAudio would."""

    def __init__(self, render: Callable[[int], Stereo]) -> None:
        self.render, self.closed = render, False

    def start(self) -> None:
        self.render(256)

    def close(self) -> None:
        self.closed = True


def test_the_sound_card_hears_the_tone_in_the_next_buffer_after_say() -> None:
    done, fates, streams = threading.Event(), [], []

    def opener(render: Callable[[int], Stereo]) -> FakeStream:
        streams.append(FakeStream(render))
        return streams[-1]

    def note(fate: VoiceFate) -> None:
        fates.append(fate)
        done.set()

    player = Player(
        Tone(0.1), earcons=True, volume=1.0, is_current=lambda _: True, on_fate=note, on_fault=lambda _: None
    )
    voice = DeviceVoice(player, opener, lambda: 0.0, lambda _: None)
    voice.say(callout(1, "stop"), 0.0)
    heard = np.zeros((0, 2), np.float32)
    for _ in range(4000):
        heard = np.concatenate([heard, streams[0].render(256)])[-RATE_HZ:]
        if done.wait(0.001):
            break
    voice.close(0.0)
    assert [(f.callout_id, f.state) for f in fates] == [(1, "spoken")]
    assert streams[0].closed


def test_a_device_that_dies_is_reported_and_taken_back() -> None:
    reported: list[Fault] = []
    ticks = itertools.count()
    change = threading.Condition()

    def fault(f: Fault) -> None:
        with change:
            reported.append(f)
            change.notify()

    player = player_into([], Tone())
    voice = DeviceVoice(player, FakeStream, lambda: 0.1 * next(ticks), fault)  # its stream asks once, then no more
    with change:
        assert change.wait_for(lambda: len(reported) >= 2, 20)
    voice.close(0.0)
    assert [f.recovered for f in reported[:2]] == [False, True]
    assert "audio device" in reported[0].message


def test_without_a_sound_card_the_walk_goes_on_with_one_sentence() -> None:
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)
    faults: list[Fault] = []
    output = DeviceOutputSettings(name="no such device")
    assert all(d["name"] != "no such device" for d in sounddevice.query_devices())
    voice = open_voice(
        SpeechSettings(output=output),
        language="en",
        is_current=lambda _: True,
        now=lambda: 0.0,
        on_fate=lambda f: pytest.fail(str(f)),
        on_fault=faults.append,
    )
    voice.say(callout(1, "stop"), 0.0)
    voice.close(0.0)
    assert faults[-1].component == "speech"
    assert "plug in headphones" in faults[-1].message


def test_speech_that_dies_leaves_the_tones_and_says_so(tmp_path: Path) -> None:
    class Broken(Tone):
        def synthesise(self, text: str) -> Mono:
            raise SpeechFault("text-to-speech failed (gone): sudo apt install libespeak-ng1")

    faults: list[Fault] = []
    fates: list[VoiceFate] = []
    player = Player(
        Broken(), earcons=True, volume=1.0, is_current=lambda _: True, on_fate=fates.append, on_fault=faults.append
    )
    voice = WavVoice(WavOutputSettings(path=tmp_path / "a.wav"), player, failed)
    voice.say(callout(1, "stop", 0.0), 0.0)
    voice.say(callout(2, "stop", 1.0), 1.0)
    voice.close(2.0)
    assert [f.component for f in faults] == ["speech"]
    assert [f.state for f in fates] == ["spoken", "spoken"]
    assert np.abs(samples(tmp_path / "a.wav")).max() > 0.2


def answer(n: int, text: str, t: float) -> Callout:
    return callout(n, "answer", t, text, kind="answer", expires_t=t + 30, bearing_deg=None)


def test_an_answer_gives_way_to_a_hazard_and_is_begun_again(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, Tone(1.0)), failed)
    voice.say(answer(1, "The first sentence.", 0.0), 0.0)
    voice.say(answer(2, "The second sentence.", 0.0), 0.0)
    voice.say(callout(3, "caution", 0.5, bearing_deg=None), 0.5)
    voice.close(4.0)
    assert [(f.callout_id, f.state) for f in fates] == [(3, "spoken"), (1, "spoken"), (2, "spoken")]


def test_a_measured_answer_is_not_begun_again_after_a_hazard(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    voice = WavVoice(WavOutputSettings(path=tmp_path / "a.wav"), player_into(fates, Tone(1.0)), failed)
    for n, at_s in ((1, 0.0), (2, 0.1)):
        voice.say(callout(n, "answer", at_s, "Clear for five metres.", kind="measured", expires_t=9.0), at_s)
    voice.say(callout(3, "fault", 0.5, "Camera covered.", bearing_deg=None, expires_t=9.0), 0.5)
    voice.close(4.0)
    assert [(f.callout_id, f.state) for f in fates] == [(2, "expired"), (1, "interrupted"), (3, "spoken")]


def test_a_stop_cuts_an_answer_within_150_ms_of_audio(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, Tone(3.0)), failed)
    voice.say(answer(1, "A long answer.", 0.0), 0.0)
    voice.say(callout(2, "stop", 1.0, bearing_deg=-80.0), 1.0)
    voice.close(1.5)
    sound = samples(path)
    tone = sound[round(1.02 * RATE_HZ) : round(1.05 * RATE_HZ)]
    assert np.abs(tone[:, 0]).max() > 5 * np.abs(tone[:, 1]).max()  # the tone alone, on the left: the answer is gone
    assert fates[0].callout_id == 2


def test_hush_ends_answers_and_leaves_hazards(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    voice = WavVoice(WavOutputSettings(path=tmp_path / "a.wav"), player_into(fates, Tone(1.0)), failed)
    voice.say(answer(1, "One.", 0.0), 0.0)
    voice.say(answer(2, "Two.", 0.0), 0.0)
    voice.say(callout(3, "notice", 0.1, expires_t=9.0), 0.1)
    voice.hush(0.3)
    assert [(f.callout_id, f.state) for f in fates] == [(2, "expired"), (1, "interrupted")]
    voice.close(2.0)
    assert (fates[-1].callout_id, fates[-1].state) == (3, "spoken")


def test_volume_and_rate_change_from_the_next_callout_on(tmp_path: Path) -> None:
    fates: list[VoiceFate] = []
    path = tmp_path / "a.wav"
    voice = WavVoice(WavOutputSettings(path=path), player_into(fates, espeak(rate=150)), failed)
    voice.say(answer(1, "Obstacle ahead, two metres.", 0.0), 0.0)
    voice.tick(4.0)
    voice.adjust(450, 0.25)
    voice.say(answer(2, "Obstacle ahead, two metres.", 4.0), 4.0)
    voice.close(6.0)
    sound = np.abs(samples(path)).max(axis=1)
    loud, soft = sound[: 4 * RATE_HZ], sound[4 * RATE_HZ :]
    assert soft.max() == pytest.approx(loud.max() / 4, rel=0.2)
    assert (soft > 0.005).sum() < 0.6 * (loud > 0.02).sum()


def test_cues_are_sounds_of_their_own() -> None:
    assert len(earcon("answer", None)) == 0
    heard, thinking = earcon("answer", None, "heard"), earcon("answer", None, "thinking")
    assert len(heard) > 0
    assert len(thinking) > 0
    assert len(heard) != len(thinking)


def test_a_synthesiser_that_raises_anything_is_a_fault_and_tones_go_on(tmp_path: Path) -> None:
    class Broken:
        def synthesise(self, text: str) -> Mono:
            raise OSError("gone")

        def set_rate(self, rate_wpm: int) -> None:
            pass

    faults: list[Fault] = []
    fates: list[VoiceFate] = []
    player = player_into(fates, Broken())
    player._on_fault = faults.append
    voice = WavVoice(WavOutputSettings(path=tmp_path / "a.wav"), player, failed)
    voice.say(callout(1, "stop", 0.0), 0.0)
    voice.close(1.0)
    assert [f.component for f in faults] == ["speech"]
    assert [f.state for f in fates] == ["spoken"]


def test_a_full_disk_ends_the_file_and_not_the_walk() -> None:
    faults: list[Fault] = []
    fates: list[VoiceFate] = []
    voice = WavVoice(WavOutputSettings(path=Path("/dev/full")), player_into(fates, Tone(0.5)), faults.append)
    voice.say(callout(1, "stop", 0.0), 0.0)
    voice.close(2.0)
    assert [f.component for f in faults] == ["speech"]
    assert [f.state for f in fates] == ["spoken"]
