"""Small real bundles for tests: an ONNX graph whose depth follows the picture's brightness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_nav.bundle import write_manifest

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def write_bundle(
    folder: Path,
    *,
    rows: int | str = "height",
    columns: int | str = "width",
    gain: float = 1.0,
    offset: float = 2.0,
    depth: dict[str, Any] | None = None,
    channels: int = 3,
    output_name: str = "depth",
    far_m: float | None = None,
    **manifest: Any,
) -> Path:
    """depth = gain * (offset + mean over channels of the normalised picture), at the network's resolution; with
    ``far_m`` also labels: 1 beyond that depth, 0 nearer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weight = np.full((1, channels, 1, 1), gain / channels, np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "weight", "bias"], ["plane"]),
        helper.make_node("Squeeze", ["plane", "axis"], [output_name]),
    ]
    outputs = [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, [1, rows, columns])]
    if far_m is not None:
        nodes.append(helper.make_node("Greater", [output_name, "far"], ["beyond"]))
        nodes.append(helper.make_node("Cast", ["beyond"], ["label"], to=TensorProto.UINT8))
        outputs.append(helper.make_tensor_value_info("label", TensorProto.UINT8, [1, rows, columns]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, rows, columns])],
        outputs,
        [
            *([] if far_m is None else [numpy_helper.from_array(np.array(far_m, np.float32), "far")]),
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(np.array([offset * gain], np.float32), "bias"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "depth.onnx"))
    fields: dict[str, Any] = {
        "name": folder.name,
        "licence": "Apache-2.0",
        "sources": ["made by a test"],
        "created_by": "tests",
        "intended_use": "simulator",
        "depth": {
            "file": "depth.onnx",
            "kind": "metric",
            "max_depth_m": 20.0,
            "input": {"rule": "multiple", "multiple": 14, "shorter_side": 98},
            "mean": MEAN,
            "std": STD,
            "output": {"resolution": "frame", "quantity": "depth"},
            **(depth or {}),
        },
        **manifest,
    }
    write_manifest(folder, fields, ["depth.onnx"])
    return folder
