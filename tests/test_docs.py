"""The pages that are written from the settings say what the settings are."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from edge_nav.lab.sim.scene import SimulatedScene, parse_scene

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["configuration", "scenes"])
def test_a_page_is_up_to_date(name: str) -> None:
    page = runpy.run_path(str(DOCS / "configuration.py"))[name]()
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == page, "run python docs/configuration.py"


def test_the_scene_on_the_page_can_be_walked() -> None:
    found = re.search(r"```yaml\n(.*?)```", (DOCS / "scenes.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    scene = SimulatedScene(parse_scene(found[1], "scenes.md"))
    assert {"chair", "hanging_sign"} <= set(scene.names)
    assert scene.solvable_path is not None
