"""Whether results can be written, asked before hours are spent on them."""

from __future__ import annotations

from pathlib import Path

from edge_nav.errors import UsageError


def check_writable(path: Path, option: str) -> None:
    """Raises UsageError, naming the option, where a file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as e:
        raise UsageError(f"{option} {path} cannot be written ({e.strerror}): give a file.") from e


def check_folder(path: Path, option: str) -> None:
    """The same for a folder."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as e:
        raise UsageError(f"{option} {path} cannot be written ({e.strerror}): give a folder.") from e
