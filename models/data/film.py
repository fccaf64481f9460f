"""Films a scene: every frame of its walk drawn once and kept, then the video with its truth.

Frames lie in a work folder, one PNG each, so that a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.lab.sim.scene import SimulatedScene, load_scene
from edge_nav.lab.sim.shapes import Lamp, Renderer, Shape, World
from edge_nav.types import Pose
from models.data.layout import PART, RendererName
from models.lock import alone
from models.processes import ignore, kept_from_workers

FRAMES, SETTINGS = "frames", "film.json"
LAMPS_M = 12.0
"""Lamps farther away light nothing that is seen, and a path tracer would spend its few samples on them."""
AHEAD_M, BEHIND_M, LARGE_M = 45.0, 12.0, 1.2
SECTION_S = 3.0
LINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Film:
    """What is filmed, and how. ``width`` and ``height`` None: the scene's own."""

    scene: Path
    renderer: RendererName = "cycles"
    width: int | None = None
    height: int | None = None
    fps: float = 10.0
    samples: int = 2


def open_film(film: Film) -> SimulatedScene:
    """The scene with the film's picture size."""
    scene = load_scene(film.scene)
    size = {"width": film.width, "height": film.height}
    changed = scene.spec.camera.model_copy(update={k: v for k, v in size.items() if v is not None})
    return SimulatedScene(scene.spec.model_copy(update={"camera": changed}))


def frame_count(scene: SimulatedScene, fps: float) -> int:
    """Frames of the whole walk."""
    return max(1, round(scene.seconds * fps))


def frame_path(work: Path, number: int) -> Path:
    """Where a drawn frame lies."""
    return work / FRAMES / f"{number:05d}.png"


def draw_frames(film: Film, work: Path, workers: int) -> SimulatedScene:
    """Draw all frames that are not there yet. UsageError where a frame cannot be drawn, or the folder is another
    film's.
    """
    scene = open_film(film)
    with alone(work, "a film is being drawn"):
        _claim(film, work)
        _draw_missing(film, scene, work, workers)
    return scene


def _draw_missing(film: Film, scene: SimulatedScene, work: Path, workers: int) -> None:
    wanted = [n for n in range(frame_count(scene, film.fps)) if not frame_path(work, n).exists()]
    # Neighbours to one worker: what changes little from frame to frame is kept by its renderer.
    share = math.ceil(len(wanted) / max(workers, 1))
    parts = [wanted[n : n + share] for n in range(0, len(wanted), share)] if wanted else []
    context = multiprocessing.get_context("spawn")
    running: list[BaseProcess] = []
    try:
        with kept_from_workers(signal.SIGINT):
            for part in parts:
                worker = context.Process(target=_draw_part, args=(film, work, part, os.getpid()), daemon=True)
                worker.start()
                running.append(worker)
        _wait(running, work, frame_count(scene, film.fps), len(wanted))
    finally:
        for process in running:
            process.terminate()
            process.join()
    missing = [n for n in wanted if not frame_path(work, n).exists()]
    if missing:
        raise UsageError(
            f"{len(missing)} of {len(wanted)} frames could not be drawn in {work}, the first is {missing[0]}: "
            "see above, then run the same command again."
        )


def read_frame(work: Path, number: int) -> NDArray[np.uint8]:
    """uint8 rgb [H, W, 3] of a drawn frame. UsageError where it cannot be read."""
    picture = cv2.imread(str(frame_path(work, number)), cv2.IMREAD_COLOR)
    if picture is None:
        raise UsageError(f"{frame_path(work, number)} cannot be read: remove it and run the same command again.")
    return np.asarray(picture[:, :, ::-1], np.uint8)


