"""An fp32 graph -> the same in fp16 or int8, by ONNX Runtime's own tools.

int8 takes in the linear layers alone: matrix products with constant weights, 7 bits signed per output channel, 8 bits
unsigned per tensor for what flows in. Not 8 bits of weight: on processors with AVX2 and without VNNI, ONNX Runtime adds
pairs of products in 16 bits, which overflow then (errors of 16 % where there should be 3 %), and a bundle has to mean
the same wherever it is taken. Convolutions stay in fp32: quantised, they cost a depth network its accuracy
(correlation with fp32 0.978 against 0.9999).

Tried on a SigLIP So400m tower (6 of its 27 layers, random weights, 224 px, 2 cores with AVX-512 VNNI), speed against
fp32 and relative error of the embeddings: int8 dynamic 2.1x, 2.2 %; with unsigned weights 1.4x, 2.1 %; with 7-bit ones
2.3x, 3.1 %; 8-bit blocks (MatMulNBits) of 128 1.6x, 1.7 %, of 32 1.3x, 1.4 %; 4-bit blocks 1.2x, 15 %; fp16 1.0x,
0.08 %. int8 static was as quick as dynamic at 2.9 %, and three times slower with its outputs left in fp32. fp16 halves
the file and helps GPUs; x86 CPUs compute it in fp32.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from export.onnx_graph import ONE_FILE_LIMIT, check, external_files, save

Precision = Literal["fp32", "fp16", "int8", "int8-static"]
BYTES_PER_WEIGHT: dict[Precision, int] = {"fp32": 4, "fp16": 2, "int8": 1, "int8-static": 1}
LINEAR = ("MatMul", "Gemm")
LARGEST_FP16 = 65504.0


def write_precision(
    source: Path, target: Path, precision: Precision, calibration: Sequence[NDArray[np.float32]] = ()
) -> tuple[str, ...]:
    """Write ``source``, an fp32 graph, in another precision; inputs and outputs stay float32. The files it takes.

    ``calibration``: inputs [1, 3, H, W] that int8-static takes its ranges from.
    """
    if precision == "fp16":
        return _fp16(source, target)
    if precision not in ("int8", "int8-static"):
        raise ValueError(f"nothing to do for {precision}")
    return _int8(source, target, calibration if precision == "int8-static" else None)


def _fp16(source: Path, target: Path) -> tuple[str, ...]:
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    graph = onnx.load(str(source))
    large = [t.name for t in graph.graph.initializer if _largest(t) > LARGEST_FP16]
    if large:
        raise UsageError(f"{large[0]} holds values above {LARGEST_FP16:g}, which fp16 has not: export fp32 or int8.")
    # The bicubic resize of position embeddings stays in fp32, as transformers keeps it.
    cubic = [n.name for n in graph.graph.node if n.op_type == "Resize" and _mode(n) == "cubic"]
    # Given the path, types are inferred from file to file: in memory, that would take the weights three times more.
    del graph
    half = convert_float_to_float16(
        str(source), keep_io_types=True, op_block_list=DEFAULT_OP_BLOCK_LIST, node_block_list=cubic
    )
    OnnxModel(half).topological_sort()  # the casts of the input were put last
    files = save(half, target)
    check(target)
    return files


def _int8(source: Path, target: Path, calibration: Sequence[NDArray[np.float32]] | None) -> tuple[str, ...]:
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    graph = onnx.load(str(source), load_external_data=False)
    nodes, pixels = linear_nodes(graph), graph.graph.input[0].name
    if not nodes:
        raise UsageError("the graph has no linear layer to quantise: export it as fp32 or fp16.")
    common: dict[str, Any] = {
        "op_types_to_quantize": list(LINEAR),
        "nodes_to_quantize": nodes,
        "per_channel": True,
        "weight_type": QuantType.QInt8,
        "reduce_range": True,
        "use_external_data_format": weight_bytes_of(source) // 4 > ONE_FILE_LIMIT,
    }
    with _without_advice():
        if calibration is None:
            quantize_dynamic(source, target, **common)
        elif not calibration:
            raise UsageError("int8-static needs pictures to calibrate with: give --calibration FOLDER.")
        else:
            quantize_static(source, target, _reader(pixels, calibration), activation_type=QuantType.QUInt8, **common)
    check(target)
    return (target.name, *external_files(onnx.load(str(target), load_external_data=False)))


def linear_nodes(graph: onnx.ModelProto) -> list[str]:
    """Names of the matrix products whose right side is a constant weight."""
    weights = {t.name for t in graph.graph.initializer}
    return [n.name for n in graph.graph.node if n.op_type in LINEAR and n.input[1] in weights]


def weight_bytes_of(path: Path) -> int:
    """Size of a graph with all the files it takes."""
    names = (path.name, *external_files(onnx.load(str(path), load_external_data=False)))
    return sum((path.parent / name).stat().st_size for name in names)


def _reader(pixels: str, inputs: Sequence[NDArray[np.float32]]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            picture = next(self._left, None)
            return None if picture is None else {pixels: picture}

    return Pictures()


def _mode(node: onnx.NodeProto) -> str:
    return next((a.s.decode() for a in node.attribute if a.name == "mode"), "nearest")


def _largest(tensor: onnx.TensorProto) -> float:
    if tensor.data_type != onnx.TensorProto.FLOAT:
        return 0.0
    values = onnx.numpy_helper.to_array(tensor)
    return float(np.abs(values).max()) if values.size else 0.0


@contextmanager
def _without_advice() -> Iterator[None]:
    """ONNX Runtime advises a pre-processing step through the root logger, which is of no use to who exports."""

    def other(record: logging.LogRecord) -> bool:
        return "pre-processing before quantization" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(other)
    try:
        yield
    finally:
        root.removeFilter(other)
