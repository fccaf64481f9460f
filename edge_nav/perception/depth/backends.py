"""Which backend runs a bundle's depth network."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from edge_nav.bundle import Bundle
from edge_nav.perception.depth.onnx_runtime import OnnxDepth, OnnxDepthSettings
from edge_nav.perception.depth.openvino import OpenVinoDepth, OpenVinoDepthSettings
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthModel

DepthBackend: TypeAlias = Annotated[OnnxDepthSettings | OpenVinoDepthSettings, Field(discriminator="type")]


def open_depth(settings: DepthBackend, bundle: Bundle, perception: PerceptionSettings) -> DepthModel:
    """Load a bundle's depth network. Raises UsageError if it cannot run here."""
    if isinstance(settings, OpenVinoDepthSettings):
        return OpenVinoDepth(bundle, settings, perception)
    return OnnxDepth(bundle, settings, perception)
