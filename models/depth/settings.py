"""What a training run is: configs/models/nano_depth/1_small.yaml."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from edge_nav.base_settings import Settings
from models.data.classes import CLASSES
from models.depth.augment import AugmentSettings
from models.depth.from_bundle import is_graph
from models.depth.network import NanoSettings


class DataSettings(Settings):
    """Which frames: folders that `python -m models.data generate` wrote. A folder may be named twice to count twice."""

    folders: list[Path] = Field(min_length=1, description="Folders of frames.")
    train: tuple[int, int] = Field(default=(0, 900_000), description="Scene seeds from, up to but without.")
    validate_: tuple[int, int] = Field(
        default=(900_000, 950_000), alias="validate", description="Scene seeds held out for watching the training."
    )
    cache: Path | None = Field(default=None, description="Folder for decoded copies, 8 bytes a pixel; none if empty.")
    workers: int = Field(default=2, ge=0, le=64, description="Processes that read and vary frames.")


class TrainSettings(Settings):
    """The whole recipe. Learning rate: up over ``warmup``, level, and down to nothing over the last ``decay`` steps."""

    data: DataSettings
    network: NanoSettings = NanoSettings()
    start: Path | None = Field(
        default=None,
        description="A checkpoint of another run whose averaged weights are begun with, where a weight is of the same "
        "name and shape; or a bundle's folder, of whose network all settings must be the same; none if empty.",
    )
    blend: Path | None = Field(
        default=None,
        description="A later checkpoint of the run that ``start`` is of: what is begun with lies between the two "
        "(Wortsman et al., Robust fine-tuning of zero-shot models, 2022).",
    )
    blend_share: float = Field(default=0.5, ge=0, le=1, description="How far towards ``blend``.")
    only_labels: bool = Field(default=False, description="Teach the label head alone: depth stays as it began.")
    augment: AugmentSettings = AugmentSettings()
    height: int = Field(default=192, ge=64, le=1024, multiple_of=32, description="Rows of the network's input.")
    width: int = Field(default=256, ge=64, le=1024, multiple_of=32, description="Columns of the network's input.")
    small_until: int = Field(default=0, ge=0, description="Steps at the beginning that are taken at the smaller size.")
    small_height: int = Field(default=128, ge=64, le=1024, multiple_of=32, description="Rows in these steps.")
    small_width: int = Field(default=160, ge=64, le=1024, multiple_of=32, description="Columns in these steps.")
    batch: int = Field(default=16, ge=1, le=1024, description="Frames a step, over all processes.")
    steps: int = Field(default=40_000, ge=1, description="Steps in all.")
    warmup: int = Field(default=500, ge=0, description="Steps of rising learning rate.")
    decay: int = Field(default=8_000, ge=0, description="Last steps of falling learning rate.")
    learning_rate: float = Field(default=2e-3, gt=0, le=1, description="At its highest.")
    weight_decay: float = Field(default=0.02, ge=0, le=1, description="How fast weights shrink.")
    average: float = Field(default=0.999, ge=0, lt=1, description="Decay of the running average of the weights.")
    clip: float = Field(default=1.0, gt=0, description="Longest gradient.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Of weights, order and variations.")
    log_every: int = Field(default=50, ge=1, description="Steps between lines of metrics.")
    save_every: int = Field(default=500, ge=1, description="Steps between checkpoints.")
    validate_every: int = Field(default=2000, ge=1, description="Steps between validations.")
    validate_frames: int = Field(default=400, ge=1, description="Frames of a validation, spread over all there are.")

    @model_validator(mode="after")
    def _fits(self) -> TrainSettings:
        if self.warmup + self.decay > self.steps:
            raise ValueError(f"warmup {self.warmup} and decay {self.decay} are longer than steps {self.steps}")
        sides = {"height": self.height, "width": self.width}
        if self.small_until:
            sides |= {"small_height": self.small_height, "small_width": self.small_width}
        for name, pixels in sides.items():
            if pixels % self.network.multiple:
                raise ValueError(f"{name} {pixels}: with a fine branch give multiples of {self.network.multiple}")
        if self.blend is not None and self.start is None:
            raise ValueError(f"blend {self.blend}: give a start, too, or leave it empty")
        if self.start is not None and self.blend is not None and any(is_graph(p) for p in (self.start, self.blend)):
            raise ValueError("start and blend: only two checkpoints can be blended, a bundle's weights are folded")
        if self.only_labels and (not self.network.labels or self.start is None):
            raise ValueError("only_labels: give a label head (network.labels) and what it is the head of (start)")
        if self.network.labels not in (0, len(CLASSES)):
            raise ValueError(f"network.labels {self.network.labels}: give {len(CLASSES)}, or 0 for no label head")
        return self

    def size(self, step: int) -> tuple[int, int]:
        """Rows and columns of the input at a step counted from 0.

        Coarse shapes are learnt as well from small pictures, in less than half the time (progressive resizing; Tan and
        Le, EfficientNetV2, 2021, section 4).
        """
        return (self.small_height, self.small_width) if step < self.small_until else (self.height, self.width)

    def rate(self, step: int) -> float:
        """Learning rate of a step counted from 0."""
        rise = min(1.0, (step + 1) / max(self.warmup, 1))
        left = (self.steps - step) / max(self.decay, 1)
        return self.learning_rate * min(rise, left, 1.0)
