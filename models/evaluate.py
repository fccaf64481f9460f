"""`python -m models.evaluate depth --bundle DIR --source rgbd:DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_nav.errors import UsageError
from models.command import run_command

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Measure a model against truth.")


@app.callback()
def _verbs() -> None:
    """Measure a model against truth."""


@app.command()
def depth(
    bundle: Annotated[str, typer.Option(help="Model bundle: a folder, or a name.")],
    source: Annotated[list[str], typer.Option(help="frames:DIR, rgbd:DIR or stereo:DIR; may be given many times.")],
    first_seed: Annotated[int, typer.Option(min=0, help="frames: scenes from this seed.")] = 950_000,
    last_seed: Annotated[int, typer.Option(min=1, help="frames: up to but without this one.")] = 1_000_000,
    most: Annotated[int, typer.Option(min=1, help="frames: no more than this many.")] = 1000,
    pictures: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures: the best and worst frames, and how far confidence is true."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, too.")] = None,
) -> None:
    """A bundle's depth: as it comes, scaled by the floor as in a walk, and scaled by the median."""
    from edge_nav.bundle import open_bundle
    from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
    from edge_nav.writable import check_folder, check_writable
    from models.depth.evaluation import evaluate, write_pictures
    from models.depth.frames import frames_of
    from models.depth.reliability import write_reliability
    from models.depth.report import short_names, show

    opened = open_bundle(bundle)
    for spec in source:  # so that a misspelt one is told before the others are measured
        if next(frames_of(spec, (first_seed, last_seed), most), None) is None:
            raise UsageError(f"source {spec} holds no frame: give another.")
    if pictures is not None:
        check_folder(pictures, "--pictures")
    if json_file is not None:
        check_writable(json_file, "--json")
    results = []
    for spec, name in zip(source, short_names(source), strict=True):
        result = evaluate(opened, OnnxDepthSettings(), spec, (first_seed, last_seed), most)
        if pictures is not None:
            write_pictures(result, pictures / f"{name}.png")
            if result.confident.any():
                write_reliability(result, f"{opened.manifest.name} on {name}", pictures / f"{name}-confidence.png")
        results.append((name, result))
    show(opened.manifest.name, results, json_file)


if __name__ == "__main__":
    run_command(app, "python -m models.evaluate")
