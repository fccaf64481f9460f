"""What one run of the exporter makes, as data: what the command line's verbs say, or a file in configs/export/."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator
from typing_extensions import Self

from edge_nav.base_settings import Settings
from edge_nav.bundle import IntendedUse
from export.depth import DepthOptions
from export.llm import LlmOptions
from export.nano import NanoOptions
from export.vision import VisionOptions


class DepthPlan(DepthOptions):
    """A depth network."""

    checkpoint: str = Field(min_length=1, description="Folder or hub id of Depth Anything V1 or V2.")


class VlmPlan(Settings):
    """A vision-language model, or one half of it."""

    checkpoint: str = Field(min_length=1, description="Folder or hub id.")
    adapter: Path | None = Field(default=None, description="LoRA folder as peft saves it, merged on the way.")
    vision: VisionOptions | None = Field(default=VisionOptions(), description="The vision tower; null leaves it out.")
    llm: LlmOptions | None = Field(default=LlmOptions(), description="The language model; null leaves it out.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.vision is None and self.llm is None:
            raise ValueError("vision and llm are both null")
        return self


class ExportPlan(Settings):
    """A bundle, or parts that are added to one."""

    out: Path = Field(description="The bundle's folder; one that is there keeps its other parts.")
    name: str | None = Field(default=None, min_length=1, description="The bundle's name; null: that of the folder.")
    licence: str | None = Field(default=None, min_length=1, description="Licence; null: as the checkpoints state it.")
    intended_use: IntendedUse | None = Field(
        default=None, description="real, or simulator; null: as the bundle has it, simulator for a new one."
    )
    depth: DepthPlan | None = Field(default=None, description="The depth network; null makes none.")
    nano: NanoOptions | None = Field(default=None, description="The depth network trained here, in place of depth.")
    vlm: VlmPlan | None = Field(default=None, description="The vision-language model; null makes none.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.depth is None and self.nano is None and self.vlm is None:
            raise ValueError("none of depth, nano and vlm is given")
        if self.depth is not None and self.nano is not None:
            raise ValueError("depth and nano are both given, and a bundle has one depth network")
        return self
