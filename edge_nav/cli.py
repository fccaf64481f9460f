"""The command line. Only arguments and exit codes live here; each verb's work is imported when it is used."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_nav import __version__
from edge_nav.errors import EdgeNavError, UsageError

if TYPE_CHECKING:
    from edge_nav.sources.sim import SimSourceSettings
    from edge_nav.types import Source

app = typer.Typer(
    help="On-device assistive navigation: warns of obstacles, steps and drop-offs by speech. "
    "It complements a cane or a guide dog; it does not replace them.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="List, fetch and verify models.", no_args_is_help=True)
bench_app = typer.Typer(help="Measure, against a baseline named in the same run.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(bench_app, name="bench")

# Base of all of click's complaints; newer versions of typer bring a click of their own.
CLICK_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ in ("ClickException", "TyperException"))
INTERRUPTED = 130


def _open_sim(settings: SimSourceSettings) -> Source:
    """Simulated scenes are drawn by the laboratory, which only this file knows."""
    from edge_nav.lab.sim.source import SimSource

    return SimSource(settings)


def _at_least(low: float, high: float = math.inf) -> Callable[[typer.CallbackParam, float | None], float | None]:
    """Checks an option's value; the sentence names the option, the value, and what is allowed."""

    def check(parameter: typer.CallbackParam, value: float | None) -> float | None:
        if value is not None and not low <= value <= high:
            allowed = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
            raise UsageError(f"--{str(parameter.name).replace('_', '-')} = {value:g} is not allowed: give {allowed}.")
        return value

    return check


def _each_at_least(
    low: float, high: float = math.inf
) -> Callable[[typer.CallbackParam, list[float] | None], list[float] | None]:
    """The same for each value of an option that may be repeated."""
    one = _at_least(low, high)

    def check(parameter: typer.CallbackParam, values: list[float] | None) -> list[float] | None:
        for value in values or ():
            one(parameter, value)
        return values

    return check


Config = Annotated[Path | None, typer.Option(help="Profile, a YAML file; see configs/.")]
Spec = Annotated[
    str | None,
    typer.Option(help="walk, raycast, camera:0, video:PATH, images:DIR, rgbd:DIR, stereo:DIR or sim:SCENE."),
]
Bundle = Annotated[str | None, typer.Option(help="Model bundle: a folder, or a name.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, too.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]


@app.command()
def run(
    config: Config = None,
    source: Spec = None,
    bundle: Bundle = None,
    headless: Annotated[bool, typer.Option("--headless", help="No sound: guidance goes to the log alone.")] = False,
    log: Annotated[Path | None, typer.Option(help="Guidance log, JSON Lines.")] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="Store pictures and depth of the walk in this folder. Without it, no image is kept."),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Picture (.png, .jpg) or video (.mp4) of what was perceived."),
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(callback=_at_least(0.1), help="End the walk after this.")] = None,
    as_fast_as_possible: Annotated[
        bool, typer.Option("--as-fast-as-possible", help="Take every frame of a recording in turn; repeatable.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Walk with a bundle that is not meant for a live camera.")
    ] = False,
    mic: Annotated[
        str | None,
        typer.Option(help="Where questions come from: device, device:NAME, wav:FILE, text (typed), none."),
    ] = None,
    _debug: Debug = False,
) -> None:
    """Walk: frames in, guidance spoken and logged. This is what happens without a verb."""
    from edge_nav.commands.run import WalkOptions, run_walk

    options = WalkOptions(
        config, source, bundle, headless, log, record, overlay, max_seconds, as_fast_as_possible, force, mic
    )
    raise typer.Exit(run_walk(options, _open_sim))


