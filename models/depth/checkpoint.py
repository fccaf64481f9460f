"""A training run on the disk: written whole or not at all, the one before it kept."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch

from edge_nav.errors import UsageError

KEPT = 2


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``step-NNNNNNN.pt`` and drop all but the last two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:07d}.pt"
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
    for old in _all(folder)[:-KEPT]:
        old.unlink()
    return path


def latest(folder: Path) -> Path | None:
    """The newest checkpoint, None if there is none."""
    found = _all(folder)
    return found[-1] if found else None


def load(path: Path) -> dict[str, Any]:
    """Read one. UsageError if it is damaged, naming the one before it."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or "step" not in state:
            raise ValueError("not a training checkpoint")
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, BadZipFile, pickle.UnpicklingError) as e:
        others = [p for p in _all(path.parent) if p != path]
        remedy = f"delete it to go on from {others[-1].name}" if others else "delete it to start anew"
        raise UsageError(f"checkpoint {path} is damaged ({type(e).__name__}): {remedy}.") from e
    return state


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.pt"))
