"""One file: what is there of it is kept, the rest is asked for, and it gets its name when its hash is right."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import http.client
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from edge_nav.errors import UsageError
from edge_nav.hub.client import Hub, RemoteFile, Repository, Transient, reason

BLOCK = 1 << 20
WAITS_S = (1.0, 2.0, 4.0, 8.0)
"""Between attempts that brought nothing; one that brought bytes is followed by the next at once."""
At = Callable[[int], None]
"""Told how many bytes of the file are here."""


def fetch(
    hub: Hub, repository: Repository, file: RemoteFile, target: Path, at: At, waits_s: tuple[float, ...] = WAITS_S
) -> None:
    """Bring a file to ``target``.

    Bytes gather in ``NAME.HASH.part`` beside it, which an interrupted run leaves and the next one goes on with.
    Raises UsageError where the network, the disk or the hash fails; a file that was there before is then untouched.
    """
    part = part_of(target, file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab+") as out:
            _lock(out, part)
            for last in (False, True):
                if _gather(hub, repository, file, out, at, waits_s) == file.digest:
                    break
                out.truncate(0)  # whatever is wrong in it, no byte of it can be trusted
                if last:
                    out.close()
                    part.unlink()
                    raise UsageError(
                        f"{file.name} of {repository.id} arrived twice with another hash than the stated "
                        f"{file.digest[:12]}: try again later, or set HF_ENDPOINT to another mirror."
                    )
            out.flush()
            os.fsync(out.fileno())
            part.replace(target)
    except OSError as e:
        if e.errno == errno.ENOSPC:
            raise UsageError(
                f"the disk is full at {part}: free {file.size - part.stat().st_size} bytes and give the command again; "
                "what was fetched is kept."
            ) from e
        raise UsageError(f"{part} cannot be written ({e.strerror or e}): give another folder with --to.") from e


def part_of(target: Path, file: RemoteFile) -> Path:
    """Where a file gathers; the hash is in the name, so that no part of another revision is ever continued."""
    return target.with_name(f"{target.name}.{file.digest[:12]}.part")


def is_whole(path: Path, file: RemoteFile, at: At) -> bool:
    """Whether a file is here with the stated size and hash."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as stored:
        return _hash(stored, file, file.size, at).hexdigest() == file.digest


def _gather(
    hub: Hub, repository: Repository, file: RemoteFile, out: IO[bytes], at: At, waits_s: tuple[float, ...]
) -> str:
    """Append until the size is reached; the hash of it all, hexadecimal."""
    if out.seek(0, os.SEEK_END) > file.size:
        out.truncate(0)
    have = most = out.seek(0, os.SEEK_END)
    out.seek(0)
    digest = _hash(out, file, have, at)
    failures = 0
    while have < file.size:
        why = "the server ended the transfer early"
        try:
            answer, continued = hub.open(repository, file.name, have)
            with answer:
                if not continued:
                    out.truncate(0)
                    digest, have = _begin(file), 0
                for block in _blocks(answer, file.size - have):
                    out.write(block)
                    digest.update(block)
                    have += len(block)
                    at(have)
        except Transient as e:
            why = str(e)
        failures = 0 if have > most else failures + 1
        most = max(most, have)
        if have < file.size and failures > len(waits_s):
            raise UsageError(
                f"{hub.endpoint} does not give the rest of {file.name} ({why}; {have} of {file.size} bytes are here): "
                "the same command goes on from there."
            )
        if have < file.size and failures:
            # A server that is down for a moment is given that moment.
            time.sleep(waits_s[failures - 1])
    return digest.hexdigest()


def _blocks(answer: IO[bytes], wanted: int) -> Iterator[bytes]:
    """At most so many bytes; fewer where the server ends early. Raises Transient where the network fails."""
    while wanted:
        try:
            block = answer.read(min(BLOCK, wanted))
        except (OSError, http.client.HTTPException) as e:
            raise Transient(reason(e)) from e
        if not block:
            return
        wanted -= len(block)
        yield block


def _begin(file: RemoteFile) -> hashlib._Hash:
    if file.algorithm == "sha256":
        return hashlib.sha256()
    # Git's name of a blob: the SHA-1 of a header and the content.
    return hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)


def _hash(stored: IO[bytes], file: RemoteFile, length: int, at: At) -> hashlib._Hash:
    """Of the next ``length`` bytes."""
    digest, done = _begin(file), 0
    while done < length and (block := stored.read(min(BLOCK, length - done))):
        digest.update(block)
        done += len(block)
        at(done)
    return digest


def _lock(out: IO[bytes], part: Path) -> None:
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        raise UsageError(f"{part} is being fetched by another process: wait for it to end.") from e
