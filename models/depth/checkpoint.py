"""A training run on the disk: written whole or not at all, the one before it kept."""

from __future__ import annotations

import contextlib
import pickle
import re
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from edge_nav.errors import UsageError

KEPT = 2
NAME = re.compile(r"step-(\d{7,})\.pt")


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``step-NNNNNNN.pt`` and drop all but the last two. UsageError where it cannot be written."""
    path = folder / f"step-{step:07d}.pt"
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        part.replace(path)
    except (OSError, RuntimeError) as e:  # torch tells a full disk by the second
        with contextlib.suppress(OSError):
            part.unlink()
        kept = "; the checkpoint before it is kept" if _all(folder) else ""
        raise UsageError(
            f"checkpoint {path} cannot be written ({str(e).splitlines()[0]}): free some space, and run the same "
            f"command again{kept}."
        ) from e
    for old in _all(folder)[:-KEPT]:
        old.unlink()
    return path


def latest(folder: Path) -> Path | None:
    """The newest checkpoint, None if there is none."""
    found = _all(folder)
    return found[-1] if found else None


def load(path: Path, *needed: str) -> dict[str, Any]:
    """Read one, with ``needed`` entries beside its step. UsageError if it is damaged, naming the one before it."""
    try:
        with ZipFile(path) as parts:
            if (spoilt := parts.testzip()) is not None:  # torch itself compares no checksum
                raise BadZipFile(spoilt)
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not {"step", *needed} <= state.keys():
            raise ValueError("not a training checkpoint")
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, BadZipFile, pickle.UnpicklingError) as e:
        raise damaged(path, e) from e
    return state


def damaged(path: Path, e: Exception) -> UsageError:
    """The sentence for a checkpoint that cannot be gone on from."""
    others = [p for p in _all(path.parent) if p != path] if NAME.fullmatch(path.name) else []
    remedy = f"delete it to go on from {others[-1].name}" if others else "delete it to start anew"
    return UsageError(f"checkpoint {path} is damaged ({type(e).__name__}): {remedy}.")


def _all(folder: Path) -> list[Path]:
    """By step; what else lies there, such as a copy under another name, is left alone."""
    found = [(int(m[1]), p) for p in folder.glob("step-*.pt") if (m := NAME.fullmatch(p.name)) is not None]
    return [path for _, path in sorted(found)]
