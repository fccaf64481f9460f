"""A checkpoint of the nano depth network -> depth.onnx, in half precision on the disk and single in use."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edge_nav.bundle import DepthEntry, DepthOutput, MultipleInput
from edge_nav.sim.shapes import LABELS
from export.onnx_graph import DEPRECATED, OPSET, check
from models.depth import checkpoint
from models.depth.augment import MEAN, STD
from models.depth.canonical import CANONICAL_FOCAL_PX
from models.depth.confidence import temperature
from models.depth.export import NanoGraph
from models.depth.network import NanoDepth, NanoSettings

SMALLEST = 256
"""Values: smaller tensors stay as they are."""
MULTIPLE = 32
CALIBRATION_FRAMES = 300


def export_nano(
    path: Path, out: Path, frames: Sequence[Path], seeds: tuple[int, int] = (900_000, 950_000)
) -> tuple[DepthEntry, list[str]]:
    """Write ``out``/depth.onnx from a training checkpoint's averaged weights; its manifest entry, and its files.

    Confidence is calibrated on generated ``frames`` of scene ``seeds`` that training never saw.
    """
    state = checkpoint.load(path)
    network = NanoDepth(NanoSettings.model_validate(state["network_settings"])).eval()
    network.load_state_dict(state["average"])
    rows, columns = (int(n) for n in state["input"])
    factor = temperature(network, (rows, columns), list(frames), seeds, CALIBRATION_FRAMES)
    target = out / "depth.onnx"
    _trace(NanoGraph(network, factor), target, rows, columns)
    graph = onnx.load(str(target))
    _halve(graph)
    onnx.save(graph, str(target))
    check(target)
    entry = DepthEntry(
        file=target.name,
        kind="metric",
        max_depth_m=30.0,
        input=MultipleInput(multiple=MULTIPLE, shorter_side=min(rows, columns)),
        mean=MEAN,
        std=STD,
        interpolation="area",
        output=DepthOutput(resolution="input", quantity="depth"),
        step=2,
        canonical_focal_px=CANONICAL_FOCAL_PX,
        confidence=True,
        labels=LABELS if network.settings.labels else (),
    )
    return entry, [target.name]


def _trace(graph: NanoGraph, path: Path, rows: int, columns: int) -> None:
    names = ["depth", "confidence", *(["label"] if graph.network.settings.labels else [])]
    axes: dict[str, Any] = {"image": {2: "height", 3: "width"}}
    axes |= {name: {1: "rows", 2: "columns"} for name in names}
    with warnings.catch_warnings():
        for message in DEPRECATED:
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        torch.onnx.export(
            graph.eval(),
            (torch.zeros(1, 3, rows, columns),),
            str(path),
            input_names=["image"],
            output_names=names,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def _halve(model: onnx.ModelProto) -> None:
    """Keep large weights in float16 and cast them back where they are used: half the bytes, the same arithmetic.

    ONNX Runtime and OpenVINO do the casts once, when they load the graph.
    """
    graph = model.graph
    casts = []
    for n, tensor in enumerate(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST:
            continue
        name = tensor.name
        graph.initializer[n].CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
