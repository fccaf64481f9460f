"""`python -m models.random_checkpoints NAME FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_nav.errors import UsageError
from models.command import run_command
from models.random_checkpoints.depth import DEPTH_RECIPES
from models.random_checkpoints.vlm import VLM_PARTS, VLM_RECIPES
from models.random_checkpoints.writing import write_parts, write_random

NAMES = ", ".join((*DEPTH_RECIPES, *VLM_RECIPES, *VLM_PARTS))
app = typer.Typer(add_completion=False, help="Write a full-size checkpoint of random numbers.")


@app.command()
def write(
    name: Annotated[str, typer.Argument(help=f"One of {NAMES}.")],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other numbers.")] = 0,
) -> None:
    """Write a full-size checkpoint of random numbers."""
    recipe = (DEPTH_RECIPES | VLM_RECIPES).get(name)
    if recipe is not None:
        total = write_random(recipe, name, folder, seed=seed)
    elif name in VLM_PARTS:
        total = write_parts(VLM_PARTS[name], name, folder, seed=seed)
    else:
        raise UsageError(f"recipe {name!r} is not known: name one of {NAMES}.")
    typer.echo(f"{folder}: {name}, {total / 1e6:.1f} million parameters.")


if __name__ == "__main__":
    run_command(app, "python -m models.random_checkpoints")
