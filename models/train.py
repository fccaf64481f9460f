"""`python -m models.train depth --config configs/models/nano_depth/1_small.yaml --out DIR`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from edge_nav.commands.command_line import INTERRUPTED
from models.command import run_command

AGAIN_S = 1.0
"""Sooner it is the same wish: torchrun passes on the Ctrl-C that its processes have had from the terminal."""

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
    from models.depth.training import Stopped, train
    from models.yaml_settings import read_yaml

    try:
        train(read_yaml(config, TrainSettings), out, stop_at, _asked_to_stop())
    except Stopped:
        sys.exit(INTERRUPTED)  # whatever uses the trained network next must not begin


def _asked_to_stop() -> Callable[[], bool]:
    """Whether Ctrl-C was pressed, or the system wants the process to end. Who presses it again does not wait."""
    asked: list[float] = []

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.append(time.monotonic())
        if asked[-1] - asked[0] > AGAIN_S:
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    return lambda: bool(asked)


if __name__ == "__main__":
    run_command(app, "python -m models.train")
