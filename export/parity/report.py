"""What an export was checked for, as rows of a table: on screen, and in the bundle as parity.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_nav.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = "edge-nav/parity/1"


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One check. ``tolerance`` is the limit that ``value`` was held against, its direction said by ``measure``
    ("max absolute difference", "top-1 agreement, at least"); None where a figure is only told, such as a size."""

    what: str
    measure: str
    value: float
    tolerance: float | None
    passed: bool
    detail: str = ""


def at_most(what: str, measure: str, value: float, limit: float, detail: str = "") -> ParityRow:
    """A row that passes when the value is a number not above the limit."""
    return ParityRow(what, measure, value, limit, value <= limit, detail)


def at_least(what: str, measure: str, value: float, limit: float, detail: str = "") -> ParityRow:
    """A row that passes when the value is a number not below the limit."""
    return ParityRow(what, f"{measure}, at least", value, limit, value >= limit, detail)


def told(what: str, measure: str, value: float, detail: str = "") -> ParityRow:
    """A figure without a limit."""
    return ParityRow(what, measure, value, None, True, detail)


def demand(rows: Iterable[ParityRow]) -> None:
    """Raise UsageError when a row failed; the sentence names every failed one."""
    failed = [
        f"{r.what}: {r.measure} {r.value:.6g} against {r.tolerance or 0:.6g}{f', {r.detail}' if r.detail else ''}"
        for r in rows
        if not r.passed
    ]
    if failed:
        raise UsageError(
            f"the export differs from its checkpoint ({'; '.join(failed)}): do not use it, and try another precision."
        )


def write_report(rows: Sequence[ParityRow], path: Path) -> None:
    """parity.json, never half written."""
    data = {"schema": SCHEMA, "passed": all(r.passed for r in rows), "rows": [asdict(r) for r in rows]}
    part = path.with_name(f"{path.name}.part")
    # NaN is not JSON: a difference that is not a number is written as null, and its row has failed already.
    part.write_text(json.dumps(_plain(data), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


def table(rows: Sequence[ParityRow]) -> Table:
    """The same for the screen."""
    from rich.table import Table

    shown = Table("what", "measure", "value", "limit", "", "detail", title="Parity")
    for r in rows:
        limit = "" if r.tolerance is None else f"{r.tolerance:.4g}"
        state = "" if r.tolerance is None else ("ok" if r.passed else "[bold red]failed[/]")
        shown.add_row(r.what, r.measure, f"{r.value:.6g}", limit, state, r.detail)
    return shown


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
