"""Known sentences offline, by PocketSphinx and the English model that it brings.

A grammar finds a known sentence in anything, so what it found is held against two freer opinions of the same sound: a
loop over all phones, and a large vocabulary. Where the phones of all three agree, it was said; other people's talk
agrees with neither. Too few words for the time spoken, or half a sentence, rule it out before.

A second grammar (safety_talk.jsgf) knows how people ask whether something is safe. Sound that fits it better is such a
question; sound that fits the known sentence only a little better is doubtful, and to be asked back.
"""

from __future__ import annotations

import importlib.resources
import math
import re
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field
from rapidfuzz.distance import Levenshtein

from edge_nav.base_settings import Settings
from edge_nav.errors import SpeechFault
from edge_nav.listening.grammar import Vocabulary, jsgf, sentences
from edge_nav.listening.recognised import NOTHING, Recognised
from edge_nav.listening.sound import RATE_HZ, SoundSamples

LONGEST_S = 5.0
"""No known sentence takes longer."""
PHONES_PER_S = (4.0, 22.0)
"""Slower is a few words spread over much talk, faster cannot be said. English conversation has about 12 a second."""
LEAST_WORDS = 2
"""Half a sentence of one word may be anything."""
RISKY = re.compile(
    r"\b(safe(ly)?|dangerous|cross(ing|walk)?|across|over|step|traffic|lights?|green|red|signal|walk|cars?|street|road"
    r"|bus(es)?|bikes?|bicycles?|trucks?|lorry|vehicles?|trains?|tram|taxi|motor(bike|cycle)|scooter|van|cyclists?"
    r"|drivers?|coming|[kc]urb|junction|intersection|lane|platform|board|tracks|any(one|thing)|someone)\b"
)
"""A sentence of the second grammar with one of these is about safety or traffic."""
CLEARLY = 0.13
"""A known sentence has to fit so much better than any of the second grammar: difference of the paths' log scores, in
units of PocketSphinx's, a second of speech. True questions of synthesised voices mostly had more, ones about safety at
most 0.1 (160 in noise of 10 dB, 90 known ones, three voices)."""
UNCOMPARED = 0.36
"""Least confidence where the second grammar found no sentence at all, so that nothing can be compared: of those 160
questions one that was taken for a known one had 0.33, of the known ones nearly all without noise had more."""
DOUBTFUL = 0.2
"""Confidence of what fits both: below what is needed, above what is asked back from."""
MANY_FIT = 0.7
"""The second grammar has so many sentences that one of them fits other people's talk better than a known one would."""
NOISE = 3e-4
"""Digital silence, which no microphone gives, makes the front end drop frames: a little noise keeps it awake."""


class PocketsphinxSettings(Settings):
    """PocketSphinx: a grammar of the known questions, offline, English only."""

    type: Literal["pocketsphinx"] = "pocketsphinx"
    needed: float = Field(
        default=0.28, ge=0, le=1, description="Least confidence for an answer; lower hears more, and more wrongly."
    )


class _Path(NamedTuple):
    """The likeliest words, and the log score of their path through the grammar."""

    text: str
    score: float


