"""Looks as procedural shaders. Each is built once a process as a template; a material is a copy with its own colours.

Texture coordinates are metres (the meshes' uv). Light that has been scattered already sees a plain colour: the pattern
would cost as much again and cannot be told in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_nav.sim.cycles_nodes import Nodes, Socket, Value
from edge_nav.sim.shapes import LABELS, Colour, Shape

UV = "uv"
PLANKS, PAINT, PRINT, PANE, DARK = "planks", "paint", "print", "pane", "dark"
"""Looks that follow from what a thing is: a wooden floor, a vehicle's body, a sign, a window from inside or outside."""
GLOSSY = 0.2
ALONG = ("wood", "metal", "bark")
"""Looks whose pattern has a direction."""


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


def look_of(shape: Shape, inside: bool) -> str:
    """Which template draws a shape; ``inside``: of a scene under a roof."""
    look, label = shape.material.look, LABELS[shape.label]
    if look == "glass" and label == "window":
        return PANE if inside else DARK
    if look == "wood" and label == "floor":
        return PLANKS
    if look in ("metal", "plastic") and label == "vehicle" and shape.material.roughness < GLOSSY:
        return PAINT
    if look == "plastic" and label == "sign":
        return PRINT
    return look


def _worn(n: Nodes, k: Inks, colour: Socket, amount: float, size_m: float = 0.9) -> Socket:
    """Large, faint darker clouds: dirt, hands, years."""
    cloud = n.between(n.noise(k.uv, 1.0 / size_m, 3.0), 0.35, 0.75, 1.0, 1.0 - amount)
    return n.mix(1.0, colour, n.add("CombineColor", {0: cloud, 1: cloud, 2: cloud}).outputs[0], "MULTIPLY")


def _speckled(n: Nodes, k: Inks, colour: Socket, cells_per_m: float, amount: float) -> Socket:
    grain = n.between(n.noise(k.uv, cells_per_m, 1.0), 0.25, 0.75, 1.0 - amount, 1.0 + amount)
    return n.mix(1.0, colour, n.add("CombineColor", {0: grain, 1: grain, 2: grain}).outputs[0], "MULTIPLY")


def _shaded(n: Nodes, colour: Socket, factor: Value) -> Socket:
    return n.mix(1.0, colour, n.add("CombineColor", {0: factor, 1: factor, 2: factor}).outputs[0], "MULTIPLY")


def _low_dirt(n: Nodes, k: Inks, colour: Socket) -> Socket:
    """Darker and browner just above the floor, in an uneven line: shoes, mops."""
    height = n.add("SeparateXYZ", {0: n.add("NewGeometry", {}).outputs["Position"]}).outputs[2]
    uneven = n.math("ADD", height, n.between(n.noise(k.uv, 3.0, 4.0), 0.25, 0.75, -0.18, 0.18))
    return n.mix(n.between(uneven, -0.1, 0.4, 0.28, 0.0), colour, (0.2, 0.17, 0.14, 1.0))


def _plaster(n: Nodes, k: Inks) -> Surface:
    colour = _worn(n, k, k.first, 0.16, 1.4)
    stains = n.between(n.noise(k.uv, 0.45, 6.0, 0.15), 0.52, 0.78, 0.0, 0.3)
    colour = n.mix(stains, colour, k.second)
    colour = _low_dirt(n, k, colour)
    rough = n.noise(k.uv, 55.0, 3.0)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(rough, 0.004, 0.35)})


def _grain(n: Nodes, k: Inks, at: Socket) -> tuple[Socket, Socket]:
    """Wood along u: colour between the two, and a height."""
    far = n.vector("MULTIPLY", at, (1.3, 26.0, 1.0))
    rings = n.noise(far, n.math("DIVIDE", 0.14, k.scale_m), 3.0, 0.35)
    bands = n.math("PINGPONG", n.math("MULTIPLY", rings, 7.0), 1.0)
    fine = n.noise(n.vector("MULTIPLY", at, (6.0, 240.0, 1.0)), 1.0, 1.0)
    tone = n.math("ADD", n.math("MULTIPLY", bands, 0.4), n.math("MULTIPLY", fine, 0.6))
    return n.mix(n.between(tone, 0.15, 0.95), k.first, k.second), fine


