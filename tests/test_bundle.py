from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from perception.tiny_bundle import write_bundle

from edge_nav.bundle import check_use, list_bundles, open_bundle
from edge_nav.errors import UsageError


def test_a_bundle_opens_by_folder_and_says_what_it_is_for(tmp_path: Path) -> None:
    bundle = open_bundle(str(write_bundle(tmp_path / "tiny")))
    assert bundle.manifest.name == "tiny"
    assert check_use(bundle, live=False, force=False) is None
    with pytest.raises(UsageError, match=r"simulator only .* models pull depth-indoor.* --force"):
        check_use(bundle, live=True, force=False)
    assert "as asked" in (check_use(bundle, live=True, force=True) or "")
    real = open_bundle(str(write_bundle(tmp_path / "real", intended_use="real")))
    assert check_use(real, live=True, force=False) is None


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny")
    data = bytearray((folder / "depth.onnx").read_bytes())
    data[20] ^= 1
    (folder / "depth.onnx").write_bytes(data)
    with pytest.raises(UsageError, match=r"depth\.onnx has hash \w{12} instead of \w{12}"):
        open_bundle(str(folder))
    (folder / "depth.onnx").write_bytes(data[:-1])
    with pytest.raises(UsageError, match=r"has \d+ bytes instead of \d+"):
        open_bundle(str(folder))
    (folder / "depth.onnx").unlink()
    with pytest.raises(UsageError, match=r"lacks depth\.onnx"):
        open_bundle(str(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "edge-nav/bundle/9"}, "schema is wrong"),
        ({"intended_use": "anything"}, "intended_use is wrong"),
        ({"surprise": 1}, "surprise is wrong"),
    ],
)
def test_a_wrong_manifest_is_one_sentence(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = write_bundle(tmp_path / "tiny")
    data = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**data, **change}))
    with pytest.raises(UsageError, match=message):
        open_bundle(str(folder))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("std", [0.2, 0.0, 0.2]),
        ("std", [0.2, math.inf, 0.2]),
        ("mean", [math.nan, 0.5, 0.5]),
        ("max_depth_m", math.inf),
        ("canonical_focal_px", math.inf),
        ("labels", ["thing"] * 257),
    ],
)
def test_figures_that_no_network_has_are_refused(tmp_path: Path, field: str, value: object) -> None:
    folder = write_bundle(tmp_path / "tiny")
    data = json.loads((folder / "manifest.json").read_text())
    data["depth"][field] = value
    (folder / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(UsageError, match=rf"depth\.{field}.* is wrong"):
        open_bundle(str(folder))


def test_a_manifest_cannot_reach_outside(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny")
    data = json.loads((folder / "manifest.json").read_text())
    data["files"]["../secret"] = data["files"]["depth.onnx"]
    (folder / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(UsageError, match="outside of itself"):
        open_bundle(str(folder))


def test_the_listing_shows_good_and_bad(tmp_path: Path) -> None:
    write_bundle(tmp_path / "good")
    bad = write_bundle(tmp_path / "worse")
    (bad / "depth.onnx").write_bytes(b"")
    assert [(b.name, b.state == "ok") for b in list_bundles(tmp_path)] == [("good", True), ("worse", False)]


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(UsageError, match="models list"):
        open_bundle("no-such-bundle")


def test_a_name_is_found_in_the_clone_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_bundle("nano").manifest.intended_use == "simulator"
    assert [b.name for b in list_bundles() if b.name == "nano"] == ["nano"]
    write_bundle(tmp_path / "models" / "bundles" / "nano", intended_use="real")
    assert open_bundle("nano").manifest.intended_use == "real"  # one's own comes first
