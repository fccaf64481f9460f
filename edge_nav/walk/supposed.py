"""What a walker would have heard of a walk whose voice told nothing: one without a sound card."""

from __future__ import annotations

from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.speech.timeline import NOMINAL_LATENCY_S, VoiceTimeline


def suppose_heard(heard: CalloutCollector, until_s: float) -> None:
    """Let all that was decided be spoken by the voice's rules, so that guidance is judged and not the machine."""
    timeline = VoiceTimeline(heard.rate_wpm, earcons=bool(heard.tone_s), is_current=lambda _: True, on_fate=heard.fate)
    for callout in list(heard.decided.values()):
        timeline.say(callout, callout.t + NOMINAL_LATENCY_S)
    timeline.close(until_s)
