"""Tiny bundles with random weights that the runtime can answer with, written without torch: GGUF and ONNX by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_nav.bundle import Bundle, open_bundle, write_manifest

WIDTH, LAYERS, HEADS, FEED = 64, 2, 4, 128
SIDE, PATCH = 28, 14
IMAGE_TOKENS = (SIDE // PATCH) ** 2
WORDS = ["▁", "▁a", "▁what", "▁is", "▁door", "▁chair", "▁red", "é", "ü", "狗", ".", "▁the", "e", "s", "t", "USER", "▁:"]
BOS, EOS = 1, 2
PROMPT: list[dict[str, Any]] = [
    {"run": "tokens", "ids": [BOS]},
    {"run": "text", "text": "USER : "},
    {"run": "image"},
    {"run": "text", "text": " {question} :"},
]


def write_bundle(folder: Path, *, seed: int = 0, files: dict[str, bytes] | None = None, **llm: Any) -> Path:
    """A bundle of a Llama-shaped or, with ``arch="gemma"``, a Gemma-shaped decoder. ``llm`` overrides its entry;
    ``files`` replaces what is in its files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arch, vision = llm.pop("arch", "llama"), llm.pop("vision", {})
    write_gguf(folder / "llm.gguf", arch, np.random.default_rng(seed), context=llm.pop("trained", 512))
    write_tower(folder / "vision.onnx", np.random.default_rng(seed + 1))
    for name, data in (files or {}).items():
        (folder / name).write_bytes(data)
    fields = {
        "name": f"tiny-{arch}",
        "licence": "none",
        "sources": [],
        "created_by": "tests",
        "intended_use": "simulator",
        "vision": {
            "file": "vision.onnx",
            "image_size": SIDE,
            "fit": "squash",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "tokens": IMAGE_TOKENS,
            "width": WIDTH,
            **vision,
        },
        "llm": {
            "file": "llm.gguf",
            "width": WIDTH,
            "prompt": PROMPT,
            "stop_ids": [EOS],
            "context": 256,
            "answer_tokens": 24,
            **llm,
        },
    }
    write_manifest(folder, fields, ["llm.gguf", "vision.onnx"])
    return folder


def bundle(folder: Path, **changes: Any) -> Bundle:
    """Written and opened."""
    return open_bundle(str(write_bundle(folder, **changes)))


def vocabulary() -> tuple[list[bytes], list[float], list[int]]:
    """SentencePiece with byte fallback: pieces, scores, kinds."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), *WORDS]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(WORDS)
    return [p.encode() for p in pieces], [0.0] * 259 + [-float(n) for n in range(len(WORDS))], [int(k) for k in kinds]


def write_gguf(path: Path, arch: str, rng: np.random.Generator, *, context: int = 512) -> None:
    """A decoder with random weights in F32."""
    writer = gguf.GGUFWriter(path, arch)
    pieces, scores, kinds = vocabulary()
    head = WIDTH // HEADS
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1 if arch == "gemma" else HEADS)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(head)
    writer.add_vocab_size(len(pieces))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)

    def add(name: str, *shape: int) -> None:
        spread = 1.0 if len(shape) == 1 else 1.5 / np.sqrt(shape[1])
        centre = 1.0 if len(shape) == 1 else 0.0
        writer.add_tensor(name, rng.normal(centre, spread, shape).astype(np.float32))

    add("token_embd.weight", len(pieces), WIDTH)
    kv = head if arch == "gemma" else WIDTH
    for n in range(LAYERS):
        for name, shape in {
            "attn_norm": (WIDTH,),
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (kv, WIDTH),
            "attn_v": (kv, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_norm": (WIDTH,),
            "ffn_gate": (FEED, WIDTH),
            "ffn_up": (FEED, WIDTH),
            "ffn_down": (WIDTH, FEED),
        }.items():
            add(f"blk.{n}.{name}.weight", *shape)
    add("output_norm.weight", WIDTH)
    if arch != "gemma":
        add("output.weight", len(pieces), WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_tower(path: Path, rng: np.random.Generator, *, width: int = WIDTH) -> None:
    """One convolution over patches: [1, 3, S, S] -> [1, tokens, width]."""
    weight: NDArray[np.float32] = rng.normal(0, 0.05, (width, 3, PATCH, PATCH)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "weight"], ["patches"], strides=[PATCH, PATCH]),
        helper.make_node("Reshape", ["patches", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["embeddings"], perm=[0, 2, 1]),
    ]
    constants = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.array([1, width, -1], np.int64), "shape"),
    ]
    graph = helper.make_graph(
        nodes,
        "tower",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [1, IMAGE_TOKENS, width])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def picture(seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [48, 64, 3], random."""
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
