"""What optimum's exporter must be told of the networks it does not know."""

from __future__ import annotations

from types import MethodType, TracebackType
from typing import Any

import torch
from optimum.exporters.onnx.model_configs import ViTOnnxConfig
from optimum.exporters.onnx.model_patcher import ModelPatcher
from torch import Tensor, nn

PIXELS, DEPTH, EMBEDDINGS = "pixel_values", "predicted_depth", "embeddings"


def _head(self: Any, hidden_states: list[Tensor], patch_height: Any, patch_width: Any) -> Tensor:
    """DepthAnythingDepthEstimationHead.forward, but the size it resizes to stays part of the graph.

    transformers makes Python integers of it, which every exporter bakes. The activation (ReLU, or Sigmoid of a metric
    model) and the factor (1, or the greatest depth) are the module's own.
    """
    features = self.conv1(hidden_states[self.head_in_index])
    size = (patch_height * self.patch_size, patch_width * self.patch_size)
    features = nn.functional.interpolate(features, size, mode="bilinear", align_corners=True)
    depth: Tensor = self.activation2(self.conv3(self.activation1(self.conv2(features)))) * self.max_depth
    return depth.squeeze(dim=1)


def _positions(self: Any, embeddings: Tensor, height: Any, width: Any) -> Tensor:
    """Dinov2Embeddings.interpolate_pos_encoding with its axes turned by a reshape first.

    transformers turns the resized map [1, C, h, w] to [1, h, w, C]. In an fp16 graph, ONNX Runtime moves that
    transposition before the resize, and then refuses to make a map in that layout smaller.
    """
    learned = self.position_embeddings
    side = round(self.patch_embeddings.num_patches**0.5)  # not of a shape: a traced one is no number
    grid = learned[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    size = (height // self.patch_size, width // self.patch_size)
    resized = nn.functional.interpolate(grid, size=size, mode="bicubic", align_corners=False)
    return torch.cat((learned[:, :1], resized.flatten(2).transpose(1, 2)), dim=1)


class DepthAnythingPatcher(ModelPatcher):  # type: ignore[misc]
    """Puts the rewritten steps in for the time of an export."""

    def __enter__(self) -> None:
        """Patch."""
        super().__enter__()
        head, embeddings = self._model.head, self._model.backbone.embeddings
        head.forward = MethodType(_head, head)
        embeddings.interpolate_pos_encoding = MethodType(_positions, embeddings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the modules' own ones back."""
        super().__exit__(kind, error, trace)
        del self._model.head.forward
        del self._model.backbone.embeddings.interpolate_pos_encoding


class DepthAnythingOnnxConfig(ViTOnnxConfig):  # type: ignore[misc]
    """Depth Anything V1 and V2: pixels float32 [1, 3, height, width] -> depth [1, height, width]."""

    _MODEL_PATCHER = DepthAnythingPatcher

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """Free axes of the input."""
        return {PIXELS: {2: "height", 3: "width"}}

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        """Free axes of the output."""
        return {DEPTH: {1: "height", 2: "width"}}