def _wood(n: Nodes, k: Inks) -> Surface:
    colour, fine = _grain(n, k, k.uv)
    colour = _worn(n, k, colour, 0.22, 0.5)
    rough = n.math("ADD", k.roughness, n.between(n.noise(k.uv, 4.0, 3.0), 0.3, 0.7, -0.12, 0.15), clamp=True)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(fine, 0.001, 0.4)})


def _planks(n: Nodes, k: Inks) -> Surface:
    """Boards or parquet: each board its own tone and its own grain, dark joints, worn varnish."""
    each, joint = n.bricks(k.uv, (n.math("MULTIPLY", k.scale_m, 8.3), k.scale_m), 0.0018, 0.37)
    shift = n.scaled(each, 31.7)
    colour, fine = _grain(n, k, n.vector("ADD", k.uv, shift))
    colour = _shaded(n, colour, n.between(each, 0.0, 1.0, 0.74, 1.14))
    colour = _worn(n, k, colour, 0.14, 1.1)
    colour = n.mix(n.math("MULTIPLY", joint, 0.75), colour, (0.02, 0.012, 0.008, 1.0))
    scuffs = n.between(n.noise(k.uv, 2.2, 3.0), 0.25, 0.8, -0.05, 0.1)
    rough = n.math("ADD", k.roughness, scuffs, clamp=True)
    height = n.math("SUBTRACT", n.math("MULTIPLY", fine, 0.15), joint)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(height, 0.0015, 0.5)})


def _tiles(n: Nodes, k: Inks) -> Surface:
    each, joint = n.bricks(k.uv, (k.scale_m, k.scale_m), n.math("MULTIPLY", k.scale_m, 0.011), 0.0)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 17.3)), 6.0, 5.0, 0.1)
    colour = n.mix(n.between(clouds, 0.25, 0.8, 0.0, 0.25), k.first, k.second)
    colour = _shaded(n, colour, n.between(each, 0.0, 1.0, 0.88, 1.06))
    colour = _speckled(n, k, colour, 160.0, 0.07)
    grout = _shaded(
        n, n.mix(0.65, k.second, (0.16, 0.15, 0.14, 1.0)), n.between(n.noise(k.uv, 3.0, 3.0), 0.3, 0.7, 0.5, 1.1)
    )
    colour = _worn(n, k, n.mix(joint, colour, grout), 0.18, 1.3)
    smear = n.between(n.noise(k.uv, 1.7, 3.0), 0.25, 0.8, -0.04, 0.1)
    rough = n.mix(joint, n.math("ADD", k.roughness, smear, clamp=True), (0.9, 0.9, 0.9, 1.0))
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 9.0, 1.0), 0.3), joint)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(height, 0.002, 0.5)})


def _carpet(n: Nodes, k: Inks) -> Surface:
    tufts = n.noise(k.uv, 190.0, 2.0)
    colour = n.mix(n.between(tufts, 0.35, 0.65), _shaded(n, k.first, 0.75), n.mix(0.35, k.first, k.second))
    patches = n.between(n.noise(k.uv, 1.6, 6.0), 0.3, 0.7, 0.84, 1.1)
    colour = _worn(n, k, _shaded(n, colour, patches), 0.25, 0.7)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Sheen Weight": 0.25, "Normal": n.bump(tufts, 0.006, 0.8)})


def _cracks(n: Nodes, k: Inks, cells_per_m: float, width: float) -> Socket:
    """Thin wandering lines, in places: 1 in a crack."""
    wander = n.scaled(
        n.add("TexNoise", {"Vector": k.uv, "Scale": 3.0, "Detail": 3.0}, {"noise_dimensions": "2D"}).outputs["Color"],
        0.25,
    )
    at = n.vector("ADD", k.uv, wander)
    props = {"voronoi_dimensions": "2D", "feature": "DISTANCE_TO_EDGE"}
    edge = n.add("TexVoronoi", {"Vector": at, "Scale": cells_per_m}, props).outputs["Distance"]
    some = n.between(n.noise(k.uv, 0.5, 1.0), 0.5, 0.6)
    return n.math("MULTIPLY", n.between(edge, 0.0, width, 1.0, 0.0), some)


