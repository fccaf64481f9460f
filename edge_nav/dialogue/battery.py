"""The battery's charge, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


def battery_percent(supplies: Path = SUPPLIES) -> int | None:
    """Charge of the first battery, 0..100; None where there is none, as on a Jetson on a power bank."""
    for capacity in sorted(supplies.glob("*/capacity")):
        try:
            return min(100, max(0, int(capacity.read_text(encoding="ascii"))))
        except (OSError, ValueError):
            continue
    return None
