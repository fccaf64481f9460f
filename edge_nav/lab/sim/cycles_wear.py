"""What every look is made with, and what every surface suffers: dirt, wear, cracks."""

from __future__ import annotations

from dataclasses import dataclass

from edge_nav.lab.sim.cycles_nodes import Nodes, Socket, Value


@dataclass(frozen=True, slots=True)
class Inks:
    """What a look is made with: the two colours, the pattern's size, roughness, and where on the surface."""

    first: Socket
    second: Socket
    scale_m: Socket
    roughness: Socket
    uv: Socket


@dataclass(frozen=True, slots=True)
class Surface:
    """What a look gives: inputs of the principled shader by name."""

    inputs: dict[str | int, Value]


def worn(n: Nodes, k: Inks, colour: Socket, amount: float, size_m: float = 0.9) -> Socket:
    """Large, faint darker clouds: dirt, hands, years."""
    return shaded(n, colour, n.between(n.noise(k.uv, 1.0 / size_m, 3.0), 0.35, 0.75, 1.0, 1.0 - amount))


def speckled(n: Nodes, k: Inks, colour: Socket, cells_per_m: float, amount: float) -> Socket:
    """Fine lighter and darker spots."""
    return shaded(n, colour, n.between(n.noise(k.uv, cells_per_m, 1.0), 0.25, 0.75, 1.0 - amount, 1.0 + amount))


def shaded(n: Nodes, colour: Socket, factor: Value) -> Socket:
    """A colour times a number."""
    return n.mix(1.0, colour, n.add("CombineColor", {0: factor, 1: factor, 2: factor}).outputs[0], "MULTIPLY")


def low_dirt(n: Nodes, k: Inks, colour: Socket) -> Socket:
    """Darker and browner just above the floor, in an uneven line: shoes, mops."""
    height = n.add("SeparateXYZ", {0: n.add("NewGeometry", {}).outputs["Position"]}).outputs[2]
    uneven = n.math("ADD", height, n.between(n.noise(k.uv, 3.0, 4.0), 0.25, 0.75, -0.18, 0.18))
    return n.mix(n.between(uneven, -0.1, 0.4, 0.28, 0.0), colour, (0.2, 0.17, 0.14, 1.0))


def cracks(n: Nodes, k: Inks, cells_per_m: float, width: float) -> Socket:
    """Thin wandering lines, in places: 1 in a crack."""
    wander = n.scaled(
        n.add("TexNoise", {"Vector": k.uv, "Scale": 3.0, "Detail": 3.0}, {"noise_dimensions": "2D"}).outputs["Color"],
        0.25,
    )
    at = n.vector("ADD", k.uv, wander)
    props = {"voronoi_dimensions": "2D", "feature": "DISTANCE_TO_EDGE"}
    edge = n.add("TexVoronoi", {"Vector": at, "Scale": cells_per_m}, props).outputs["Distance"]
    some = n.between(n.noise(k.uv, 0.5, 1.0), 0.6, 0.7)
    return n.math("MULTIPLY", n.between(edge, 0.0, width, 1.0, 0.0), some)


def cells(n: Nodes, k: Inks, wide: float, tall: float, gap: float, offset: float) -> tuple[Socket, Socket]:
    """Bricks whose sizes are given in the pattern's scale."""
    size = (n.math("MULTIPLY", k.scale_m, wide), n.math("MULTIPLY", k.scale_m, tall))
    return n.bricks(k.uv, size, n.math("MULTIPLY", k.scale_m, gap), offset)


def grain(n: Nodes, k: Inks, at: Socket) -> tuple[Socket, Socket]:
    """Wood along u: colour between the two, and a height."""
    far = n.vector("MULTIPLY", at, (1.3, 26.0, 1.0))
    rings = n.noise(far, n.math("DIVIDE", 0.14, k.scale_m), 3.0, 0.35)
    bands = n.math("PINGPONG", n.math("MULTIPLY", rings, 7.0), 1.0)
    fine = n.noise(n.vector("MULTIPLY", at, (6.0, 240.0, 1.0)), 1.0, 1.0)
    tone = n.math("ADD", n.math("MULTIPLY", bands, 0.4), n.math("MULTIPLY", fine, 0.6))
    return n.mix(n.between(tone, 0.15, 0.95), k.first, k.second), fine
