"""Looks of what is built: walls, floors, streets."""

from __future__ import annotations

from edge_nav.lab.sim.cycles_nodes import Nodes
from edge_nav.lab.sim.cycles_wear import Inks, Surface, cracks, grain, low_dirt, shaded, speckled, worn


def plaster(n: Nodes, k: Inks) -> Surface:
    """Paint on plaster: faint stains, dirt low down, a fine roughness."""
    colour = worn(n, k, k.first, 0.16, 1.4)
    stains = n.between(n.noise(k.uv, 0.45, 6.0, 0.15), 0.52, 0.78, 0.0, 0.3)
    colour = n.mix(stains, colour, k.second)
    colour = low_dirt(n, k, colour)
    rough = n.noise(k.uv, 55.0, 3.0)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(rough, 0.004, 0.35)})


def planks(n: Nodes, k: Inks) -> Surface:
    """Boards or parquet: each board its own tone and its own grain, dark joints, worn varnish."""
    each, joint = n.bricks(k.uv, (n.math("MULTIPLY", k.scale_m, 8.3), k.scale_m), 0.0018, 0.37)
    shift = n.scaled(each, 31.7)
    colour, fine = grain(n, k, n.vector("ADD", k.uv, shift))
    colour = shaded(n, colour, n.between(each, 0.0, 1.0, 0.74, 1.14))
    colour = worn(n, k, colour, 0.14, 1.1)
    colour = n.mix(n.math("MULTIPLY", joint, 0.75), colour, (0.02, 0.012, 0.008, 1.0))
    scuffs = n.between(n.noise(k.uv, 2.2, 3.0), 0.25, 0.8, -0.05, 0.1)
    rough = n.math("ADD", k.roughness, scuffs, clamp=True)
    height = n.math("SUBTRACT", n.math("MULTIPLY", fine, 0.15), joint)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(height, 0.0015, 0.5)})


def tiles(n: Nodes, k: Inks) -> Surface:
    """Square tiles of slightly different tone, clouded, in dirty grout; smeared by the mop."""
    each, joint = n.bricks(k.uv, (k.scale_m, k.scale_m), n.math("MULTIPLY", k.scale_m, 0.011), 0.0)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 17.3)), 6.0, 5.0, 0.1)
    colour = n.mix(n.between(clouds, 0.25, 0.8, 0.0, 0.25), k.first, k.second)
    colour = shaded(n, colour, n.between(each, 0.0, 1.0, 0.88, 1.06))
    colour = speckled(n, k, colour, 160.0, 0.07)
    grout = shaded(
        n, n.mix(0.65, k.second, (0.16, 0.15, 0.14, 1.0)), n.between(n.noise(k.uv, 3.0, 3.0), 0.3, 0.7, 0.5, 1.1)
    )
    colour = worn(n, k, n.mix(joint, colour, grout), 0.18, 1.3)
    smear = n.between(n.noise(k.uv, 1.7, 3.0), 0.25, 0.8, -0.04, 0.1)
    rough = n.mix(joint, n.math("ADD", k.roughness, smear, clamp=True), (0.9, 0.9, 0.9, 1.0))
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 9.0, 1.0), 0.3), joint)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(height, 0.002, 0.5)})


def carpet(n: Nodes, k: Inks) -> Surface:
    """Tufts of two tones, trodden in places."""
    tufts = n.noise(k.uv, 190.0, 2.0)
    colour = n.mix(n.between(tufts, 0.35, 0.65), shaded(n, k.first, 0.75), n.mix(0.35, k.first, k.second))
    patches = n.between(n.noise(k.uv, 1.6, 6.0), 0.3, 0.7, 0.84, 1.1)
    colour = worn(n, k, shaded(n, colour, patches), 0.25, 0.7)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Sheen Weight": 0.25, "Normal": n.bump(tufts, 0.006, 0.8)})


def concrete(n: Nodes, k: Inks) -> Surface:
    """Clouds of two greys, pores, a crack here and there."""
    clouds = n.between(n.noise(k.uv, 1.1, 6.0), 0.3, 0.72)
    colour = n.mix(n.math("MULTIPLY", clouds, 0.6), k.first, k.second)
    colour = speckled(n, k, worn(n, k, colour, 0.25, 0.35), 90.0, 0.14)
    broken = cracks(n, k, 0.6, 0.012)
    colour = n.mix(n.math("MULTIPLY", broken, 0.5), colour, (0.05, 0.045, 0.04, 1.0))
    pores = n.noise(k.uv, 45.0, 4.0)
    height = n.math("SUBTRACT", pores, broken)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.004, 0.45)})


