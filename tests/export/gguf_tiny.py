"""Tiny decoders for the GGUF tests: transformers' own modules with random weights, as lazily read sources."""

from dataclasses import dataclass

import torch
import transformers
from tiny_checkpoints import randomise

VOCAB = 320


@dataclass
class Counted:
    """A source that counts its reads."""

    tensor: torch.Tensor
    reads: int = 0

    @property
    def shape(self):
        return tuple(self.tensor.shape)

    def read(self):
        self.reads += 1
        return self.tensor


def sources(model, dtype=torch.float32):
    state = {n: Counted(t.detach().to(dtype)) for n, t in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state


def llama(width=64, *, layers=2, seed=1, mlp=None, **more):
    config = transformers.LlamaConfig(
        **{
            "vocab_size": VOCAB,
            "hidden_size": width,
            "intermediate_size": mlp or 2 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "rms_norm_eps": 1e-5,
            "rope_theta": 5000.0,
            "tie_word_embeddings": False,
            **more,
        }
    )
    return randomise(transformers.LlamaForCausalLM(config), seed)


def phi(width=64, *, layers=2, seed=2, **more):
    config = transformers.PhiConfig(
        **{
            "vocab_size": VOCAB,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "max_position_embeddings": 512,
            "partial_rotary_factor": 0.5,
            "tie_word_embeddings": False,
            **more,
        }
    )
    return randomise(transformers.PhiForCausalLM(config), seed)


def gemma(width=64, *, layers=2, seed=3, head=256, **more):
    config = transformers.GemmaConfig(
        **{
            "vocab_size": VOCAB,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": head,
            "max_position_embeddings": 512,
            "hidden_act": "gelu_pytorch_tanh",
            "hidden_activation": "gelu_pytorch_tanh",
            **more,
        }
    )
    return randomise(transformers.GemmaForCausalLM(config), seed)
