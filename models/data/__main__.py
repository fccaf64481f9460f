"""`python -m models.data generate --renderer cycles --out DIR --scenes 0:1000`; `python -m models.data verify DIR`;
`python -m models.data film SCENE.yaml --out DIR`."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_nav.errors import UsageError
from models.command import run_command
from models.data.layout import Dataset, RendererName

SIZE, SEED = re.compile(r"([0-9]{1,9})x([0-9]{1,9})"), re.compile(r"[0-9]{1,9}")
LEAST_PX, MOST_PX = 16, 4096

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Pictures with truth, to learn from.")


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="The dataset's folder; goes on with what is there.")],
    scenes: Annotated[str, typer.Option(help="Seeds, FIRST:LAST, without the last.")],
    renderer: Annotated[RendererName, typer.Option(help="cycles: realistic; mujoco: fast.")] = "cycles",
    frames_per_scene: Annotated[int, typer.Option(min=1, max=99, help="Pictures of each scene.")] = 10,
    size: Annotated[str, typer.Option(help="Picture size, WIDTHxHEIGHT.")] = "320x240",
    samples: Annotated[int, typer.Option(min=1, max=256, help="Light paths a pixel (cycles).")] = 3,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes; one for each core.")] = 2,
) -> None:
    """Draw scenes; those that are complete are kept. Ctrl-C loses at most one unfinished scene a worker."""
    from models.data.generate import generate_frames

    width, height = _size(size)
    if 3 * width != 4 * height:
        raise UsageError(f"--size {size} is no picture of the cameras here: give four to three, such as 320x240.")
    dataset = Dataset(renderer=renderer, width=width, height=height, samples=samples, frames_per_scene=frames_per_scene)
    # To be ended by the system is to be stopped, too: the workers have to be told.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        tally = generate_frames(dataset, out, _seeds(scenes), workers)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the same command goes on from here.\n")
        sys.exit(130)
    sys.stderr.write(f"\n{tally.scenes} scenes drawn, {len(tally.skipped)} gave no frames.\n")
    if tally.skipped and not tally.scenes:
        raise UsageError(f"none of {len(tally.skipped)} scenes gave frames, for what is said above: mend that.")


@app.command()
def film(
    scene: Annotated[Path, typer.Argument(help="A scene's YAML file.")],
    out: Annotated[Path, typer.Option(help="Folder for the video, the scene and its truth.")],
    work: Annotated[Path | None, typer.Option(help="Folder for the frames drawn so far; default: OUT.work.")] = None,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "480x360",
    fps: Annotated[float, typer.Option(min=1, max=60, help="Frames per second.")] = 10.0,
    renderer: Annotated[RendererName, typer.Option(help="cycles: realistic; mujoco: fast.")] = "cycles",
    samples: Annotated[int, typer.Option(min=1, max=256, help="Light paths a pixel (cycles).")] = 2,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes; one for each core.")] = 2,
) -> None:
    """Film a scene's walk: a video with its truth. Goes on with the frames that are there."""
    from models.data.film import Film, draw_frames
    from models.data.film_store import need_encoder, store

    width, height = _size(size)
    if width % 2 or height % 2:
        raise UsageError(f"--size {size} cannot be a video's: give even numbers, such as 480x360.")
    out = out.resolve()
    if not out.name or (out.exists() and not out.is_dir()):
        raise UsageError(f"--out {out} is no folder for a film: give another.")
    need_encoder()
    plan = Film(scene, renderer, width, height, fps, samples)
    frames = work if work is not None else out.with_name(out.name + ".work")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        filmed = draw_frames(plan, frames, workers)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the same command goes on from here.\n")
        sys.exit(130)
    written = store(plan, filmed, frames, out)
    sys.stderr.write(f"{written}\n")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The dataset's folder.")],
    rerender: Annotated[int, typer.Option(min=0, help="So many frames are drawn anew and compared.")] = 0,
) -> None:
    """Check every picture against its hash, and some against themselves drawn anew."""
    from models.data.verify import verify as check

    found = check(folder, rerender)
    sys.stdout.write(f"{found.scenes} scenes, {found.frames} frames, {found.redrawn} drawn anew: ")
    sys.stdout.write(f"{len(found.wrong)} wrong\n" if found.wrong else "all as they should be\n")
    sys.stdout.writelines(f"{line}\n" for line in found.wrong[:50])
    if found.wrong:
        raise UsageError(
            f"{len(found.wrong)} things are wrong in {folder}: remove those scenes and generate them again."
        )


def _size(text: str) -> tuple[int, int]:
    found = SIZE.fullmatch(text)
    sides = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if min(sides) < LEAST_PX or max(sides) > MOST_PX:
        raise UsageError(
            f"--size {text!r} is no picture size: use WIDTHxHEIGHT from {LEAST_PX} to {MOST_PX}, such as 480x360."
        )
    return sides


def _seeds(text: str) -> range:
    from edge_nav.lab.sim.split import SEEDS

    first, _, last = text.partition(":")
    if not (SEED.fullmatch(first) and SEED.fullmatch(last) and int(first) < int(last) <= SEEDS):
        raise UsageError(f"--scenes {text!r} is no range of seeds: use FIRST:LAST with FIRST < LAST <= {SEEDS}.")
    return range(int(first), int(last))


if __name__ == "__main__":
    run_command(app, "python -m models.data")