def _concrete(n: Nodes, k: Inks) -> Surface:
    clouds = n.between(n.noise(k.uv, 1.1, 6.0), 0.3, 0.72)
    colour = n.mix(n.math("MULTIPLY", clouds, 0.6), k.first, k.second)
    colour = _speckled(n, k, _worn(n, k, colour, 0.25, 0.35), 90.0, 0.14)
    cracks = _cracks(n, k, 0.6, 0.012)
    colour = n.mix(n.math("MULTIPLY", cracks, 0.7), colour, (0.05, 0.045, 0.04, 1.0))
    pores = n.noise(k.uv, 45.0, 4.0)
    height = n.math("SUBTRACT", pores, cracks)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.004, 0.45)})


def _asphalt(n: Nodes, k: Inks) -> Surface:
    stones = n.noise(k.uv, 120.0, 2.0)
    colour = n.mix(n.between(stones, 0.38, 0.68), _shaded(n, k.first, 0.6), n.mix(0.55, k.first, k.second))
    patches = n.between(n.noise(k.uv, 0.35, 3.0, 0.3), 0.54, 0.56, 1.0, 0.72)
    colour = _worn(n, k, _shaded(n, colour, patches), 0.3, 0.8)
    cracks = _cracks(n, k, 0.35, 0.014)
    colour = n.mix(n.math("MULTIPLY", cracks, 0.8), colour, (0.012, 0.012, 0.012, 1.0))
    oil = n.between(n.noise(k.uv, 1.3, 3.0), 0.62, 0.75, 0.0, 0.5)
    colour = n.mix(oil, colour, (0.01, 0.01, 0.01, 1.0))
    height = n.math("SUBTRACT", stones, cracks)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.006, 0.7)})


def _paving(n: Nodes, k: Inks) -> Surface:
    size = (n.math("MULTIPLY", k.scale_m, 1.5), k.scale_m)
    each, joint = n.bricks(k.uv, size, n.math("ADD", n.math("MULTIPLY", k.scale_m, 0.01), 0.002), 0.5)
    colour = n.mix(n.math("MULTIPLY", each, 0.55), k.first, k.second)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 13.1)), 3.0, 5.0, 0.5)
    colour = _shaded(n, colour, n.between(clouds, 0.3, 0.7, 0.74, 1.12))
    colour = _speckled(n, k, colour, 110.0, 0.16)
    moss = n.between(n.noise(k.uv, 0.8, 3.0), 0.45, 0.65)
    gap = n.mix(moss, (0.045, 0.04, 0.035, 1.0), (0.05, 0.07, 0.02, 1.0))
    colour = _worn(n, k, n.mix(joint, colour, gap), 0.28, 0.9)
    gum = n.between(n.noise(k.uv, 17.0, 0.0), 0.78, 0.8, 0.0, 0.5)
    colour = n.mix(gum, colour, (0.04, 0.04, 0.04, 1.0))
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 40.0, 3.0), 0.4), joint)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.005, 0.6)})


def _brick(n: Nodes, k: Inks) -> Surface:
    size = (k.scale_m, n.math("MULTIPLY", k.scale_m, 0.34))
    each, joint = n.bricks(k.uv, size, n.math("MULTIPLY", k.scale_m, 0.02), 0.5)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 9.7)), 16.0, 4.0)
    colour = _shaded(n, k.first, n.between(each, 0.0, 1.0, 0.55, 1.2))
    colour = _shaded(n, colour, n.between(clouds, 0.3, 0.7, 0.7, 1.2))
    mortar = _speckled(n, k, k.second, 70.0, 0.2)
    colour = _worn(n, k, n.mix(joint, colour, mortar), 0.3, 1.5)
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 60.0, 2.0), 0.35), joint)
    return Surface({"Base Color": colour, "Roughness": 0.9, "Normal": n.bump(height, 0.008, 0.7)})


