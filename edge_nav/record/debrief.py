"""What was said on a walk against what was there: which hazards were announced in time, and which words were wrong.

`debrief_spoken` tells what was heard and when, `debrief_hazards` what the walker headed for and when they had to know
of it, `debrief_claims` whether what was said was so. A hazard is announced in time when the noun of a mention that
means it has been spoken before it had to be known.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from edge_nav.record.debrief_claims import JudgedCallout, Meant, Verdict, judge
from edge_nav.record.debrief_hazards import EDGE_M, FacedHazard, Outcome, distance_at, find_hazards
from edge_nav.record.debrief_spoken import CalloutCollector, spoken_seconds
from edge_nav.record.records import number
from edge_nav.types import TruthFrame

LATE_S = 1.0
"""Words that come later than this after a hazard are no warning of it."""


@dataclass(frozen=True, slots=True)
class Debrief:
    """A whole walk: its hazards, and every sentence that was begun. ``words`` are all that were decided on, whether or
    not there was time for them; ``unheard`` counts the sentences for which there was none.
    """

    hazards: tuple[FacedHazard, ...]
    sentences: tuple[JudgedCallout, ...]
    words: int
    unheard: int
    speaking_s: float

    def count(self, outcome: Outcome) -> int:
        """Hazards that were announced so."""
        return sum(hazard.outcome == outcome for hazard in self.hazards)

    def judged(self, verdict: Verdict) -> tuple[JudgedCallout, ...]:
        """The sentences of a verdict."""
        return tuple(one for one in self.sentences if one.verdict == verdict)

    @property
    def repeats(self) -> int:
        """Sentences that told nothing but what was told in the same zone shortly before."""
        return sum(one.repeated for one in self.sentences)

    @property
    def stops(self) -> int:
        """Sentences that stop the walker."""
        return sum(one.spoken.callout.priority == "stop" for one in self.sentences)


def debrief(heard: CalloutCollector, truth: Sequence[TruthFrame], drop_kinds: Collection[str]) -> Debrief:
    """Hold what was said against what was there. ``drop_kinds``: the mentions that speak of ground that falls away."""
    spoken = heard.spoken
    hazards, sentences = find_hazards(truth), judge(spoken, truth, drop_kinds)
    for one in sentences:
        for meant in one.meant:
            if meant.heard_s is None:
                continue
            for hazard in hazards:
                if hazard.warning is None and _is_about(hazard, meant, meant.heard_s):
                    hazard.warning, hazard.heard_s = one.spoken, meant.heard_s
                    hazard.outcome = "in time" if meant.heard_s <= hazard.needed_s else "late"
                    hazard.warned_m = distance_at(hazard, meant.heard_s, truth)
    words = sum(len(callout.text.split()) for callout in heard.decided.values())
    unheard = len(heard.decided) - len(spoken)
    return Debrief(tuple(hazards), tuple(sentences), words, unheard, spoken_seconds(spoken))


def debrief_record(result: Debrief, t: float) -> dict[str, Any]:
    """The log's record, before the summary of a walk whose truth is known.

    ``hazards``: for each in turn its kind, band and underside (of a drop minus its depth), when it was first in the
    way, when at the latest it had to be known (both seconds of the walk), how near it came, ``outcome`` (in_time, late
    or missed), and of the first callout about it the id, when its noun had been heard and how far the hazard was then.
    ``false_callouts`` and ``beside_callouts``: ids of those where nothing stands, and of those that name only what is
    not in the way. ``callouts``: how many were begun; ``repeats``: how many of them told nothing new; ``unheard``: how
    many never had their turn; ``words``: of all together; ``speaking_s``: how long the voice was heard.
    """
    return {
        "type": "debrief",
        "t": number(t),
        "hazards": [
            {
                "kind": hazard.kind,
                "band": hazard.band,
                "low_m": number(hazard.low_m, 2),
                "from_s": number(hazard.sightings[0].t, 2),
                "needed_s": number(hazard.needed_s, 2),
                "nearest_m": number(hazard.nearest_m, 2),
                "outcome": hazard.outcome.replace(" ", "_"),
                "callout_id": None if hazard.warning is None else hazard.warning.callout.id,
                "heard_s": number(hazard.heard_s, 2),
                "heard_m": number(hazard.warned_m, 2),
            }
            for hazard in result.hazards
        ],
        "false_callouts": [one.spoken.callout.id for one in result.judged("false")],
        "beside_callouts": [one.spoken.callout.id for one in result.judged("beside the way")],
        "callouts": len(result.sentences),
        "repeats": result.repeats,
        "unheard": result.unheard,
        "words": result.words,
        "speaking_s": number(result.speaking_s, 2),
        "in_time": result.count("in time"),
        "late": result.count("late"),
        "missed": result.count("missed"),
    }


def _is_about(hazard: FacedHazard, meant: Meant, heard_s: float) -> bool:
    last = hazard.sightings[-1]
    if heard_s > max(last.t, hazard.needed_s) + LATE_S or not any(s.number == hazard.number for s in meant.standing):
        return False
    # Edges and kerbs have no number of their own, but they stay where they are.
    return hazard.number > 0 or math.dist(meant.spot, last.spot) < EDGE_M
