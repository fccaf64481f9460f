"""Embeddings of tokens such as they are injected into the decoder, in one block with a picture's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_rows import EmbeddingRows
from edge_nav.vlm.llama import F32, Llama

ALIKE = 1e-3


class TokenEmbeddings:
    """The file's own, times ``factor``, with which whatever is injected stands for what it was trained as."""

    def __init__(self, bundle: str, llama: Llama) -> None:
        """Empties the cache. Raises UsageError where the file's embeddings are not those that llama.cpp uses."""
        model = llama.model
        self._rows = EmbeddingRows(model.path, model.width, model.vocabulary)
        self.factor = self._measured_factor(bundle, llama)

    def __call__(self, ids: Sequence[int]) -> F32:
        """float32 [len(ids), width]."""
        rows: F32 = self._rows(list(ids)) * np.float32(self.factor)
        return rows

    def _measured_factor(self, bundle: str, llama: Llama) -> float:
        """What a token's embedding is to be multiplied with so that it stands for the token.

        Gemma scales embeddings by sqrt(width). Some versions of llama.cpp do so with injected ones, too, some with
        tokens alone. Tried out; and that the rows read from the file are those of llama.cpp comes with it.
        """
        token = llama.model.vocabulary // 2
        llama.read_tokens([token], logits=True)
        wanted = llama.logits().copy()
        llama.forget(0)
        for factor in (1.0, math.sqrt(llama.model.width)):
            llama.read_embeddings(self._rows([token]) * np.float32(factor), logits=True)
            found = llama.logits().copy()
            llama.forget(0)
            if np.abs(found - wanted).max() <= ALIKE * max(1.0, float(np.abs(wanted).max())):
                return factor
        raise UsageError(
            f"bundle {bundle}: {llama.model.path.name} answers an embedding otherwise than its token, so pictures "
            "cannot be shown to it: export it with another quantisation, or install another llama-cpp-python."
        )
