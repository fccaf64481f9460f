"""Benchmark figures: a table on the screen, and the same as JSON with machine and versions."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from edge_nav import __version__
from edge_nav.errors import UsageError

WIDE = 6
"""With more figures than this a row becomes a column: terminals are narrow."""
BESIDE = 6
"""So many such columns stand beside each other."""
Row = dict[str, str | float | int | None]


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th percentile, and greatest."""
    array = np.asarray(values, dtype=float)
    return float(np.median(array)), float(np.percentile(array, 95)), float(array.max())


def report(title: str, rows: list[Row], json_file: Path | None) -> None:
    """Print the rows, one table, and write them if asked to."""
    rows = [{name: _known(value) for name, value in row.items()} for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > WIDE:
        for n in range(0, len(rows), BESIDE):
            Console().print(_upright(title, names, rows[n : n + BESIDE]))
    else:
        table = Table(title=title)
        for name in names:
            table.add_column(name, justify="left" if name == names[0] else "right")
        for row in rows:
            table.add_row(*(_text(row.get(name)) for name in names))
        Console().print(table)
    if json_file is not None:
        data = {"title": title, "machine": machine(), "rows": rows}
        try:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        except OSError as e:
            raise UsageError(f"--json {json_file} cannot be written ({e.strerror}): give a file.") from e


def _upright(title: str, names: list[str], rows: list[Row]) -> Table:
    """A column for each row."""
    table = Table(title=title)
    table.add_column(names[0])
    for row in rows:
        table.add_column(_text(row[names[0]]), justify="right")
    for name in names[1:]:
        table.add_row(name, *(_text(row.get(name)) for row in rows))
    return table


def _known(value: str | float | int | None) -> str | float | int | None:
    """What is not a number is not known: JSON has no word for it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "edge_nav": __version__,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _text(value: str | float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