def _metal(n: Nodes, k: Inks) -> Surface:
    brushed = n.noise(n.vector("MULTIPLY", k.uv, (2.0, 260.0, 1.0)), 1.0, 1.0)
    rust = n.between(n.noise(k.uv, 5.0, 6.0), 0.62, 0.76, 0.0, 0.5)
    colour = n.mix(rust, _worn(n, k, k.first, 0.2, 0.3), n.mix(0.5, k.second, (0.11, 0.05, 0.025, 1.0)))
    rough = n.math("ADD", k.roughness, n.between(brushed, 0.3, 0.7, -0.08, 0.08), clamp=True)
    rough = n.math("ADD", rough, n.math("MULTIPLY", rust, 0.5), clamp=True)
    return Surface(
        {
            "Base Color": colour,
            "Metallic": n.between(rust, 0.0, 0.5, 0.85, 0.1),
            "Roughness": rough,
            "Normal": n.bump(brushed, 0.0005, 0.25),
        }
    )


def _paint(n: Nodes, k: Inks) -> Surface:
    """Car paint: dust low down, a clear coat above."""
    colour = _low_dirt(n, k, _worn(n, k, k.first, 0.12, 0.8))
    return Surface(
        {"Base Color": colour, "Metallic": 0.25, "Roughness": 0.4, "Coat Weight": 0.8, "Coat Roughness": 0.05}
    )


def _plastic(n: Nodes, k: Inks) -> Surface:
    colour = _speckled(n, k, _worn(n, k, k.first, 0.14, 0.25), 25.0, 0.05)
    scratches = n.noise(n.vector("MULTIPLY", k.uv, (6.0, 90.0, 1.0)), 1.0, 3.0)
    rough = n.math("ADD", k.roughness, n.between(scratches, 0.3, 0.7, -0.12, 0.12), clamp=True)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(n.noise(k.uv, 220.0, 1.0), 0.0005, 0.3)})


def _fabric(n: Nodes, k: Inks) -> Surface:
    threads = n.noise(k.uv, 320.0, 1.0)
    folds = n.noise(n.vector("MULTIPLY", k.uv, (5.0, 2.5, 1.0)), 1.0, 3.0, 0.8)
    check = n.bricks(k.uv, (k.scale_m, k.scale_m), n.math("MULTIPLY", k.scale_m, 0.12), 0.0)
    pattern = n.math("MAXIMUM", n.math("MULTIPLY", check[0], 0.3), n.math("MULTIPLY", check[1], 0.45))
    colour = _speckled(n, k, n.mix(pattern, k.first, k.second), 240.0, 0.18)
    colour = _shaded(n, colour, n.between(folds, 0.25, 0.75, 0.68, 1.18))
    height = n.math("ADD", n.math("MULTIPLY", threads, 0.06), folds)
    return Surface({"Base Color": colour, "Roughness": 0.9, "Sheen Weight": 0.2, "Normal": n.bump(height, 0.035, 0.55)})


def _leaves(n: Nodes, k: Inks) -> Surface:
    size = n.math("DIVIDE", 1.0, n.math("MULTIPLY", k.scale_m, 0.35))
    node = n.add("TexVoronoi", {"Vector": k.uv, "Scale": size, "Randomness": 1.0}, {"voronoi_dimensions": "2D"})
    edge = n.between(node.outputs["Distance"], 0.12, 0.6)
    tone = n.add("SeparateColor", {0: node.outputs["Color"]}).outputs[0]
    colour = _shaded(n, n.mix(tone, k.first, k.second), n.between(edge, 0.0, 1.0, 1.25, 0.18))
    colour = _shaded(n, colour, n.between(n.noise(k.uv, 7.0, 3.0), 0.3, 0.7, 0.4, 1.25))
    height = n.math("SUBTRACT", n.noise(k.uv, 6.0, 3.0), edge)
    return Surface({"Base Color": colour, "Roughness": 0.65, "Normal": n.bump(height, 0.06, 1.0)})


def _bark(n: Nodes, k: Inks) -> Surface:
    at = n.vector("MULTIPLY", k.uv, (9.0, 46.0, 1.0))
    ridges = n.noise(at, 1.0, 4.0, 1.2)
    colour = n.mix(n.between(ridges, 0.35, 0.65), _shaded(n, k.second, 0.5), k.first)
    colour = _worn(n, k, colour, 0.3, 0.3)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Normal": n.bump(ridges, 0.03, 1.0)})


