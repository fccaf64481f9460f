"""Depth Anything V1 and V2, relative and metric, to depth.onnx."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edge_nav.bundle import DepthEntry, DepthOutput, FixedInput, MultipleInput
from edge_nav.errors import UsageError
from edge_nav.perception.preprocess import Preprocessor, input_size
from export.onnx_configs import DepthAnythingOnnxConfig
from export.onnx_graph import trace
from export.onnx_pictures import drawn_picture, read_pictures
from export.onnx_quantise import Precision, write_precision
from export.parity.onnx import DEPTH_LIMITS, depth_rows, open_graph, size_row, time_rows
from export.parity.report import ParityRow
from models.checkpoints import DepthCheckpoint

F32 = NDArray[np.float32]
FILE = "depth.onnx"
FRAMES = ((640, 480), (480, 640))
"""Cameras, (width, height), that a graph of free size is checked for: upright and lying, so two input sizes."""
TRACED = (6, 8)
"""Patches down and across when the size is free; any would do."""
CHECKED_PICTURES = 2


@dataclass(frozen=True, slots=True)
class DepthOptions:
    """How to export. ``size``: None the checkpoint's own shorter side; "308" that many pixels, any aspect;
    "308x406" that input alone, height x width. ``calibration``: a folder of pictures, needed for int8-static."""

    size: str | None = None
    precision: Precision = "fp32"
    calibration: Path | None = None


@dataclass(frozen=True, slots=True)
class DepthResult:
    """What came out: the manifest's entry, its files in the working folder, and the checks."""

    entry: DepthEntry
    files: list[str]
    parity: list[ParityRow]


def export_depth(
    checkpoint: DepthCheckpoint, out: Path, options: DepthOptions, tell: Callable[[str], None] = lambda _: None
) -> DepthResult:
    """Write depth.onnx into ``out``. Rows that failed are among the checks: the caller refuses them."""
    entry = depth_entry(checkpoint, options)
    if options.precision == "int8-static" and options.calibration is None:
        raise UsageError("--precision int8-static needs pictures to calibrate with: give --calibration FOLDER.")
    pictures = read_pictures(options.calibration) if options.calibration else []
    tell(f"depth: reading {checkpoint.source}")
    model = checkpoint.build()
    fixed = entry.input if isinstance(entry.input, FixedInput) else None
    height, width = (fixed.height, fixed.width) if fixed else (n * checkpoint.multiple for n in TRACED)
    source = out / (FILE if options.precision == "fp32" else "depth-fp32.onnx")
    tell("depth: writing the graph")
    config = DepthAnythingOnnxConfig(model.config, task="depth-estimation")
    files = trace(model, config, source, height=height, width=width, dynamic=fixed is None)
    if options.precision != "fp32":
        tell(f"depth: converting to {options.precision}")
        inputs = [_prepare(entry, picture) for picture in pictures]
        written = write_precision(source, out / FILE, options.precision, inputs)
        for file in files:
            (out / file).unlink()
        files = written
    tell("depth: comparing with torch")
    rows = _check(model, out / FILE, entry, options.precision, pictures)
    return DepthResult(entry, list(files), [*rows, size_row(f"depth {options.precision}", out, files)])


def depth_entry(checkpoint: DepthCheckpoint, options: DepthOptions) -> DepthEntry:
    """The manifest's entry of a checkpoint. UsageError for a size that the network cannot take."""
    return DepthEntry(
        file=FILE,
        kind=checkpoint.kind,
        max_depth_m=checkpoint.max_depth_m,
        input=_input(options.size, checkpoint),
        mean=checkpoint.mean,
        std=checkpoint.std,
        interpolation="bicubic",
        output=DepthOutput(resolution="frame", quantity=checkpoint.quantity),
    )


def _input(size: str | None, checkpoint: DepthCheckpoint) -> FixedInput | MultipleInput:
    multiple = checkpoint.multiple
    given = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", size or str(checkpoint.shorter_side))
    if given is None:
        raise UsageError(f"--size {size} is no size: give the shorter side (308), or height x width (308x406).")
    sides = [int(side) for side in given.groups() if side is not None]
    for side in sides:
        if not multiple <= side <= 4096:
            raise UsageError(f"--size {size} is out of range: give sides of {multiple} to 4096 pixels.")
    if len(sides) == 1:
        return MultipleInput(multiple=multiple, shorter_side=sides[0])
    if any(side % multiple for side in sides):
        near = "x".join(str(max(round(side / multiple), 1) * multiple) for side in sides)
        raise UsageError(f"--size {size}: both sides must be multiples of {multiple}, such as {near}.")
    return FixedInput(height=sides[0], width=sides[1])


def _prepare(entry: DepthEntry, picture: NDArray[np.uint8]) -> F32:
    """What the runtime would feed the network: float32 [1, 3, h, w]."""
    return Preprocessor(entry, picture.shape[1], picture.shape[0])(picture).copy()


def _check(
    model: nn.Module, path: Path, entry: DepthEntry, precision: Precision, pictures: list[NDArray[np.uint8]]
) -> list[ParityRow]:
    """Differences at every input size, and times at the first."""

    def torch_run(pixels: F32) -> F32:
        with torch.inference_mode():
            return np.asarray(model(pixel_values=torch.from_numpy(pixels)).predicted_depth.numpy(), dtype=np.float32)

    graph = open_graph(path, torch.get_num_threads())
    frames = FRAMES if isinstance(entry.input, MultipleInput) else FRAMES[:1]
    shown = pictures[:CHECKED_PICTURES] + [drawn_picture(w, h, seed) for seed, (w, h) in enumerate(frames)]
    rows: list[ParityRow] = []
    worst: dict[str, list[ParityRow]] = {}
    for picture in shown:
        height, width = input_size(entry.input, picture.shape[1], picture.shape[0])
        pixels = _prepare(entry, picture)
        what = f"depth {precision} {height}x{width}"
        found = depth_rows(what, graph(pixels), torch_run(pixels), DEPTH_LIMITS[precision])
        worst[what] = _worse(worst.get(what), found)
    for found in worst.values():
        rows += found
    pixels = _prepare(entry, shown[-len(frames)])
    size = "x".join(map(str, pixels.shape[2:]))
    return [*rows, *time_rows(f"depth {size}", {"torch fp32": torch_run, precision: graph}, pixels, "torch fp32")]


def _worse(before: list[ParityRow] | None, now: list[ParityRow]) -> list[ParityRow]:
    """Of two pictures of one size, row by row the worse."""
    if before is None or len(before) != len(now):
        return now if before is None or len(now) < len(before) else before
    return [a if not a.passed or (b.passed and a.value >= b.value) else b for a, b in zip(before, now, strict=True)]
