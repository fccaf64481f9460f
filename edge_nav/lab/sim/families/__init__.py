"""Scenes without end, by family and seed."""

from __future__ import annotations

from typing import get_args

from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import Family, SceneSpec
from edge_nav.lab.sim.split import split_of

FAMILIES: tuple[Family, ...] = get_args(Family)


def generate(family: str, seed: int) -> SceneSpec:
    """The scene of a family and seed: always the same. Raises UsageError for an unknown family or impossible seed."""
    from edge_nav.lab.sim.families import corridor, interior, pavement, stairs

    split_of(seed)
    makers = {
        "corridor": corridor.generate,
        "interior": interior.generate,
        "pavement": pavement.generate,
        "stairs": stairs.generate,
    }
    if family not in makers:
        raise UsageError(f"scene family {family!r} is unknown; use one of {', '.join(FAMILIES)}.")
    return makers[family](seed)
