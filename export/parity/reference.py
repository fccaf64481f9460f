"""The torch side of a comparison, for a decoder of any size: one tensor of it is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.gguf.plan import Sources
from export.progress import Progress

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Line:
    """One sequence: embeddings float32 [n, width] as Hugging Face's ``inputs_embeds``, of which the first ``prefix``
    attend to each other in both directions, and the logits from position ``first`` on are wanted."""

    embeddings: Floats
    prefix: int
    first: int


def rows_of(sources: Sources, ids: Sequence[int]) -> Floats:
    """Embeddings of tokens, float32 [n, width]."""
    import torch

    table = sources["model.embed_tokens.weight"].read()
    found: Floats = table[torch.as_tensor(list(ids))].to(torch.float32).numpy()
    return found


def reference_logits(
    config: Any, sources: Sources, lines: Sequence[Line], progress: Progress | None = None
) -> list[Floats]:
    """Float32 logits [n - first, rows] of each line, by Hugging Face's own modules with the checkpoint's weights.

    All lines go through as one batch, so that each tensor is read once; it is dropped after its use, which is why a
    decoder of 7 billion weights needs less than 2 GB here.
    """
    import torch

    longest = max(len(line.embeddings) for line in lines)
    inputs = torch.zeros(len(lines), longest, lines[0].embeddings.shape[1])
    mask = torch.zeros(len(lines), 1, longest, longest)
    at = torch.arange(longest)
    for i, line in enumerate(lines):
        inputs[i, : len(line.embeddings)] = torch.from_numpy(line.embeddings)
        # What is padded comes after everything else, where a causal mask hides it.
        seen = (at <= at[:, None]) | ((at < line.prefix) & (at[:, None] < line.prefix))
        mask[i, 0].masked_fill_(~seen, torch.finfo(torch.float32).min)
    model = _hollow(config)
    _attach(model, sources, progress)
    with torch.inference_mode():
        hidden = model.model(inputs_embeds=inputs, attention_mask=mask, use_cache=False).last_hidden_state
        wanted = torch.cat([hidden[i, line.first : len(line.embeddings)] for i, line in enumerate(lines)])
        logits: Floats = model.lm_head(wanted).numpy()
    return np.split(logits, np.cumsum([len(line.embeddings) - line.first for line in lines])[:-1])


def _hollow(config: Any) -> Any:
    """The model without weights; its rotary frequencies alone are real."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32)
    model.model.rotary_emb = type(model.model.rotary_emb)(config=config)
    return model.eval()


def _attach(model: Any, sources: Sources, progress: Progress | None) -> None:
    holders = {name: [n for n, _ in m.named_parameters(recurse=False)] for name, m in model.named_modules()}
    holders = {name: own for name, own in holders.items() if own}
    done = 0

    def used() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            # The table of embeddings is not looked up here.
            progress("torch reads the answers", done, len(holders) - 1)

    for name, own in holders.items():
        names = {n: _source_name(f"{name}.{n}", sources) for n in own}
        _fill_when_used(model.get_submodule(name), names, sources, used)


def _source_name(name: str, sources: Sources) -> str:
    return "model.embed_tokens.weight" if name == "lm_head.weight" and name not in sources else name


def _fill_when_used(module: nn.Module, names: dict[str, str], sources: Sources, used: Callable[[], None]) -> None:
    import torch

    def fill(_: nn.Module, __: Any) -> None:
        for n, source in names.items():
            module._parameters[n] = torch.nn.Parameter(sources[source].read().to(torch.float32), requires_grad=False)

    def drop(_: nn.Module, __: Any, ___: Any) -> None:
        for n in names:
            module._parameters[n] = torch.nn.Parameter(torch.empty(0, device="meta"), requires_grad=False)
        used()

    module.register_forward_pre_hook(fill)
    module.register_forward_hook(drop)
