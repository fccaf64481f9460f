"""How a vision-language model is run: settings of the profile."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field

from edge_nav.base_settings import Settings


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class VlmSettings(Settings):
    """The model that looks at a picture."""

    bundle: str | None = Field(
        default=None,
        description="Bundle with a vision tower and a language model; null: the walk's own bundle, if it has them.",
    )
    llm: str | None = Field(
        default=None, description="Quantisation of the language model, such as q4_k_m; null takes the bundle's own."
    )
    vision: str | None = Field(
        default=None, description="Precision of the vision tower, such as int8; null takes the bundle's own."
    )
    vision_backend: Literal["onnx", "openvino"] = Field(
        default="onnx", description="What runs the vision tower; openvino is an extra, and uses bfloat16 where it can."
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads; 0 takes all, in a walk all but the one perception keeps."
    )
    gpu_layers: int = Field(
        default=-1, ge=-1, le=1000, description="Layers on the GPU, where llama.cpp was built for one; -1 is all."
    )
    repack: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Weights laid out anew for this CPU's kernels: faster prompts, more memory. auto: on, but off "
        "where llama.cpp uses AMX, which dies on some virtual machines.",
    )
    budget_s: float = Field(default=30.0, ge=0.1, le=600.0, description="An answer ends after so many seconds.")
    answer_tokens: int | None = Field(
        default=None, ge=1, le=4096, description="Longest answer in tokens; null takes the bundle's."
    )

    def threads_here(self, spare: int = 0) -> int:
        """Threads to use: as set, else every core this process may use but ``spare``."""
        if self.threads:
            return self.threads
        return max(1, cores_here() - spare)
