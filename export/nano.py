"""A checkpoint of the nano depth network -> depth.onnx, in half precision on the disk and single in use."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.bundle import DepthEntry, DepthOutput, MultipleInput
from edge_nav.errors import UsageError
from edge_nav.lab.sim.split import TEST_FROM, VALIDATION_FROM
from export.depth import F32, FILE, DepthResult
from export.onnx_graph import DEPRECATED, OPSET, check
from export.onnx_pictures import drawn_picture
from export.parity.onnx import Limits, depth_rows, open_graph, size_row, time_row
from export.parity.report import ParityRow, at_most, demand
from export.progress import Progress
from models.data.classes import CLASSES
from models.depth import checkpoint
from models.depth.augment import MEAN, STD, normalised
from models.depth.canonical import canonical_focal_px
from models.depth.confidence import temperature
from models.depth.export import NanoGraph
from models.depth.network import NanoDepth, NanoSettings

SMALLEST = 256
"""Values: smaller tensors stay as they are."""
CALIBRATION_FRAMES = 300
LICENCE = "Apache-2.0"
"""Of the weights: they are trained here, on pictures drawn here."""
LIMITS = Limits(None, 5e-3)
"""Weights in half precision, of 11 bits: single pixels at an edge differ by more than the mean."""
MOST_BYTES = 12_000_000
"""What may ship with the program."""
FINE = 192 * 256
"""Pixels of an input from which on half its size is points enough to tell things by."""


class NanoOptions(Settings):
    """How the nano depth network is exported."""

    checkpoint: Path = Field(description="A training run's folder (its last checkpoint), or one checkpoint.")
    frames: tuple[Path, ...] = Field(min_length=1, description="Folders of frames that confidence is calibrated on.")
    seeds: tuple[int, int] = Field(
        default=(VALIDATION_FROM, TEST_FROM),
        description="Scene seeds from, up to but without: none that it was trained on.",
    )


def nano_checkpoint(path: Path) -> Path:
    """The checkpoint that a training run's folder, or a file, means. UsageError where there is none."""
    if path.is_file():
        return path
    found = checkpoint.latest(path / "checkpoints") or checkpoint.latest(path)
    if found is None:
        raise UsageError(f"{path} holds no checkpoint: give the --out folder of `python -m models.train depth`.")
    return found


def export_nano(options: NanoOptions, out: Path, progress: Progress | None = None) -> DepthResult:
    """Write ``out``/depth.onnx from a training checkpoint's averaged weights, in an existing folder.

    Confidence is calibrated on generated frames that training never saw. UsageError for a checkpoint that cannot be
    read, for missing frames, and where the graph differs from torch by more than it may.
    """
    done = iter(range(1000))

    def step(what: str) -> None:
        if progress is not None:
            progress(f"nano: {what}", next(done), 4)

    step("reading the checkpoint")
    network, rows, columns = _trained(options.checkpoint)
    step("calibrating confidence")
    factor, share = temperature(network, (rows, columns), list(options.frames), options.seeds, CALIBRATION_FRAMES)
    step("writing the graph")
    target = out / FILE
    output_step = 2 if rows * columns >= FINE else 1
    whole = NanoGraph(network, factor, output_step).eval()
    _trace(whole, target, rows, columns)
    graph = onnx.load(str(target))
    _halve(graph)
    onnx.save(graph, str(target))
    check(target)
    step("comparing with torch")
    checks = [*_compare(whole, target, rows, columns), size_row("depth nano", out, [FILE])]
    checks.append(at_most("depth nano", "bytes to ship", float(target.stat().st_size), MOST_BYTES))
    demand(checks)
    return DepthResult(_entry(network, share, rows, columns, output_step), [FILE], checks)


def _trained(path: Path) -> tuple[NanoDepth, int, int]:
    """The network of averaged weights, and the height and width that it was trained at."""
    found = nano_checkpoint(path)
    state = checkpoint.load(found, "network_settings", "average", "input")
    try:
        network = NanoDepth(NanoSettings.model_validate(state["network_settings"])).eval()
        network.load_state_dict(state["average"])
    except (LookupError, RuntimeError, ValueError, TypeError) as e:
        raise checkpoint.damaged(found, e) from e
    if network.settings.labels not in (0, len(CLASSES)):
        raise UsageError(
            f"checkpoint {path} names {network.settings.labels} classes, and {len(CLASSES)} are known: "
            "train on from it (start) with a new label head."
        )
    rows, columns = (int(n) for n in state["input"])
    return network, rows, columns


def _entry(network: NanoDepth, share: float, rows: int, columns: int, step: int) -> DepthEntry:
    """``share``: of pixels within 15 % of the truth; ``step``: pixels of the input for one of the output."""
    return DepthEntry(
        file=FILE,
        kind="metric",
        max_depth_m=30.0,
        input=MultipleInput(multiple=network.settings.multiple, shorter_side=min(rows, columns)),
        mean=MEAN,
        std=STD,
        interpolation="area",
        output=DepthOutput(resolution="input", quantity="depth"),
        certainty=round(share, 2),
        step=step,
        canonical_focal_px=canonical_focal_px(columns),
        confidence=True,
        labels=CLASSES if network.settings.labels else (),
    )


def _compare(graph: NanoGraph, path: Path, rows: int, columns: int) -> list[ParityRow]:
    """Depth at the trained size and lying otherwise, and the time on one thread."""

    def torch_run(pixels: F32) -> F32:
        with torch.inference_mode():
            return np.asarray(graph(torch.from_numpy(pixels))[0].numpy(), np.float32)

    run = open_graph(path, 1)
    checks: list[ParityRow] = []
    for height, width in ((rows, columns), (columns, rows)):
        pixels = normalised(drawn_picture(width, height, 0))[None]
        checks += depth_rows(f"depth nano {height}x{width}", run(pixels), torch_run(pixels), LIMITS)
    pixels = normalised(drawn_picture(columns, rows, 1))[None]
    return [*checks, time_row(f"depth nano {rows}x{columns}, one thread", run, torch_run, pixels)]


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
