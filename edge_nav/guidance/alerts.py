"""Reads the table of all that is said unasked; alerts.yaml explains the fields."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

import yaml
from pydantic import Field, model_validator

from edge_nav.base_settings import Settings
from edge_nav.types import Band, Obstacle, Priority, View

Heed = Literal["full", "stop", "none"]
InformationKind = Literal["clear", "floor_lost", "recovered"]


class PriorityRule(Settings):
    """How long what has a priority stays true."""

    name: Priority
    expires_s: float | None = Field(gt=0)


class Companions(Settings):
    """How much of a hazard is still spoken to someone with a cane or a dog."""

    cane: Heed
    dog: Heed


class HazardAlert(Settings):
    """What is said of an obstacle, and from where on."""

    kind: str
    same_as: str | None = None
    named: bool = False
    talkative: bool = False
    band: Band | None = None
    label: str | None = None
    footing: bool | None = None
    in_corridor: bool | None = None
    stop_m: float | None = Field(ge=0)
    stop_s: float | None = Field(ge=0)
    caution_m: float = Field(ge=0)
    notice_m: float | None = Field(ge=0)
    onset_frames: int = Field(ge=1)
    confidence: float = Field(ge=0, le=1)
    clear: bool
    veer: bool
    always: bool
    companion: Companions

    def fits(self, obstacle: Obstacle) -> bool:
        """Whether this row describes the obstacle."""
        return all(
            wanted is None or wanted == have
            for wanted, have in (
                (self.band, obstacle.band),
                (self.label, obstacle.label),
                (self.footing, obstacle.footing),
                (self.in_corridor, obstacle.in_corridor),
            )
        )


class MessageAlert(Settings):
    """A fixed sentence: ``kind`` names it in the phrases."""

    kind: str
    priority: Priority


class FaultAlert(MessageAlert):
    """What is said when a component breaks."""

    component: str
    repeat_s: float = Field(ge=0)


class ViewAlert(MessageAlert):
    """What is said when the camera does not see."""

    kind: View
    onset_s: float = Field(ge=0)
    repeat_s: float = Field(ge=0)
    recovered: bool


class InformationAlert(MessageAlert):
    """What else is said unasked."""

    kind: InformationKind
    onset_s: float = Field(ge=0)
    repeat_s: float = Field(default=0.0, ge=0)


class Alerts(Settings):
    """The whole table, checked for completeness when it is read."""

    priorities: tuple[PriorityRule, ...]
    hazards: tuple[HazardAlert, ...]
    faults: tuple[FaultAlert, ...]
    views: tuple[ViewAlert, ...]
    information: tuple[InformationAlert, ...]

    @model_validator(mode="after")
    def _is_complete(self) -> Alerts:
        _each_once("priorities", [p.name for p in self.priorities], get_args(Priority))
        _each_once("views", [v.kind for v in self.views], [v for v in get_args(View) if v != "ok"])
        _each_once("information", [i.kind for i in self.information], get_args(InformationKind))
        kinds = [h.kind for h in self.hazards]
        _each_once("hazards", kinds, set(kinds) | {h.same_as for h in self.hazards if h.same_as is not None})
        components = [f.component for f in self.faults]
        _each_once("faults", components, set(components))
        return self

    @property
    def messages(self) -> tuple[MessageAlert, ...]:
        """All alerts that are fixed sentences."""
        return (*self.faults, *self.views, *self.information)

    def expires_s(self, priority: Priority) -> float:
        """How long what has a priority may wait. Raises ValueError for answers, each of which says so itself."""
        seconds = next(p.expires_s for p in self.priorities if p.name == priority)
        if seconds is None:
            raise ValueError(f"priority {priority} has no expiry of its own")
        return seconds

    def general_kind(self, kind: str) -> str:
        """What a hazard counts as when it is asked whether it is still the same one."""
        return next((h.same_as for h in self.hazards if h.kind == kind and h.same_as is not None), kind)

    def is_named(self, kind: str) -> bool:
        """Whether a hazard's thing is told by its own name."""
        return any(h.named for h in self.hazards if h.kind == kind)

    def fault(self, component: str) -> FaultAlert | None:
        """None for what does not touch the walk itself."""
        return next((f for f in self.faults if f.component == component), None)

    def view(self, view: View) -> ViewAlert:
        """Of every view but "ok"."""
        return next(v for v in self.views if v.kind == view)

    def inform(self, kind: InformationKind) -> InformationAlert:
        """One piece of information."""
        return next(i for i in self.information if i.kind == kind)


def _each_once(section: str, names: Sequence[str], wanted: Sequence[str] | set[str]) -> None:
    if sorted(names) != sorted(wanted):
        raise ValueError(
            f"{section} are {', '.join(names)}; each of {', '.join(sorted(wanted))} has to stand there once"
        )


@lru_cache(maxsize=1)
def alerts() -> Alerts:
    """The table that comes along."""
    text = importlib.resources.files("edge_nav.guidance").joinpath("alerts.yaml").read_text(encoding="utf-8")
    return Alerts.model_validate(yaml.safe_load(text))
