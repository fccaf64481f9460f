"""Checks generated frames: every picture against its hash, and some of them drawn anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import load_scene
from models.data.layout import (
    PICTURES,
    SCENE,
    FrameLine,
    complete_scenes,
    encode,
    read_dataset,
    read_lines,
    read_picture,
    scene_folder,
)


@dataclass
class Verdict:
    """What was looked at, and one line for each thing that is wrong."""

    scenes: int = 0
    frames: int = 0
    redrawn: int = 0
    wrong: tuple[str, ...] = ()


def verify(root: Path, redraw: int) -> Verdict:
    """All pictures against their hashes, scenes and poses whether they can be read; and ``redraw`` frames, spread over
    the dataset, drawn anew and compared bit by bit."""
    dataset = read_dataset(root)
    if redraw and dataset.generator != (now := type(dataset).model_fields["generator"].default):
        raise UsageError(
            f"{root} was made by generator {dataset.generator} and cannot be drawn anew by {now}: verify it without "
            "--rerender."
        )
    seeds = complete_scenes(root)
    if not seeds:
        raise UsageError(f"{root} holds no complete scene: generate some first.")
    wrong, frames, whole = [], 0, []
    for seed in seeds:
        folder = scene_folder(root, seed)
        try:
            lines = read_lines(folder)
            load_scene(folder / SCENE)
        except UsageError as e:
            wrong.append(str(e))
            continue
        whole.append(seed)
        frames += len(lines)
        if len(lines) != dataset.frames_per_scene:
            wrong.append(f"{folder.name}: {len(lines)} frames, not {dataset.frames_per_scene}")
        wrong += [f"{folder.name}: {name}" for line in lines for name in _spoilt(folder, line)]
    redrawn = 0
    if redraw and whole:
        for text in _redraw(root, _spread(whole, redraw)):
            redrawn += 1
            if text:
                wrong.append(text)
    return Verdict(len(seeds), frames, redrawn, tuple(wrong))


def _spoilt(folder: Path, line: FrameLine) -> Iterator[str]:
    for name in PICTURES:
        path = folder / f"{line.frame:02d}.{name}.png"
        if not path.is_file():
            yield f"{path.name} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != line.sha256.get(name):
            yield f"{path.name} has changed"


def _spread(seeds: list[int], count: int) -> list[tuple[int, int]]:
    """(seed, which of its frames) evenly over all scenes, another frame each time."""
    return [(seeds[n * len(seeds) // count], n) for n in range(count)]


def _redraw(root: Path, picks: list[tuple[int, int]]) -> Iterator[str]:
    """For each pick what is wrong with it, "" if nothing."""
    from models.data.scenes import draw, open_renderer

    dataset = read_dataset(root)
    renderer = open_renderer(dataset.renderer, dataset.samples)
    try:
        for seed, which in picks:
            folder = scene_folder(root, seed)
            lines = read_lines(folder)
            if not lines:
                yield f"{folder.name}: there is no frame to draw anew"
                continue
            line = lines[which % len(lines)]
            anew = encode(draw(renderer, load_scene(folder / SCENE), line.t, line.pose, line.intrinsics))
            other = []
            for name, picture in anew.items():
                stored = read_picture(folder, line.frame, name)
                if stored is None or not np.array_equal(stored, picture):
                    other.append(name)
            yield f"{folder.name}: frame {line.frame} drawn anew has another {', '.join(other)}" if other else ""
    finally:
        renderer.close()
