"""When something that broke, or works again, is worth a word."""

from __future__ import annotations

from edge_nav.guidance.alerts import FaultAlert, InformationAlert, alerts
from edge_nav.types import Fault


class FaultNews:
    """Remembers which faults have been spoken of. Broken, mended and broken again is news each time."""

    def __init__(self) -> None:
        self._spoken_t: dict[tuple[str, bool], float] = {}
        """By component, and whether it works again."""

    def news(self, fault: Fault, t: float) -> FaultAlert | InformationAlert | None:
        """What to say of a fault now; nothing of what is for the log alone, such as a recording that ends."""
        broken = alerts().fault(fault.component)
        if broken is None:
            return None
        alert = alerts().inform("recovered") if fault.recovered else broken
        if t - self._spoken_t.get((fault.component, fault.recovered), float("-inf")) < alert.repeat_s:
            return None
        self._spoken_t[fault.component, fault.recovered] = t
        self._spoken_t.pop((fault.component, not fault.recovered), None)
        return alert


def informs_only(component: str) -> bool:
    """Whether what it reports is told, but breaks nothing."""
    alert = alerts().fault(component)
    return alert is not None and alert.priority == "info"