def _grass(n: Nodes, k: Inks) -> Surface:
    blades = n.noise(n.vector("MULTIPLY", k.uv, (60.0, 130.0, 1.0)), 1.0, 3.0, 0.4)
    tufts = n.between(n.noise(k.uv, 7.0, 4.0), 0.3, 0.7, 0.45, 1.15)
    colour = n.mix(n.between(blades, 0.3, 0.7), _shaded(n, k.first, 0.35), n.mix(0.4, k.first, k.second))
    colour = _shaded(n, colour, tufts)
    bare = n.between(n.noise(k.uv, 0.9, 6.0), 0.56, 0.72, 0.0, 0.7)
    colour = n.mix(bare, colour, (0.13, 0.1, 0.05, 1.0))
    colour = _worn(n, k, colour, 0.35, 1.5)
    height = n.math("ADD", n.math("MULTIPLY", blades, 0.4), tufts)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Normal": n.bump(height, 0.05, 1.0)})


def _skin(n: Nodes, k: Inks) -> Surface:
    colour = _speckled(
        n, k, n.mix(n.between(n.noise(k.uv, 14.0, 2.0), 0.4, 0.7, 0.0, 0.25), k.first, k.second), 90.0, 0.06
    )
    return Surface({"Base Color": colour, "Roughness": 0.5, "Normal": n.bump(n.noise(k.uv, 120.0, 1.0), 0.001, 0.3)})


def _paper(n: Nodes, k: Inks) -> Surface:
    """Printed matter: large plain areas, a few blocks and lines in the second colour."""

    def cells(wide: float, tall: float, gap: float, offset: float) -> tuple[Socket, Socket]:
        size = (n.math("MULTIPLY", k.scale_m, wide), n.math("MULTIPLY", k.scale_m, tall))
        return n.bricks(k.uv, size, n.math("MULTIPLY", k.scale_m, gap), offset)

    block, margin = cells(3.3, 2.1, 0.28, 0.37)
    letters, gap = cells(0.5, 0.22, 0.05, 0.45)
    inside = n.math("SUBTRACT", 1.0, margin)
    solid = n.between(block, 0.8, 0.81)
    text = n.math("MULTIPLY", n.between(block, 0.45, 0.46), n.between(letters, 0.3, 0.32))
    text = n.math("MULTIPLY", text, n.math("SUBTRACT", 1.0, gap))
    ink = n.math("MULTIPLY", inside, n.math("MAXIMUM", n.math("MULTIPLY", text, 0.75), solid))
    colour = n.mix(ink, k.first, k.second)
    return Surface({"Base Color": _worn(n, k, colour, 0.15, 0.3), "Roughness": k.roughness})


def _print(n: Nodes, k: Inks) -> Surface:
    """A sign: a band or two of large characters in the second colour."""
    line = n.bricks(
        k.uv,
        (n.math("MULTIPLY", k.scale_m, 3.1), n.math("MULTIPLY", k.scale_m, 0.9)),
        n.math("MULTIPLY", k.scale_m, 0.16),
        0.3,
    )
    letters = n.bricks(
        k.uv,
        (n.math("MULTIPLY", k.scale_m, 0.34), n.math("MULTIPLY", k.scale_m, 0.3)),
        n.math("MULTIPLY", k.scale_m, 0.04),
        0.45,
    )
    shown = n.math("MULTIPLY", n.between(letters[0], 0.35, 0.37), n.math("SUBTRACT", 1.0, letters[1]))
    shown = n.math(
        "MULTIPLY", shown, n.math("MULTIPLY", n.math("SUBTRACT", 1.0, line[1]), n.between(line[0], 0.3, 0.32))
    )
    colour = _worn(n, k, n.mix(shown, k.first, k.second), 0.2, 0.3)
    return Surface({"Base Color": colour, "Roughness": k.roughness})


def _dark(n: Nodes, k: Inks) -> Surface:
    """A window from the street: the room behind is dark, and here and there a curtain."""
    drawn = n.between(n.noise(k.uv, 0.9, 1.0), 0.5, 0.56, 0.0, 0.7)
    folds = n.between(n.noise(n.vector("MULTIPLY", k.uv, (30.0, 0.7, 1.0)), 1.0, 1.0), 0.3, 0.7, 0.5, 1.0)
    curtain = _shaded(n, k.second, folds)
    return Surface(
        {"Base Color": n.mix(drawn, (0.012, 0.014, 0.016, 1.0), curtain), "Roughness": 0.04, "Specular IOR Level": 0.9}
    )


