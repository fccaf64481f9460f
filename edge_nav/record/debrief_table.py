"""The end of a walk whose truth is known, as a table for a person: one line a hazard, then what was said wrongly."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edge_nav.record.debrief import Debrief, Hazard, Outcome

STYLE: dict[Outcome, str] = {"in time": "green", "late": "yellow", "missed": "bold red"}


def debrief_table(result: Debrief) -> Group:
    """Every hazard with when it was announced, the false callouts, and the totals."""
    table = Table(title="what was there, and what was said")
    for name, side in (
        ("hazard", "left"),
        ("band", "left"),
        ("in the way, s", "right"),
        ("told at, m", "right"),
        ("to spare, s", "right"),
        ("outcome", "left"),
    ):
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=name != "hazard")
    table.add_column("said", overflow="fold")
    for hazard in result.hazards:
        table.add_row(*_row(hazard))
    lines = [Text(f"false at {one.callout.t:.1f} s: {one.callout.text}", style="magenta") for one in result.false]
    counts = ", ".join(f"{result.count(outcome)} {outcome}" for outcome in STYLE)
    total = (
        f"{len(result.hazards)} hazards: {counts}. {result.callouts} callouts of a place, {len(result.false)} false."
    )
    return Group(table, *lines, Text(total, style="bold"))


def _row(hazard: Hazard) -> tuple[str | Text, ...]:
    said = hazard.said
    return (
        hazard.kind.replace("_", " "),
        hazard.band,
        f"{hazard.seen[0][0]:.1f}-{hazard.seen[-1][0]:.1f}",
        "" if hazard.said_m is None else f"{hazard.said_m:.1f}",
        "" if hazard.lead_s is None else f"{hazard.lead_s:+.1f}",
        Text(hazard.outcome, style=STYLE[hazard.outcome]),
        "" if said is None else said.callout.text,
    )
