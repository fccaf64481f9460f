"""A vision tower with its projector to one graph: pixels [1, 3, S, S] -> embeddings [1, tokens, width]."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from edge_nav.base_settings import Settings
from edge_nav.bundle import VisionEntry
from edge_nav.errors import UsageError
from edge_nav.vlm.resize import fit_square
from export.onnx_pictures import drawn_picture, read_pictures
from export.onnx_quantise import BYTES_PER_WEIGHT, Precision, write_precision
from export.onnx_stream import join, trace_square
from export.parity.onnx import VISION_LIMITS, open_graph, size_row, time_row, vision_rows
from export.parity.report import ParityRow, demand
from export.progress import Progress
from models.checkpoints import VlmCheckpoint

F32 = NDArray[np.float32]
FILE = "vision.onnx"
CHECKED_PICTURES = 2


class VisionOptions(Settings):
    """How the vision tower is exported."""

    precisions: tuple[Precision, ...] = Field(
        default=("fp32",), min_length=1, description="Graphs to make; the first is the bundle's default."
    )
    calibration: Path | None = Field(
        default=None, description="Folder of pictures like those it will see; needed for int8-static."
    )


@dataclass(frozen=True, slots=True)
class VisionResult:
    """The manifest's entry, the files written, relative to the folder, and what they were checked for."""

    entry: VisionEntry
    files: list[str]
    parity: list[ParityRow]


def export_vision(
    checkpoint: VlmCheckpoint, out: Path, options: VisionOptions, progress: Progress | None = None
) -> VisionResult:
    """Write the graphs into ``out``, an existing folder. Raises UsageError for what cannot be exported, and where a
    graph differs from the checkpoint by more than it may."""
    if len(set(options.precisions)) != len(options.precisions):
        raise UsageError(f"precisions {', '.join(options.precisions)} name one twice: name each once.")
    if "int8-static" in options.precisions and options.calibration is None:
        raise UsageError("int8-static needs pictures to calibrate with: give --calibration FOLDER.")
    pictures = read_pictures(options.calibration) if options.calibration else []
    names: dict[Precision, str] = {p: FILE if n == 0 else f"vision-{p}.onnx" for n, p in enumerate(options.precisions)}
    entry = vision_entry(checkpoint, dict(names.items()))
    steps, done = 2 + len(names), iter(range(1000))

    def step(what: str) -> None:
        if progress is not None:
            progress(f"vision: {what}", next(done), steps)

    step("writing the graph")
    source = out / "vision-source.onnx"
    traced = trace_square(checkpoint.build_vision(), source, entry.image_size)
    files: dict[Precision, tuple[str, ...]] = {}
    for precision, name in names.items():
        step(f"converting to {precision}")
        gc.collect()  # the tower before, and each graph, are gigabytes
        calibration = [pixels_of(picture, entry) for picture in pictures] if precision == "int8-static" else []
        if precision == "fp32":
            files[precision] = join(source, out / name)
        else:
            files[precision] = write_precision(source, out / name, precision, calibration)
    for file in traced:
        (out / file).unlink()
    step("comparing with torch")
    gc.collect()
    rows = _check(checkpoint.build_vision(), {p: out / name for p, name in names.items()}, entry, pictures)
    rows += [size_row(f"vision {precision}", out, files[precision]) for precision in names]
    demand(rows)
    return VisionResult(entry, [file for written in files.values() for file in written], rows)


def vision_entry(checkpoint: VlmCheckpoint, variants: dict[str, str]) -> VisionEntry:
    """The manifest's entry of a checkpoint."""
    architecture = checkpoint.architecture
    return VisionEntry(
        file=FILE,
        variants=variants,
        image_size=architecture.tower.image_size,
        fit=architecture.preprocess.fit,
        interpolation=architecture.preprocess.interpolation,
        mean=architecture.preprocess.mean,
        std=architecture.preprocess.std,
        tokens=architecture.image_tokens,
        width=architecture.decoder.width,
    )


def space(checkpoint: VlmCheckpoint, precisions: tuple[Precision, ...]) -> int:
    """Bytes that an export takes on the disk at its largest: every graph, and the fp32 one they are made from."""
    values = sum(int(np.prod(t.shape)) for part in (checkpoint.tower, checkpoint.projector) for t in part.values())
    return values * (BYTES_PER_WEIGHT["fp32"] + sum(BYTES_PER_WEIGHT[p] for p in precisions))


def pixels_of(rgb: NDArray[np.uint8], entry: VisionEntry) -> F32:
    """uint8 [H, W, 3] -> float32 [1, 3, S, S], as the runtime prepares it."""
    square = fit_square(rgb, entry.image_size, entry.fit, entry.interpolation, entry.mean)
    mean, std = np.array(entry.mean, np.float32), np.array(entry.std, np.float32)
    normalised = (square.astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None], dtype=np.float32)


def _check(
    model: nn.Module, paths: dict[Precision, Path], entry: VisionEntry, pictures: list[NDArray[np.uint8]]
) -> list[ParityRow]:
    """Differences of each graph over one to three pictures, and times."""

    def torch_run(pixels: F32) -> F32:
        with torch.inference_mode():
            return np.asarray(model(torch.from_numpy(pixels)).numpy(), dtype=np.float32)

    size = f"{entry.image_size}x{entry.image_size}"
    shown = [pixels_of(p, entry) for p in (*pictures[:CHECKED_PICTURES], drawn_picture(640, 480, 0))]
    reference = np.concatenate([torch_run(pixels) for pixels in shown])
    rows: list[ParityRow] = []
    for precision, path in paths.items():  # one at a time: each takes as much memory as its file, or more
        graph = open_graph(path, torch.get_num_threads())
        found = np.concatenate([graph(pixels) for pixels in shown])
        what = f"vision {precision} {size}"
        rows += vision_rows(what, found, reference, VISION_LIMITS[precision])
        rows.append(time_row(what, graph, torch_run, shown[-1]))
    return rows
