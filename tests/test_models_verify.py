from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from perception.tiny_bundle import MEAN, STD, write_bundle

from edge_nav.bundle import SHIPPED, open_bundle, write_manifest
from edge_nav.commands.models import verify_model
from edge_nav.commands.verify import verify
from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_header import read_header

WIDTH, TOKENS, VOCABULARY = 64, 4, 300
PARITY = {
    "schema": "edge-nav/parity/1",
    "passed": True,
    "rows": [
        {
            "what": "depth.onnx",
            "measure": "max relative difference",
            "value": 2e-5,
            "tolerance": 1e-3,
            "passed": True,
            "detail": "518x686",
        }
    ],
}


def write_vision(path: Path, side: int | str = 28) -> None:
    """Means over patches as embeddings: [1, 3, side, side] -> [1, 4, 64]."""
    nodes = [
        helper.make_node("Conv", ["image", "weight"], ["map"], strides=[14, 14]),
        helper.make_node("Reshape", ["map", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["embeddings"], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "vision",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [1, "tokens", WIDTH])],
        [
            numpy_helper.from_array(np.full((WIDTH, 3, 14, 14), 0.01, np.float32), "weight"),
            numpy_helper.from_array(np.array([1, WIDTH, -1], np.int64), "shape"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def write_gguf(path: Path, *, width: int = WIDTH, vocabulary: int = VOCABULARY, architecture: str = "llama") -> None:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_embedding_length(width)
    writer.add_context_length(512)
    writer.add_token_list([f"token{n}" for n in range(vocabulary)])
    writer.add_token_scores([0.5] * vocabulary)
    writer.add_bool("general.flag", True)
    writer.add_tensor("token_embd.weight", np.zeros((vocabulary, width), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_vlm(folder: Path, *, llm: dict[str, Any] | None = None, vision: dict[str, Any] | None = None) -> Path:
    """A bundle with depth, vision and a language model; its GGUF has no layers, for only its header is looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("vision.onnx", write_vision), ("llm.gguf", write_gguf)):
        if not (folder / name).exists():
            make(folder / name)
    (folder / "parity.json").write_text(json.dumps(PARITY))
    fields: dict[str, Any] = {
        "name": folder.name,
        "licence": "Apache-2.0",
        "sources": ["made by a test"],
        "created_by": "tests",
        "intended_use": "simulator",
        "parity": "parity.json",
        "vision": {
            "file": "vision.onnx",
            "image_size": 28,
            "fit": "squash",
            "mean": MEAN,
            "std": STD,
            "tokens": TOKENS,
            "width": WIDTH,
            **(vision or {}),
        },
        "llm": {
            "file": "llm.gguf",
            "variants": {"F16": "llm.gguf"},
            "width": WIDTH,
            "prompt": [{"run": "tokens", "ids": [1]}, {"run": "image"}, {"run": "text", "text": "{question}"}],
            "stop_ids": [2],
            "context": 256,
            **(llm or {}),
        },
    }
    write_manifest(folder, fields, ["vision.onnx", "llm.gguf", "parity.json"])
    return folder


def lines(folder: Path) -> list[str]:
    return list(verify(open_bundle(str(folder))))


def test_a_whole_bundle_is_told_part_by_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_model(str(write_vlm(tmp_path / "vlm"))) == 0
    out = capsys.readouterr().out
    assert "3 files match their manifest" in out
    assert "vision.onnx: 4 embeddings of width 64 from 28 pixels" in out
    assert "llm.gguf: llama, 300 tokens, width 64, context 512" in out
    assert "2e-05" in out
    assert lines(write_bundle(tmp_path / "depth")) == ["depth.onnx: depth of 98x126 and 98x168, its size free"]


def test_the_bundle_that_comes_along_is_what_it_says() -> None:
    assert lines(SHIPPED / "nano") == ["depth.onnx: depth of 96x128 and 96x160, its size free"]


def test_outputs_beside_depth_are_looked_at(tmp_path: Path) -> None:
    def told(name: str, **entry: Any) -> list[str]:
        return lines(write_bundle(tmp_path / name, far_m=2.0, depth=entry))

    assert told("two", labels=["floor", "wall"]) == ["depth.onnx: depth of 98x126 and 98x168, its size free"]
    with pytest.raises(UsageError, match=r"depth\.onnx gives labels from 0 to 1 where depth\.labels has 1 names"):
        told("one", labels=["floor"])
    with pytest.raises(UsageError, match="has 1 inputs and 2 outputs instead of 1 and 1: export it again"):
        told("none")
    with pytest.raises(UsageError, match="has 1 inputs and 2 outputs instead of 1 and 3: export it again"):
        told("more", labels=["floor", "wall"], confidence=True)
    with pytest.raises(UsageError, match=r"depth of shape \(1, 98, 126\) where \(49, 63\) was due"):
        told("half", labels=["floor", "wall"], step=2)


def test_a_confidence_that_is_no_probability_is_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "sure", depth={"confidence": True})
    model = onnx.load(str(folder / "depth.onnx"))
    model.graph.node.append(helper.make_node("Identity", ["depth"], ["confidence"]))
    model.graph.output.append(helper.make_tensor_value_info("confidence", TensorProto.FLOAT, None))
    onnx.save(model, str(folder / "depth.onnx"))
    write_manifest(folder, open_fields(folder), ["depth.onnx"])
    with pytest.raises(UsageError, match=r"gives a confidence of .* where depth\.confidence promises 0 to 1"):
        lines(folder)


def test_a_graph_that_kept_one_size_is_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "fixed", rows=98, columns=126)
    with pytest.raises(UsageError, match=r"takes \[1, 3, 98, 126\] where depth.input asks for \[1, 3, 98, 168\]"):
        lines(folder)
    honest = write_bundle(
        tmp_path / "honest", rows=98, columns=126, depth={"input": {"rule": "fixed", "height": 98, "width": 126}}
    )
    assert lines(honest) == ["depth.onnx: depth of 98x126"]


def test_a_graph_that_says_any_size_and_has_one_is_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "baked")
    model = onnx.load(str(folder / "depth.onnx"))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 98, 126], np.int64), "traced"))
    model.graph.node[-1].output[0] = "squeezed"
    model.graph.node.append(helper.make_node("Reshape", ["squeezed", "traced"], ["depth"]))
    onnx.save(model, str(folder / "depth.onnx"))
    manifest = open_fields(folder)
    write_manifest(folder, manifest, ["depth.onnx"])
    with pytest.raises(UsageError, match=r"fails on a picture of \[1, 3, 98, 168\]"):
        lines(folder)


def open_fields(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return {k: v for k, v in data.items() if k not in ("schema", "files")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vision": {"tokens": 9}}, r"vision\.onnx gives \[1, 4, 64\] where the manifest says \[1, 9, 64\]"),
        ({"vision": {"image_size": 56}}, r"takes \[1, 3, 28, 28\] where vision\.image_size asks for \[1, 3, 56, 56\]"),
        ({"llm": {"stop_ids": [400]}}, "has 300 tokens, and the manifest names token 400"),
        ({"llm": {"context": 4096}}, "trained for 512 tokens of context where llm.context is 4096"),
    ],
)
def test_a_manifest_that_says_otherwise_is_found(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        lines(write_vlm(tmp_path / "vlm", **change))


def test_a_language_model_of_another_width_is_found(tmp_path: Path) -> None:
    (tmp_path / "vlm").mkdir()
    write_gguf(tmp_path / "vlm/llm.gguf", width=128)
    with pytest.raises(UsageError, match=r"llm\.gguf has embeddings of width 128 where llm\.width is 64"):
        lines(write_vlm(tmp_path / "vlm"))


def test_a_graph_of_half_floats_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "half")
    model = onnx.load(str(folder / "depth.onnx"))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    model.graph.node.insert(0, helper.make_node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT))
    model.graph.node[1].input[0] = "wide"
    onnx.save(model, str(folder / "depth.onnx"))
    write_manifest(folder, open_fields(folder), ["depth.onnx"])
    with pytest.raises(UsageError, match=r"takes tensor\(float16\) instead of float32 pixels"):
        lines(folder)


def test_bad_gguf_files_are_one_sentence(tmp_path: Path) -> None:
    good = tmp_path / "good.gguf"
    write_gguf(good, architecture="gemma")
    header = read_header(good)
    assert (header.architecture, header.width, header.context, header.vocabulary) == ("gemma", 64, 512, 300)
    assert {name: tensor.shape for name, tensor in header.tensors.items()} == {"token_embd.weight": (64, 300)}
    data = good.read_bytes()
    bad = {
        b"PK\x03\x04": "begins with",
        data[:4] + b"\x09" + data[5:]: "version 9",
        data[:100]: "cut off",
        data[:2000]: "cut off",
        data[:8] + b"\xff" * 8 + data[16:]: "a count of",
        b"": "begins with b''",
    }
    for content, why in bad.items():
        (tmp_path / "bad.gguf").write_bytes(content)
        with pytest.raises(UsageError, match=f"bad.gguf is no usable GGUF file .*{why}"):
            read_header(tmp_path / "bad.gguf")
    with pytest.raises(UsageError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")


def test_a_parity_report_that_is_none_is_found(tmp_path: Path) -> None:
    folder = write_vlm(tmp_path / "vlm")
    (folder / "parity.json").write_text("[]")
    write_manifest(folder, open_fields(folder), ["vision.onnx", "llm.gguf", "parity.json"])
    with pytest.raises(UsageError, match=r"parity\.json is no parity report"):
        verify_model(str(folder))
