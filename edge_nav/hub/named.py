"""The models known by name: where they lie, which files are needed, under which licence, and what to do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError
from edge_nav.hub.client import ID

FILE = Path(__file__).with_name("named_models.yaml")
Kind = Literal["depth", "vision", "llm", "vlm", "bundle"]
PATTERNS = ("*.json", "*.safetensors", "*.bin", "*.pth", "*.model", "*.txt", "*.jinja", "*.yaml")
"""What a checkpoint is made of, where nobody has said it more precisely."""


class NamedRepository(Settings):
    """One repository of a named model."""

    id: str = Field(pattern=f"^{ID.pattern}$", description="owner/name on the hub.")
    into: str = Field(
        default="", pattern=r"^[\w-][\w/-]*$|^$", description="Folder below the model's own; empty for itself."
    )
    licence: str | None = Field(default=None, description="As far as we know it.")
    about_gb: float | None = Field(default=None, gt=0, description="Size of the needed files, 10^9 bytes.")
    files: tuple[str, ...] = Field(default=PATTERNS, description="Needed files, shell patterns.")


class NamedModel(Settings):
    """A model that can be pulled."""

    what: str = Field(description="One line for people.")
    kind: Kind | None = Field(default=None, description="What it is exported as; none: to be seen when it is here.")
    lacks: str = Field(default="", description="What else is needed and is not on a hub.")
    repositories: tuple[NamedRepository, ...] = Field(min_length=1)


def named_models() -> dict[str, NamedModel]:
    """All of them, by name."""
    return {n: NamedModel.model_validate(m) for n, m in yaml.safe_load(FILE.read_text(encoding="utf-8")).items()}


def find(what: str) -> tuple[str, NamedModel]:
    """A name, or an id of a hub. Raises UsageError for what is neither."""
    known = named_models()
    if what in known:
        return what, known[what]
    if ID.fullmatch(what) and ".." not in what:
        return what.rpartition("/")[2], NamedModel(what=what, repositories=(NamedRepository(id=what),))
    raise UsageError(f"model {what!r} is not known: name one of {', '.join(known)}, or a hub's id as owner/name.")
