"""The command line of `run`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from edge_nav.option import Option

ConfigFile = Annotated[Path | None, Option("Profile, a YAML file; see configs/.")]
SourceSpec = Annotated[
    str | None, Option("walk, raycast, camera:0, video:PATH, images:DIR, rgbd:DIR, stereo:DIR or sim:SCENE.")
]
BundleName = Annotated[str | None, Option("Model bundle: a folder, or a name.")]


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What a walk is walked with; None leaves it to the profile."""

    config: ConfigFile = None
    source: SourceSpec = None
    bundle: BundleName = None
    headless: Annotated[bool, Option("No sound: guidance goes to the log alone.")] = False
    log: Annotated[Path | None, Option("Guidance log, JSON Lines.")] = None
    record: Annotated[
        Path | None, Option("Store pictures and depth of the walk in this folder. Without it, no image is kept.")
    ] = None
    overlay: Annotated[Path | None, Option("Picture (.png, .jpg) or video (.mp4) of what was perceived.")] = None
    max_seconds: Annotated[float | None, Option("End the walk after this.", least=0.1)] = None
    every_frame: Annotated[
        bool, Option("Take every frame of a recording in turn; repeatable.", name="--as-fast-as-possible")
    ] = False
    force: Annotated[bool, Option("Walk with a bundle that is not meant for a live camera.")] = False
    mic: Annotated[
        str | None, Option("Where questions come from: device, device:NAME, wav:FILE, text (typed), none.")
    ] = None
