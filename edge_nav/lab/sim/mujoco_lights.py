"""Sun, sky and lamps as the fixed lights of OpenGL, at an exposure that suits them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.shapes import Lights
from edge_nav.types import Pose

MOST_LAMPS = 4
"""OpenGL computes eight lights; the others are the sun and the sky's three."""
MIDDLE = 1.0
"""Brightness of a white floor under the camera."""
SUN_E, SKY_E = 2.0, 3.0
"""Light on a surface that faces a clear noon's sun, and under a bright overcast sky; lamps count in watts."""

SKY_PIXELS = 64

F64 = NDArray[np.float64]


class Light(NamedTuple):
    """``colour`` is linear, as are the sums that OpenGL makes of it. A directional light's place only centres its
    shadows.
    """

    colour: F64
    ambient: F64
    direction: tuple[float, float, float]
    at: tuple[float, float, float] = (0.0, 0.0, 20.0)
    directional: bool = True
    attenuation: tuple[float, float, float] = (1.0, 0.0, 0.0)
    shadow: bool = False


def lights_of(lights: Lights, pose: Pose, seed: int) -> list[Light]:
    """The lights that matter where the camera is, exposed for the place. The sun alone casts shadows."""
    sky = lights.sky * SKY_E * np.array(lights.sky_colour)
    near = sorted(lights.lamps, key=lambda lamp: math.dist(lamp.centre[:2], (pose.x, pose.y)))[:MOST_LAMPS]
    floor = float(sky.mean())
    if lights.sun is not None:
        floor += lights.sun.strength * SUN_E * max(math.sin(math.radians(lights.sun.elevation_deg)), 0.0)
    for lamp in near:
        floor += _lamp_e(lamp.watts, math.dist(lamp.centre, (pose.x, pose.y, 0.0)))
    exposure = MIDDLE / max(floor, 1e-3)
    made = []
    if lights.sun is not None:
        azimuth, rise = math.radians(lights.sun.azimuth_deg), math.radians(lights.sun.elevation_deg)
        down = (-math.sin(azimuth) * math.cos(rise), -math.cos(azimuth) * math.cos(rise), -math.sin(rise))
        colour = np.array(lights.sun.colour) * lights.sun.strength * SUN_E * exposure
        # Shadows are computed in a box round the light's place: that of what the camera sees near it.
        turn = math.radians(pose.heading_deg)
        middle = (pose.x + 6 * math.sin(turn), pose.y + 6 * math.cos(turn), 0.0)
        at = (middle[0] - 8 * down[0], middle[1] - 8 * down[1], middle[2] - 8 * down[2])
        made.append(Light(colour, np.zeros(3), down, at, shadow=True))
    # Light from everywhere is a little less from below and from one side, so that edges of rooms can be seen.
    # Lamps light the rest of a room by way of its walls.
    bounced = sum((_lamp_e(a.watts, 2.5) * np.array(a.colour) for a in near[:2]), np.zeros(3))
    soft = (sky + 0.5 * bounced) * exposure
    turn = 2 * math.pi * ((seed * 0.618034) % 1)
    made.append(Light(0.4 * soft, 0.7 * soft, (0.0, 0.0, -1.0)))
    made.append(Light(0.25 * soft, np.zeros(3), (math.cos(turn), math.sin(turn), -0.3)))
    made.append(Light(0.1 * soft, np.zeros(3), (-math.sin(turn), math.cos(turn), -0.2)))
    for lamp in near:
        colour = np.array(lamp.colour) * _lamp_e(lamp.watts, 1.0) * exposure
        made.append(Light(colour, np.zeros(3), (0.0, 0.0, -1.0), lamp.centre, False, (0.5, 0.0, 1.0)))
    return made


def put_lights(made: list[Light], scene: Any, *, shadows: bool) -> None:
    """Write the lights into an MjvScene."""
    import mujoco

    for light, out in zip(made, scene.lights, strict=False):
        out.headlight = 0
        kind = mujoco.mjtLightType
        out.type = kind.mjLIGHT_DIRECTIONAL if light.directional else kind.mjLIGHT_SPOT
        out.pos[:] = light.at
        out.dir[:] = light.direction
        out.ambient[:], out.diffuse[:] = light.ambient, light.colour
        out.specular[:] = 0.2 * light.colour
        out.attenuation[:] = light.attenuation
        out.cutoff, out.exponent = 85.0, 1.0
        out.castshadow = int(shadows and light.shadow)
    scene.nlight = len(made)


def _lamp_e(watts: float, metres: float) -> float:
    """Light beneath a small bright rectangle, which sends by the cosine (Lambert): watts / (pi d^2)."""
    return watts / (math.pi * (metres * metres + 0.5))


def sky_box(lights: Lights) -> NDArray[np.uint8]:
    """A cube of sky, uint8 [6 * SKY_PIXELS, SKY_PIXELS, 3]: paler towards the horizon, brighter towards the sun.

    Faces right, left, up, down, front, back, as MuJoCo stores them: its sky's y is up, and looks ahead along -z.
    """
    n = (np.arange(SKY_PIXELS) + 0.5) / SKY_PIXELS * 2 - 1
    a, b = np.meshgrid(n, n)
    one = np.ones_like(a)
    faces = ((one, -b, -a), (-one, -b, a), (a, one, b), (a, -one, -b), (a, -b, one), (-a, -b, -one))
    ways = np.stack([np.stack([x, -z, y], axis=-1) for x, y, z in faces])
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    rise = np.clip(ways[..., 2], 0, 1)[..., None]
    zenith = np.array(lights.sky_colour)
    sky = 0.85 * (zenith * rise**0.5 + (0.6 + 0.4 * zenith) * (1 - rise**0.5))
    if lights.sun is not None:
        azimuth, height = math.radians(lights.sun.azimuth_deg), math.radians(lights.sun.elevation_deg)
        flat = math.cos(height)
        towards = np.array([math.sin(azimuth) * flat, math.cos(azimuth) * flat, math.sin(height)])
        sky = sky + np.exp((ways @ towards - 1) * 30)[..., None] * np.array(lights.sun.colour)
    return np.rint(np.clip(sky, 0, 1) * 255).astype(np.uint8).reshape(-1, SKY_PIXELS, 3)