class Stage:
    """The part of a scene that a path tracer needs for a few seconds of a walk: the same for neighbouring frames."""

    def __init__(self, scene: SimulatedScene) -> None:
        self._scene = scene
        self._number: int | None = None
        self._still: tuple[Shape, ...] = ()
        self._lamps: tuple[Lamp, ...] = ()

    def world(self, t: float) -> World:
        """The world at a time, without small things far ahead or well behind, and without far lamps."""
        whole = self._scene.world(t)
        if self._number != (number := int(t // SECTION_S)):
            pose = self._scene.pose((number + 0.5) * SECTION_S)
            self._number = number
            self._still = tuple(shape for shape in whole.still if _matters(shape, pose))
            self._lamps = tuple(
                lamp for lamp in whole.lights.lamps if math.dist(lamp.centre[:2], (pose.x, pose.y)) < LAMPS_M
            )
        return replace(whole, still=self._still, lights=replace(whole.lights, lamps=self._lamps))


def _matters(shape: Shape, pose: Pose) -> bool:
    """Whatever is large stays: it casts shadows and closes rooms."""
    if max(shape.half) > LARGE_M:
        return True
    dx, dy = shape.centre[0] - pose.x, shape.centre[1] - pose.y
    turn = math.radians(pose.heading_deg)
    ahead = dx * math.sin(turn) + dy * math.cos(turn)
    return math.hypot(dx, dy) < BEHIND_M or 0 < ahead < AHEAD_M


def _open_renderer(film: Film) -> Renderer:
    if film.renderer == "cycles":
        from edge_nav.lab.sim.cycles_renderer import CyclesRenderer

        return CyclesRenderer(samples=film.samples, threads=1)
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer

    return MujocoRenderer(shadows=True, fine=True)


def _draw_part(film: Film, work: Path, numbers: list[int], parent: int) -> None:
    """A worker's life. Ends by itself when its parent is gone, and with a sentence where it cannot go on."""
    ignore(signal.SIGINT)  # it goes to the whole group; the parent alone decides, and terminates its workers
    try:
        scene, renderer = open_film(film), _open_renderer(film)
        stage = Stage(scene)
        for number in numbers:
            if os.getppid() != parent:
                break
            t = number / film.fps
            pose = scene.pose(t)
            world = stage.world(t) if film.renderer == "cycles" else scene.world(t)
            rgb = renderer.render(world, pose, scene.camera).rgb
            path = frame_path(work, number)
            part = path.with_name(path.name + PART)
            part.write_bytes(cv2.imencode(".png", rgb[:, :, ::-1])[1].tobytes())
            part.replace(path)
        renderer.close()
    except UsageError as e:
        sys.stderr.write(f"{e}\n")
    except OSError as e:
        sys.stderr.write(f"frames cannot be written to {work} ({e.strerror}): free some space, or mend that.\n")


def _claim(film: Film, work: Path) -> None:
    """Make the work folder this film's, or make sure that it is."""
    mine = {
        "scene_sha256": hashlib.sha256(film.scene.read_bytes()).hexdigest(),
        **{k: getattr(film, k) for k in ("renderer", "width", "height", "fps", "samples")},
    }
    path = work / SETTINGS
    text = json.dumps(mine, indent=1) + "\n"
    try:
        # Frames without settings are nobody's, and settings that were cut short as well.
        if (path.exists() and path.read_bytes() != text.encode()) or (not path.exists() and any(_drawn(work))):
            raise UsageError(f"{work} holds frames of another film: give another --work, or remove it.")
        (work / FRAMES).mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + PART)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as e:
        raise UsageError(f"frames cannot be written to {work} ({e.strerror}): give a --work folder that can.") from e


def _wait(running: Sequence[BaseProcess], work: Path, total: int, wanted: int) -> None:
    began, shown = time.monotonic(), -LINE_S
    while any(process.is_alive() for process in running):
        for process in running:
            process.join(0.2)
        if time.monotonic() - shown < LINE_S:
            continue
        shown = time.monotonic()
        there = sum(1 for _ in _drawn(work))
        done = there - (total - wanted)
        left = f"{(shown - began) / done * (total - there) / 60:.0f} min left" if done > 0 else "starting"
        sys.stderr.write(f"{there} of {total} frames, {left}\n")
        sys.stderr.flush()


def _drawn(work: Path) -> Iterator[Path]:
    return (work / FRAMES).glob("*.png")
