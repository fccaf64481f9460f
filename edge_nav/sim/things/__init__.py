"""What a scene can be made of: each kind's description, and how it is built from primitives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_nav.sim.things.furniture import Cabinet, Counter, Desk, Fridge, Shelf, Table, WallCupboard
from edge_nav.sim.things.levels import Floor, Hole, Ramp, StairsDown, StairsUp
from edge_nav.sim.things.loose import (
    Bag,
    Bin,
    BoardSign,
    Box,
    Clutter,
    FloorLamp,
    GlassPanel,
    HangingSign,
    Mirror,
    Picture,
    Plant,
    Pole,
)
from edge_nav.sim.things.people import Person
from edge_nav.sim.things.seats import Bed, Bench, Chair, OfficeChair, Sofa, Stool
from edge_nav.sim.things.street import (
    Awning,
    Bicycle,
    Bollard,
    Car,
    Facade,
    Hedge,
    Railing,
    Road,
    Scaffold,
    StreetLamp,
    TrackBed,
    TrafficSign,
    Tree,
)
from edge_nav.sim.things.walls import Room, Wall

AnyThing = Annotated[
    Floor
    | Hole
    | StairsDown
    | StairsUp
    | Ramp
    | Road
    | TrackBed
    | Wall
    | Room
    | Facade
    | Chair
    | OfficeChair
    | Stool
    | Sofa
    | Bed
    | Bench
    | Table
    | Desk
    | Shelf
    | Cabinet
    | WallCupboard
    | Counter
    | Fridge
    | Box
    | Pole
    | Bin
    | Bag
    | Clutter
    | Plant
    | HangingSign
    | BoardSign
    | GlassPanel
    | Mirror
    | Picture
    | FloorLamp
    | Person
    | Car
    | Bicycle
    | Bollard
    | StreetLamp
    | TrafficSign
    | Tree
    | Hedge
    | Scaffold
    | Railing
    | Awning,
    Field(discriminator="kind"),
]