class PocketsphinxRecogniser:
    """Four decoders over one acoustic model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Raises SpeechFault where the package or its model is missing."""
        try:
            import pocketsphinx
        except ImportError as e:
            raise SpeechFault(
                "questions cannot be recognised, pocketsphinx is missing: pip install pocketsphinx"
            ) from e
        model = f"{pocketsphinx.get_model_path()}/en-us"
        common: dict[str, Any] = {
            "hmm": f"{model}/en-us",
            "dict": f"{model}/cmudict-en-us.dict",
            "loglevel": "FATAL",
            "cmn": "batch",
            "lm": None,
        }
        # Only how well the sound fits is to count, not how many sentences a grammar holds.
        by_sound = {**common, "lw": 1.0}
        try:
            self._grammar: Any = pocketsphinx.Decoder(**by_sound)
            self._safety: Any = pocketsphinx.Decoder(**by_sound, beam=1e-30, wbeam=1e-20, pbeam=1e-30, maxhmmpf=3000)
            self._phones: Any = pocketsphinx.Decoder(
                **common, allphone=f"{model}/en-us-phone.lm.bin", lw=2.0, beam=1e-20, pbeam=1e-10
            )
            freely = {**common, "lm": f"{model}/en-us.lm.bin"}
            # Coarse settings: an opinion is wanted, not a transcript.
            self._free: Any = pocketsphinx.Decoder(
                **freely, fwdflat=False, bestpath=False, maxwpf=5, maxhmmpf=3000, ds=2, topn=2
            )
        except RuntimeError as e:
            raise SpeechFault(
                f"questions cannot be recognised ({e}): pip install --force-reinstall pocketsphinx"
            ) from e
        self._grammar.add_jsgf_string("questions", jsgf(vocabulary, self._knows))
        self._grammar.activate_search("questions")
        grammar = importlib.resources.files("edge_nav.listening").joinpath("safety_talk.jsgf")
        self._safety.add_jsgf_string("safety", grammar.read_text(encoding="utf-8"))
        self._safety.activate_search("safety")
        self._is_whole = sentences(vocabulary)

    def recognise(self, sound: SoundSamples, speech_s: float) -> Recognised:
        """The sentence that was said, with the agreement of the decoders as its confidence: a known one, or one about
        safety.
        """
        if speech_s > LONGEST_S:
            return NOTHING
        pcm = _pcm(sound)
        known, safety = _decode(self._grammar, pcm), _decode(self._safety, pcm)
        clearly = (known.score - safety.score) / max(speech_s, 0.3) if safety.text else math.inf
        if clearly < 0 and RISKY.search(safety.text):
            found = self._agreed(safety.text, pcm, speech_s, whole=True)
            return replace(found, confidence=found.confidence * MANY_FIT, about_safety=True)
        whole = self._is_whole(known.text)
        if not whole and len(known.text.split()) < LEAST_WORDS:
            return NOTHING
        found = self._agreed(known.text, pcm, speech_s, whole=whole)
        sure = clearly >= CLEARLY if safety.text else found.confidence >= UNCOMPARED
        return found if sure else replace(found, confidence=min(found.confidence, DOUBTFUL))

    def _agreed(self, text: str, pcm: bytes, speech_s: float, *, whole: bool) -> Recognised:
        """A sentence with how far the phone loop and the large vocabulary agree with it."""
        said = self._pronounced(text)
        if not PHONES_PER_S[0] <= len(said) / max(speech_s, 0.1) <= PHONES_PER_S[1]:
            return NOTHING
        _decode(self._phones, pcm)
        heard = [s.word for s in self._phones.seg() if s.word.isalpha() and s.word != "SIL"]
        free = self._pronounced(_decode(self._free, pcm).text)
        unlike = Levenshtein.normalized_distance(said, heard) + Levenshtein.normalized_distance(said, free)
        return Recognised(text, 1.0 - unlike / 2, whole)

    def _knows(self, word: str) -> bool:
        return self._grammar.lookup_word(word) is not None

    def _pronounced(self, text: str) -> list[str]:
        """Phones of a text, words without a pronunciation left out."""
        return [p for word in text.split() for p in (self._grammar.lookup_word(word) or "").split()]


def _decode(decoder: Any, pcm: bytes) -> _Path:
    decoder.start_utt()
    decoder.process_raw(pcm, False, True)
    decoder.end_utt()
    found = decoder.hyp()
    return _Path("", -math.inf) if found is None else _Path(str(found.hypstr), math.log(found.best_score))


def _pcm(sound: SoundSamples) -> bytes:
    noise = np.random.default_rng(0).normal(0.0, NOISE, len(sound))
    pad = np.random.default_rng(1).normal(0.0, NOISE, RATE_HZ // 10)
    whole = np.concatenate([pad, sound + noise, pad])
    pcm = (np.clip(whole, -1.0, 1.0) * 32767).astype(np.int16)
    return bytes(pcm.tobytes())
