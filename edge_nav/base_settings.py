"""The one rule all settings share: no unknown names, no change after birth."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every room's settings. Each field has a description, a unit in its name or text, and bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
