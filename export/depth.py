"""Depth Anything V1 and V2, relative and metric, to depth.onnx."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from edge_nav.base_settings import Settings
from edge_nav.bundle import DepthEntry, DepthOutput, FixedInput, MultipleInput
from edge_nav.errors import UsageError
from edge_nav.perception.depth.preprocess import Preprocessor, input_size
from export.onnx_configs import DepthAnythingOnnxConfig
from export.onnx_graph import trace
from export.onnx_pictures import drawn_picture, read_pictures
from export.onnx_quantise import BYTES_PER_WEIGHT, Precision, write_precision
from export.parity.onnx import DEPTH_LIMITS, depth_rows, open_graph, size_row, time_row
from export.parity.report import ParityRow, demand
from export.progress import Progress
from models.checkpoints import DepthCheckpoint

F32 = NDArray[np.float32]
FILE = "depth.onnx"
FRAMES = ((640, 480), (480, 640))
"""Cameras, (width, height), that a graph of free size is checked for: upright and lying, so two input sizes."""
TRACED = (6, 8)
"""Patches down and across when the size is free; any would do."""
CHECKED_PICTURES = 2


class DepthOptions(Settings):
    """How the depth network is exported."""

    size: str | None = Field(
        default=None,
        description="Input: 308 is the shorter side in pixels, any aspect; 308x406 that height x width alone; null the "
        "checkpoint's own shorter side.",
    )
    precision: Precision = Field(default="fp32", description="fp32, fp16, int8 (dynamic) or int8-static.")
    calibration: Path | None = Field(
        default=None, description="Folder of pictures like those it will see; needed for int8-static."
    )


@dataclass(frozen=True, slots=True)
class DepthResult:
    """What came out: the manifest's entry, its files in the working folder, and the checks."""

    entry: DepthEntry
    files: list[str]
    parity: list[ParityRow]


def export_depth(
    checkpoint: DepthCheckpoint, out: Path, options: DepthOptions, progress: Progress | None = None
) -> DepthResult:
    """Write depth.onnx into ``out``, an existing folder. Raises UsageError for what cannot be exported, and where the
    graph differs from the checkpoint by more than it may."""
    entry = depth_entry(checkpoint, options)
    if options.precision == "int8-static" and options.calibration is None:
        raise UsageError("int8-static needs pictures to calibrate with: give --calibration FOLDER.")
    pictures = read_pictures(options.calibration) if options.calibration else []
    precision, done = options.precision, iter(range(1000))

    def step(what: str) -> None:
        if progress is not None:
            progress(f"depth: {what}", next(done), 4)

    step("reading the checkpoint")
    model = checkpoint.build()
    fixed = entry.input if isinstance(entry.input, FixedInput) else None
    height, width = (fixed.height, fixed.width) if fixed else (n * checkpoint.multiple for n in TRACED)
    source = out / (FILE if precision == "fp32" else "depth-source.onnx")
    step("writing the graph")
    config = DepthAnythingOnnxConfig(model.config, task="depth-estimation")
    files = trace(model, config, source, height=height, width=width, dynamic=fixed is None)
    step(f"converting to {precision}")
    if precision != "fp32":
        traced = files
        files = write_precision(source, out / FILE, precision, [_prepare(entry, picture) for picture in pictures])
        for file in traced:
            (out / file).unlink()
    step("comparing with torch")
    rows = [*_check(model, out / FILE, entry, precision, pictures), size_row(f"depth {precision}", out, files)]
    demand(rows)
    return DepthResult(entry, list(files), rows)


def space(checkpoint: DepthCheckpoint, precision: Precision) -> int:
    """Bytes that an export takes on the disk at its largest."""
    values = sum(int(np.prod(t.shape)) for t in checkpoint.tensors.values())
    more = 0 if precision == "fp32" else BYTES_PER_WEIGHT["fp32"] + BYTES_PER_WEIGHT[precision]
    return values * (BYTES_PER_WEIGHT["fp32"] + more)


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
    pixels: F32 = Preprocessor(entry, picture.shape[1], picture.shape[0])(picture)
    return pixels


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
    return [*rows, time_row(f"depth {precision} {size}", graph, torch_run, pixels)]


def _worse(before: list[ParityRow] | None, now: list[ParityRow]) -> list[ParityRow]:
    """Of two pictures of one size, row by row the worse."""
    if before is None or len(before) != len(now):
        return now if before is None or len(now) < len(before) else before
    return [a if not a.passed or (b.passed and a.value >= b.value) else b for a, b in zip(before, now, strict=True)]
