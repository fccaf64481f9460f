"""Sun, lamps, sky, and the daylight that comes in by windows.

Out of doors the sky lights everything. In a room it would be found only by the rare ray that leaves by a window, so
there the sky is what is seen through the glass, and each pane of a window shines inwards by itself.
"""

from __future__ import annotations

import math
from typing import Any

from edge_nav.lab.sim.cycles_materials import linear
from edge_nav.lab.sim.cycles_nodes import Nodes, Socket
from edge_nav.lab.sim.shapes import LABELS, Lamp, Lights, Shape, Sun, World, rotation

SUN_IRRADIANCE = 11.0
"""Of a clear noon, W/m2, where a bright overcast sky gives pi: about 3.5 times as much."""
WINDOW, CEILING, WALL = (LABELS.index(name) for name in ("window", "ceiling", "wall"))
WINDOW_GAIN, OUTSIDE_GAIN, SUN_GAIN = 7.0, 4.0, 2.0
"""In a room with lamps daylight is this much stronger than lamps as bright as in a photograph would leave it: the light
of a pane, what is seen through it, and the sun on the floor."""
ROOFED = 0.15
"""A scene is inside where ceilings cover this share of its plan's rectangle."""


class LightSet:
    """The lights of one world in a bpy scene."""

    def __init__(self, bpy: Any, scene: Any) -> None:
        self._bpy, self._scene = bpy, scene
        self._world = bpy.data.worlds.new("sky")
        self._world.use_nodes = True
        scene.world = self._world
        self._sky = _sky(Nodes(self._world.node_tree))

    def show(self, world: World) -> None:
        """Make the lights of a world; once for each set."""
        lights = world.lights
        inside = roofed(world.still)
        self._set_sky(lights, inside, world.seed)
        if lights.sun is not None and lights.sun.strength > 0:
            self._add_sun(lights.sun, SUN_GAIN if inside else 1.0)
        for lamp in lights.lamps:
            self._add_area(lamp)
        if inside:
            self._add_windows(world.still, lights)

    def _set_sky(self, lights: Lights, inside: bool, seed: int) -> None:
        self._sky["tint"].default_value = linear(lights.sky_colour)
        self._sky["strength"].default_value = lights.sky * (OUTSIDE_GAIN if inside else 1.0)
        self._sky["seed"].default_value = float(seed % 997) * 1.37
        clouded = 1.0 if lights.sun is None else 0.35
        self._sky["clouded"].default_value = clouded
        self._world.cycles.sampling_method = "NONE" if inside else "MANUAL"
        self._world.cycles.sample_map_resolution = 128

    def _add_sun(self, sun: Sun, gain: float) -> None:
        data = self._bpy.data.lights.new("sun", "SUN")
        data.energy = SUN_IRRADIANCE * sun.strength * gain
        data.color = linear(sun.colour)[:3]
        data.angle = math.radians(0.6)
        light = self._object(data)
        azimuth, elevation = math.radians(sun.azimuth_deg), math.radians(sun.elevation_deg)
        # A light shines along its own -z: its z is turned to where the light comes from.
        light.rotation_euler = (math.pi / 2 - elevation, 0.0, math.pi - azimuth)

    def _add_area(self, lamp: Lamp) -> None:
        data = self._bpy.data.lights.new("lamp", "AREA")
        data.shape = "RECTANGLE"
        data.size, data.size_y = lamp.size_m
        data.energy = lamp.watts
        data.color = linear(lamp.colour)[:3]
        light = self._object(data)
        light.location = lamp.centre
        light.visible_camera = False

    def _add_windows(self, shapes: tuple[Shape, ...], lights: Lights) -> None:
        """Each upright pane that is labelled a window shines to the side where the middle of the room is."""
        panes = [s for s in shapes if s.label == WINDOW and s.material.look == "glass" and s.form == "box"]
        if not panes:
            return
        floor = [s for s in shapes if s.label == CEILING]
        middle = [sum(s.centre[k] * s.half[0] * s.half[1] for s in floor) for k in range(2)]
        weight = sum(s.half[0] * s.half[1] for s in floor)
        for pane in panes:
            axes = rotation(pane.turn)
            thin = 0 if pane.half[0] < pane.half[1] else 1
            wide = 1 - thin
            inwards = sum((middle[k] / weight - pane.centre[k]) * axes[k, thin] for k in range(2))
            normal = axes[:, thin] * (1.0 if inwards > 0 else -1.0)
            data = self._bpy.data.lights.new("window", "AREA")
            data.shape = "RECTANGLE"
            data.size, data.size_y = 2 * pane.half[wide], 2 * pane.half[2]
            # Radiance L of a one-sided rectangle is energy / (pi * area); the sky's radiance is its strength.
            data.energy = WINDOW_GAIN * lights.sky * math.pi * data.size * data.size_y
            data.color = linear(lights.sky_colour)[:3]
            light = self._object(data)
            light.visible_camera = False
            light.visible_glossy = False
            light.location = [pane.centre[k] + normal[k] * (pane.half[thin] + 0.02) for k in range(3)]
            light.rotation_euler = (math.pi / 2, 0.0, math.atan2(-normal[0], normal[1]))

    def _object(self, data: Any) -> Any:
        light = self._bpy.data.objects.new(data.name, data)
        self._scene.collection.objects.link(light)
        return light


