from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from edge_nav.bundle import DepthEntry, FixedInput, LlmEntry, VisionEntry, open_bundle
from edge_nav.errors import UsageError
from export.assemble import About, Part, assemble
from export.parity.report import told

ABOUT = About(licence="MIT", sources=("somebody/model",))
THIRDS = (0.5, 0.5, 0.5)


def depth_part(work: Path, bytes_: bytes = b"depth") -> Part:
    (work / "depth.onnx").write_bytes(bytes_)
    entry = DepthEntry(
        file="depth.onnx", kind="relative", input=FixedInput(height=56, width=70), mean=THIRDS, std=THIRDS
    )
    return Part("depth", entry, ["depth.onnx"], [told("depth fp32", "bytes", len(bytes_))])


def vision_part(work: Path, variants: dict[str, str], width: int = 64) -> Part:
    for file in variants.values():
        (work / file).write_bytes(file.encode())
    entry = VisionEntry(
        file=next(iter(variants.values())),
        variants=variants,
        image_size=56,
        fit="pad",
        mean=THIRDS,
        std=THIRDS,
        tokens=16,
        width=width,
    )
    return Part("vision", entry, list(variants.values()), [told(f"vision {v}", "bytes", 1) for v in variants])


def llm_part(work: Path, width: int = 64) -> Part:
    (work / "llm.gguf").write_bytes(b"words")
    entry = LlmEntry(
        file="llm.gguf",
        width=width,
        prompt=[{"run": "image"}, {"run": "text", "text": "{question}"}],
        stop_ids=(2,),
        context=256,
    )
    return Part("llm", entry, ["llm.gguf"], [told("tokenizer", "texts that differ", 0)])


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_a_new_bundle_is_sound_and_nothing_else_is_left(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bundle"

    manifest = assemble(out, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])

    assert open_bundle(str(out)).manifest == manifest
    assert (manifest.name, manifest.licence, manifest.intended_use) == ("bundle", "MIT", "simulator")
    assert names(out) == {"manifest.json", "parity.json", "depth.onnx"}
    assert names(out.parent) == {"bundle"}


def test_adding_to_a_bundle_keeps_the_rest(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    real = About("Apache-2.0", ("a/depth",), name="mine", intended_use="real")
    before = assemble(out, real, {"depth"}, 0, lambda work: [depth_part(work)])
    (out / "notes.txt").write_text("the user's own", encoding="utf-8")

    manifest = assemble(
        out, ABOUT, {"vision", "llm"}, 0, lambda work: [vision_part(work, {"fp32": "vision.onnx"}), llm_part(work)]
    )

    assert manifest.depth == before.depth
    assert manifest.files["depth.onnx"] == before.files["depth.onnx"]
    assert (manifest.name, manifest.licence, manifest.intended_use) == ("mine", "Apache-2.0 AND MIT", "real")
    assert manifest.sources == ["a/depth", "somebody/model"]
    rows = json.loads((out / "parity.json").read_text(encoding="utf-8"))["rows"]
    assert [row["what"] for row in rows] == ["depth fp32", "vision fp32", "tokenizer"]
    assert (out / "notes.txt").read_text(encoding="utf-8") == "the user's own"
    assert names(tmp_path) == {"bundle"}


def test_a_part_exported_anew_replaces_all_of_its_old_files(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    variants = {"int8": "vision.onnx", "fp32": "vision-fp32.onnx"}

    def both(work: Path) -> list[Part]:
        (work / "vision-fp32.onnx.data").write_bytes(b"weights beside")
        part = vision_part(work, variants)
        return [Part("vision", part.entry, [*part.files, "vision-fp32.onnx.data"], part.parity), depth_part(work)]

    assemble(out, ABOUT, {"vision", "depth"}, 0, both)

    assemble(out, ABOUT, {"vision"}, 0, lambda work: [vision_part(work, {"fp16": "vision.onnx"})])

    assert names(out) == {"manifest.json", "parity.json", "depth.onnx", "vision.onnx"}
    rows = json.loads((out / "parity.json").read_text(encoding="utf-8"))["rows"]
    assert [row["what"] for row in rows] == ["depth fp32", "vision fp16"]
    open_bundle(str(out))


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), UsageError("a failed check.")])
def test_whatever_fails_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "bundle"
    assemble(out, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def fail(work: Path) -> list[Part]:
        depth_part(work, b"half of it")
        raise error

    for folder in (out, tmp_path / "new"):
        with pytest.raises(type(error)):
            assemble(folder, ABOUT, {"depth"}, 0, fail)

    assert names(tmp_path) == {"bundle"}
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_widths_that_do_not_fit_leave_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"vision.width 64 differs from llm.width 128"):
        assemble(
            tmp_path / "bundle",
            ABOUT,
            {"vision", "llm"},
            0,
            lambda work: [vision_part(work, {"fp32": "vision.onnx"}), llm_part(work, width=128)],
        )
    assert names(tmp_path) == set()


def test_a_full_disk_is_known_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 * 10**9, 98 * 10**9, 2 * 10**9))
    asked: list[Path] = []

    with pytest.raises(UsageError, match=r"has 2 GB free and the export needs 3 GB"):
        assemble(tmp_path / "bundle", ABOUT, {"depth"}, 3 * 10**9, lambda work: asked.append(work) or [])

    assert asked == []
    assert names(tmp_path) == set()


def test_what_is_no_bundle_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("mine", encoding="utf-8")
    damaged = tmp_path / "damaged"
    assemble(damaged, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])
    (damaged / "depth.onnx").write_bytes(b"DEPTH")

    for name, complaint in (("file", "is a file"), ("folder", "something else"), ("damaged", "a damaged bundle")):
        with pytest.raises(UsageError, match=complaint):
            assemble(tmp_path / name, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])

    assert (tmp_path / "folder" / "thesis.tex").read_text(encoding="utf-8") == "mine"
    assert (damaged / "depth.onnx").read_bytes() == b"DEPTH"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    assemble(tmp_path / "bundle", ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])
    assert open_bundle(str(tmp_path / "bundle")).manifest.depth is not None


def test_a_simulators_part_keeps_the_whole_in_the_simulator(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assemble(out, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])
    real = About("MIT", (), intended_use="real")
    asked: list[Path] = []

    with pytest.raises(UsageError, match="for the simulator only"):
        assemble(out, real, {"llm"}, 0, lambda work: asked.append(work) or [])
    assert asked == []  # known before an hour's work
    # Its one part is replaced: nothing of the simulator's stays.
    assert assemble(out, real, {"depth"}, 0, lambda work: [depth_part(work)]).intended_use == "real"


def test_what_a_killed_export_left_is_cleared_away_and_a_running_ones_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, alive = tmp_path / f".bundle.part-{dead.pid}", tmp_path / f".bundle.part-{os.getppid()}"
    for folder in (left, alive):
        folder.mkdir()
        (folder / "llm.gguf").write_bytes(b"half")

    assemble(tmp_path / "bundle", ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])

    assert names(tmp_path) == {"bundle", alive.name}


def test_a_bundle_that_had_stepped_aside_when_its_export_was_killed_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assemble(out, ABOUT, {"depth"}, 0, lambda work: [depth_part(work)])
    out.rename(tmp_path / ".bundle.before")

    manifest = assemble(out, ABOUT, {"llm"}, 0, lambda work: [llm_part(work)])

    assert manifest.depth is not None
    assert names(tmp_path) == {"bundle"}
