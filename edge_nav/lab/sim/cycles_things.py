"""Looks of things: furniture, clothes, cars, plants, signs."""

from __future__ import annotations

from edge_nav.lab.sim.cycles_nodes import Nodes
from edge_nav.lab.sim.cycles_wear import Inks, Surface, cells, grain, low_dirt, shaded, speckled, worn


def wood(n: Nodes, k: Inks) -> Surface:
    """Varnished wood along u."""
    colour, fine = grain(n, k, k.uv)
    colour = worn(n, k, colour, 0.22, 0.5)
    rough = n.math("ADD", k.roughness, n.between(n.noise(k.uv, 4.0, 3.0), 0.3, 0.7, -0.12, 0.15), clamp=True)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(fine, 0.001, 0.4)})


def metal(n: Nodes, k: Inks) -> Surface:
    """Brushed metal, a little rust."""
    brushed = n.noise(n.vector("MULTIPLY", k.uv, (2.0, 260.0, 1.0)), 1.0, 1.0)
    rust = n.between(n.noise(k.uv, 5.0, 6.0), 0.62, 0.76, 0.0, 0.5)
    colour = n.mix(rust, worn(n, k, k.first, 0.2, 0.3), n.mix(0.5, k.second, (0.11, 0.05, 0.025, 1.0)))
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


def paint(n: Nodes, k: Inks) -> Surface:
    """Car paint: dust low down, a clear coat above."""
    colour = low_dirt(n, k, worn(n, k, k.first, 0.12, 0.8))
    return Surface(
        {"Base Color": colour, "Metallic": 0.25, "Roughness": 0.4, "Coat Weight": 0.8, "Coat Roughness": 0.05}
    )


def plastic(n: Nodes, k: Inks) -> Surface:
    """Smooth, with fine scratches."""
    colour = speckled(n, k, worn(n, k, k.first, 0.14, 0.25), 25.0, 0.05)
    scratches = n.noise(n.vector("MULTIPLY", k.uv, (6.0, 90.0, 1.0)), 1.0, 3.0)
    rough = n.math("ADD", k.roughness, n.between(scratches, 0.3, 0.7, -0.12, 0.12), clamp=True)
    return Surface({"Base Color": colour, "Roughness": rough, "Normal": n.bump(n.noise(k.uv, 220.0, 1.0), 0.0005, 0.3)})


def fabric(n: Nodes, k: Inks) -> Surface:
    """Threads, a faint check, folds."""
    threads = n.noise(k.uv, 320.0, 1.0)
    folds = n.noise(n.vector("MULTIPLY", k.uv, (5.0, 2.5, 1.0)), 1.0, 3.0, 0.8)
    check = n.bricks(k.uv, (k.scale_m, k.scale_m), n.math("MULTIPLY", k.scale_m, 0.12), 0.0)
    pattern = n.math("MAXIMUM", n.math("MULTIPLY", check[0], 0.3), n.math("MULTIPLY", check[1], 0.45))
    colour = speckled(n, k, n.mix(pattern, k.first, k.second), 240.0, 0.18)
    colour = shaded(n, colour, n.between(folds, 0.25, 0.75, 0.68, 1.18))
    height = n.math("ADD", n.math("MULTIPLY", threads, 0.06), folds)
    return Surface({"Base Color": colour, "Roughness": 0.9, "Sheen Weight": 0.2, "Normal": n.bump(height, 0.035, 0.55)})


def leaves(n: Nodes, k: Inks) -> Surface:
    """Leaves of two greens that overlap, dark between them."""
    size = n.math("DIVIDE", 1.0, n.math("MULTIPLY", k.scale_m, 0.35))
    node = n.add("TexVoronoi", {"Vector": k.uv, "Scale": size, "Randomness": 1.0}, {"voronoi_dimensions": "2D"})
    edge = n.between(node.outputs["Distance"], 0.12, 0.6)
    tone = n.add("SeparateColor", {0: node.outputs["Color"]}).outputs[0]
    colour = shaded(n, n.mix(tone, k.first, k.second), n.between(edge, 0.0, 1.0, 1.25, 0.18))
    colour = shaded(n, colour, n.between(n.noise(k.uv, 7.0, 3.0), 0.3, 0.7, 0.4, 1.25))
    height = n.math("SUBTRACT", n.noise(k.uv, 6.0, 3.0), edge)
    return Surface({"Base Color": colour, "Roughness": 0.65, "Normal": n.bump(height, 0.06, 1.0)})