LOOKS: dict[str, Callable[[Nodes, Inks], Surface]] = {
    "plaster": _plaster,
    "wood": _wood,
    PLANKS: _planks,
    "tiles": _tiles,
    "carpet": _carpet,
    "concrete": _concrete,
    "asphalt": _asphalt,
    "paving": _paving,
    "brick": _brick,
    "metal": _metal,
    PAINT: _paint,
    "plastic": _plastic,
    PRINT: _print,
    DARK: _dark,
    "fabric": _fabric,
    "leaves": _leaves,
    "bark": _bark,
    "grass": _grass,
    "skin": _skin,
    "paper": _paper,
}


def template(bpy: Any, look: str) -> Any:
    """A material of a look without its colours; kept by bpy, so that copies share its compiled shape."""
    material = bpy.data.materials.new(f"look {look}")
    material.use_nodes = True
    material.use_fake_user = True
    n = Nodes(material.node_tree)
    k = Inks(
        n.named_colour("first"),
        n.named_colour("second"),
        n.named_value("scale_m"),
        n.named_value("roughness"),
        n.add("UVMap", {}, {"uv_map": UV}).outputs[0],
    )
    if look in ("glass", PANE):
        surface = _glass(n, k, pane=look == PANE)
    elif look == "lamp":
        surface = _lamp(n, k)
    else:
        shader = n.add("BsdfPrincipled", LOOKS[look](n, k).inputs).outputs[0]
        plain = n.add("BsdfDiffuse", {"Color": n.mix(0.25, k.first, k.second)}).outputs[0]
        scattered = n.add("LightPath", {}).outputs["Is Diffuse Ray"]
        surface = n.add("MixShader", {0: scattered, 1: shader, 2: plain}).outputs[0]
    n.add("OutputMaterial", {"Surface": surface})
    material.cycles.emission_sampling = "NONE"
    return material


def _glass(n: Nodes, k: Inks, pane: bool) -> Socket:
    """What is behind, tinted; reflections by angle; a film of dirt.

    Daylight shines from a room's ``pane`` by itself, so what light has been scattered to it is lost.
    """
    path = n.add("LightPath", {})
    clear = n.add("BsdfTransparent", {"Color": n.mix(0.85, k.first, (1.0, 1.0, 1.0, 1.0))}).outputs[0]
    shine = n.add("BsdfGlossy", {"Color": (1.0, 1.0, 1.0, 1.0), "Roughness": 0.02}).outputs[0]
    facing = n.add("LayerWeight", {"Blend": 0.25}).outputs["Fresnel"]
    pane = n.add("MixShader", {0: n.between(facing, 0.0, 1.0, 0.05, 0.95), 1: clear, 2: shine}).outputs[0]
    film = n.between(n.noise(k.uv, 2.5, 5.0, 0.8), 0.45, 0.8, 0.02, 0.16)
    dirt = n.add("BsdfDiffuse", {"Color": (0.7, 0.7, 0.68, 1.0)}).outputs[0]
    dirty = n.add("MixShader", {0: film, 1: pane, 2: dirt}).outputs[0]
    glass = n.add("MixShader", {0: path.outputs["Is Shadow Ray"], 1: dirty, 2: clear}).outputs[0]
    if not pane:
        return glass
    nothing = n.add("BsdfDiffuse", {"Color": (0.0, 0.0, 0.0, 1.0)}).outputs[0]
    return n.add("MixShader", {0: path.outputs["Is Diffuse Ray"], 1: glass, 2: nothing}).outputs[0]


def _lamp(n: Nodes, k: Inks) -> Socket:
    """Bright to the eye and in reflections; the light itself comes from the lamp beside it."""
    path = n.add("LightPath", {})
    strength = n.between(path.outputs["Is Diffuse Ray"], 0.0, 1.0, 6.0, 0.0)
    return n.add("Emission", {"Color": k.first, "Strength": strength}).outputs[0]


def linear(colour: Colour) -> tuple[float, float, float, float]:
    """sRGB to linear light (IEC 61966-2-1), opaque."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return (r, g, b, 1.0)
