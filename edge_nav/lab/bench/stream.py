"""How fast this machine reads memory: the limit of decoding, which reads every weight for every token."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

BYTES = 1 << 28
"""Of each thread's array: far more than any cache."""
ROUNDS = 5


def read_gb_per_s(threads: int) -> float:
    """Best of a few rounds in which each thread sums an array of its own, 10^9 bytes a second in all."""
    arrays = [np.ones(BYTES // 8, np.int64) for _ in range(threads)]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            list(pool.map(np.bitwise_or.reduce, arrays))
            best = max(best, threads * BYTES / (time.perf_counter() - began))
    return best / 1e9
