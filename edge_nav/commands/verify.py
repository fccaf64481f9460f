"""What `models verify` looks at beyond hashes: whether the graphs and the language model are what the manifest says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import Bundle, DepthEntry, FixedInput, LlmEntry, TokensRun, VisionEntry
from edge_nav.errors import UsageError
from edge_nav.perception.depth.network_output import as_planes
from edge_nav.perception.depth.preprocess import input_size
from edge_nav.perception.depth.providers import NAMES
from edge_nav.vlm.gguf_header import read_header

FRAMES = ((640, 480), (640, 360))
"""Width and height of pictures tried: a graph that kept the size it was traced with fails one of them."""


def verify(bundle: Bundle) -> Iterator[str]:
    """Check each part against the manifest, running every graph once; a line about each.

    Raises UsageError naming the first part that differs, and how.
    """
    manifest = bundle.manifest
    if manifest.depth is not None:
        yield _depth(bundle, manifest.depth)
    if manifest.vision is not None:
        for file in _files(manifest.vision.file, manifest.vision.variants):
            yield _vision(bundle, manifest.vision, file)
    if manifest.llm is not None:
        for file in _files(manifest.llm.file, manifest.llm.variants):
            yield _llm(bundle, manifest.llm, file)


def parity_rows(bundle: Bundle) -> list[dict[str, Any]]:
    """The rows of the bundle's parity report; none if it has none. Raises UsageError where it cannot be read."""
    if bundle.manifest.parity is None:
        return []
    try:
        rows = json.loads((bundle.folder / bundle.manifest.parity).read_text(encoding="utf-8"))["rows"]
        return [{**row} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UsageError(f"bundle {bundle.folder}: {bundle.manifest.parity} is no parity report: export again.") from e


def _files(first: str, variants: dict[str, str]) -> list[str]:
    return list(dict.fromkeys([first, *variants.values()]))


def _depth(bundle: Bundle, entry: DepthEntry) -> str:
    graph = _Graph(bundle, entry.file)
    sizes = list(dict.fromkeys(input_size(entry.input, *frame) for frame in FRAMES))
    where = f"{bundle.folder}: {entry.file}"
    for rows, columns in sizes:
        graph.check_input((1, 3, rows, columns), "depth.input", 1 + entry.confidence + bool(entry.labels))
        outputs = graph.run((1, 3, rows, columns))
        planes = as_planes(outputs, entry, (rows, columns), where)
        sure = planes.confidence
        if sure is not None and not (sure.min() >= 0 and sure.max() <= 1):
            raise UsageError(
                f"bundle {where} gives a confidence of {sure.min():g} to {sure.max():g} where depth.confidence "
                "promises 0 to 1: export it again."
            )
        label = outputs[-1]  # as it comes: made a byte, 256 and -1 would pass
        if entry.labels and not (label.min() >= 0 and label.max() < len(entry.labels)):
            raise UsageError(
                f"bundle {where} gives labels from {label.min():g} to {label.max():g} where depth.labels has "
                f"{len(entry.labels)} names: export it again."
            )
    told = " and ".join(f"{r // entry.step}x{c // entry.step}" for r, c in sizes)
    fixed = "" if isinstance(entry.input, FixedInput) else ", its size free"
    return f"{entry.file}: depth of {told}{fixed}"


def _vision(bundle: Bundle, entry: VisionEntry, file: str) -> str:
    graph = _Graph(bundle, file)
    shape = (1, 3, entry.image_size, entry.image_size)
    graph.check_input(shape, "vision.image_size")
    found = graph.run(shape)[0].shape
    if found != (1, entry.tokens, entry.width):
        raise UsageError(
            f"bundle {bundle.folder}: {file} gives {list(found)} where the manifest says "
            f"{[1, entry.tokens, entry.width]}: export it again."
        )
    return f"{file}: {entry.tokens} embeddings of width {entry.width} from {entry.image_size} pixels"


def _llm(bundle: Bundle, entry: LlmEntry, file: str) -> str:
    header = read_header(bundle.folder / file)

    def wrong(what: str) -> UsageError:
        return UsageError(f"bundle {bundle.folder}: {file} {what}: export it again.")

    if not header.architecture:
        raise wrong("names no architecture")
    if header.width != entry.width:
        raise wrong(f"has embeddings of width {header.width} where llm.width is {entry.width}")
    table = header.tensors.get("token_embd.weight")
    if table is None or header.vocabulary is None or table.shape != (entry.width, header.vocabulary):
        raise wrong(f"has {header.vocabulary} tokens and an embedding table of {list(table.shape if table else ())}")
    named = {*entry.stop_ids, *(i for run in entry.prompt if isinstance(run, TokensRun) for i in run.ids)}
    if beyond := sorted(i for i in named if not 0 <= i < header.vocabulary):
        raise wrong(f"has {header.vocabulary} tokens, and the manifest names token {beyond[0]}")
    if header.context is not None and entry.context > header.context:
        raise wrong(f"was trained for {header.context} tokens of context where llm.context is {entry.context}")
    return f"{file}: {header.architecture}, {header.vocabulary} tokens, width {header.width}, context {header.context}"


class _Graph:
    """One ONNX file, on the processor: what is checked here does not depend on the device."""

    def __init__(self, bundle: Bundle, file: str) -> None:
        import onnxruntime as ort

        self._where = f"bundle {bundle.folder}: {file}"
        options = ort.SessionOptions()
        options.log_severity_level = 4
        path: Path = bundle.folder / file
        try:
            self._session: Any = ort.InferenceSession(str(path), options, providers=[NAMES["cpu"]])
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise UsageError(f"{self._where} is no usable ONNX model ({_first_line(e)}): export it again.") from e
        self._inputs, self._outputs = self._session.get_inputs(), self._session.get_outputs()

    def check_input(self, wanted: tuple[int, ...], said: str, outputs: int = 1) -> None:
        """Whether the graph takes this shape and gives so many outputs, by what it states itself."""
        if len(self._inputs) != 1 or len(self._outputs) != outputs:
            raise UsageError(
                f"{self._where} has {len(self._inputs)} inputs and {len(self._outputs)} outputs instead of 1 and "
                f"{outputs}: export it again."
            )
        shape, kind = list(self._inputs[0].shape), self._inputs[0].type
        if kind != "tensor(float)":
            raise UsageError(f"{self._where} takes {kind} instead of float32 pixels: export it with float32 inputs.")
        fits = len(shape) == len(wanted) and all(
            not isinstance(have, int) or have == want for have, want in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise UsageError(
                f"{self._where} takes {shape} where {said} asks for {list(wanted)}: export it again, with a free size "
                "or as the manifest states it."
            )

    def run(self, shape: tuple[int, ...]) -> list[NDArray[Any]]:
        """Its outputs for a picture of noise. Raises UsageError where it fails or gives what is no number."""
        pixels = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        try:
            outputs = [np.asarray(o) for o in self._session.run(None, {self._inputs[0].name: pixels})]
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise UsageError(
                f"{self._where} fails on a picture of {list(shape)} ({_first_line(e)}): export it again."
            ) from e
        if not all(np.isfinite(output).all() for output in outputs):
            raise UsageError(f"{self._where} gives values that are no numbers: export it in another precision.")
        return outputs


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
