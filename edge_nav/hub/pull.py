"""A whole model from a hub into a folder: its licence first, then what is missing of its files, then a record."""

from __future__ import annotations

import datetime
import fnmatch
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from edge_nav.bundle import FOLDER, Manifest, open_bundle
from edge_nav.errors import UsageError
from edge_nav.hub.client import Hub, RemoteFile, Repository, Transient
from edge_nav.hub.fetch import fetch, is_whole, part_of
from edge_nav.hub.named import Kind, NamedModel, NamedRepository, find

CHECKPOINTS = Path("checkpoints")
MAIN = "main"
RECORD = "pulled.json"
SCHEMA = "edge-nav/pulled/1"
MANIFEST = "manifest.json"
PAPERS = ("LICENSE*", "LICENCE*", "NOTICE*", "README.md", "*_POLICY*", "USE_POLICY*")
"""Fetched whatever else is needed: the terms belong to the weights."""
OTHER_FORMATS = ("*.bin", "*.pth", "*.h5", "*.msgpack")
"""Of the same weights, where safetensors are there."""
MOST_MANIFEST_BYTES = 1 << 20
KINDS: dict[str, Kind] = {
    "DepthAnythingForDepthEstimation": "depth",
    "LlavaForConditionalGeneration": "vlm",
    "LlavaLlamaForCausalLM": "vlm",
    "PaliGemmaForConditionalGeneration": "vlm",
}
"""What the first of a config's ``architectures`` is exported as."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to have, and where."""

    repository: Repository
    file: RemoteFile
    target: Path


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is here, every file verified."""

    folder: Path
    files: int
    bytes: int
    fetched: int
    """Files that were not here before."""
    then: str
    """What to do with it next."""


@dataclass(frozen=True, slots=True)
class PullFeedback:
    """Where sentences and progress go."""

    say: Callable[[str], None]
    """A line."""
    at: Callable[[str, int, int], None]
    """What is being done, bytes done, bytes in all."""


def pull(what: str, to: Path | None, revision: str, feedback: PullFeedback, hub: Hub | None = None) -> Pulled:
    """Bring a named model, or a repository of a hub, into a folder.

    ``to``: the folder; by default one below models/bundles for a bundle, below checkpoints for anything else.
    Raises UsageError naming what failed; what was fetched is then kept and continued by the next call.
    """
    hub = hub or Hub()
    name, model = find(what)
    if not revision.strip():
        raise UsageError("--revision is empty: leave it out, or name a branch, tag or commit.")
    if revision != MAIN and len(model.repositories) > 1:
        ids = ", ".join(r.id for r in model.repositories)
        raise UsageError(f"--revision {revision}: {name} comes from several repositories; pull each by its id ({ids}).")
    listed = [(r, hub.repository(r.id, revision)) for r in model.repositories]
    bundle = len(listed) == 1 and MANIFEST in listed[0][1].names
    folder = to if to is not None else (FOLDER if bundle else CHECKPOINTS) / name
    licences = [_licence(named, there) for named, there in listed]
    feedback.say(f"{name}: {model.what}")
    for licence, (_, there) in zip(licences, listed, strict=True):
        feedback.say(f"licence of {there.id}: {licence}")
    _check_folder(folder, [there.id for _, there in listed])
    wanted = [w for named, there in listed for w in _wanted(hub, named, there, folder, bundle)]
    total = sum(w.file.size for w in wanted)
    missing = _missing(wanted, total, feedback)
    if missing:
        _check_owner(folder, missing)
        _check_disk(folder, missing)
        left = sum(w.file.size for w in missing)
        feedback.say(f"fetching {len(missing)} files, {left / 1e9:.3g} GB, from {hub.endpoint} to {folder}")
        _fetch_all(hub, missing, left, feedback)
    if bundle:
        open_bundle(str(folder))
    _record(folder, name, hub, wanted, licences)
    return Pulled(folder, len(wanted), total, len(missing), _then(name, model, folder, bundle))


def _licence(named: NamedRepository, there: Repository) -> str:
    """What the hub says now, and what we know of it."""
    if there.licence and named.licence and there.licence.lower() not in named.licence.lower():
        return f"{there.licence} by its model card; {named.licence}"
    return there.licence or named.licence or "not stated: ask its authors before you use it"


def _check_folder(folder: Path, ids: list[str]) -> None:
    """One folder, one model."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--to {folder} is a file: give a folder.")
    try:
        held = [r["id"] for r in json.loads((folder / RECORD).read_text(encoding="utf-8"))["repositories"]]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if held != ids:
        raise UsageError(f"{folder} holds {', '.join(held)} already: give another folder with --to.")


def _check_owner(folder: Path, missing: list[Wanted]) -> None:
    """A file of the same name that no pull put there is somebody's own, and is not written over."""
    if (folder / RECORD).is_file():
        return
    if own := next((w.target for w in missing if w.target.is_file()), None):
        raise UsageError(
            f"{own} is there already and is not this model's: give an empty folder with --to, or delete it."
        )


def _wanted(hub: Hub, named: NamedRepository, there: Repository, folder: Path, bundle: bool) -> Iterator[Wanted]:
    names = _bundle_names(hub, there) if bundle else _chosen(named.files, there.names)
    if not names:
        raise UsageError(f"{there.id} has none of the files {', '.join(named.files)}: it is no checkpoint we know.")
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise UsageError(f"{there.id} names {name}, outside of the folder: do not use it.")
        yield Wanted(there, hub.file(there, name), folder / named.into / path)


