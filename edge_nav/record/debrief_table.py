"""The end of a walk whose truth is known, as a table for a person: one line a hazard, then what was said wrongly."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from edge_nav.record.debrief import Debrief
from edge_nav.record.debrief_claims import JudgedCallout
from edge_nav.record.debrief_hazards import FacedHazard, Outcome

MOST_SHOWN = 12
"""So many false callouts, and so many beside the way, are shown one by one."""
STYLE: dict[Outcome, str] = {"in time": "green", "late": "yellow", "missed": "bold red"}


def debrief_table(result: Debrief) -> Group:
    """Every hazard with when it was announced, the sentences that were false or beside the way, and the totals.

    "Told" is how far the hazard was when the warning's noun had been heard, and how long before it had to be known.
    """
    table = Table(title="what was there, and what was said", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("at, s", justify="right")
    table.add_column("hazard")
    table.add_column("outcome", no_wrap=True)
    table.add_column("told", no_wrap=True)
    table.add_column("said")
    for hazard in result.hazards:
        table.add_row(*_row(hazard))
    wrong = [*_lines("false", result.judged("false")), *_lines("beside the way", result.judged("beside the way"))]
    counts = ", ".join(f"{result.count(outcome)} {outcome}" for outcome in STYLE)
    noun = "hazard" if len(result.hazards) == 1 else "hazards"
    said = f"{len(result.sentences)} sentences, {len(result.judged('false'))} false"
    more = f"{len(result.judged('beside the way'))} beside the way, {result.repeats} repeated, {result.unheard} unheard"
    total = f"{len(result.hazards)} {noun}: {counts}; {said}, {more}"
    return Group(table, *(Text(line, style="magenta") for line in wrong), Text(total, style="bold"))


def _lines(what: str, judged: tuple[JudgedCallout, ...]) -> list[str]:
    lines = [f"{what} at {one.spoken.callout.t:.1f} s: {one.spoken.callout.text}" for one in judged[:MOST_SHOWN]]
    if len(judged) > MOST_SHOWN:
        lines.append(f"and {len(judged) - MOST_SHOWN} more {what}, which the log names")
    return lines


def _row(hazard: FacedHazard) -> tuple[str | Text, ...]:
    warning, how_early = hazard.warning, ""
    if hazard.warned_m is not None and hazard.lead_s is not None:
        how_early = f"{hazard.warned_m:.1f} m, {hazard.lead_s:+.1f} s"
    name = f"{hazard.kind.replace('_', ' ')} ({hazard.band})"
    if hazard.band == "drop":
        name = f"drop of {-hazard.low_m:.2f} m"
    return (
        f"{hazard.sightings[0].t:.1f}",
        name,
        Text(hazard.outcome, style=STYLE[hazard.outcome]),
        how_early,
        "" if warning is None else warning.callout.text,
    )
