"""What a scene can be made of: each kind's description, and how it is built from primitives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_nav.sim.things.levels import Floor, Hole, Ramp, StairsDown, StairsUp
from edge_nav.sim.things.loose import Box, Pole
from edge_nav.sim.things.people import Person
from edge_nav.sim.things.seats import Chair, Table
from edge_nav.sim.things.walls import Room, Wall

AnyThing = Annotated[
    Floor | Hole | StairsDown | StairsUp | Ramp | Wall | Room | Chair | Table | Box | Pole | Person,
    Field(discriminator="kind"),
]
