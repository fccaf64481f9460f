"""Where a checkpoint lies: a local folder, or a hub id fetched through huggingface_hub (endpoint: HF_ENDPOINT)."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge_nav.errors import UsageError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SMALL = ("*.json", "*.txt", "*.model", "*.jinja", "*.yaml", "README.md", "LICENSE*")


def resolve(where: str | Path) -> Path:
    """The local folder (or file) of a checkpoint; a hub id is fetched, or found in the cache where there is no network.

    Raises UsageError, one sentence, for a path that does not exist and for an id that is missing or gated.
    """
    path = Path(where)
    if path.exists():
        return path
    if not _HUB_ID.fullmatch(str(where)):
        raise UsageError(f"{where} is neither a folder nor a hub id of the form owner/name: give one of them.")
    return _fetch(str(where))


def _fetch(repo: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        info = HfApi(endpoint=endpoint).model_info(repo)
        files = [sibling.rfilename for sibling in info.siblings or ()]
        weights = "*.safetensors" if any(f.endswith(".safetensors") for f in files) else "*.bin"
        return Path(snapshot_download(repo, endpoint=endpoint, allow_patterns=[*SMALL, weights, "*.pth"]))
    except GatedRepoError as e:
        raise UsageError(
            f"{repo} is gated: accept its licence on its page, then set HF_TOKEN to a token of that account."
        ) from e
    except RepositoryNotFoundError as e:
        raise UsageError(f"{repo} is not on the hub, or is private: check its name, or set HF_TOKEN.") from e
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as e:
        try:
            return Path(snapshot_download(repo, local_files_only=True))
        except LocalEntryNotFoundError:
            if isinstance(e, HfHubHTTPError):
                reason = (str(e).splitlines() or [type(e).__name__])[0]
            elif isinstance(e.errno, int):  # of the disk, say
                reason = e.strerror or type(e).__name__
            else:
                reason = f"{endpoint or 'the hub'} cannot be reached"
            raise UsageError(
                f"{repo} could not be fetched ({reason}): check the network and the disk, or give a folder."
            ) from e