def asphalt(n: Nodes, k: Inks) -> Surface:
    """Stones in tar; patches, cracks, oil."""
    stones = n.noise(k.uv, 120.0, 2.0)
    colour = n.mix(n.between(stones, 0.38, 0.68), shaded(n, k.first, 0.6), n.mix(0.55, k.first, k.second))
    patches = n.between(n.noise(k.uv, 0.35, 3.0, 0.3), 0.54, 0.56, 1.0, 0.72)
    colour = worn(n, k, shaded(n, colour, patches), 0.3, 0.8)
    broken = cracks(n, k, 0.35, 0.014)
    colour = n.mix(n.math("MULTIPLY", broken, 0.8), colour, (0.012, 0.012, 0.012, 1.0))
    oil = n.between(n.noise(k.uv, 1.3, 3.0), 0.62, 0.75, 0.0, 0.5)
    colour = n.mix(oil, colour, (0.01, 0.01, 0.01, 1.0))
    height = n.math("SUBTRACT", stones, broken)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.006, 0.7)})


def paving(n: Nodes, k: Inks) -> Surface:
    """Slabs in courses, each its own tone; moss in the joints, chewing gum."""
    size = (n.math("MULTIPLY", k.scale_m, 1.5), k.scale_m)
    each, joint = n.bricks(k.uv, size, n.math("ADD", n.math("MULTIPLY", k.scale_m, 0.01), 0.002), 0.5)
    colour = n.mix(n.math("MULTIPLY", each, 0.55), k.first, k.second)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 13.1)), 3.0, 5.0, 0.5)
    colour = shaded(n, colour, n.between(clouds, 0.3, 0.7, 0.74, 1.12))
    colour = speckled(n, k, colour, 110.0, 0.16)
    moss = n.between(n.noise(k.uv, 0.8, 3.0), 0.45, 0.65)
    gap = n.mix(moss, (0.045, 0.04, 0.035, 1.0), (0.05, 0.07, 0.02, 1.0))
    colour = worn(n, k, n.mix(joint, colour, gap), 0.28, 0.9)
    gum = n.between(n.noise(k.uv, 17.0, 0.0), 0.78, 0.8, 0.0, 0.5)
    colour = n.mix(gum, colour, (0.04, 0.04, 0.04, 1.0))
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 40.0, 3.0), 0.4), joint)
    return Surface({"Base Color": colour, "Roughness": k.roughness, "Normal": n.bump(height, 0.005, 0.6)})


def brick(n: Nodes, k: Inks) -> Surface:
    """Bricks in courses, each its own tone, in mortar of the second colour."""
    size = (k.scale_m, n.math("MULTIPLY", k.scale_m, 0.34))
    each, joint = n.bricks(k.uv, size, n.math("MULTIPLY", k.scale_m, 0.02), 0.5)
    clouds = n.noise(n.vector("ADD", k.uv, n.scaled(each, 9.7)), 16.0, 4.0)
    colour = shaded(n, k.first, n.between(each, 0.0, 1.0, 0.55, 1.2))
    colour = shaded(n, colour, n.between(clouds, 0.3, 0.7, 0.7, 1.2))
    mortar = speckled(n, k, k.second, 70.0, 0.2)
    colour = worn(n, k, n.mix(joint, colour, mortar), 0.3, 1.5)
    height = n.math("SUBTRACT", n.math("MULTIPLY", n.noise(k.uv, 60.0, 2.0), 0.35), joint)
    return Surface({"Base Color": colour, "Roughness": 0.9, "Normal": n.bump(height, 0.008, 0.7)})


def grass(n: Nodes, k: Inks) -> Surface:
    """Blades, tufts, bare earth."""
    blades = n.noise(n.vector("MULTIPLY", k.uv, (60.0, 130.0, 1.0)), 1.0, 3.0, 0.4)
    tufts = n.between(n.noise(k.uv, 7.0, 4.0), 0.3, 0.7, 0.45, 1.15)
    colour = n.mix(n.between(blades, 0.3, 0.7), shaded(n, k.first, 0.35), n.mix(0.4, k.first, k.second))
    colour = shaded(n, colour, tufts)
    bare = n.between(n.noise(k.uv, 0.9, 6.0), 0.56, 0.72, 0.0, 0.7)
    colour = n.mix(bare, colour, (0.13, 0.1, 0.05, 1.0))
    colour = worn(n, k, colour, 0.35, 1.5)
    height = n.math("ADD", n.math("MULTIPLY", blades, 0.4), tufts)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Normal": n.bump(height, 0.05, 1.0)})
