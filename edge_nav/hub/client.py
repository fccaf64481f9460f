"""The hub's protocol over the standard library: what a repository holds, and the bytes of one file.

https://huggingface.co/docs/hub/api: ``/api/models/ID/revision/REV?blobs=true`` lists files with their size and hash,
``/ID/resolve/COMMIT/FILE`` gives one, mostly by a redirect to a storage host. ``HF_ENDPOINT`` names a mirror,
``HF_TOKEN`` opens what is gated. The runtime fetches models on devices where nothing but its base is installed, and
checks hashes, which the hub's own library does not; so it speaks the few requests itself.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Literal

from edge_nav import __version__
from edge_nav.errors import UsageError

PUBLIC = "https://huggingface.co"
TIMEOUT_S = 30.0
ID = re.compile(r"[\w.-]+/[\w.-]+")
MOST_REDIRECTS = 5
Algorithm = Literal["sha256", "git-sha1"]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository. Large ones are known by their SHA-256, small ones by git's SHA-1 of the blob."""

    name: str
    size: int
    algorithm: Algorithm
    digest: str


@dataclass(frozen=True, slots=True)
class Repository:
    """What the hub says of one repository at one commit."""

    id: str
    commit: str
    licence: str | None
    gated: bool
    names: tuple[str, ...]
    known: Mapping[str, RemoteFile]
    """Files whose size and hash came with the listing."""


class Transient(Exception):
    """The server or the way to it failed; asking again may help. The text is the reason."""


