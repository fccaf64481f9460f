"""Rows of a report that a bundle holds already."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from edge_nav.errors import UsageError
from export.parity.report import ParityRow


def stored_rows(path: Path) -> list[ParityRow]:
    """What parity.json says. UsageError where it is none."""
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return [ParityRow(**{**row, "value": math.nan if row["value"] is None else row["value"]}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UsageError(f"{path} is no parity report: export the bundle afresh, into a new folder.") from e
