"""The command lines of the verbs but `run` (edge_nav.walk.options) and `bench` (edge_nav.lab.bench.options)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from edge_nav.command_option import CommandOption
from edge_nav.walk.options import BundleName, ConfigFile, SourceSpec


@dataclass(frozen=True, slots=True)
class AskOptions:
    """One question about one picture."""

    image: Annotated[Path, CommandOption("A jpg or png picture.", positional=True)]
    question: Annotated[str | None, CommandOption("The question; or give it by --audio.", positional=True)] = None
    bundle: BundleName = None
    config: ConfigFile = None
    depth: Annotated[bool, CommandOption("Measure, too: facts for the model, and its answer is checked by them.")] = (
        False
    )
    depth_bundle: Annotated[
        str | None, CommandOption("Bundle that measures depth, if another than --bundle; means --depth.")
    ] = None
    depth_map: Annotated[
        Path | None, CommandOption("Depth of the picture, a 16-bit PNG, 0 where unknown; means --depth.")
    ] = None
    depth_scale: Annotated[float, CommandOption("Steps of --depth-map per metre.", least=1, most=1e6)] = 1000.0
    audio: Annotated[Path | None, CommandOption("The question as a recording, 16-bit WAV.")] = None
    language: Annotated[str | None, CommandOption("en, de, es or hi.")] = None


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """A recorded walk, to be walked again."""

    what: Annotated[Path, CommandOption("A guidance log, or a folder written by --record.", positional=True)]
    source: Annotated[str | None, CommandOption("Where the recording lies now, if not where the log says.")] = None


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """One known thing before the camera: a wall or a marker."""

    config: Annotated[Path | None, CommandOption("Profile that receives the scale.")] = None
    source: SourceSpec = None
    bundle: BundleName = None
    wall_m: Annotated[
        float | None,
        CommandOption(
            "Tape-measured distance from the camera to a wall it faces, metres.", name="--wall", least=0.3, most=10
        ),
    ] = None
    marker_m: Annotated[
        float | None, CommandOption("Side of the printed marker in metres.", name="--marker", least=0.02, most=1)
    ] = None
    print_marker: Annotated[Path | None, CommandOption("Write a picture of the marker, to be printed.")] = None


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """A bundle to be checked."""

    bundle: Annotated[str, CommandOption("A folder, or a name.", positional=True)]


@dataclass(frozen=True, slots=True)
class PullOptions:
    """A model to be fetched."""

    name: Annotated[
        str, CommandOption("A name that `models list` shows, or a hub's id as owner/name.", positional=True)
    ]
    to: Annotated[Path | None, CommandOption("Folder; by default below models/bundles or checkpoints.")] = None
    revision: Annotated[str, CommandOption("Branch, tag or commit.")] = "main"
