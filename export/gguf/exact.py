"""A GGUF file's logits for checks: on the CPU, the cache in float32, the weights as they lie in the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_nav.vlm.llama import F32, Llama, Sizes

SMALL_BYTES = 40_000_000
"""A smaller model's work is done before a second thread has begun."""


def open_exact(path: Path, context: int) -> Llama:
    """With an empty cache of so many tokens, each decodable in one block. Raises UsageError."""
    # Threads without a core of their own wait spinning.
    threads = 1 if path.is_file() and path.stat().st_size < SMALL_BYTES else os.cpu_count() or 1
    # Repacked weights are for speed; some of those kernels (AMX) die on processors that only pretend to have them.
    return Llama(path, Sizes(context, context, threads, gpu_layers=0, repack="off", exact=True))


def last_logits(llama: Llama, block: Sequence[int] | F32, *, causal: bool = True) -> F32:
    """float32 [vocabulary] after token numbers, or embeddings float32 [n, width], that follow what is in the cache. Not
    ``causal``: embeddings attend to each other in both directions. Raises EdgeNavError.
    """
    if isinstance(block, np.ndarray):
        llama.read_embeddings(block, logits=True, causal=causal)
    else:
        llama.read_tokens(list(block), logits=True)
    logits: F32 = llama.logits().copy()
    return logits


def every_logits(llama: Llama, ids: Sequence[int]) -> F32:
    """float32 [n, vocabulary] after each of n tokens that follow what is in the cache. Raises EdgeNavError."""
    llama.read_tokens(list(ids), logits=True, every=True)
    logits: F32 = llama.every_logits().copy()
    return logits