class Hub:
    """One endpoint. Every method raises UsageError for what asking again cannot mend."""

    def __init__(self, endpoint: str | None = None, token: str | None = None) -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or PUBLIC).rstrip("/")
        self._token = token or os.environ.get("HF_TOKEN") or None
        if urllib.parse.urlsplit(self.endpoint).scheme not in ("http", "https"):
            raise UsageError(f"HF_ENDPOINT = {self.endpoint!r} is no http address: unset it, or name a mirror.")
        self._opener = urllib.request.build_opener(_Redirects)
        self._one_hop = urllib.request.build_opener(_NoRedirects)

    def repository(self, name: str, revision: str) -> Repository:
        """List a repository at a branch, tag or commit. Raises UsageError where it is missing, gated or unreachable."""
        if not ID.fullmatch(name) or ".." in name:
            raise UsageError(f"{name!r} is no repository of a hub: give it as owner/name.")
        asked = urllib.parse.quote(revision, safe="")
        url = f"{self.endpoint}/api/models/{name}/revision/{asked}?blobs=true"
        try:
            with self._opener.open(self._request(url), timeout=TIMEOUT_S) as answer:
                data = json.load(answer)
            known = {f.name: f for f in map(_listed, data["siblings"]) if f is not None}
            names = tuple(str(s["rfilename"]) for s in data["siblings"])
            commit = str(data["sha"])
        except urllib.error.HTTPError as e:
            raise self._refusal(e, name, revision, None) from e
        except (OSError, http.client.HTTPException) as e:
            raise self.unreachable(reason(e)) from e
        except (ValueError, KeyError, TypeError) as e:
            raise UsageError(f"{self.endpoint} does not answer like a model hub: check HF_ENDPOINT.") from e
        return Repository(name, commit, _licence(data), bool(data.get("gated")), names, known)

    def file(self, repository: Repository, name: str) -> RemoteFile:
        """Size and hash of one file: from the listing, or else from the headers of the file itself."""
        if name in repository.known:
            return repository.known[name]
        url = self._url(repository, name)
        for _ in range(MOST_REDIRECTS):
            try:
                with self._one_hop.open(self._request(url, method="HEAD"), timeout=TIMEOUT_S) as answer:
                    headers = answer.headers
            except urllib.error.HTTPError as e:
                raise self._refusal(e, repository.id, repository.commit, name) from e
            except (OSError, http.client.HTTPException) as e:
                raise self.unreachable(reason(e)) from e
            location = headers.get("Location")
            # Only a renamed repository redirects within the hub; the hash is in the last answer of the hub itself.
            if location is None or urllib.parse.urlsplit(location).netloc or headers.get("X-Linked-Etag"):
                return self._from_headers(repository, name, headers)
            url = urllib.parse.urljoin(url, location)
        raise UsageError(f"{self.endpoint} sends {name} of {repository.id} in circles: try another HF_ENDPOINT.")

    def open(self, repository: Repository, name: str, start: int) -> tuple[IO[bytes], bool]:
        """Bytes of a file from ``start`` on, and whether they begin there: some servers only give the whole.

        Raises Transient where asking again may help, UsageError where it cannot.
        """
        request = self._request(self._url(repository, name))
        if start:
            request.add_header("Range", f"bytes={start}-")
        try:
            answer = self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as e:
            if e.code in (408, 416, 429) or e.code >= 500:
                raise Transient(f"{e.code} {e.reason}") from e
            raise self._refusal(e, repository.id, repository.commit, name) from e
        except (OSError, http.client.HTTPException) as e:
            raise Transient(reason(e)) from e
        begins = str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-")
        return answer, start == 0 or (answer.status == 206 and begins)

    def unreachable(self, why: str) -> UsageError:
        """The sentence for a hub that cannot be talked to."""
        return UsageError(
            f"{self.endpoint} cannot be reached ({why}): check the network, or set HF_ENDPOINT to a mirror; "
            "what was fetched is kept."
        )

    def _url(self, repository: Repository, name: str) -> str:
        return f"{self.endpoint}/{repository.id}/resolve/{repository.commit}/{urllib.parse.quote(name)}"

    def _request(self, url: str, method: str = "GET") -> urllib.request.Request:
        # Compressed answers would have neither the size nor the hash that is checked.
        headers = {"User-Agent": f"edge-nav/{__version__}", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return urllib.request.Request(url, headers=headers, method=method)

    def _from_headers(self, repository: Repository, name: str, headers: Mapping[str, str]) -> RemoteFile:
        tag = (headers.get("X-Linked-Etag") or headers.get("ETag") or "").removeprefix("W/").strip('"')
        size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
        if not size.isdigit() or not re.fullmatch("[0-9a-f]{40}([0-9a-f]{24})?", tag):
            raise UsageError(f"{self.endpoint} states no hash for {name} of {repository.id}: use another HF_ENDPOINT.")
        return RemoteFile(name, int(size), "sha256" if len(tag) == 64 else "git-sha1", tag)

    def _refusal(self, error: urllib.error.HTTPError, name: str, revision: str, file: str | None) -> UsageError:
        """One sentence for an answer that is an error; the hub names its reason in X-Error-Code."""
        code = error.headers.get("X-Error-Code", "")
        message = error.headers.get("X-Error-Message", "")
        error.close()
        what = name if file is None else f"{file} of {name}"
        if code == "GatedRepo":
            lacks = "the account of HF_TOKEN has no access" if self._token else "HF_TOKEN is not set"
            return UsageError(
                f"{name} is gated and {lacks}: accept its licence at {self.endpoint}/{name}, then set HF_TOKEN to a "
                "token of that account."
            )
        if code == "RevisionNotFound":
            return UsageError(f"{name} has no revision {revision!r}: leave --revision out, or name a branch or commit.")
        if error.code == 401 and self._token and "nvalid" in message:
            return UsageError(f"{self.endpoint} refuses the token in HF_TOKEN: make a new one, or unset it.")
        if code == "RepoNotFound" or (error.code in (401, 404) and file is None):
            return UsageError(
                f"{name} is not at {self.endpoint}, or is private: check the spelling, or set HF_TOKEN to a token "
                "that may read it."
            )
        if error.code == 404:
            return UsageError(f"{self.endpoint} has no {what}: check --revision.")
        return UsageError(
            f"{self.endpoint} refuses {what} ({error.code} {message or error.reason}): try later, or set HF_TOKEN."
        )


def reason(error: BaseException) -> str:
    """The cause of a network error, in a few words."""
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, OSError) and inner.strerror:
        return str(inner.strerror).lower()
    return (str(inner) or type(inner).__name__).splitlines()[0]


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but gives the token to nobody but the hub."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.remove_header("Authorization")
        return following


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Gives a redirect back as an answer."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def _listed(entry: dict[str, Any]) -> RemoteFile | None:
    name, lfs = str(entry["rfilename"]), entry.get("lfs")
    if isinstance(lfs, dict) and re.fullmatch("[0-9a-f]{64}", str(lfs.get("sha256"))):
        return RemoteFile(name, int(lfs["size"]), "sha256", str(lfs["sha256"]))
    if not lfs and "size" in entry and re.fullmatch("[0-9a-f]{40}", str(entry.get("blobId"))):
        return RemoteFile(name, int(entry["size"]), "git-sha1", str(entry["blobId"]))
    return None


def _licence(data: dict[str, Any]) -> str | None:
    """As the model card states it: its licence, or its name and link where it is one of its own."""
    card = data.get("cardData") or {}
    stated = card.get("license") if isinstance(card, dict) else None
    if isinstance(stated, list):
        stated = ", ".join(map(str, stated))
    if stated in (None, "other") and isinstance(card, dict) and card.get("license_name"):
        stated = str(card["license_name"])
    tags = (t.removeprefix("license:") for t in data.get("tags") or () if str(t).startswith("license:"))
    found = stated or next(tags, None)
    link = card.get("license_link") if isinstance(card, dict) else None
    return f"{found} ({link})" if found and link else (str(found) if found else None)
