"""`python -m models.train depth --config configs/models/nano_depth/1_small.yaml --out DIR`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from models.command import run_command

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train a model of our own.")


@app.callback()
def _verbs() -> None:
    """Train a model of our own."""


@app.command()
def depth(
    config: Annotated[Path, typer.Option(help="The recipe, YAML.")],
    out: Annotated[Path, typer.Option(help="Checkpoints, metrics and TensorBoard events; goes on with what is there.")],
    stop_at: Annotated[int | None, typer.Option(min=1, help="End before this step, to go on another time.")] = None,
) -> None:
    """The nano depth network."""
    from models.depth.settings import TrainSettings
    from models.depth.training import train
    from models.yaml_settings import read_yaml

    # To be ended by the system, or by Ctrl-C in a shell that starts it in the background, is to be stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    train(read_yaml(config, TrainSettings), out, stop_at)


if __name__ == "__main__":
    run_command(app, "python -m models.train")