@app.command()
def ask(
    image: Annotated[Path, typer.Argument(help="A jpg or png picture.")],
    question: Annotated[str | None, typer.Argument(help="The question; or give it by --audio.")] = None,
    bundle: Bundle = None,
    config: Config = None,
    depth: Annotated[
        bool, typer.Option("--depth", help="Measure, too: facts for the model, and its answer is checked by them.")
    ] = False,
    depth_bundle: Annotated[
        str | None, typer.Option(help="Bundle that measures depth, if another than --bundle; means --depth.")
    ] = None,
    depth_map: Annotated[
        Path | None, typer.Option(help="Depth of the picture, a 16-bit PNG, 0 where unknown; means --depth.")
    ] = None,
    depth_scale: Annotated[
        float, typer.Option(callback=_at_least(1, 1e6), help="Steps of --depth-map per metre.")
    ] = 1000.0,
    audio: Annotated[Path | None, typer.Option(help="The question as a recording, 16-bit WAV.")] = None,
    language: Annotated[str | None, typer.Option(help="en, de, es or hi.")] = None,
    _debug: Debug = False,
) -> None:
    """Answer one question about one picture, in text."""
    from edge_nav.commands.ask import AskOptions
    from edge_nav.commands.ask import ask as answer

    options = AskOptions(image, question, bundle, config, depth, depth_bundle, depth_map, depth_scale, audio, language)
    raise typer.Exit(answer(options))


@app.command()
def replay(
    what: Annotated[Path, typer.Argument(help="A guidance log, or a folder written by --record.")],
    source: Annotated[
        str | None,
        typer.Option(help="Where the recording lies now, if not where the log says."),
    ] = None,
    _debug: Debug = False,
) -> None:
    """Walk a recorded walk again and show the first difference from its log."""
    from edge_nav.commands.replay import replay_walk

    raise typer.Exit(replay_walk(what, source, _open_sim))


@app.command()
def doctor(_debug: Debug = False) -> None:
    """Say what is here and what is missing, each with the command that mends it."""
    from edge_nav.commands.doctor import diagnose

    raise typer.Exit(diagnose())


@app.command()
def calibrate(
    config: Annotated[
        Path | None,
        typer.Option(help="Profile that receives the scale."),
    ] = None,
    source: Spec = None,
    bundle: Bundle = None,
    wall: Annotated[
        float | None,
        typer.Option(
            callback=_at_least(0.3, 10), help="Tape-measured distance from the camera to a wall it faces, metres."
        ),
    ] = None,
    marker: Annotated[
        float | None,
        typer.Option(callback=_at_least(0.02, 1), help="Side of the printed marker in metres."),
    ] = None,
    print_marker: Annotated[
        Path | None,
        typer.Option(help="Write a picture of the marker, to be printed."),
    ] = None,
    _debug: Debug = False,
) -> None:
    """Measure the scale of a depth model from a wall or a marker, and store it in the profile."""
    from edge_nav.commands.calibrate import CalibrateOptions, calibrate_scale

    raise typer.Exit(calibrate_scale(CalibrateOptions(config, source, bundle, wall, marker, print_marker), _open_sim))


@models_app.command("list")
def models_list(_debug: Debug = False) -> None:
    """Bundles that are here, what each may be used for, and models that can be fetched."""
    from edge_nav.commands.models import list_models

    raise typer.Exit(list_models())


@models_app.command("verify")
def models_verify(bundle: Annotated[str, typer.Argument(help="A folder, or a name.")], _debug: Debug = False) -> None:
    """Check a bundle's files, graphs and language model against its manifest, and show its parity report."""
    from edge_nav.commands.models import verify_model

    raise typer.Exit(verify_model(bundle))


@models_app.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(help="A name that `models list` shows, or a hub's id as owner/name.")],
    to: Annotated[Path | None, typer.Option(help="Folder; by default below models/bundles or checkpoints.")] = None,
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    _debug: Debug = False,
) -> None:
    """Fetch a model from a hub, going on where an earlier try stopped, and verify every file.

    HF_ENDPOINT names a mirror; HF_TOKEN opens what is gated.
    """
    from edge_nav.commands.models import pull_model

    raise typer.Exit(pull_model(name, to, revision))