def _chosen(patterns: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    """Files that match, with their licence; the same weights in a second format are left out."""
    here = [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]
    if any(n.endswith(".safetensors") for n in here):
        here = [n for n in here if not any(fnmatch.fnmatchcase(n, p) for p in OTHER_FORMATS)]
        here = [n for n in here if not n.endswith(".bin.index.json")]
    papers = [n for n in names if n not in here and any(fnmatch.fnmatchcase(n, p) for p in PAPERS)]
    return [*papers, *here] if here else []


def _bundle_names(hub: Hub, there: Repository) -> list[str]:
    """The files that a bundle's manifest lists, the manifest last: without it, a folder is not taken for a bundle."""
    stated = hub.file(there, MANIFEST)
    if stated.size > MOST_MANIFEST_BYTES:
        raise UsageError(f"manifest.json of {there.id} has {stated.size} bytes: it is no bundle.")
    try:
        answer, _ = hub.open(there, MANIFEST, 0)
        with answer:
            manifest = Manifest.model_validate_json(answer.read(MOST_MANIFEST_BYTES))
    except (Transient, OSError) as e:
        raise hub.unreachable(str(e)) from e
    except ValidationError as e:
        raise UsageError(f"manifest.json of {there.id} is not an Edge Nav bundle's: ask its authors.") from e
    if lacking := [f for f in manifest.files if f not in there.names]:
        raise UsageError(f"{there.id} lacks {', '.join(lacking)}, which its manifest names: ask its authors.")
    papers = [n for n in there.names if n not in manifest.files and any(fnmatch.fnmatchcase(n, p) for p in PAPERS)]
    return [*papers, *manifest.files, MANIFEST]


def _missing(wanted: list[Wanted], total: int, feedback: PullFeedback) -> list[Wanted]:
    """Those that are not here whole; what is here is read, for a size alone proves nothing."""
    missing, done = [], 0
    for w in wanted:
        with _counting(feedback, f"checking {w.file.name}", done, total) as at:
            if not is_whole(w.target, w.file, at):
                missing.append(w)
        done += w.file.size
    return missing


def _fetch_all(hub: Hub, missing: list[Wanted], left: int, feedback: PullFeedback) -> None:
    done = 0
    for w in missing:
        with _counting(feedback, w.file.name, done, left) as at:
            fetch(hub, w.repository, w.file, w.target, at)
        done += w.file.size


@contextmanager
def _counting(feedback: PullFeedback, what: str, before: int, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: feedback.at(what, before + done, total)


def _check_disk(folder: Path, missing: list[Wanted]) -> None:
    """Before the first byte: what is missing has to fit."""
    parts = (part_of(w.target, w.file) for w in missing)
    needed = sum(w.file.size for w in missing) - sum(p.stat().st_size for p in parts if p.is_file())
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise UsageError(
            f"{needed / 1e9:.3g} GB are needed and {folder} has {free / 1e9:.3g} GB free: free some, or give another "
            "folder with --to."
        )


def _record(folder: Path, name: str, hub: Hub, wanted: list[Wanted], licences: list[str]) -> None:
    """pulled.json: where everything came from, under which licence, with the hashes that were found."""
    repositories = {w.repository.id: w.repository for w in wanted}
    data = {
        "schema": SCHEMA,
        "name": name,
        "pulled_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "repositories": [
            {
                "id": r.id,
                "endpoint": hub.endpoint,
                "commit": r.commit,
                "licence": licence,
                "gated": r.gated,
                "files": {
                    w.target.relative_to(folder).as_posix(): {"bytes": w.file.size, w.file.algorithm: w.file.digest}
                    for w in wanted
                    if w.repository.id == r.id
                },
            }
            for r, licence in zip(repositories.values(), licences, strict=True)
        ],
    }
    path = folder / RECORD
    try:
        if path.is_file() and _same(json.loads(path.read_text(encoding="utf-8")), data):
            return
    except ValueError:
        pass
    part = path.with_name(f"{RECORD}.part")
    part.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def _same(a: Mapping[str, object], b: Mapping[str, object]) -> bool:
    return {**a, "pulled_at": None} == {**b, "pulled_at": None}


def _then(name: str, model: NamedModel, folder: Path, bundle: bool) -> str:
    if bundle:
        given = name if folder == FOLDER / name else str(folder)
        return f"python main.py run --bundle {given}"
    kind = model.kind or _kind(folder)
    command = f"python -m export {kind or '--help'}" + (f" {folder} --out {FOLDER / name}" if kind else "")
    # The named ones were trained on real pictures; of others only their user can know.
    command += " --intended-use real" if model.kind else ""
    lacks = f"\nIt lacks {model.lacks}." if model.lacks else ""
    return f"{command}{lacks}"


def _kind(folder: Path) -> Kind | None:
    """By the architecture that its config names; one of our own has a file for it."""
    if (folder / "architecture.yaml").is_file():
        return "vlm"
    try:
        architectures = json.loads((folder / "config.json").read_text(encoding="utf-8"))["architectures"]
        return KINDS.get(str(architectures[0]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
