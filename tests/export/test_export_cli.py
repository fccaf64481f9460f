from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from tiny_checkpoints import write_depth_anything, write_llava_hf

from edge_nav.bundle import open_bundle
from edge_nav.errors import UsageError
from export import run
from export.__main__ import main
from export.parity.onnx import DEPTH_LIMITS, Limits
from export.plan import ExportPlan
from models.yaml_settings import read_yaml

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def depth(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_depth_anything(tmp_path_factory.mktemp("models") / "tiny-depth", metric=True))


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_llava_hf(tmp_path_factory.mktemp("models") / "tiny-llava"))


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_help_is_there_before_torch_is(tmp_path: Path) -> None:
    code = "import sys; from export.__main__ import main; main(['depth', '--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--calibration" in done.stdout


def test_depth_then_eyes_and_words_in_one_bundle(
    depth: str, llava: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"

    code = main(["depth", depth, "--out", str(out), "--size", "56x70", "--name", "mine", "--intended-use", "real"])
    assert code == 0
    told = capsys.readouterr()
    assert "licence apache-2.0" in told.err
    assert "depth: comparing with torch" in told.err
    assert "Parity" in told.out
    assert "mine, licence apache-2.0, for real" in told.out

    quants = ["--quant", "Q8_0", "--quant", "F16"]
    code = main(["vlm", llava, "--out", str(out), "--precision", "int8", "--precision", "fp32", *quants])
    assert code == 0
    manifest = open_bundle(str(out)).manifest
    assert manifest.depth is not None
    assert manifest.vision is not None and manifest.llm is not None
    assert manifest.vision.variants == {"int8": "vision.onnx", "fp32": "vision-fp32.onnx"}
    assert manifest.llm.variants == {"Q8_0": "llm.gguf", "F16": "llm-F16.gguf"}
    assert (manifest.name, manifest.intended_use, manifest.licence) == ("mine", "real", "apache-2.0 AND llama2")
    assert manifest.sources == ["tiny-depth", "tiny-llava"]  # no paths of this machine
    report = json.loads((out / "parity.json").read_text(encoding="utf-8"))
    assert report["passed"]
    whats = " ".join(row["what"] for row in report["rows"])
    assert all(part in whats for part in ("depth fp32 56x70", "vision int8", "tokenizer", "unquantised against torch"))
    assert names(tmp_path) == {"bundle"}


def test_a_half_that_does_not_fit_the_other_is_refused_before_it_is_made(
    llava: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"
    assert main(["vision", llava, "--out", str(out)]) == 0
    before = (out / "manifest.json").read_bytes()
    wider = write_llava_hf(tmp_path / "wider", width=96)
    capsys.readouterr()
    assert main(["llm", str(wider), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert (said.count("\n"), "keeps its vision of width 64" in said, "has width 96" in said) == (1, True, True)
    assert ((out / "manifest.json").read_bytes(), names(tmp_path)) == (before, {"bundle", "wider"})


def test_a_plan_makes_all_it_names(depth: str, llava: str, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"out: {tmp_path / 'elsewhere'}\nlicence: Anyone's\n"
        f"depth: {{checkpoint: {depth}, size: '56x70', precision: fp16}}\n"
        f"vlm: {{checkpoint: {llava}, llm: null, vision: {{precisions: [int8]}}}}\n",
        encoding="utf-8",
    )

    assert main(["all", str(plan), "--out", str(tmp_path / "bundle")]) == 0

    manifest = open_bundle(str(tmp_path / "bundle")).manifest
    assert manifest.depth is not None and manifest.vision is not None
    assert manifest.llm is None
    assert (manifest.licence, manifest.intended_use) == ("Anyone's", "simulator")
    assert names(tmp_path) == {"plan.yaml", "bundle"}


@pytest.mark.parametrize("path", sorted((REPO / "configs" / "export").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_plans_here_are_valid(path: Path) -> None:
    assert read_yaml(path, ExportPlan).out.parent == Path("models/bundles")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["depth", "/no/such/folder"], "neither a folder nor a hub id"),
        (["depth", "{depth}", "--size", "100x101"], "multiples of 14, such as 98x98"),
        (["depth", "{depth}", "--precision", "int4"], "'int4' is not one of 'fp32'"),
        (["depth", "{depth}", "--precision", "int8-static"], "give --calibration FOLDER"),
        (["depth", "{llava}"], "is a vision-language model: give a depth model here"),
        (["vision", "{depth}"], "is a depth model"),
        (["vision", "{llava}", "--adapter", "{depth}"], "adapter_config.json"),
        (["llm", "{llava}", "--text", "/no/such/text"], "give a UTF-8 file"),
        (["depth"], "Missing argument"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    depth: str, llava: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    filled = [a.format(depth=depth, llava=llava) for a in arguments]

    code = main([*filled, "--out", str(tmp_path / "bundle")])

    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith("export: ")
    assert complaint in last
    assert names(tmp_path) == set()


def test_a_plan_that_is_wrong_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    for text, complaint in (
        ("out: x\ndepth: {checkpoint: a, presicion: int8}\n", "depth.presicion"),
        ("out: x\n", "none of depth, nano and vlm"),
        ("out: [", "no valid YAML"),
    ):
        plan.write_text(text, encoding="utf-8")
        assert main(["all", str(plan)]) == 2
        assert complaint in capsys.readouterr().err


def test_a_failed_check_leaves_no_bundle_and_debug_shows_where(
    depth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(DEPTH_LIMITS, "int8", Limits(None, 1e-9))
    arguments = ["depth", depth, "--out", str(tmp_path / "bundle"), "--size", "56x70", "--precision", "int8"]

    assert main(arguments) == 2
    assert "the export differs from its checkpoint" in capsys.readouterr().err.splitlines()[-1]
    with pytest.raises(UsageError):
        main([*arguments, "--debug"])
    assert names(tmp_path) == set()


def test_the_words_are_counted_before_the_eyes_are_made(
    llava: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))  # the tower alone would fit
    assert main(["vlm", llava, "--out", str(tmp_path / "bundle")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "has 0.001 GB free" in said[-1]  # the licence, and no part begun
    assert names(tmp_path) == set()


def test_a_disk_that_fills_up_leaves_nothing(
    depth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, *_: object) -> None:
        path.with_name("begun").write_bytes(b"x")
        Path("/dev/full").write_bytes(b"x")

    monkeypatch.setattr("export.assemble.write_report", lambda rows, path: full(path, rows))
    assert main(["depth", depth, "--out", str(tmp_path / "bundle"), "--size", "56x70"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("export: the disk is full, nothing was left behind")
    assert names(tmp_path) == set()


def test_interrupting_leaves_nothing(
    depth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(checkpoint: object, work: Path, *_: object) -> None:
        (work / "depth.onnx").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(run.depth_part, "export_depth", interrupted)

    assert main(["depth", depth, "--out", str(tmp_path / "bundle")]) == 130
    assert "nothing was left behind" in capsys.readouterr().err
    assert names(tmp_path) == set()
