"""Corridors with rooms beside them."""

from __future__ import annotations

import numpy as np

from edge_nav.sim.scene import SceneSpec


def generate(seed: int) -> SceneSpec:
    rng = np.random.default_rng((seed, 1))
    length = round(float(rng.uniform(9, 16)), 2)
    half = round(float(rng.uniform(0.9, 1.6)), 2)
    things: list[dict[str, object]] = [
        {
            "kind": "room",
            "from": [-half, -2],
            "to": [half, length],
            "openings": {
                "left": [{"at": 3.0, "open_deg": 80}, {"at": 7.0, "open_deg": 0}],
                "right": [{"at": 4.5, "type": "glass_door", "open_deg": 20}],
            },
        },
        {
            "kind": "room",
            "from": [-half - 4.12, 0],
            "to": [-half - 0.12, 5.5],
            "open_sides": ["right"],
            "openings": {"left": [{"type": "window", "at": 3, "sill_m": 0.9, "height_m": 1.2, "width_m": 1.4}]},
        },
        {"kind": "room", "from": [half + 0.12, 1.0], "to": [half + 4, 6.0], "open_sides": ["left"]},
        {"kind": "table", "at": [-half - 2.2, 3.0], "heading_deg": 90},
        {"kind": "chair", "at": [-half - 1.4, 3.0], "heading_deg": 270},
        {"kind": "table", "at": [half + 2.2, 4.5]},
        {"kind": "person", "at": [-half + 0.4, length - 1], "way": [[-half + 0.4, 5.0]]},
    ]
    for y in np.arange(2.5, length - 1, 2.5):
        kind = ("box", "chair", "pole")[int(rng.integers(3))]
        x = round(float(rng.uniform(-half + 0.3, half - 0.3)), 2)
        things.append({"kind": kind, "at": [x, float(y)], "heading_deg": round(float(rng.uniform(0, 359)), 1)})
    return SceneSpec.model_validate(
        {
            "family": "corridor",
            "seed": seed,
            "things": things,
            "walk": {"path": [[0, -1], [0, length - 1.0]]},
        }
    )
