"""Decoders: transformers' Llama, Phi and Gemma, built from our description, and our description from their configs."""

from __future__ import annotations

from typing import Any

from edge_nav.errors import UsageError
from models.architecture import AnyDecoder, GemmaDecoder, LlamaDecoder, PhiDecoder, ScratchDecoder

SUPPORTED = ("llama", "phi", "gemma")


def decoder_config(decoder: AnyDecoder) -> Any:
    """The transformers config (LlamaConfig, PhiConfig or GemmaConfig) that a description stands for."""
    from transformers import GemmaConfig, LlamaConfig, PhiConfig

    sizes: dict[str, Any] = {
        "vocab_size": decoder.vocab,
        "hidden_size": decoder.width,
        "intermediate_size": decoder.mlp,
        "num_hidden_layers": decoder.layers,
        "num_attention_heads": decoder.heads,
        "num_key_value_heads": decoder.kv_heads,
        "max_position_embeddings": decoder.positions,
        "rope_theta": decoder.rope_theta,
        "tie_word_embeddings": decoder.tied,
        "bos_token_id": decoder.bos_id,
        "eos_token_id": decoder.eos_id,
        "pad_token_id": decoder.pad_id,
    }
    if isinstance(decoder, PhiDecoder):
        return PhiConfig(
            **sizes,
            layer_norm_eps=decoder.norm_eps,
            hidden_act=decoder.activation,
            partial_rotary_factor=decoder.rotary,
        )
    sizes |= {"rms_norm_eps": decoder.norm_eps, "head_dim": decoder.head_dim}
    if isinstance(decoder, GemmaDecoder):
        return GemmaConfig(**sizes, hidden_activation=decoder.activation, hidden_act=decoder.activation)
    if isinstance(decoder, ScratchDecoder):
        return LlamaConfig(**sizes)
    return LlamaConfig(
        **sizes,
        hidden_act=decoder.activation,
        attention_bias=decoder.attention_bias,
        mlp_bias=decoder.mlp_bias,
        rope_scaling=dict(decoder.rope_scaling) if decoder.rope_scaling else None,
    )


def describe_decoder(config: Any) -> AnyDecoder:
    """The description of a transformers config. Raises UsageError for other architectures."""
    eos = config.eos_token_id
    sizes: dict[str, Any] = {
        "vocab": config.vocab_size,
        "width": config.hidden_size,
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads or config.num_attention_heads,
        "head_dim": getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        "mlp": config.intermediate_size,
        "positions": config.max_position_embeddings,
        "rope_theta": config.rope_theta,
        "tied": bool(config.tie_word_embeddings),
        "bos_id": config.bos_token_id,
        "eos_id": eos[0] if isinstance(eos, list) else eos,
        "pad_id": config.pad_token_id,
    }
    kind = str(config.model_type)
    if kind == "phi":
        if config.qk_layernorm or config.rope_scaling:
            raise UsageError("a Phi decoder with qk_layernorm or rope_scaling is not supported: use Phi-1, 1.5 or 2.")
        rotary = config.partial_rotary_factor
        return PhiDecoder(**sizes, norm_eps=config.layer_norm_eps, activation=config.hidden_act, rotary=rotary)
    if kind == "gemma":
        if config.attention_bias:
            raise UsageError("a Gemma decoder with attention_bias is not supported: use one without.")
        activation = config.hidden_activation or config.hidden_act
        return GemmaDecoder(**sizes, norm_eps=config.rms_norm_eps, activation=activation)
    if kind == "llama":
        return LlamaDecoder(
            **sizes,
            norm_eps=config.rms_norm_eps,
            activation=config.hidden_act,
            attention_bias=config.attention_bias,
            mlp_bias=config.mlp_bias,
            rope_scaling=config.rope_scaling,
        )
    raise UsageError(f"decoder {kind!r} is not supported: {', '.join(SUPPORTED)} are.")


def build_decoder(decoder: AnyDecoder) -> Any:
    """LlamaForCausalLM, PhiForCausalLM or GemmaForCausalLM with fresh weights."""
    from transformers import GemmaForCausalLM, LlamaForCausalLM, PhiForCausalLM

    config = decoder_config(decoder)
    classes = {"phi": PhiForCausalLM, "gemma": GemmaForCausalLM}
    return classes.get(decoder.kind, LlamaForCausalLM)(config)
