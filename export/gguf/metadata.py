"""The keys of a GGUF file that say how llama.cpp runs the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_nav.errors import UsageError
from export.gguf.plan import Base
from export.gguf.tensors import heads_of

if TYPE_CHECKING:
    from gguf import GGUFWriter

ARCHITECTURES = {"llama": "llama", "phi": "phi2", "gemma": "gemma"}
# llama.cpp's graphs have the activation built in; Gemma's and Phi's is GELU by its tanh formula. Gemma's first releases
# say "gelu" and were trained with that formula.
ACTIVATIONS = {"llama": {"silu"}, "phi": {"gelu_new", "gelu_pytorch_tanh"}, "gemma": {"gelu_pytorch_tanh", "gelu"}}
FILE_TYPES: dict[Base, int] = {"F32": 0, "F16": 1, "BF16": 32}
"""llama.cpp's llama_ftype of the three."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the weights are from; ``source`` is an address, or empty."""

    name: str
    licence: str = ""
    source: str = ""


def check_supported(config: Any) -> None:
    """Raise UsageError for a decoder whose arithmetic llama.cpp's graphs do not have."""
    kind = str(config.model_type)
    if kind not in ARCHITECTURES:
        raise UsageError(f"decoder {kind!r} cannot be exported to GGUF: the supported ones are llama, phi and gemma.")
    act = config.hidden_act
    if act not in ACTIVATIONS[kind]:
        wanted = " or ".join(sorted(ACTIVATIONS[kind]))
        raise UsageError(f"decoder {kind!r} with activation {act!r} cannot be exported to GGUF: it takes {wanted}.")
    if getattr(config, "qk_layernorm", False):
        raise UsageError("decoder 'phi' with qk_layernorm cannot be exported to GGUF: llama.cpp has no such graph.")
    if kind == "gemma" and not config.tie_word_embeddings:
        raise UsageError("decoder 'gemma' with an output matrix of its own cannot be exported to GGUF: tie it first.")
    scaling = _scaling(config)
    known = {"", "default", "dynamic", "linear", "yarn"} | ({"llama3"} if kind == "llama" else set())
    if scaling not in known:
        raise UsageError(
            f"rope_scaling {scaling!r} of a {kind} decoder cannot be exported to GGUF: "
            "the supported kinds are linear, yarn, dynamic and, for llama, llama3."
        )


def add_metadata(writer: GGUFWriter, config: Any, rows: int, base: Base, origin: Origin) -> None:
    """Everything but the tokenizer. ``rows`` is the number of embeddings."""
    kind = str(config.model_type)
    heads = heads_of(config)
    writer.add_type("model")
    writer.add_name(origin.name)
    writer.add_license(origin.licence)
    writer.add_source_url(origin.source)
    writer.add_file_type(FILE_TYPES[base])
    writer.add_quantization_version(2)
    writer.add_vocab_size(rows)
    writer.add_context_length(int(config.max_position_embeddings))
    writer.add_embedding_length(int(config.hidden_size))
    writer.add_block_count(int(config.num_hidden_layers))
    writer.add_feed_forward_length(int(config.intermediate_size))
    writer.add_head_count(heads.query)
    writer.add_head_count_kv(heads.key)
    writer.add_key_length(heads.size)
    writer.add_value_length(heads.size)
    if kind == "phi":
        writer.add_layer_norm_eps(float(config.layer_norm_eps))
    else:
        writer.add_layer_norm_rms_eps(float(config.rms_norm_eps))
    writer.add_rope_dimension_count(int(heads.size * float(getattr(config, "partial_rotary_factor", 1.0))))
    writer.add_rope_freq_base(float(config.rope_theta))
    _add_scaling(writer, config)


def _add_scaling(writer: GGUFWriter, config: Any) -> None:
    """Linear and YaRN by their keys. Llama 3's is a tensor of factors; dynamic scaling begins only beyond the context
    that the file states, and needs nothing."""
    from gguf import RopeScalingType

    kind = _scaling(config)
    if kind not in {"linear", "yarn"}:
        return
    scaling = config.rope_scaling
    writer.add_rope_scaling_type(RopeScalingType(kind))
    writer.add_rope_scaling_factor(float(scaling["factor"]))
    if kind == "yarn":
        original = scaling.get("original_max_position_embeddings") or config.max_position_embeddings
        writer.add_rope_scaling_orig_ctx_len(int(original))
        writer.add_rope_scaling_yarn_beta_fast(float(scaling.get("beta_fast") or 32))
        writer.add_rope_scaling_yarn_beta_slow(float(scaling.get("beta_slow") or 1))
        if any(scaling.get(k) is not None for k in ("attention_factor", "mscale", "mscale_all_dim")):
            raise UsageError(
                "yarn with an attention_factor of its own cannot be exported to GGUF: remove that setting."
            )


def _scaling(config: Any) -> str:
    scaling = getattr(config, "rope_scaling", None) or {}
    return str(scaling.get("rope_type") or scaling.get("type") or "")
