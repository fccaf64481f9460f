"""Begin and end of failures, told once each."""

from __future__ import annotations

from edge_nav.types import Fault


class FaultLatch:
    """Remembers which components fail: a fault when one begins to, its recovery when it ends, nothing in between."""

    def __init__(self) -> None:
        self.failing: set[str] = set()

    def change(self, component: str, message: str, failing: bool) -> list[Fault]:
        """Note a component's state; the fault or recovery that this is, if any."""
        if failing == (component in self.failing):
            return []
        if failing:
            self.failing.add(component)
            return [Fault(component, message)]
        self.failing.remove(component)
        return [Fault(component, f"{component} works again", recovered=True)]