@bench_app.command("perception")
def bench_perception(
    source: Annotated[str, typer.Option(help="A recording with depth.")] = "raycast",
    frames: Annotated[int, typer.Option(callback=_at_least(5), help="Frames to measure.")] = 60,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Time of each stage but the network, and its growth with the number of pixels."""
    from edge_nav.lab.bench.perception import bench

    raise typer.Exit(bench(source, frames, json_file))


@bench_app.command("latency")
def bench_latency(
    source: Annotated[str, typer.Option(help="A recording, played at its own pace.")] = "walk",
    seconds: Annotated[float, typer.Option(callback=_at_least(1), help="Seconds to measure.")] = 20.0,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Capture to decision, and capture to the first audio sample."""
    from edge_nav.lab.bench.latency import bench

    raise typer.Exit(bench(source, seconds, json_file))


@bench_app.command("accuracy")
def bench_accuracy(
    source: Annotated[list[str] | None, typer.Option(help="Recordings with depth; may be repeated.")] = None,
    every: Annotated[int, typer.Option(callback=_at_least(1), help="Compare every so many frames.")] = 1,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Obstacles in the corridor against a full-resolution brute-force reference."""
    from edge_nav.lab.bench.accuracy import bench

    raise typer.Exit(bench(source or ["raycast"], every, json_file))


@bench_app.command("depth")
def bench_depth(
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Depth Anything folder: the pipeline's side; exported where no --bundle is given."),
    ] = None,
    bundle: Annotated[list[str] | None, typer.Option(help="Bundle with depth; may be repeated.")] = None,
    source: Annotated[str, typer.Option(help="Where the pictures come from: walk, images:DIR, video:PATH.")] = "walk",
    rounds: Annotated[int, typer.Option(callback=_at_least(1, 1000), help="Pictures that each one measures.")] = 10,
    threads: Annotated[
        int | None, typer.Option(callback=_at_least(1, 64), help="CPU threads of each; all cores if not given.")
    ] = None,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """A depth network in the runtime against the transformers pipeline: time, memory, agreement."""
    from edge_nav.lab.bench.depth import bench

    raise typer.Exit(bench(checkpoint, bundle or [], source, rounds, threads, json_file))


@bench_app.command("vlm")
def bench_vlm(
    bundle: Annotated[str, typer.Option(help="Bundle with a vision tower and a language model.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="The folder it was exported from: transformers' side, in bfloat16 and float32.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="LLM:VISION:BACKEND, such as Q4_K_M:int8:onnx; may be repeated.")
    ] = None,
    tokens: Annotated[int, typer.Option(callback=_at_least(2, 512), help="Tokens of each answer.")] = 20,
    rounds: Annotated[int, typer.Option(callback=_at_least(1, 100), help="Pictures that each one is asked about.")] = 3,
    threads: Annotated[
        int | None, typer.Option(callback=_at_least(1, 64), help="CPU threads of each; all cores if not given.")
    ] = None,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """A vision-language model in the runtime against transformers' generate(): time, memory, share of bandwidth."""
    from edge_nav.lab.bench.vlm import bench

    raise typer.Exit(bench(bundle, checkpoint, variant or [], tokens, rounds, threads, json_file))


@bench_app.command("hearing")
def bench_hearing(
    talk: Annotated[
        list[Path] | None, typer.Option(help="Recordings of talk that is not for it: a WAV file or a folder of them.")
    ] = None,
    noise: Annotated[Path | None, typer.Option(help="A recording of noise, mixed in at 20, 10 and 5 dB.")] = None,
    whisper: Annotated[str | None, typer.Option(help="Whisper model or checkpoint instead of PocketSphinx.")] = None,
    every: Annotated[int, typer.Option(callback=_at_least(1), help="Ask every so many of the known questions.")] = 1,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Questions recognised, clean and in noise, and false triggers on other talk."""
    from edge_nav.lab.bench.hearing import bench

    raise typer.Exit(bench(talk or [], noise, whisper, every, json_file))


@bench_app.command("answers")
def bench_answers(
    seconds: Annotated[float, typer.Option(callback=_at_least(5, 36), help="Seconds to walk, twice.")] = 36.0,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Whether perception keeps its pace while questions are answered, and how fast the answers are."""
    from edge_nav.lab.bench.answers import bench

    raise typer.Exit(bench(seconds, json_file))


@bench_app.command("guidance")
def bench_guidance(
    walk: Annotated[
        list[str] | None,
        typer.Option(
            help="filmed, clear:1 to clear:5, hazard:1 to hazard:5, place:pavement, home or park; or clear, hazard, "
            "tuning for several; may be repeated. Kept for the end: place:shop, platform and office_night."
        ),
    ] = None,
    bundle: Annotated[str | None, typer.Option(help="Bundle whose network measures each walk, too.")] = None,
    scenes: Annotated[
        Path | None,
        typer.Option(help="Folder for what was perceived: the next run reads it. Empty it when perception changes."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(callback=_at_least(1), help="Only so much of each walk, seconds.")
    ] = None,
    tell: Annotated[bool, typer.Option("--tell", help="Each walk's hazards and wrong sentences, too.")] = False,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """How much is said on walks whose truth is known, how much of it is true, and what is told in time."""
    from edge_nav.lab.bench.guidance import GuidanceOptions, bench

    raise typer.Exit(bench(GuidanceOptions(tuple(walk or ()), bundle, scenes, seconds, tell), json_file))


@bench_app.command("walker")
def bench_walker(
    scenes: Annotated[int | None, typer.Option(callback=_at_least(1, 50_000), help="Scenes of each family.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All 200 scenes, and guided walkers with a cane, too: takes hours.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="A family, or a scene: FAMILY:SEED or a file; may be repeated.")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="Only this row, such as 'true depth', or 'bundle nano, cane'; may be repeated."),
    ] = None,
    bundle: Annotated[
        str | None, typer.Option(help="Bundle of the network that is tried; nano where it is here.")
    ] = None,
    fps: Annotated[
        list[float] | None,
        typer.Option(callback=_each_at_least(1, 20), help="Another frame rate to try; may be repeated."),
    ] = None,
    latency: Annotated[
        list[float] | None,
        typer.Option(callback=_each_at_least(0, 10), help="Seconds of delay to add in a further run; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(callback=_at_least(1, 64), help="Processes.")] = 1,
    failures: Annotated[
        Path | None, typer.Option(help="Folder for the scenes that went wrong, to be replayed.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="File of finished walks: a run that was cut short goes on.")] = None,
    json_file: Json = None,
    _debug: Debug = False,
) -> None:
    """Collisions and falls of a simulated person who obeys the guidance, against the same person without it."""
    from edge_nav.lab.bench.walker import WalkerOptions, bench

    # To be ended by the system, or by Ctrl-C in a shell that starts it in the background, is to be stopped: the
    # processes that walk have to be told.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    options = WalkerOptions(
        scenes,
        full,
        tuple(only or ()),
        tuple(condition or ()),
        bundle,
        tuple(fps or ()),
        tuple(latency or ()),
        workers,
        failures,
        keep,
    )
    raise typer.Exit(bench(options, json_file))


def main() -> None:
    """Entry point: a missing verb means `run`; errors are one sentence and an exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: a second thread only costs
    arguments = sys.argv[1:]
    if arguments and arguments[0] == "--version":
        sys.stdout.write(f"edge-nav {__version__}\n")
        return
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("--help", "-h")):
        arguments = ["run", *arguments]
    sys.exit(_invoke(arguments))


def _invoke(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        code = app(arguments, standalone_mode=False)
    except CLICK_ERROR as e:
        return _say(f"{e.format_message()} See `python main.py --help`.", 2)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except EdgeNavError as e:
        if debug:
            raise
        return _say(str(e), 2 if isinstance(e, UsageError) else 1)
    except BrokenPipeError:
        return 1
    except Exception as e:  # a bug: one sentence for the walker, the traceback for who asks for it
        if debug:
            raise
        return _say(f"Edge Nav failed with {type(e).__name__} ({e}): run the same command with --debug for more.", 1)
    if code == INTERRUPTED:  # newer versions of typer make a code of it, older ones raise
        _say("Interrupted.", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"edge-nav: {sentence}\n")
    return code
