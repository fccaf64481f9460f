from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hub_server import HubServer
from perception.tiny_bundle import write_bundle

from edge_nav.errors import UsageError
from edge_nav.hub.client import Hub
from edge_nav.hub.fetch import fetch, part_of
from edge_nav.hub.named import find, named_models
from edge_nav.hub.pull import Pulled, PullFeedback, pull

REPO = Path(__file__).resolve().parents[1]
ID = "someone/depth"
WEIGHTS = np.random.default_rng(1).bytes(3_000_000)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """A hub with one checkpoint, in two formats of weights and with things nobody needs."""
    folder = tmp_path / "hub" / ID
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["DepthAnythingForDepthEstimation"]}))
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "pytorch_model.bin").write_bytes(b"the same weights again")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (folder / "LICENSE").write_text("the terms")
    (folder / "picture.png").write_bytes(b"png")
    with HubServer(tmp_path / "hub") as server:
        server.licences[ID] = "apache-2.0"
        yield server


class Heard:
    """What a pull said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.at: list[tuple[str, int, int]] = []

    @property
    def feedback(self) -> PullFeedback:
        return PullFeedback(self.lines.append, lambda *a: self.at.append(a))


def pulled(hub: HubServer, to: Path, what: str = ID, token: str | None = None) -> tuple[Pulled, Heard]:
    heard = Heard()
    return pull(what, to, "main", heard.feedback, Hub(hub.url, token)), heard


def here(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def cli(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    return subprocess.Popen(
        [sys.executable, str(REPO / "main.py"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**clean, **environment},
    )


def test_a_checkpoint_is_pulled_with_its_licence_record_and_next_command(hub: HubServer, tmp_path: Path) -> None:
    process = cli("models", "pull", ID, cwd=tmp_path, HF_ENDPOINT=hub.url)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (0, False)
    folder = tmp_path / "checkpoints/depth"
    assert here(folder) == ["LICENSE", "README.md", "config.json", "model.safetensors", "pulled.json"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    lines = err.splitlines()
    licence, fetching = (next(n for n, line in enumerate(lines) if w in line) for w in ("licence of", "fetching"))
    assert licence < fetching
    assert "apache-2.0" in lines[licence]
    assert "python -m export depth checkpoints/depth --out models/bundles/depth" in out
    record = json.loads((folder / "pulled.json").read_text())
    (repository,) = record["repositories"]
    assert (repository["id"], repository["licence"]) == (ID, "apache-2.0")
    assert repository["commit"] == hub.commit(ID)
    assert len(repository["files"]["model.safetensors"]["sha256"]) == 64
    assert len(repository["files"]["config.json"]["git-sha1"]) == 40


def test_a_second_pull_fetches_nothing_and_a_damaged_file_again(hub: HubServer, tmp_path: Path) -> None:
    first, _ = pulled(hub, tmp_path / "to")
    assert (first.files, first.fetched) == (4, 4)
    record = (tmp_path / "to/pulled.json").read_bytes()
    hub.requests.clear()
    second, heard = pulled(hub, tmp_path / "to")
    assert second.fetched == 0
    assert [path for _, path, _ in hub.requests] == [f"/api/models/{ID}/revision/main"]
    assert (tmp_path / "to/pulled.json").read_bytes() == record
    assert heard.at[-1][1:] == (first.bytes, first.bytes)
    (tmp_path / "to/model.safetensors").write_bytes(WEIGHTS[:-1] + b"?")
    third, _ = pulled(hub, tmp_path / "to")
    assert third.fetched == 1
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS


def test_somebodys_own_file_is_not_written_over(hub: HubServer, tmp_path: Path) -> None:
    own = tmp_path / "to/README.md"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(UsageError, match=r"README.md is there already and is not this model's"):
        pulled(hub, tmp_path / "to")
    assert (here(tmp_path / "to"), own.read_text()) == (["README.md"], "mine")


def test_what_a_server_drops_is_asked_for_from_there(hub: HubServer, tmp_path: Path) -> None:
    hub.drops["model.safetensors"] = [1_000_000, 500_000]
    _, heard = pulled(hub, tmp_path / "to")
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS
    assert hub.downloads("model.safetensors") == ["", "bytes=1000000-", "bytes=1500000-"]
    amounts = [done for what, done, _ in heard.at if what == "model.safetensors"]
    assert amounts == sorted(amounts)


def test_a_server_without_ranges_begins_anew(hub: HubServer, tmp_path: Path) -> None:
    hub.ranges = False
    hub.drops["model.safetensors"] = [1_000_000]
    pulled(hub, tmp_path / "to")
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS


def test_a_server_that_gives_no_more_leaves_what_it_gave(hub: HubServer, tmp_path: Path) -> None:
    hub.drops["model.safetensors"] = [1_000_000, 0, 0]
    asked = Hub(hub.url)
    repository = asked.repository(ID, "main")
    file = asked.file(repository, "model.safetensors")
    target = tmp_path / "to" / file.name
    with pytest.raises(UsageError, match=r"1000000 of 3000000 bytes are here\): the same command goes on"):
        fetch(asked, repository, file, target, lambda _: None, waits_s=(0.0,))
    assert not target.exists()
    hub.failures["model.safetensors"] = [503]
    hub.requests.clear()
    fetch(asked, repository, file, target, lambda _: None, waits_s=(0.0,))
    assert target.read_bytes() == WEIGHTS
    assert hub.downloads("model.safetensors")[-1] == "bytes=1000000-"
    assert here(tmp_path / "to") == ["model.safetensors"]


def test_a_wrong_byte_is_fetched_again_and_never_gets_the_name(hub: HubServer, tmp_path: Path) -> None:
    wrong = b"?" + WEIGHTS[1:]
    hub.wrong["model.safetensors"] = [wrong]
    pulled(hub, tmp_path / "mended")
    assert (tmp_path / "mended/model.safetensors").read_bytes() == WEIGHTS
    hub.wrong["model.safetensors"] = [wrong, wrong]
    with pytest.raises(UsageError, match="arrived twice with another hash"):
        pulled(hub, tmp_path / "to")
    assert here(tmp_path / "to") == ["LICENSE", "README.md", "config.json"]


def test_interrupted_it_goes_on_where_it_stopped(hub: HubServer, tmp_path: Path) -> None:
    go_on = threading.Event()
    hub.holds["model.safetensors"] = (1_500_000, go_on)
    process = cli("models", "pull", ID, "--to", tmp_path / "to", cwd=tmp_path, HF_ENDPOINT=hub.url)
    part = None
    while part is None or part.stat().st_size < 1 << 20:  # one block has been written
        assert process.poll() is None
        part = next((tmp_path / "to").glob("model.safetensors.*.part"), None)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    go_on.set()
    assert process.returncode == 130
    assert "goes on where this one stopped" in err
    assert not (tmp_path / "to/model.safetensors").exists()
    kept = part.stat().st_size
    assert kept >= 1 << 20
    pulled(hub, tmp_path / "to")
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS
    assert hub.downloads("model.safetensors")[-1] == f"bytes={kept}-"


def test_a_gated_model_says_what_to_do_and_its_token_goes_to_the_hub_alone(hub: HubServer, tmp_path: Path) -> None:
    hub.gated[ID] = "secret"
    with pytest.raises(UsageError, match=r"gated and HF_TOKEN is not set: accept its licence at .*/someone/depth"):
        pulled(hub, tmp_path / "to")
    with pytest.raises(UsageError, match="the account of HF_TOKEN has no access"):
        pulled(hub, tmp_path / "to", token="another")
    hub.requests.clear()
    pulled(hub, tmp_path / "to", token="secret")
    tokens = {path.split("/")[1]: headers.get("Authorization") for _, path, headers in hub.requests}
    assert tokens == {"api": "Bearer secret", "someone": "Bearer secret", "cdn": None}


def test_hashes_are_asked_for_where_the_listing_has_none(hub: HubServer, tmp_path: Path) -> None:
    hub.lists_hashes = False
    pulled(hub, tmp_path / "to")
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS
    assert [m for m, p, _ in hub.requests if m == "HEAD" and "/resolve/" in p] == ["HEAD"] * 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no/such"], "no/such is not at http"),
        (["nonsense"], "model 'nonsense' is not known: name one of depth-indoor"),
        ([ID, "--revision", "v9"], "has no revision 'v9'"),
        ([ID, "--revision", ""], "--revision is empty"),
        (["spatial-llava-7b", "--revision", "v9"], "comes from several repositories"),
        ([ID, "--to", "a-file"], "is a file: give a folder"),
        ([ID, "--to", "other"], "holds someone/else already"),
    ],
)
def test_bad_usage_is_one_sentence(hub: HubServer, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/pulled.json").write_text(json.dumps({"repositories": [{"id": "someone/else"}]}))
    process = cli("models", "pull", *arguments, cwd=tmp_path, HF_ENDPOINT=hub.url)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "checkpoints").exists()


def test_a_hub_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        process = cli("models", "pull", "depth-indoor", cwd=tmp_path, HF_ENDPOINT=endpoint)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert err == (
        f"edge-nav: {endpoint} cannot be reached (connection refused): check the network, or set HF_ENDPOINT to a "
        "mirror; what was fetched is kept.\n"
    )


def test_what_does_not_fit_is_not_begun(hub: HubServer, tmp_path: Path) -> None:
    hub.sizes["model.safetensors"] = 10**16
    with pytest.raises(UsageError, match=r"1e\+07 GB are needed and .* GB free"):
        pulled(hub, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_full_disk_is_one_sentence(hub: HubServer, tmp_path: Path) -> None:
    asked = Hub(hub.url)
    file = asked.file(asked.repository(ID, "main"), "model.safetensors")
    target = tmp_path / "to" / file.name
    target.parent.mkdir()
    target.write_bytes(b"an older one")
    (target.parent / "pulled.json").write_text(json.dumps({"repositories": [{"id": ID}]}))
    part_of(target, file).symlink_to("/dev/full")
    with pytest.raises(UsageError, match=r"the disk is full at .*: free 3000000 bytes"):
        pulled(hub, tmp_path / "to")
    assert target.read_bytes() == b"an older one"


def test_what_cannot_be_written_is_one_sentence(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "to/model.safetensors").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"cannot be written \(Is a directory\): give another folder with --to"):
        pulled(hub, tmp_path / "to")


def test_two_at_once_do_not_mix_their_bytes(hub: HubServer, tmp_path: Path) -> None:
    go_on = threading.Event()
    hub.holds["model.safetensors"] = (1_500_000, go_on)
    first = threading.Thread(target=pulled, args=(hub, tmp_path / "to"))
    first.start()
    while not list((tmp_path / "to").glob("model.safetensors.*.part")):
        assert first.is_alive()
    with pytest.raises(UsageError, match="is being fetched by another process"):
        pulled(hub, tmp_path / "to")
    go_on.set()
    first.join(20)
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS


def test_names_that_lead_outside_are_refused(hub: HubServer, tmp_path: Path) -> None:
    hub.files = lambda _: ["../../evil.json"]  # type: ignore[method-assign]
    (hub.folder / "evil.json").write_text("{}")
    with pytest.raises(UsageError, match="outside of the folder"):
        pulled(hub, tmp_path / "to/deep")


def test_a_bundle_is_pulled_by_its_manifest_and_opened(hub: HubServer, tmp_path: Path) -> None:
    folder = write_bundle(hub.folder / "someone/bundle")
    (folder / "unlisted.bin").write_bytes(b"not of the bundle")
    (folder / "LICENSE").write_text("the terms")
    done, _ = pulled(hub, tmp_path / "to", "someone/bundle")
    assert here(tmp_path / "to") == ["LICENSE", "depth.onnx", "manifest.json", "pulled.json"]
    assert done.then == f"python main.py run --bundle {tmp_path / 'to'}"
    (folder / "depth.onnx").unlink()
    with pytest.raises(UsageError, match=r"lacks depth\.onnx, which its manifest names"):
        pulled(hub, tmp_path / "again", "someone/bundle")


def test_every_named_model_is_complete_data() -> None:
    models = named_models()
    assert {"depth-indoor", "depth-outdoor", "llava-1.5-7b", "spatial-llava-7b", "vlm-o"} <= set(models)
    for name, model in models.items():
        assert find(name) == (name, model)
        assert all(r.licence and r.about_gb for r in model.repositories)


def test_a_named_model_of_several_repositories_lies_in_their_folders(hub: HubServer, tmp_path: Path) -> None:
    for repository in named_models()["phi-2-capstone"].repositories:
        folder = hub.folder / repository.id
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(repository.id.encode())
    done, heard = pulled(hub, tmp_path / "to", "phi-2-capstone")
    assert here(tmp_path / "to") == [
        "phi-2/config.json",
        "phi-2/model.safetensors",
        "pulled.json",
        "tinyclip/config.json",
        "tinyclip/model.safetensors",
    ]
    assert "python -m export vlm" in done.then
    assert "It lacks the capstone's trained projector" in done.then
    assert any("licence of microsoft/phi-2: MIT" in line for line in heard.lines)


def test_the_hubs_own_library_can_talk_to_the_server(hub: HubServer, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    code = (
        "import sys, huggingface_hub as h; "
        f"print(h.snapshot_download({ID!r}, local_dir=sys.argv[1], allow_patterns=['*.safetensors', '*.json']))"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    environment.pop("HF_TOKEN", None)
    subprocess.run([sys.executable, "-c", code, tmp_path / "to"], env=environment, check=True, capture_output=True)
    assert (tmp_path / "to/model.safetensors").read_bytes() == WEIGHTS
