"""The command line: which verbs there are. Each verb's work is imported when it is used."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import typer

from edge_nav import __version__
from edge_nav.commands.command_line import DEBUG, explained, run_app, verb
from edge_nav.commands.options import AskOptions, CalibrateOptions, PullOptions, ReplayOptions, VerifyOptions
from edge_nav.lab.bench.options import (
    AccuracyBenchOptions,
    AnswersBenchOptions,
    DepthBenchOptions,
    GuidanceBenchOptions,
    HearingBenchOptions,
    LatencyBenchOptions,
    PerceptionBenchOptions,
    VlmBenchOptions,
    WalkerOptions,
)
from edge_nav.walk.options import WalkOptions

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


def _open_sim(settings: SimSourceSettings) -> Source:
    """Simulated scenes are drawn by the laboratory, which only this file knows."""
    from edge_nav.lab.sim.source import SimSource

    return SimSource(settings)


@verb(app, "run")
def _run(options: WalkOptions) -> int:
    """Walk: frames in, guidance spoken and logged. This is what happens without a verb."""
    from edge_nav.commands.run import run_walk

    return run_walk(options, _open_sim)


@verb(app, "ask")
def _ask(options: AskOptions) -> int:
    """Answer one question about one picture, in text."""
    from edge_nav.commands.ask import ask

    return ask(options)


@verb(app, "replay")
def _replay(options: ReplayOptions) -> int:
    """Walk a recorded walk again and show the first difference from its log."""
    from edge_nav.commands.replay import replay_walk

    return replay_walk(options, _open_sim)


@verb(app, "doctor")
def _doctor() -> int:
    """Say what is here and what is missing, each with the command that mends it."""
    from edge_nav.commands.doctor import diagnose

    return diagnose()


@verb(app, "calibrate")
def _calibrate(options: CalibrateOptions) -> int:
    """Measure the scale of a depth model from a wall or a marker, and store it in the profile."""
    from edge_nav.commands.calibrate import calibrate_scale

    return calibrate_scale(options, _open_sim)


@verb(models_app, "list")
def _models_list() -> int:
    """Bundles that are here, what each may be used for, and models that can be fetched."""
    from edge_nav.commands.models import list_models

    return list_models()


@verb(models_app, "verify")
def _models_verify(options: VerifyOptions) -> int:
    """Check a bundle's files, graphs and language model against its manifest, and show its parity report."""
    from edge_nav.commands.models import verify_model

    return verify_model(options.bundle)


@verb(models_app, "pull")
def _models_pull(options: PullOptions) -> int:
    """Fetch a model from a hub, going on where an earlier try stopped, and verify every file.

    HF_ENDPOINT names a mirror; HF_TOKEN opens what is gated.
    """
    from edge_nav.commands.models import pull_model

    return pull_model(options)


@verb(bench_app, "perception")
def _bench_perception(options: PerceptionBenchOptions) -> int:
    """Time of each stage but the network, and its growth with the number of pixels."""
    from edge_nav.lab.bench.perception import bench

    return bench(options)


@verb(bench_app, "latency")
def _bench_latency(options: LatencyBenchOptions) -> int:
    """Capture to decision, and capture to the first audio sample."""
    from edge_nav.lab.bench.latency import bench

    return bench(options)


@verb(bench_app, "accuracy")
def _bench_accuracy(options: AccuracyBenchOptions) -> int:
    """Obstacles in the corridor against a full-resolution brute-force reference."""
    from edge_nav.lab.bench.accuracy import bench

    return bench(options)


@verb(bench_app, "depth")
def _bench_depth(options: DepthBenchOptions) -> int:
    """A depth network in the runtime against the transformers pipeline: time, memory, agreement."""
    from edge_nav.lab.bench.depth import bench

    return bench(options)


@verb(bench_app, "vlm")
def _bench_vlm(options: VlmBenchOptions) -> int:
    """A vision-language model in the runtime against transformers' generate(): time, memory, share of bandwidth."""
    from edge_nav.lab.bench.vlm import bench

    return bench(options)


@verb(bench_app, "hearing")
def _bench_hearing(options: HearingBenchOptions) -> int:
    """Questions recognised, clean and in noise, and false triggers on other talk."""
    from edge_nav.lab.bench.hearing import bench

    return bench(options)


@verb(bench_app, "answers")
def _bench_answers(options: AnswersBenchOptions) -> int:
    """Whether perception keeps its pace while questions are answered, and how fast the answers are."""
    from edge_nav.lab.bench.answers import bench

    return bench(options)


@verb(bench_app, "guidance")
def _bench_guidance(options: GuidanceBenchOptions) -> int:
    """How much is said on walks whose truth is known, how much of it is true, and what is told in time."""
    from edge_nav.lab.bench.guidance import bench

    return bench(options)


@verb(bench_app, "walker")
def _bench_walker(options: WalkerOptions) -> int:
    """Collisions and falls of a simulated person who obeys the guidance, against the same person without it."""
    from edge_nav.lab.bench.walker import bench

    # To be ended by the system, or by Ctrl-C in a shell that starts it in the background, is to be stopped: the
    # processes that walk have to be told.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    return bench(options)


def main() -> None:
    """Entry point: a missing verb means `run`; errors are one sentence and an exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices here are small: a second thread only costs
    arguments = sys.argv[1:]
    first = next((a for a in arguments if a != DEBUG), "")
    if first == "--version":
        sys.stdout.write(f"edge-nav {__version__}\n")
        return
    if not first or (first.startswith("-") and first not in ("--help", "-h")):
        arguments = ["run", *arguments]
    sys.exit(run_app(app, arguments, "python main.py", lambda e: explained(e, "Edge Nav"), prefix="edge-nav: "))
