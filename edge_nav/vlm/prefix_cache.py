"""What a prompt has in common with the one before it is not decoded again.

Causal attention: kept is whatever comes before the first run that differs, so the constant beginning of the prompt
always, and the picture's part, too, while the picture is the same. Kept is by whole runs: what is decoded anew is
decoded in the same batches as ever, so an answer does not depend on what was kept. Prefix attention: everything before
the answer sees everything before the answer, the picture sees the question, so another question changes all of it. Kept
is the whole, for the very same question.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from edge_nav.vlm.llama import F32, Llama
from edge_nav.vlm.prompt import Image, Run
from edge_nav.vlm.token_embeddings import TokenEmbeddings


class PrefixCache:
    """Knows which runs lie at the beginning of llama.cpp's cache. One thread at a time."""

    def __init__(self, llama: Llama, embeddings: TokenEmbeddings, attention: Literal["causal", "prefix"]) -> None:
        """``llama``: with nothing in its cache."""
        self._llama, self._embeddings, self._attention = llama, embeddings, attention
        self._kept: list[Run] = []
        self._first: F32 | None = None

    def prefill(self, runs: list[Run]) -> tuple[int, F32]:
        """Bring the cache to these runs, and give the logits after them; how many tokens of it were there already.

        Raises Interrupted, EdgeNavError; what was read until then is kept.
        """
        same = 0
        while same < min(len(runs), len(self._kept)) and runs[same] == self._kept[same]:
            same += 1
        if same == len(runs) == len(self._kept) and self._first is not None:
            self._llama.forget(sum(map(len, runs)))
            if self._llama.used:
                return self._llama.used, self._first
        if self._attention == "prefix":
            same = 0
        same = min(same, max(len(runs) - 1, 0))
        self._kept, self._first = self._kept[:same], None
        kept = sum(map(len, self._kept))
        self._llama.forget(kept)
        if self._llama.used != kept:
            self._kept, same, kept = [], 0, 0
        if self._attention == "prefix":
            block = [run.rows if isinstance(run, Image) else self._embeddings(run.ids) for run in runs]
            self._llama.read_embeddings(np.concatenate(block), logits=True, causal=False)
        else:
            self._read_causally(runs, same)
        self._kept = list(runs)
        self._first = self._llama.logits().copy() if runs else None
        return kept, self._first if self._first is not None else np.zeros(0, np.float32)

    def _read_causally(self, runs: list[Run], begin: int) -> None:
        for n, run in enumerate(runs[begin:], begin):
            last = n == len(runs) - 1
            if isinstance(run, Image):
                self._llama.read_embeddings(run.rows, logits=last)
            else:
                self._llama.read_tokens(list(run.ids), logits=last)
            self._kept = runs[: n + 1]
