"""Checkpoints of vision-language and depth models, opened without reading them: folders, hub ids, LoRA adapters."""

from models.checkpoints.depth import DepthCheckpoint
from models.checkpoints.opening import open_checkpoint
from models.checkpoints.tensors import LazyTensor, Tensors
from models.checkpoints.vlm import VlmCheckpoint

__all__ = ["DepthCheckpoint", "LazyTensor", "Tensors", "VlmCheckpoint", "open_checkpoint"]
