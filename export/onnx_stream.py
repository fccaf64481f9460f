"""A large torch module -> an ONNX graph of one fixed size, its weights streamed one by one into a file beside it.

optimum's way, which depth takes, holds a tower's weights four times over (a CLIP ViT-L/14 of 1.2 GB peaked at 5.5 GB
resident). Here the same exporter writes the nodes alone, and each weight goes from the module to the disk.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper
from torch import nn

from export.onnx_configs import EMBEDDINGS, PIXELS
from export.onnx_graph import DEPRECATED, ONE_FILE_LIMIT, OPSET, check

INLINE_BYTES = 1024
"""Smaller constants stay in the graph: shapes are inferred from some of them."""
ALIGNED = 64
TYPES = {torch.float32: TensorProto.FLOAT, torch.int64: TensorProto.INT64, torch.bool: TensorProto.BOOL}


def trace_square(model: nn.Module, path: Path, side: int) -> tuple[str, ...]:
    """Write the graph of ``model``, pixels float32 [1, 3, side, side] -> embeddings, and name its two files."""
    from torch.jit import TracerWarning  # type: ignore[attr-defined]

    with warnings.catch_warnings(), torch.inference_mode():
        for message in DEPRECATED:
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)  # the size is fixed, so what it bakes is what is wanted
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, side, side),),
            str(path),
            input_names=[PIXELS],
            output_names=[EMBEDDINGS],
            opset_version=OPSET,
            export_params=False,
            do_constant_folding=False,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    beside = f"{path.name}.data"
    with (path.parent / beside).open("wb") as file:
        for name, tensor in _weights(graph, model):
            stored = TensorProto(name=name, data_type=TYPES[tensor.dtype], dims=tensor.shape)
            raw = tensor.contiguous().numpy()
            if raw.nbytes < INLINE_BYTES:
                stored.raw_data = raw.tobytes()
            else:
                file.write(b"\0" * (-file.tell() % ALIGNED))
                stored.data_location = TensorProto.EXTERNAL
                for key, value in (("location", beside), ("offset", file.tell()), ("length", raw.nbytes)):
                    stored.external_data.add(key=key, value=str(value))
                raw.tofile(file)
            graph.graph.initializer.append(stored)
    path.write_bytes(graph.SerializeToString())
    check(path)
    return (path.name, beside)


def join(source: Path, target: Path) -> tuple[str, ...]:
    """Copy a graph that :func:`trace_square` wrote into one self-contained file, or, above the limit, a graph with its
    weights beside it. Their names.

    A message of protobuf is its fields one after the other, so each weight is copied from file to file, and none is in
    memory with another (https://protobuf.dev/programming-guides/encoding/).
    """
    graph = onnx.load(str(source), load_external_data=False)
    if (source.parent / f"{source.name}.data").stat().st_size > ONE_FILE_LIMIT:
        beside = f"{target.name}.data"
        shutil.copyfile(source.parent / f"{source.name}.data", target.parent / beside)
        for tensor in graph.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = beside
        target.write_bytes(graph.SerializeToString())
        return (target.name, beside)
    apart = [tensor for tensor in graph.graph.initializer if tensor.external_data]
    inside = [tensor for tensor in graph.graph.initializer if not tensor.external_data]
    places = [{e.key: e.value for e in tensor.external_data} for tensor in apart]
    weights = []
    for tensor, place in zip(apart, places, strict=True):
        head = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims).SerializeToString()
        head += _field(TensorProto.RAW_DATA_FIELD_NUMBER, int(place["length"]))
        size = len(head) + int(place["length"])
        weights.append((_field(onnx.GraphProto.INITIALIZER_FIELD_NUMBER, size) + head, place))
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(inside)
    nodes = graph.graph.SerializeToString()
    graph.ClearField("graph")
    total = len(nodes) + sum(len(head) + int(place["length"]) for head, place in weights)
    with target.open("wb") as file, (source.parent / f"{source.name}.data").open("rb") as values:
        file.write(graph.SerializeToString() + _field(onnx.ModelProto.GRAPH_FIELD_NUMBER, total) + nodes)
        for head, place in weights:
            values.seek(int(place["offset"]))
            file.write(head)
            file.write(values.read(int(place["length"])))
    return (target.name,)


def _field(number: int, length: int) -> bytes:
    """Key and length of a field of bytes: varints, seven bits to a byte, the lowest first."""
    encoded = bytearray()
    for value in (number << 3 | 2, length):
        left = value
        while left > 0x7F:
            encoded.append(left & 0x7F | 0x80)
            left >>= 7
        encoded.append(left)
    return bytes(encoded)


def _weights(graph: onnx.ModelProto, model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Name and values of each weight that the graph uses; they are taken off its inputs.

    A linear layer's matrix is transposed before it is multiplied: that is done here, and the node taken out, so that
    the product has a constant on its right, which is what the quantiser looks for.
    """
    tensors = {**dict(model.named_parameters(remove_duplicate=False)), **dict(model.named_buffers())}
    names = [value.name for value in graph.graph.input[1:]]
    del graph.graph.input[1:]
    for name in names:
        users = [node for node in graph.graph.node if name in node.input]
        turned = [node for node in users if node.op_type == "Transpose" and list(_perm(node)) == [1, 0]]
        for node in turned:
            yield node.output[0], tensors[name].detach().T
            graph.graph.node.remove(node)
        if len(turned) < len(users):
            yield name, tensors[name].detach()


def _perm(node: onnx.NodeProto) -> list[int]:
    return next((list(helper.get_attribute_value(a)) for a in node.attribute if a.name == "perm"), [])
