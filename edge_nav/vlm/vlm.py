"""A vision-language model from a bundle: looks at a picture, answers a question about it, word by word.

The picture goes through the vision encoder, its embeddings into llama.cpp between the prompt's runs of tokens. What is
kept from one question to the next: embeddings of pictures, and the beginning of the prompt (prefix_cache.py).
"""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal

from edge_nav.bundle import Bundle, ImageRun, LlmEntry, TextRun, TokensRun, VisionEntry
from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.types import Cancelled, Picture
from edge_nav.vlm.llama import F32, Llama, Sizes
from edge_nav.vlm.prefix_cache import PrefixCache
from edge_nav.vlm.prompt import Prompt
from edge_nav.vlm.token_embeddings import TokenEmbeddings
from edge_nav.vlm.vision_encoder import EncodedPictures, VisionEncoder, variant_file
from edge_nav.vlm.vlm_settings import VlmSettings
from edge_nav.vlm.watch import POLL_S, Watch

LEAST_BATCH = 512
QUESTION_TOKENS = 256
"""Room for the question, and for what was measured, in a block that has to be decoded at once."""
LAST_S = 10.0
CUT = "…"

Ended = Literal["stop", "tokens", "time", "cancelled"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How the last answer went. ``first_ms``: from the question to its first token; ``kept``: tokens of the prompt
    that were not decoded again, of ``prompt``.
    """

    image_ms: float = 0.0
    prompt_ms: float = 0.0
    first_ms: float = 0.0
    total_ms: float = 0.0
    prompt: int = 0
    kept: int = 0
    tokens: int = 0
    ended: Ended = "stop"


class Vlm:
    """One bundle's model. One question at a time, from any thread; a second waits for the first."""

    def __init__(self, bundle: Bundle, settings: VlmSettings, *, spare_threads: int = 0) -> None:
        """Raises UsageError for whatever keeps the bundle from running here, before llama.cpp could end the process."""
        self.name = bundle.manifest.name
        vision, entry = entries(bundle)
        self._budget_s = settings.budget_s
        self.most_tokens = settings.answer_tokens or entry.answer_tokens
        self.stop_ids = entry.stop_ids
        path, sizes = llm_file(bundle, settings, spare_threads)
        self._encoder = VisionEncoder(
            bundle, variant=settings.vision, backend=settings.vision_backend, threads=sizes.threads
        )
        self._llama = Llama(path, sizes)
        try:
            if self._llama.model.width != entry.width:
                raise UsageError(
                    f"bundle {self.name}: {path.name} has width {self._llama.model.width} and its manifest says "
                    f"{entry.width}: export it again."
                )
            self.prompt = Prompt(self.name, entry, self._llama.model)
            self._room = self._room_for_questions(entry, vision.tokens)
            embeddings = TokenEmbeddings(self.name, self._llama)
            self._cache = PrefixCache(self._llama, embeddings, entry.attention)
            if entry.attention == "causal":
                self._cache.prefill(self.prompt.constant())
        except EdgeNavError:
            self._llama.close()
            raise
        self._pictures = EncodedPictures(self._encoder, entry.image_scale * embeddings.factor)
        self._lock = threading.Lock()
        self.last = Timing()

    @property
    def describe(self) -> str:
        """What runs, and where."""
        return f"{self.name}: {self._llama.model.describe}; {self._encoder.describe}"

    def answer(self, rgb: Picture, question: str, cancelled: Cancelled) -> Iterator[str]:
        """Pieces of text as they come; "…" where the time or the tokens allowed are over within a sentence. Ends within
        one token of ``cancelled``. Raises EdgeNavError.
        """
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        text = ""
        for token in self.tokens(rgb, question, cancelled):
            piece = utf8.decode(self._llama.model.piece(token))
            piece = piece if text else piece.lstrip()
            text += piece
            if piece:
                yield piece
        if rest := utf8.decode(b"", final=True):
            yield rest
        if self.last.ended in ("tokens", "time") and text.strip() and text.rstrip()[-1] not in ".!?।":
            yield CUT

    def tokens(self, rgb: Picture, question: str, cancelled: Cancelled, most: int | None = None) -> Iterator[int]:
        """The answer's tokens, each the likeliest, without the one that ends it."""
        while not self._lock.acquire(timeout=POLL_S):
            if cancelled():
                return
        try:
            if self._llama.closed:  # while it waited for its turn
                raise EdgeNavError(f"{self.name} was closed before it was asked")
            yield from self._tokens(rgb, question, cancelled, most or self.most_tokens)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Give its memory back, once what it is at has ended; what does not end keeps it."""
        if self._lock.acquire(timeout=LAST_S):
            self._llama.close()
            self._lock.release()

    def __enter__(self) -> Vlm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tokens(self, rgb: Picture, question: str, cancelled: Cancelled, most: int) -> Iterator[int]:
        began = time.perf_counter()

        def ms() -> float:
            return (time.perf_counter() - began) * 1e3

        self.last = Timing()
        self._llama.interrupt(False)
        ended: Ended = "tokens"
        count = 0
        with Watch(cancelled, began + self._budget_s, self._interrupt) as watch:
            try:
                logits = self._read(rgb, question, ms)
                most = min(most, self._llama.sizes.context - self._llama.used)
                while watch.wanted() and count < most:
                    token = int(logits.argmax())
                    if token in self.stop_ids:
                        ended = "stop"
                        break
                    count += 1
                    yield token
                    if watch.wanted() and count < most:
                        self._llama.read_tokens([token], logits=True)
                        logits = self._llama.logits()
            except EdgeNavError:
                if watch.why is None:
                    raise  # not cut short by the watch
            finally:
                self.last = replace(self.last, tokens=count, total_ms=ms(), ended=watch.why or ended)

    def _interrupt(self) -> None:
        self._llama.interrupt()
        self._encoder.interrupt()

    def _read(self, rgb: Picture, question: str, ms: Callable[[], float]) -> F32:
        """Everything before the answer, and the logits after it."""
        image = self._pictures.look(rgb)
        image_ms = ms()
        runs = self.prompt.runs(" ".join(question.split()), image)
        prompt = sum(map(len, runs))
        if prompt - len(image) > self._room:
            raise UsageError(
                f"the question takes {prompt - len(image)} tokens with its prompt, and {self.name} has room for "
                f"{self._room}: ask something shorter."
            )
        kept, logits = self._cache.prefill(runs)
        self.last = Timing(image_ms, ms() - image_ms, ms(), ms(), prompt, kept)
        return logits

    def _room_for_questions(self, entry: LlmEntry, image: int) -> int:
        """Tokens that the prompt may take beside the picture, which takes ``image``."""
        sizes = self._llama.sizes
        room = sizes.context - image - self.most_tokens
        if entry.attention == "prefix":
            room = min(room, sizes.batch - image)
        around = self.prompt.around()
        if room < around + 1:
            raise UsageError(
                f"bundle {self.name}: {image} tokens of a picture, {around} of its prompt and {self.most_tokens} of an "
                f"answer do not fit its context of {sizes.context}: export it with a larger one."
            )
        return room


def open_vlm(bundle: Bundle, settings: VlmSettings | None = None) -> Vlm:
    """Load a bundle's model. Raises UsageError where it cannot run here."""
    return Vlm(bundle, settings or VlmSettings())


def entries(bundle: Bundle) -> tuple[VisionEntry, LlmEntry]:
    """The bundle's sections for pictures and words; UsageError where it lacks one."""
    vision, llm = bundle.manifest.vision, bundle.manifest.llm
    if vision is None or llm is None:
        lacks = "vision tower" if vision is None else "language model"
        raise UsageError(
            f"bundle {bundle.manifest.name} has no {lacks}, so it cannot look at pictures: give another one."
        )
    return vision, llm


def llm_file(bundle: Bundle, settings: VlmSettings, spare_threads: int = 0) -> tuple[Path, Sizes]:
    """The language model's file, and how large a context and batch it is loaded with."""
    vision, entry = entries(bundle)
    file = variant_file(bundle.manifest.name, "llm", entry.file, entry.variants, settings.llm)
    batch = max(LEAST_BATCH, vision.tokens)
    if entry.attention == "prefix":
        batch = vision.tokens + QUESTION_TOKENS + sum(_longest(run) for run in entry.prompt)
    threads = settings.threads_here(spare_threads)
    sizes = Sizes(entry.context, min(batch, entry.context), threads, settings.gpu_layers, settings.repack)
    return bundle.folder / file, sizes


def _longest(run: TextRun | TokensRun | ImageRun) -> int:
    """Tokens that a run takes at most, the question and the picture aside: no token is less than a byte."""
    if isinstance(run, TextRun):
        return len(run.text.encode())
    return len(run.ids) if isinstance(run, TokensRun) else 0
