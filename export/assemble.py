"""Parts -> a bundle's folder, whole or not at all.

All is written into a hidden folder beside the bundle, verified there, and renamed at the end. A bundle that is there
already keeps its other parts, and is not touched before the new one stands.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from edge_nav import __version__
from edge_nav.bundle import IntendedUse, Manifest, open_bundle, write_manifest
from edge_nav.errors import UsageError
from export.parity.report import ParityRow, write_report
from export.parity.stored import stored_rows

PartName = Literal["depth", "vision", "llm"]
PARTS: tuple[PartName, ...] = ("depth", "vision", "llm")
PARITY, MANIFEST = "parity.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of the manifest, its files (names within the working folder) and the checks it passed."""

    name: PartName
    entry: BaseModel
    files: Sequence[str]
    parity: Sequence[ParityRow]


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest says of the whole. None: as a bundle that is there, else the folder's name and simulator."""

    licence: str
    sources: tuple[str, ...]
    name: str | None = None
    intended_use: IntendedUse | None = None


def assemble(
    out: Path, about: About, wanted: Set[PartName], needed: int, make: Callable[[Path], Sequence[Part]]
) -> Manifest:
    """Let ``make`` write the ``wanted`` parts into a working folder, and turn that into the bundle ``out``.

    ``needed``: bytes that ``make`` will write. UsageError before anything is written where ``out`` holds something
    else than a sound bundle or the disk is too small; whatever fails, ``out`` stays as it was.
    """
    out = out.resolve()
    _recover(out)
    before = _existing(out)
    fields = _fields(out, before, about, wanted)
    _make_parent(out)
    check_space(out.parent, needed)
    work = _working_folder(out)
    try:
        parts = make(work)
        manifest = _complete(work, out, before, fields, parts)
        _swap(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest


def check_space(folder: Path, needed: int) -> None:
    """UsageError where the disk has less than this many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UsageError(
            f"the disk of {folder} has {free / 1e9:.3g} GB free and the export needs {needed / 1e9:.3g} GB: free some, "
            "or give --out on another disk."
        )


def check_target(out: Path) -> Manifest | None:
    """The manifest of the bundle that is there; UsageError where ``out`` is neither empty nor a sound bundle."""
    return _existing(out.resolve())


def _existing(out: Path) -> Manifest | None:
    """The manifest of the bundle that is there, None where nothing is."""
    if not out.exists():
        return None
    if not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder for the bundle.")
    if not (out / MANIFEST).is_file():
        if any(out.iterdir()):
            raise UsageError(f"--out {out} holds something else than a bundle: give a new folder.")
        return None
    try:
        return open_bundle(str(out)).manifest
    except UsageError as e:
        raise UsageError(f"--out {out} holds a damaged bundle ({e}): delete it, or give a new folder.") from e


def _make_parent(out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UsageError(f"--out {out}: {out.parent} cannot be made ({e.strerror}): give another folder.") from e


def _working_folder(out: Path) -> Path:
    """A fresh one; those of exports that were killed are cleared away."""
    prefix = f".{out.name}.part-"
    for stale in out.parent.glob(f"{prefix}*"):
        owner = stale.name.removeprefix(prefix)
        if owner.isdigit() and (int(owner) == os.getpid() or not _runs(int(owner))):
            shutil.rmtree(stale, ignore_errors=True)
    work = out.parent / f"{prefix}{os.getpid()}"
    try:
        work.mkdir()
    except OSError as e:
        raise UsageError(f"--out {out}: nothing can be written into {out.parent} ({e.strerror}): give another.") from e
    return work


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _fields(out: Path, before: Manifest | None, about: About, wanted: Set[PartName]) -> dict[str, Any]:
    """The manifest's fields for the whole, and the entries of parts that stay.

    Their licences and sources stay beside the new ones; a simulator's part makes the whole a simulator's.
    """
    kept: dict[str, Any] = {
        name: entry for name in PARTS if name not in wanted and (entry := getattr(before, name, None)) is not None
    }
    base = before if kept else None
    if base is not None and base.intended_use == "simulator" and about.intended_use == "real":
        raise UsageError(
            f"bundle {out} is for the simulator only and keeps parts that are: export into another folder, or leave "
            "--intended-use away."
        )
    entries: dict[str, Any] = {name: entry.model_dump(mode="json") for name, entry in kept.items()}
    licences = [*(base.licence.split(" AND ") if base else ()), about.licence]
    sources = [*(base.sources if base else ()), *about.sources]
    return {
        "name": about.name or (before.name if before else out.name),
        "licence": " AND ".join(dict.fromkeys(licences)),
        "sources": list(dict.fromkeys(sources)),
        "created_by": f"edge-nav {__version__} export",
        "intended_use": about.intended_use or (base.intended_use if base else "simulator"),
        **entries,
    }


def _complete(
    work: Path, out: Path, before: Manifest | None, fields: dict[str, Any], parts: Sequence[Part]
) -> Manifest:
    """Carry over what is kept, write report and manifest, and open the whole as the runtime would."""
    made = {part.name: part for part in parts}
    rows = [row for part in parts for row in part.parity]
    files = {file for part in parts for file in part.files}
    if before is not None:
        dropped = {MANIFEST, before.parity or PARITY, *_files_of(before, made.keys())}
        for path in sorted(p for p in out.rglob("*") if p.is_file()):
            name = path.relative_to(out).as_posix()
            if name in dropped or (work / name).exists():
                continue
            _carry(path, work / name)
            if name in before.files:
                files.add(name)
        if before.parity:
            rows = [row for row in stored_rows(out / before.parity) if _part_of(row) not in made] + rows
    write_report(rows, work / PARITY)
    entries: dict[str, Any] = {name: part.entry.model_dump(mode="json") for name, part in made.items()}
    manifest = write_manifest(work, {**fields, **entries, "parity": PARITY}, sorted({*files, PARITY}))
    open_bundle(str(work))
    return manifest


def _files_of(manifest: Manifest, parts: Set[PartName]) -> set[str]:
    """Files of entries that are replaced: those named, and weights kept beside them."""
    named: set[str] = set()
    for name in parts:
        entry = getattr(manifest, name)
        if entry is not None:
            named |= {entry.file, *getattr(entry, "variants", {}).values()}
    return {file for file in manifest.files if any(file == n or file.startswith((f"{n}.", f"{n}_")) for n in named)}


def _part_of(row: ParityRow) -> str:
    first = row.what.split(" ")[0]
    return first if first in ("depth", "vision") else "llm"


def _carry(path: Path, target: Path) -> None:
    """The same bytes under another folder: linked where the disk can, as they are gigabytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copy2(path, target)


def _swap(work: Path, out: Path) -> None:
    """Rename the working folder to the bundle's name. What was there steps aside for that moment, and goes then."""
    if not out.exists():
        work.rename(out)
        return
    aside = _aside(out)
    shutil.rmtree(aside, ignore_errors=True)
    out.rename(aside)
    try:
        work.rename(out)
    except OSError:
        aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _recover(out: Path) -> None:
    """A bundle that stepped aside for a process which was killed in that moment comes back."""
    aside = _aside(out)
    if aside.is_dir() and not out.exists():
        aside.rename(out)


def _aside(out: Path) -> Path:
    return out.parent / f".{out.name}.before"
