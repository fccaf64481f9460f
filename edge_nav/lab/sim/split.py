"""Which scenes teach, which tune, which test: told by the seed alone."""

from __future__ import annotations

from typing import Literal

from edge_nav.errors import UsageError

Split = Literal["train", "validation", "test"]

VALIDATION_FROM, TEST_FROM, SEEDS = 900_000, 950_000, 1_000_000
"""Seeds below the first train, below the second validate, below the third test."""


def split_of(seed: int) -> Split:
    """The split of a scene's seed; finishes and furniture of validation and test are never used in training."""
    if not 0 <= seed < SEEDS:
        raise UsageError(f"scene seed {seed} does not exist; use one from 0 to {SEEDS - 1}.")
    if seed >= TEST_FROM:
        return "test"
    return "validation" if seed >= VALIDATION_FROM else "train"
