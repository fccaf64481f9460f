"""What was heard of all that was decided to be said: each sentence with when it was begun, and when its nouns had been.

A warning counts from the moment at which its noun has been spoken: by then the walker knows what is there. Of a
sentence that was spoken to its end the noun's share of the time after the tone is taken; of one that was cut, the
speaking rate tells how far it had come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_nav.types import Callout, Mention, VoiceFate


@dataclass(frozen=True, slots=True)
class SpokenCallout:
    """A sentence that was begun, and when it was begun and ended or cut, seconds of the walk.

    ``heard_s``: for each of its mentions when its noun had been spoken, None where it was cut before.
    """

    callout: Callout
    began_s: float
    ended_s: float
    mentions: tuple[Mention, ...]
    heard_s: tuple[float | None, ...]

    @property
    def words(self) -> int:
        """How many words its whole text has."""
        return len(self.callout.text.split())


@dataclass(slots=True)
class CalloutCollector:
    """Collects what is said while the walk goes on.

    ``tone_s``: length of each priority's tone, seconds. ``rate_wpm``: words a minute.
    """

    tone_s: Mapping[str, float]
    rate_wpm: int
    decided: dict[int, Callout] = field(default_factory=dict)
    """Every callout by its number, in the order in which they were decided; answers are not among them."""
    told: bool = False
    """Whether the voice told anything of what became of them: one that has lost its sound card does not."""
    _spoken: dict[int, SpokenCallout] = field(default_factory=dict)

    def callout(self, callout: Callout) -> None:
        """A callout was decided on; what the voice makes of it comes later."""
        self.decided[callout.id] = callout

    def fate(self, fate: VoiceFate) -> None:
        """What became of a callout; of what was never begun nothing was heard."""
        callout = self.decided.get(fate.callout_id)
        self.told = self.told or callout is not None
        if callout is None or fate.latency_s is None:
            return
        began = callout.t + fate.latency_s
        ended = max(fate.t, began)
        mentions = mentions_of(callout)
        heard = tuple(self._heard_s(callout, m.noun_word, began, ended, fate.state == "spoken") for m in mentions)
        self._spoken[callout.id] = SpokenCallout(callout, began, ended, mentions, heard)

    @property
    def spoken(self) -> list[SpokenCallout]:
        """All that was begun, in the order in which it was begun."""
        return sorted(self._spoken.values(), key=lambda s: (s.began_s, s.callout.id))

    def _heard_s(self, callout: Callout, noun: int, began: float, ended: float, whole: bool) -> float | None:
        words, tone = max(len(callout.text.split()), 1), self.tone_s.get(callout.priority, 0.0)
        word_s = max(ended - began - tone, 0.0) / words if whole else 60.0 / self.rate_wpm
        at = began + tone + word_s * min(noun + 1, words)
        return min(at, ended) if whole or at <= ended + 1e-6 else None


def mentions_of(callout: Callout) -> tuple[Mention, ...]:
    """All that a callout names; of one that names a single thing and leaves the mention out, it is made up here."""
    if callout.mentions:
        return callout.mentions
    if callout.priority not in ("stop", "caution", "notice"):
        return ()
    if callout.distance_m is None or callout.bearing_deg is None:
        return ()
    noun = _noun_word(callout)
    return (Mention(callout.kind, callout.obstacle_id, callout.distance_m, callout.bearing_deg, noun),)


def _noun_word(callout: Callout) -> int:
    """Sentences are `[urgency.] WHAT ahead, HOW FAR.` or `[urgency.] WHAT, WHERE, HOW FAR.` in every language: the noun
    ends with the first comma, or with the word before where that one is "ahead".
    """
    words = callout.text.split()
    first = 1 if callout.priority == "stop" and len(words) > 1 else 0
    comma = next((n for n, word in enumerate(words) if n >= first and word.endswith(",")), first)
    return max(comma - 1, first) if callout.side == "ahead" and len(words) > first + 1 else comma


def spoken_seconds(spoken: list[SpokenCallout]) -> float:
    """How long the voice was heard; what overlaps counts once."""
    total, until = 0.0, float("-inf")
    for began, ended in ((s.began_s, s.ended_s) for s in spoken):
        total += max(ended - max(began, until), 0.0)
        until = max(until, ended)
    return total
