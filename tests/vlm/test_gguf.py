"""GGUF files: their headers against the `gguf` package's reader, damaged ones, and rows of the token embedding."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from vlm.vlm_bundle import WIDTH, write_bundle

from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_header import TENSOR_TYPES, read_header
from edge_nav.vlm.gguf_rows import EmbeddingRows


def write_tensors(path: Path, tensors: dict[str, tuple[np.ndarray, str]], alignment: int | None = None) -> Path:
    """Tensors by name, each with its type."""
    writer = gguf.GGUFWriter(path, "llama")
    if alignment is not None:
        writer.add_custom_alignment(alignment)
    for name, (values, kind) in tensors.items():
        writer.add_tensor(name, values, raw_dtype=gguf.GGMLQuantizationType[kind])
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    return path


def quantised(kind: str, rows: int = 7, width: int = 64) -> np.ndarray:
    table = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    return gguf.quantize(table, gguf.GGMLQuantizationType[kind])


def mixed(path: Path, alignment: int | None = None) -> Path:
    tensors = {f"{kind}.weight": (quantised(kind), kind) for kind in ("F16", "Q4_0", "BF16", "Q8_0", "Q5_1")}
    tensors["norm"] = (np.arange(5, dtype=np.float32), "F32")
    tensors["cube"] = (np.zeros((2, 3, 4), np.float16), "F16")
    return write_tensors(path, tensors, alignment)


@pytest.mark.parametrize("alignment", [None, 64, 4096])
def test_tensors_lie_where_the_gguf_package_finds_them(alignment: int | None, tmp_path: Path) -> None:
    path = mixed(tmp_path / "mixed.gguf", alignment)
    found = {n: (t.shape, t.type.name, t.offset, t.size) for n, t in read_header(path).tensors.items()}
    assert found == {
        t.name: (tuple(int(n) for n in t.shape), t.tensor_type.name, int(t.data_offset), int(t.n_bytes))
        for t in gguf.GGUFReader(path).tensors
    }
    assert len(found) == 7


def test_types_are_those_of_the_gguf_package() -> None:
    known = {int(kind): (kind.name, *gguf.GGML_QUANT_SIZES[kind]) for kind in gguf.GGMLQuantizationType}
    assert {n: known[n] for n in TENSOR_TYPES if n in known} == {
        n: (t.name, t.block, t.bytes) for n, t in TENSOR_TYPES.items() if n in known
    }
    assert known.keys() <= TENSOR_TYPES.keys()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"norm\x01\x00\x00\x00", b"norm\x05\x00\x00\x00", "norm has 5 axes"),
        (b"norm\x01\x00\x00\x00\x05", b"norm\x01\x00\x00\x00\xff", "reach beyond"),
        (b"Q4_0.weight\x02\x00\x00\x00\x40", b"Q4_0.weight\x02\x00\x00\x00\x41", "rows of 65 values in Q4_0"),
        (b"\x05" + bytes(7) + bytes(4), b"\x05" + bytes(7) + b"\x63" + bytes(3), "norm is of type 99"),
        (b"general.alignment\x04\x00\x00\x00\x40", b"general.alignment\x04\x00\x00\x00\x41", "an alignment of 65"),
        (b"general.alignment\x04\x00\x00\x00\x40", b"general.alignment\x04\x00\x00\x00\x00", "an alignment of 0"),
    ],
)
def test_what_cannot_be_in_a_header_is_one_sentence(old: bytes, new: bytes, why: str, tmp_path: Path) -> None:
    data = mixed(tmp_path / "good.gguf", 64).read_bytes()
    assert data.count(old) == 1
    (tmp_path / "bad.gguf").write_bytes(data.replace(old, new))
    with pytest.raises(UsageError, match=f"bad.gguf is no usable GGUF file .*{why}"):
        read_header(tmp_path / "bad.gguf")


def test_damage_anywhere_raises_one_sentence_or_is_bounded(tmp_path: Path) -> None:
    data = mixed(tmp_path / "good.gguf").read_bytes()
    rng = np.random.default_rng(0)
    bad = tmp_path / "bad.gguf"
    refused = 0
    for _ in range(400):
        damaged = bytearray(data[: rng.integers(len(data))] if rng.random() < 0.3 else data)
        for at in rng.integers(0, min(len(damaged), 700) or 1, 3):
            if damaged:
                damaged[at] = rng.integers(256)
        bad.write_bytes(damaged)
        try:
            header = read_header(bad)
        except UsageError:
            refused += 1
        else:
            assert all(t.offset + t.size <= len(damaged) for t in header.tensors.values())
    assert refused > 200


def test_rows_of_the_embedding_are_those_of_the_file(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    reader = gguf.GGUFReader(folder / "llm.gguf")
    table = next(t for t in reader.tensors if t.name == "token_embd.weight").data
    rows = EmbeddingRows(folder / "llm.gguf", WIDTH, len(table))
    ids = [0, 5, len(table) - 1, 5]
    np.testing.assert_array_equal(rows(ids), table[ids])
    with pytest.raises(UsageError, match="bytes where"):
        EmbeddingRows(folder / "llm.gguf", WIDTH, len(table) - 1)


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q4_0", "Q5_0"])
def test_quantised_rows_are_read_as_the_format_says(kind: str, tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(7, 64)).astype(np.float32)
    quantised = gguf.quantize(table, gguf.GGMLQuantizationType[kind])
    writer = gguf.GGUFWriter(tmp_path / "rows.gguf", "llama")
    writer.add_tensor("token_embd.weight", quantised, raw_dtype=gguf.GGMLQuantizationType[kind])
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    wanted = gguf.dequantize(quantised, gguf.GGMLQuantizationType[kind])
    np.testing.assert_allclose(EmbeddingRows(tmp_path / "rows.gguf", 64, 7)([2, 6]), wanted[[2, 6]], rtol=1e-6)
