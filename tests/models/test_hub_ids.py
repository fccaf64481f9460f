"""Hub ids, against a small server on this machine that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from vlm_helpers import copy_folder

from edge_nav.errors import UsageError
from models.checkpoints import open_checkpoint

SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """tiny/llava is open, tiny/gated asks for a licence, all else is missing."""

    folder: Path

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        if "/tiny/gated" in self.path:
            self.send(403, {"X-Error-Code": "GatedRepo"}, b"gated", body)
        elif self.path.startswith("/api/models/tiny/llava"):
            names = sorted(p.name for p in self.folder.iterdir())
            info = {"id": "tiny/llava", "sha": SHA, "siblings": [{"rfilename": name} for name in names]}
            self.send(200, {"Content-Type": "application/json"}, json.dumps(info).encode(), body)
        elif self.path.startswith(f"/tiny/llava/resolve/{SHA}/"):
            data = (self.folder / self.path.rsplit("/", 1)[1]).read_bytes()
            headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": SHA}
            self.send(200, headers, data, body)
        else:
            self.send(404, {"X-Error-Code": "RepoNotFound"}, b"not found", body)

    def send(self, status: int, headers: dict[str, str], data: bytes, body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    Hub.folder = tiny / "llava"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_PROGRESS_BARS", True)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("hub")
def test_an_id_is_fetched_and_opened() -> None:
    checkpoint = open_checkpoint("tiny/llava", kind="vlm")
    assert (checkpoint.source, checkpoint.architecture.name) == ("tiny/llava", "llava")
    assert checkpoint.projector["linear_1.weight"].read().shape == (64, 48)
    assert len(checkpoint.tokenizer()) == 642


def test_what_was_fetched_is_found_again_without_a_network(
    hub: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_checkpoint("tiny/llava")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert open_checkpoint("tiny/llava", kind="vlm").architecture.name == "llava"
    with pytest.raises(UsageError, match=r"tiny/other could not be fetched \(http://127.0.0.1:9 cannot be reached\)"):
        open_checkpoint("tiny/other")


@pytest.mark.usefixtures("hub")
def test_missing_and_gated_ids_are_told_apart() -> None:
    with pytest.raises(UsageError, match=r"^tiny/none is not on the hub, or is private: .*\.$"):
        open_checkpoint("tiny/none")
    with pytest.raises(UsageError, match=r"^tiny/gated is gated: accept its licence .*\.$"):
        open_checkpoint("tiny/gated")


@pytest.mark.usefixtures("hub")
def test_a_tower_may_be_on_the_hub(tiny: Path, tmp_path: Path) -> None:
    folder = copy_folder(tiny / "original", tmp_path / "c")
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(data | {"mm_vision_tower": "tiny/none"}))
    with pytest.raises(UsageError, match="tiny/none is not on the hub"):
        open_checkpoint(folder)
