"""An option of the command line, as it stands beside the field that it fills."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandOption:
    """Annotates a field of a verb's options, which are a frozen dataclass.

    ``name``: as it is typed, such as ``--json``; by default the field's. ``least`` and ``most`` bound a number, and
    each of several. ``positional``: an argument, without a name.
    """

    help: str
    name: str = ""
    least: float = -math.inf
    most: float = math.inf
    positional: bool = False
