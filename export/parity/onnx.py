"""ONNX Runtime against torch on the same pixels: differences, sizes and times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from export.onnx_quantise import Precision
from export.parity.report import ParityRow, at_most, told

F32 = NDArray[np.float32]
Run = Callable[[F32], F32]
ROUNDS = 5
"""Times of which the median is told."""
FLOOR = 0.01
"""A relative difference divides by the reference, but by no less than this share of the reference's largest value:
a depth of nothing has no relative error that means anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed: the largest and the mean relative difference of any value, as shares of 1."""

    largest: float | None
    mean: float


# fp32: the order of additions alone differs. The rest is held to 1 % on average, a centimetre in a metre; single pixels
# at an edge may be off by more.
DEPTH_LIMITS: dict[Precision, Limits] = {
    "fp32": Limits(1e-3, 1e-4),
    "fp16": Limits(None, 1e-2),
    "int8": Limits(None, 1e-2),
    "int8-static": Limits(None, 1e-2),
}
# Root mean square over all embeddings, relative to theirs. int8 gives 2 to 5 % on towers of 6 to 27 layers.
VISION_LIMITS: dict[Precision, Limits] = {
    "fp32": Limits(1e-3, 1e-4),
    "fp16": Limits(None, 1e-2),
    "int8": Limits(None, 0.1),
    "int8-static": Limits(None, 0.15),
}


def open_graph(path: Path, threads: int) -> Run:
    """The graph in ONNX Runtime on the CPU: its one input -> its one output. UsageError if it does not load."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Its threads would go on spinning into the time of what is measured next to it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session: Any = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as e:  # ONNX Runtime's errors have no class of their own to name
        reason = (str(e).splitlines() or [type(e).__name__])[0][:160]
        raise UsageError(f"{path.name} does not load in ONNX Runtime ({reason}): try another --precision.") from e
    name = session.get_inputs()[0].name

    def run(pixels: F32) -> F32:
        try:
            return np.asarray(session.run(None, {name: pixels})[0], dtype=np.float32)
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            reason = (str(e).splitlines() or [type(e).__name__])[0][:160]
            size = "x".join(map(str, pixels.shape[2:]))
            raise UsageError(f"{path.name} does not run at {size} ({reason}): try another --precision.") from e

    return run


def depth_rows(what: str, found: F32, reference: F32, limits: Limits) -> list[ParityRow]:
    """Differences of two depth maps of one shape, value by value."""
    if found.shape != reference.shape:
        return [_shapes(what, found, reference)]
    difference = np.abs(found.astype(np.float64) - reference)
    relative = difference / np.maximum(np.abs(reference), FLOOR * max(float(np.abs(reference).max()), 1e-12))
    rows = [told(what, "largest absolute difference", float(difference.max()))]
    largest = float(relative.max())
    if limits.largest is None:
        rows.append(told(what, "largest relative difference", largest))
    else:
        rows.append(at_most(what, "largest relative difference", largest, limits.largest))
    return [*rows, at_most(what, "mean relative difference", float(relative.mean()), limits.mean)]


def vision_rows(what: str, found: F32, reference: F32, limits: Limits) -> list[ParityRow]:
    """Differences of two blocks of embeddings, relative to the reference's largest value and to its whole."""
    if found.shape != reference.shape:
        return [_shapes(what, found, reference)]
    difference = np.abs(found.astype(np.float64) - reference)
    rows = [told(what, "largest absolute difference", float(difference.max()))]
    largest = float(difference.max() / max(float(np.abs(reference).max()), 1e-12))
    if limits.largest is None:
        rows.append(told(what, "largest relative difference", largest))
    else:
        rows.append(at_most(what, "largest relative difference", largest, limits.largest))
    whole = float(np.linalg.norm(difference) / max(float(np.linalg.norm(reference)), 1e-12))
    return [*rows, at_most(what, "root mean square difference, relative", whole, limits.mean)]


def time_row(what: str, graph: Run, reference: Run, pixels: F32) -> ParityRow:
    """Median milliseconds of the graph; the two are run in turns, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, taken in zip((graph, reference), times, strict=True):
            begun = time.perf_counter()
            run(pixels)
            taken.append((time.perf_counter() - begun) * 1000)
    ours, theirs = (median(taken) for taken in times)
    return told(what, "median ms", ours, f"torch fp32 {theirs:.4g} ms in turns with it, {theirs / ours:.2f}x")


def size_row(what: str, folder: Path, files: Sequence[str]) -> ParityRow:
    """Bytes of a graph with all its files."""
    return told(what, "bytes", float(sum((folder / f).stat().st_size for f in files)), ", ".join(files))


def _shapes(what: str, found: F32, reference: F32) -> ParityRow:
    detail = f"{found.shape} instead of {reference.shape}: the graph bakes another size"
    return ParityRow(what, "shapes that differ", 1.0, 0.0, passed=False, detail=detail)
