"""The command lines of `bench`. Apart from what they start, as the help must not wait for the laboratory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from edge_nav.command_option import CommandOption

JsonFile = Annotated[Path | None, CommandOption("Write the figures to this file, too.", name="--json")]
Threads = Annotated[int | None, CommandOption("CPU threads of each; all cores if not given.", least=1, most=64)]


@dataclass(frozen=True, slots=True)
class PerceptionBenchOptions:
    """`bench perception`."""

    source: Annotated[str, CommandOption("A recording with depth.")] = "raycast"
    frames: Annotated[int, CommandOption("Frames to measure.", least=5)] = 60
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class LatencyBenchOptions:
    """`bench latency`."""

    source: Annotated[str, CommandOption("A recording, played at its own pace.")] = "walk"
    seconds: Annotated[float, CommandOption("Seconds to measure.", least=1)] = 20.0
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class AccuracyBenchOptions:
    """`bench accuracy`; without a source, the walk through a drawn room."""

    sources: Annotated[tuple[str, ...], CommandOption("Recordings with depth; may be repeated.", name="--source")] = ()
    every: Annotated[int, CommandOption("Compare every so many frames.", least=1)] = 1
    camera_height_m: Annotated[
        float | None, CommandOption("Height of the camera, where it is known.", name="--camera-height")
    ] = None
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class DepthBenchOptions:
    """`bench depth`."""

    checkpoint: Annotated[
        Path | None, CommandOption("Depth Anything folder: the pipeline's side; exported where no --bundle is given.")
    ] = None
    bundles: Annotated[tuple[str, ...], CommandOption("Bundle with depth; may be repeated.", name="--bundle")] = ()
    source: Annotated[str, CommandOption("Where the pictures come from: walk, images:DIR, video:PATH.")] = "walk"
    rounds: Annotated[int, CommandOption("Pictures that each one measures.", least=1, most=1000)] = 10
    threads: Threads = None
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class VlmBenchOptions:
    """`bench vlm`. ``variants`` are LLM[:VISION[:BACKEND]]; none is the bundle's own."""

    bundle: Annotated[str, CommandOption("Bundle with a vision tower and a language model.")]
    checkpoint: Annotated[
        Path | None, CommandOption("The folder it was exported from: transformers' side, in bfloat16 and float32.")
    ] = None
    variants: Annotated[
        tuple[str, ...],
        CommandOption("LLM:VISION:BACKEND, such as Q4_K_M:int8:onnx; may be repeated.", name="--variant"),
    ] = ()
    tokens: Annotated[int, CommandOption("Tokens of each answer.", least=2, most=512)] = 20
    rounds: Annotated[int, CommandOption("Pictures that each one is asked about.", least=1, most=100)] = 3
    threads: Threads = None
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class HearingBenchOptions:
    """`bench hearing`."""

    talk: Annotated[
        tuple[Path, ...], CommandOption("Recordings of talk that is not for it: a WAV file or a folder of them.")
    ] = ()
    noise: Annotated[Path | None, CommandOption("A recording of noise, mixed in at 20, 10 and 5 dB.")] = None
    whisper: Annotated[str | None, CommandOption("Whisper model or checkpoint instead of PocketSphinx.")] = None
    every: Annotated[int, CommandOption("Ask every so many of the known questions.", least=1)] = 1
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class AnswersBenchOptions:
    """`bench answers`."""

    seconds: Annotated[float, CommandOption("Seconds to walk, twice.", least=5, most=36)] = 36.0
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class GuidanceBenchOptions:
    """`bench guidance`."""

    walks: Annotated[
        tuple[str, ...],
        CommandOption(
            "filmed, clear:1 to clear:5, hazard:1 to hazard:5, place:pavement, home or park; or clear, hazard, "
            "tuning for several; may be repeated. Kept for the end: place:shop, platform and office_night.",
            name="--walk",
        ),
    ] = ()
    bundle: Annotated[str | None, CommandOption("Bundle whose network measures each walk, too.")] = None
    scenes: Annotated[
        Path | None,
        CommandOption("Folder for what was perceived: the next run reads it. Empty it when perception changes."),
    ] = None
    seconds: Annotated[float | None, CommandOption("Only so much of each walk, seconds.", least=1)] = None
    tell: Annotated[bool, CommandOption("Each walk's hazards and wrong sentences, too.")] = False
    json_file: JsonFile = None


@dataclass(frozen=True, slots=True)
class WalkerOptions:
    """`bench walker`."""

    scenes: Annotated[int | None, CommandOption("Scenes of each family.", least=1, most=50_000)] = None
    only: Annotated[
        tuple[str, ...], CommandOption("A family, or a scene: FAMILY:SEED or a file; may be repeated.")
    ] = ()
    conditions: Annotated[
        tuple[str, ...],
        CommandOption(
            "Only this row, such as 'true depth', or 'bundle nano, cane'; may be repeated.", name="--condition"
        ),
    ] = ()
    bundle: Annotated[str | None, CommandOption("Bundle of the network that is tried; nano where it is here.")] = None
    fps: Annotated[
        tuple[float, ...], CommandOption("Another frame rate to try; may be repeated.", least=1, most=20)
    ] = ()
    latency_s: Annotated[
        tuple[float, ...],
        CommandOption("Seconds of delay to add in a further run; may be repeated.", name="--latency", least=0, most=10),
    ] = ()
    workers: Annotated[int, CommandOption("Processes.", least=1, most=64)] = 1
    keep: Annotated[Path | None, CommandOption("File of finished walks: a run that was cut short goes on.")] = None
    json_file: JsonFile = None
