"""What a scene can be made of: each kind's description, and how it is built from primitives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_nav.lab.sim.things.buildings import Awning, Facade, Railing, Scaffold
from edge_nav.lab.sim.things.furniture import Cabinet, Counter, Desk, Fridge, Shelf, Table, WallCupboard
from edge_nav.lab.sim.things.levels import Floor, Hole, Ramp, StairsDown, StairsUp
from edge_nav.lab.sim.things.loose import (
    Bag,
    Bin,
    BoardSign,
    Carton,
    Clutter,
    FloorLamp,
    GlassPanel,
    HangingSign,
    Mirror,
    Plant,
    Pole,
    WallPicture,
)
from edge_nav.lab.sim.things.people import Pedestrian
from edge_nav.lab.sim.things.seats import Bed, Bench, Chair, OfficeChair, Sofa, Stool
from edge_nav.lab.sim.things.street import Bollard, Hedge, StreetLamp, TrafficSign, Tree
from edge_nav.lab.sim.things.vehicles import Bicycle, Car
from edge_nav.lab.sim.things.walls import Room, Wall
from edge_nav.lab.sim.things.ways import Road, TrackBed

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
    | Carton
    | Pole
    | Bin
    | Bag
    | Clutter
    | Plant
    | HangingSign
    | BoardSign
    | GlassPanel
    | Mirror
    | WallPicture
    | FloorLamp
    | Pedestrian
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