def roofed(shapes: tuple[Shape, ...]) -> bool:
    """Whether a scene is mostly indoors."""
    roofs = [s for s in shapes if s.label == CEILING]
    built = [s for s in shapes if s.label in (CEILING, WALL)]
    if not roofs:
        return False
    low = [min(s.centre[k] - _reach(s, k) for s in built) for k in range(2)]
    high = [max(s.centre[k] + _reach(s, k) for s in built) for k in range(2)]
    covered = sum(4 * s.half[0] * s.half[1] for s in roofs)
    return covered >= ROOFED * (high[0] - low[0]) * (high[1] - low[1])


def _reach(shape: Shape, axis: int) -> float:
    """Half the extent of a box along a world axis."""
    return float(sum(abs(m) * h for m, h in zip(rotation(shape.turn)[axis], shape.half, strict=True)))


def _sky(n: Nodes) -> dict[str, Socket]:
    """A sky paler towards the horizon, with clouds; below and along the horizon hazy distant dark shapes."""
    tint, strength = n.named_colour("tint"), n.named_value("strength")
    seed, clouded = n.named_value("seed"), n.named_value("clouded")
    along = n.add("TexCoord", {}).outputs["Generated"]
    part = n.add("SeparateXYZ", {0: along})
    rise = part.outputs[2]
    shift = n.add("CombineXYZ", {0: seed, 1: seed, 2: 0.0}).outputs[0]
    pale = n.mix(0.75, tint, (0.9, 0.93, 0.95, 1.0))
    deep = n.mix(n.math("MULTIPLY", clouded, 0.5), n.mix(0.6, tint, (0.12, 0.28, 0.75, 1.0)), tint)
    sky = n.mix(n.between(rise, 0.0, 0.5), pale, deep)
    flat = n.vector(
        "DIVIDE",
        along,
        n.add("CombineXYZ", {0: n.math("ADD", rise, 0.12), 1: n.math("ADD", rise, 0.12), 2: 1.0}).outputs[0],
    )
    puffs = n.noise(n.vector("ADD", flat, shift), 0.9, 5.0, 0.3)
    cover = n.math("MULTIPLY", n.between(puffs, 0.45, 0.7), n.between(rise, 0.0, 0.15))
    sky = n.mix(n.math("MULTIPLY", cover, 0.7), sky, (0.95, 0.95, 0.97, 1.0))
    around = n.add(
        "CombineXYZ",
        {
            0: n.add("Math", {0: part.outputs[0], 1: part.outputs[1]}, {"operation": "ARCTAN2"}).outputs[0],
            1: 0.0,
            2: 0.0,
        },
    ).outputs[0]
    ridge = n.between(n.noise(n.vector("ADD", around, shift), 5.0, 3.0), 0.3, 0.75, 0.0, 0.06)
    blots = n.noise(n.vector("ADD", n.vector("MULTIPLY", along, (1.0, 1.0, 2.5)), shift), 14.0, 4.0)
    distant = n.mix(n.between(blots, 0.35, 0.65), (0.05, 0.06, 0.05, 1.0), (0.22, 0.21, 0.19, 1.0))
    distant = n.mix(0.3, distant, pale)
    below = n.between(n.math("SUBTRACT", ridge, rise), -0.006, 0.006)
    colour = n.mix(below, sky, distant)
    background = n.add("Background", {"Color": colour, "Strength": strength}).outputs[0]
    n.add("OutputWorld", {"Surface": background})
    return {"tint": tint, "strength": strength, "seed": seed, "clouded": clouded}
