"""The tensors of a Hugging Face decoder under llama.cpp's names, and in the order of its rotary embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_nav.errors import UsageError
from export.gguf.plan import Base, Planned, Source, Sources

if TYPE_CHECKING:
    import torch

Change = Callable[["torch.Tensor"], "torch.Tensor"]

_GATED = {"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
_ATTENTION = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v"}
NAMES: dict[str, dict[str, str]] = {
    "llama": {
        **_ATTENTION,
        **_GATED,
        "self_attn.o_proj": "attn_output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    },
    "phi": {
        **_ATTENTION,
        "self_attn.dense": "attn_output",
        "mlp.fc1": "ffn_up",
        "mlp.fc2": "ffn_down",
        "input_layernorm": "attn_norm",
    },
    "gemma": {
        **_ATTENTION,
        **_GATED,
        "self_attn.o_proj": "attn_output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    },
}
FINAL_NORM = {"llama": "model.norm", "phi": "model.final_layernorm", "gemma": "model.norm"}


@dataclass(frozen=True, slots=True)
class Heads:
    """How attention is cut."""

    query: int
    key: int
    size: int


def heads_of(config: Any) -> Heads:
    """From a transformers configuration."""
    query = int(config.num_attention_heads)
    key = int(getattr(config, "num_key_value_heads", None) or query)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // query)
    return Heads(query, key, size)


def plan_tensors(config: Any, sources: Sources, base: Base) -> list[Planned]:
    """Every tensor of the file, in llama.cpp's order. Raises UsageError naming each one that is missing, unexpected
    or wrongly shaped."""
    kind = str(config.model_type)
    expected = dict(_expected(kind, config, sources))
    given = {n: s for n, s in sources.items() if not n.endswith("rotary_emb.inv_freq")}
    if config.tie_word_embeddings:
        given.pop("lm_head.weight", None)
    faults = [f"{n} is missing" for n in expected if n not in given]
    faults += [f"{n} is unexpected" for n in given if n not in expected]
    for name, (_, shape) in expected.items():
        if name in given and tuple(given[name].shape) != shape:
            faults.append(f"{name} has shape {tuple(given[name].shape)} instead of {shape}")
    if faults:
        raise UsageError(f"the decoder cannot be written as {kind} ({'; '.join(faults)}): fetch the checkpoint again.")
    plan = [_planned(kind, config, n, out, given[n], base) for n, (out, _) in expected.items()]
    if kind == "phi" and config.tie_word_embeddings:
        # llama.cpp's graph of Phi-2 wants an output matrix of its own.
        table = given["model.embed_tokens.weight"]
        plan.append(Planned("output.weight", tuple(table.shape), base, table.read))
    factors = frequency_factors(config)
    if factors is not None:
        plan.append(Planned("rope_freqs.weight", tuple(factors.shape), "F32", lambda: factors))
    return plan


def frequency_factors(config: Any) -> torch.Tensor | None:
    """Llama 3's slower rotary frequencies, as divisors of the plain ones: float32 [head size / 2]."""
    scaling = getattr(config, "rope_scaling", None) or {}
    if (scaling.get("rope_type") or scaling.get("type")) != "llama3":
        return None
    import torch
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    slowed, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    size = 2 * slowed.numel()
    plain = 1.0 / (config.rope_theta ** (torch.arange(0, size, 2, dtype=torch.float32) / size))
    factors: torch.Tensor = plain / slowed.to(torch.float32)
    return factors


def interleave(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """From Hugging Face's rotation of a head's two halves to llama.cpp's rotation of neighbours, for a Llama:
    rows [heads * 2 * half, ...] with (half a, half b) become (a0, b0, a1, b1, ...)."""
    rows = tensor.shape[0]
    return tensor.reshape(heads, 2, rows // heads // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def _expected(kind: str, config: Any, sources: Sources) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    """Canonical name -> (llama.cpp's name, shape)."""
    width, inner = int(config.hidden_size), int(config.intermediate_size)
    heads = heads_of(config)
    table = sources.get("model.embed_tokens.weight")
    rows = int(table.shape[0]) if table is not None else int(config.vocab_size)
    shapes = {
        "attn_q": (heads.query * heads.size, width),
        "attn_k": (heads.key * heads.size, width),
        "attn_v": (heads.key * heads.size, width),
        "attn_output": (width, heads.query * heads.size),
        "ffn_gate": (inner, width),
        "ffn_up": (inner, width),
        "ffn_down": (width, inner),
        "attn_norm": (width,),
        "ffn_norm": (width,),
    }
    yield "model.embed_tokens.weight", ("token_embd.weight", (rows, width))
    for layer in range(int(config.num_hidden_layers)):
        for theirs, ours in NAMES[kind].items():
            name = f"model.layers.{layer}.{theirs}"
            yield f"{name}.weight", (f"blk.{layer}.{ours}.weight", shapes[ours])
            if kind == "phi" or (kind == "llama" and f"{name}.bias" in sources):
                yield f"{name}.bias", (f"blk.{layer}.{ours}.bias", shapes[ours][:1])
    yield f"{FINAL_NORM[kind]}.weight", ("output_norm.weight", (width,))
    if kind == "phi":
        yield f"{FINAL_NORM[kind]}.bias", ("output_norm.bias", (width,))
        yield "lm_head.bias", ("output.bias", (rows,))
    if not config.tie_word_embeddings:
        yield "lm_head.weight", ("output.weight", (rows, width))


def _planned(kind: str, config: Any, name: str, out: str, source: Source, base: Base) -> Planned:
    shape = tuple(source.shape)
    return Planned(out, shape, base if len(shape) > 1 else "F32", partial(_read, source, _change(kind, config, name)))


def _change(kind: str, config: Any, name: str) -> Change | None:
    heads = heads_of(config)
    if kind == "llama" and ".self_attn.q_proj." in name:
        return partial(interleave, heads=heads.query)
    if kind == "llama" and ".self_attn.k_proj." in name:
        return partial(interleave, heads=heads.key)
    if kind == "gemma" and name.endswith("norm.weight"):
        return _plus_one
    return None


def _plus_one(weight: torch.Tensor) -> torch.Tensor:
    # Gemma's norm multiplies by 1 + weight, llama.cpp's by the weight.
    return weight.float() + 1.0


def _read(source: Source, change: Change | None) -> torch.Tensor:
    tensor = source.read()
    return tensor if change is None else change(tensor)