def bark(n: Nodes, k: Inks) -> Surface:
    """Ridges along u."""
    at = n.vector("MULTIPLY", k.uv, (9.0, 46.0, 1.0))
    ridges = n.noise(at, 1.0, 4.0, 1.2)
    colour = n.mix(n.between(ridges, 0.35, 0.65), shaded(n, k.second, 0.5), k.first)
    colour = worn(n, k, colour, 0.3, 0.3)
    return Surface({"Base Color": colour, "Roughness": 0.95, "Normal": n.bump(ridges, 0.03, 1.0)})


def skin(n: Nodes, k: Inks) -> Surface:
    """Two tones, softly."""
    colour = speckled(
        n, k, n.mix(n.between(n.noise(k.uv, 14.0, 2.0), 0.4, 0.7, 0.0, 0.25), k.first, k.second), 90.0, 0.06
    )
    return Surface({"Base Color": colour, "Roughness": 0.5, "Normal": n.bump(n.noise(k.uv, 120.0, 1.0), 0.001, 0.3)})


def paper(n: Nodes, k: Inks) -> Surface:
    """Printed matter: large plain areas, a few blocks and lines in the second colour."""
    block, margin = cells(n, k, 3.3, 2.1, 0.28, 0.37)
    letters, gap = cells(n, k, 0.5, 0.22, 0.05, 0.45)
    inside = n.math("SUBTRACT", 1.0, margin)
    solid = n.between(block, 0.8, 0.81)
    text = n.math("MULTIPLY", n.between(block, 0.45, 0.46), n.between(letters, 0.3, 0.32))
    text = n.math("MULTIPLY", text, n.math("SUBTRACT", 1.0, gap))
    ink = n.math("MULTIPLY", inside, n.math("MAXIMUM", n.math("MULTIPLY", text, 0.75), solid))
    colour = n.mix(ink, k.first, k.second)
    return Surface({"Base Color": worn(n, k, colour, 0.15, 0.3), "Roughness": k.roughness})


def printed(n: Nodes, k: Inks) -> Surface:
    """A sign: a line or two of large characters in the second colour."""
    line, margin = cells(n, k, 4.3, 1.1, 0.2, 0.3)
    letter, gap = cells(n, k, 0.55, 1.1, 0.09, 0.0)
    shown = n.math("MULTIPLY", n.between(letter, 0.25, 0.26), n.math("SUBTRACT", 1.0, gap))
    shown = n.math("MULTIPLY", shown, n.math("SUBTRACT", 1.0, margin))
    shown = n.math("MULTIPLY", shown, n.between(line, 0.45, 0.46))
    colour = worn(n, k, n.mix(shown, k.first, k.second), 0.2, 0.3)
    return Surface({"Base Color": colour, "Roughness": k.roughness})


def dark(n: Nodes, k: Inks) -> Surface:
    """A window from the street: the room behind is dark, and here and there a curtain."""
    drawn = n.between(n.noise(n.vector("MULTIPLY", k.uv, (1.1, 0.04, 1.0)), 1.0, 1.0), 0.5, 0.52, 0.0, 0.7)
    folds = n.between(n.noise(n.vector("MULTIPLY", k.uv, (30.0, 0.7, 1.0)), 1.0, 1.0), 0.3, 0.7, 0.5, 1.0)
    curtain = shaded(n, k.second, folds)
    return Surface(
        {"Base Color": n.mix(drawn, (0.012, 0.014, 0.016, 1.0), curtain), "Roughness": 0.04, "Specular IOR Level": 0.9}
    )
