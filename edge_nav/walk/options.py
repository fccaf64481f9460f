"""The command line of `run`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from edge_nav.command_option import CommandOption

ConfigFile = Annotated[Path | None, CommandOption("Profile, a YAML file; see configs/.")]
SourceSpec = Annotated[
    str | None, CommandOption("walk, raycast, camera:0, video:PATH, images:DIR, rgbd:DIR, stereo:DIR or sim:SCENE.")
]
BundleName = Annotated[str | None, CommandOption("Model bundle: a folder, or a name.")]


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What a walk is walked with; None leaves it to the profile."""

    config: ConfigFile = None
    source: SourceSpec = None
    bundle: BundleName = None
    headless: Annotated[bool, CommandOption("No sound: guidance goes to the log alone.")] = False
    log: Annotated[Path | None, CommandOption("Guidance log, JSON Lines.")] = None
    record: Annotated[
        Path | None, CommandOption("Store pictures and depth of the walk in this folder. Without it, no image is kept.")
    ] = None
    overlay: Annotated[Path | None, CommandOption("Picture (.png, .jpg) or video (.mp4) of what was perceived.")] = None
    max_seconds: Annotated[float | None, CommandOption("End the walk after this.", least=0.1)] = None
    every_frame: Annotated[
        bool, CommandOption("Take every frame of a recording in turn; repeatable.", name="--as-fast-as-possible")
    ] = False
    force: Annotated[bool, CommandOption("Walk with a bundle that is not meant for a live camera.")] = False
    mic: Annotated[
        str | None, CommandOption("Where questions come from: device, device:NAME, wav:FILE, text (typed), none.")
    ] = None
