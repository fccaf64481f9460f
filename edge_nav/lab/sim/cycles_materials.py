"""Looks as procedural shaders. Each is built once a process as a template; a material is a copy with its own colours.

Texture coordinates are metres (the meshes' uv). Light that has been scattered already sees a plain colour: the pattern
would cost as much again and cannot be told in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_nav.lab.sim import cycles_built as built
from edge_nav.lab.sim import cycles_things as things
from edge_nav.lab.sim.cycles_nodes import Nodes, Socket
from edge_nav.lab.sim.cycles_wear import Inks, Surface
from edge_nav.lab.sim.shapes import LABELS, Colour, Shape

UV = "uv"
PLANKS, PAINT, PRINT, PANE, DARK = "planks", "paint", "print", "pane", "dark"
"""Looks that follow from what a thing is: a wooden floor, a vehicle's body, a sign, a window from inside or outside."""
GLOSSY = 0.2
ALONG = ("wood", "metal", "bark")
"""Looks whose pattern has a direction."""

LOOKS: dict[str, Callable[[Nodes, Inks], Surface]] = {
    "plaster": built.plaster,
    PLANKS: built.planks,
    "tiles": built.tiles,
    "carpet": built.carpet,
    "concrete": built.concrete,
    "asphalt": built.asphalt,
    "paving": built.paving,
    "brick": built.brick,
    "grass": built.grass,
    "wood": things.wood,
    "metal": things.metal,
    PAINT: things.paint,
    "plastic": things.plastic,
    "fabric": things.fabric,
    "leaves": things.leaves,
    "bark": things.bark,
    "skin": things.skin,
    "paper": things.paper,
    PRINT: things.printed,
    DARK: things.dark,
}


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
