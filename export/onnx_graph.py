"""A torch module -> an ONNX graph, in one self-contained file where it fits.

Exporter: optimum's, which traces with TorchScript (``dynamo=False``); export/onnx_configs.py teaches it Depth Anything.
torch's newer one (``dynamo=True``, torch 2.13) was tried on Depth Anything: it bakes the head's size without a
warning, though it declares a free input, and takes 25 s for a toy network where this takes half a second.

Opset 17: the first with LayerNormalization as one operator, and old enough for TensorRT 8.6 (JetPack 6), OpenVINO and
ONNX Runtime 1.18. Opset 20, with GELU as one operator, was measured on a SigLIP and a CLIP tower: no quicker in fp32,
3 to 10 % quicker in int8, which is not worth losing those readers.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import onnx
from torch import nn

from edge_nav.errors import UsageError

OPSET = 17
ONE_FILE_LIMIT = 2**31 - 2**24
"""Bytes of weights that one file may hold: protobuf ends a message at 2 GiB, and the nodes need room, too."""

# What torch 2.13 and onnx say of the exporter that optimum has chosen; neither is ours to mend.
DEPRECATED = (
    "You are using the legacy TorchScript-based ONNX export",
    "The feature will be removed. Please remove usage of this function",
)
# transformers compares shapes that are equal at every input size (channels in Dinov2PatchEmbeddings; a fused map and
# its residual in DepthAnythingFeatureFusionLayer, the one just resized to the other). Nothing else may be baked.
SAME_AT_EVERY_SIZE = (
    r"transformers\.models\.dinov2\.modeling_dinov2",
    r"transformers\.models\.depth_anything\.modeling_depth_anything",
)


def trace(model: nn.Module, config: Any, path: Path, *, height: int, width: int, dynamic: bool) -> tuple[str, ...]:
    """Write the graph of ``model`` for one picture [1, 3, height, width], and name the files it takes.

    ``config`` is an optimum OnnxConfig. With ``dynamic`` the axes it names stay free, and a step that would bake the
    traced size into the graph raises UsageError instead of passing in silence.
    """
    from optimum.exporters.onnx import export
    from torch.jit import TracerWarning  # type: ignore[attr-defined]

    with warnings.catch_warnings(record=True) as warned:
        for message in DEPRECATED:
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        warnings.simplefilter("always" if dynamic else "ignore", TracerWarning)
        for module in SAME_AT_EVERY_SIZE:
            boolean = "Converting a tensor to a Python boolean"
            warnings.filterwarnings("ignore", message=boolean, category=TracerWarning, module=module)
        export(
            model,
            config,
            path,
            opset=OPSET,
            input_shapes={"batch_size": 1, "height": height, "width": width},
            no_dynamic_axes=not dynamic,
            disable_dynamic_axes_fix=True,
        )
    for warning in warned:
        if not issubclass(warning.category, TracerWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
            continue
        where = f"{Path(warning.filename).name}:{warning.lineno}"
        raise UsageError(
            f"the graph keeps the size {height}x{width} it was traced with ({where}: {_line(warning.message)}): "
            "give a fixed --size, height x width."
        )
    graph = onnx.load(str(path), load_external_data=False)
    _name_batch(graph)
    kept = external_files(graph)
    if kept:
        path.write_bytes(graph.SerializeToString())  # its weights stay where they are
    else:
        onnx.save(graph, str(path))
    check(path)
    return (path.name, *kept)


def save(graph: onnx.ModelProto, path: Path) -> tuple[str, ...]:
    """Write a graph whose weights are in memory: one file, or a second one beside it above the limit. Their names."""
    if weight_bytes(graph) <= ONE_FILE_LIMIT:
        onnx.save(graph, str(path))
        return (path.name,)
    beside = f"{path.name}.data"
    onnx.save(graph, str(path), save_as_external_data=True, location=beside)
    return (path.name, beside)


def check(path: Path) -> None:
    """UsageError where the file is no valid ONNX model."""
    try:
        onnx.checker.check_model(str(path))
    except onnx.checker.ValidationError as e:
        raise UsageError(f"{path.name} came out as no valid ONNX model ({_line(e)}): try another --precision.") from e


def weight_bytes(graph: onnx.ModelProto) -> int:
    """Bytes of the graph's weights."""
    return sum(len(t.raw_data) or t.ByteSize() for t in graph.graph.initializer)


def external_files(graph: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the files that hold weights outside of the graph's own."""
    found = {e.value for t in graph.graph.initializer for e in t.external_data if e.key == "location"}
    return tuple(sorted(found))


def _name_batch(graph: onnx.ModelProto) -> None:
    """One picture in, one out: where the shape inference invented a name for the first axis, 1 is written."""
    for value in graph.graph.output:
        first = value.type.tensor_type.shape.dim[0]
        if not first.dim_value:
            first.dim_value = 1


def _line(error: Warning | str | Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
