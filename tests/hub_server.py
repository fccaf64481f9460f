"""A model hub on this machine: the hub's protocol over a folder that holds owner/name/files.

``with HubServer(folder) as hub:`` then ``HF_ENDPOINT=hub.url``. Large files (``LFS``) are redirected to another host
name, as the real hub does. Its manners can be made bad: see the attributes.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

HOLD_S = 30.0
"""A test that fails must not hang."""
LFS = (".safetensors", ".bin", ".onnx", ".gguf", ".model", ".pth")


class HubServer:
    """Serves until the end of its ``with`` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.licences: dict[str, str] = {}
        self.gated: dict[str, str] = {}
        """Repository -> the token that opens it."""
        self.drops: dict[str, list[int]] = {}
        """File name -> after how many bytes of each next answer the connection is cut."""
        self.holds: dict[str, tuple[int, threading.Event]] = {}
        """File name -> after how many bytes an answer waits, and until when."""
        self.wrong: dict[str, list[bytes]] = {}
        """File name -> what is sent instead, answer by answer."""
        self.failures: dict[str, list[int]] = {}
        """File name -> status of each next answer."""
        self.sizes: dict[str, int] = {}
        """File name -> a size that is claimed."""
        self.ranges = True
        self.lists_hashes = True
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of everything asked for."""
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def files(self, repository: str) -> list[str]:
        root = self.folder / repository
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())

    def commit(self, repository: str) -> str:
        whole = hashlib.sha1()
        for name in self.files(repository):
            whole.update(name.encode() + (self.folder / repository / name).read_bytes())
        return whole.hexdigest()

    def downloads(self, name: str) -> list[str]:
        """The Range header of every GET of a file's bytes, in order; empty where there was none."""
        return [
            h.get("Range", "")
            for method, path, h in self.requests
            if method == "GET" and path.endswith(f"/{name}") and (path.startswith("/cdn/") or not name.endswith(LFS))
        ]


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.hub.requests.append((self.command, path, dict(self.headers)))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            repository, revision = "/".join(parts[2:4]), (parts[5] if len(parts) > 5 else "main")
            if self._there(repository, revision):
                self._send(200, json.dumps(self._listing(repository, "blobs" in parse_qs(url.query))).encode(), {})
        elif parts[0] == "cdn":
            self._file("/".join(parts[1:3]), "/".join(parts[3:]), {}, body)
        elif len(parts) > 4 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body)
        else:
            self._error(404, "EntryNotFound", "not found")

    def _there(self, repository: str, revision: str) -> bool:
        if not (self.hub.folder / repository).is_dir():
            self._error(401, "RepoNotFound", "Invalid username or password.")
            return False
        if revision not in ("main", self.hub.commit(repository)):
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return False
        return True

    def _listing(self, repository: str, blobs: bool) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for name in self.hub.files(repository):
            entry: dict[str, Any] = {"rfilename": name}
            data = (self.hub.folder / repository / name).read_bytes()
            size = self.hub.sizes.get(name, len(data))
            if blobs and self.hub.lists_hashes:
                entry |= {"size": size, "blobId": _git_sha1(data)}
                if name.endswith(LFS):
                    entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 134}
            siblings.append(entry)
        licence = self.hub.licences.get(repository)
        return {
            "id": repository,
            "modelId": repository,
            "sha": self.hub.commit(repository),
            "private": False,
            "gated": "manual" if repository in self.hub.gated else False,
            "tags": [f"license:{licence}"] if licence else [],
            "cardData": {"license": licence} if licence else None,
            "siblings": siblings,
        }

    def _resolve(self, repository: str, revision: str, name: str, body: bool) -> None:
        if not self._there(repository, revision):
            return
        token = self.hub.gated.get(repository)
        if token is not None and self.headers.get("Authorization") != f"Bearer {token}":
            asked = self.headers.get("Authorization") is not None
            self._error(403 if asked else 401, "GatedRepo", f"Access to model {repository} is restricted.")
            return
        path = self.hub.folder / repository / name
        if not path.is_file():
            self._error(404, "EntryNotFound", "Entry not found")
            return
        data = path.read_bytes()
        headers = {"X-Repo-Commit": self.hub.commit(repository)}
        if not name.endswith(LFS):
            self._file(repository, name, headers | {"ETag": f'"{_git_sha1(data)}"'}, body)
            return
        linked = {"X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Linked-Size": str(len(data))}
        location = {"Location": f"http://localhost:{self.hub.port}/cdn/{repository}/{name}", "Content-Length": "0"}
        self.send_response(302)
        for key, value in (headers | linked | location).items():
            self.send_header(key, value)
        self.end_headers()

    def _file(self, repository: str, name: str, headers: dict[str, str], body: bool) -> None:
        data = (self.hub.folder / repository / name).read_bytes()
        if body and self.hub.failures.get(name):
            self._error(self.hub.failures[name].pop(0), "", "try again")
            return
        if body and self.hub.wrong.get(name):
            data = self.hub.wrong[name].pop(0)
        status, start = 200, 0
        asked = self.headers.get("Range", "")
        if asked and self.hub.ranges:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            status = 206
            headers = headers | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            if start >= len(data):
                self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                return
        cut = self.hub.drops[name].pop(0) if body and self.hub.drops.get(name) else None
        self._send(status, data[start:], headers, cut, body, self.hub.holds.pop(name, None) if body else None)

    def _error(self, status: int, code: str, message: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message})

    def _send(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str],
        cut: int | None = None,
        body: bool = True,
        hold: tuple[int, threading.Event] | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in ({"ETag": '"storage"'} | headers | {"Content-Length": str(len(data))}).items():
            self.send_header(key, value)
        self.end_headers()
        if not body:
            return
        if hold is not None:
            self.wfile.write(data[: hold[0]])
            self.wfile.flush()
            hold[1].wait(HOLD_S)
            self.close_connection = True
            return
        self.wfile.write(data if cut is None else data[:cut])
        self.close_connection = self.close_connection or cut is not None


def _git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
