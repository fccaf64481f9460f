"""Many simulated walks: every scene under every condition, on several processes, kept so that a long run goes on."""

from __future__ import annotations

import functools
import hashlib
import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.lab.bench.walker_aid import Aid
from edge_nav.lab.bench.walker_kept import KeptWalks
from edge_nav.lab.bench.walker_trial import CAMERA_HEIGHT_M, CAMERA_PITCH_DEG, Result, Trial
from edge_nav.lab.sim.scene import WalkSpec, save_scene
from edge_nav.lab.walker.touch import TALL_M
from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.health import HealthSettings
from edge_nav.types import DepthModel
from edge_nav.walk.loop import Loop

BASE_LATENCY_S = 0.06
"""From capture to the first sample of sound, of a walk that keeps pace."""
MOST_POINTS, LONGEST_S = 480, 590.0
"""Of a way that is saved: what a scene holds."""
LONGEST_NAME = 200
"""Bytes of a saved scene's name, before what is added to it."""

Depth = Literal["none", "true", "bundle"]


@dataclass(frozen=True, slots=True)
class Condition:
    """How someone walks. ``latency_s`` is added to what there is anyway."""

    name: str
    depth: Depth = "none"
    cane: bool = False
    fps: float = 10.0
    latency_s: float = 0.0
    bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One walk: scene as FAMILY:SEED or a file; ``seed`` of the person; SHA-256 of the scene's file and of the network,
    where there are any.
    """

    scene: str
    seed: int
    condition: Condition
    hashes: tuple[str, ...] = ()

    @classmethod
    def of(cls, scene: str, condition: Condition) -> Job:
        """With the person of the scene's own seed, 0 for a file: alone or among others, it is the same walk."""
        _, _, number = scene.rpartition(":")
        written = Path(scene).expanduser()
        hashes = [hashlib.sha256(written.read_bytes()).hexdigest()] if written.is_file() else []
        hashes += [] if condition.bundle is None else [_network_sha256(condition.bundle)]
        return cls(scene, int(number) if number.isdecimal() else 0, condition, tuple(hashes))

    @property
    def key(self) -> str:
        """By which it is kept: a file that was changed is another scene, and weights that were, another network."""
        return json.dumps([self.scene, self.seed, asdict(self.condition), *self.hashes])


@functools.cache
def _network_sha256(bundle: str) -> str:
    from edge_nav.bundle import open_bundle

    manifest = open_bundle(bundle).manifest
    return "" if manifest.depth is None else manifest.files[manifest.depth.file].sha256


def run_jobs(jobs: list[Job], workers: int, kept: Path | None, progress: Callable[[int], None]) -> dict[Job, Result]:
    """The results of all jobs; those already kept are not run again, but for failures without a way that can be saved.
    ``progress`` is told how many are done.
    """
    walks = None if kept is None else KeptWalks(kept)
    had = {} if walks is None else {job: walks.get(job.key) for job in jobs}
    done = {j: r for j, r in had.items() if r is not None and not (failed(j, r) and _way(r) is None)}
    progress(len(done))
    for job, result in _run([j for j in jobs if j not in done], workers):
        done[job] = result
        if walks is not None:
            walks.add(job.key, result, with_trail=failed(job, result))
        progress(len(done))
    return done


def failed(job: Job, result: Result) -> bool:
    """Whether guidance did not help enough."""
    return job.condition.depth != "none" and (result.accidents > 0 or (result.solvable and not result.goal))


def walk(job: Job) -> Result:
    """One walk, with a renderer of its own process."""
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
    from edge_nav.lab.sim.source import open_scene

    scene, condition = open_scene(job.scene), job.condition
    if condition.depth == "none":
        return Trial(scene, None, None, cane=condition.cane, seed=job.seed).run()
    coloured = condition.depth == "bundle"
    with MujocoRenderer(colours=coloured, truth=not coloured) as renderer:
        return Trial(
            scene, renderer, lambda: make_aid(condition), condition.fps, condition.cane, job.seed, coloured
        ).run()


def make_aid(condition: Condition) -> Aid:
    """Edge Nav under a condition, with the profile of someone who has set their camera's height."""
    perception = PerceptionSettings(
        camera_height_m=CAMERA_HEIGHT_M,
        walker_height_m=TALL_M,
        companion="cane" if condition.cane else "none",
    )
    depth = open_depth_model(condition, perception)
    loop = Loop(depth, perception, GuidanceSettings(), HealthSettings(), sensor_depth=isinstance(depth, SensorDepth))
    return Aid(loop, BASE_LATENCY_S + condition.latency_s)


def open_depth_model(condition: Condition, perception: PerceptionSettings) -> DepthModel:
    """True depth, or a bundle's network. Raises UsageError for a bundle that is not here."""
    if condition.depth != "bundle":
        return SensorDepth()
    from edge_nav.bundle import open_bundle
    from edge_nav.perception.depth.backends import open_depth

    assert condition.bundle is not None
    return open_depth(OnnxDepthSettings(threads=1), open_bundle(condition.bundle), perception)


def save_failure(job: Job, result: Result, folder: Path) -> Path:
    """The scene with the way that was walked and when, to be replayed with `--source sim:FILE`: there the camera faces
    where the way leads. Raises UsageError where it cannot be written.
    """
    from edge_nav.lab.sim.sensor_spec import CameraSpec
    from edge_nav.lab.sim.source import open_scene

    spec = open_scene(job.scene).spec
    way = _way(result)
    if way is None:
        raise UsageError(f"--failures {folder}: the walk of {job.scene} leads where no scene can: leave that one out.")
    walked = way.model_copy(update={"goal": spec.walk.goal or spec.walk.path[-1]})
    camera = CameraSpec(width=320, height=240, fov_deg=90.0, height_m=CAMERA_HEIGHT_M, pitch_deg=CAMERA_PITCH_DEG)
    name = f"{job.scene}, {job.condition.name}: {_what_happened(result)}"[:200]
    file = folder / _file_name(job)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_scene(spec.model_copy(update={"walk": walked, "camera": camera, "name": name, "seconds": None}), file)
    except OSError as e:
        raise UsageError(
            f"--failures {folder}: {file.name} cannot be written ({e.strerror}): free some space or give another "
            "folder."
        ) from e
    return file


def _way(result: Result) -> WalkSpec | None:
    """The way that was walked and when; None where a kept walk lacks it, or has one that nobody can walk."""
    trail = [point for point in result.trail if point[0] <= LONGEST_S]
    if not trail:
        return None
    # Of a stand its beginning and its end.
    kept = [
        p for n, p in enumerate(trail) if n in (0, len(trail) - 1) or not trail[n - 1][1:] == p[1:] == trail[n + 1][1:]
    ]
    kept = [*kept[: -1 : -(-len(kept) // MOST_POINTS)], kept[-1]]
    try:
        return WalkSpec(path=tuple((x, y) for _, x, y in kept), times_s=tuple(t for t, _, _ in kept))
    except ValidationError:
        return None


def _file_name(job: Job) -> str:
    """After scene and condition; where that is longer than a file's name may be, after its end and a hash."""
    name = re.sub(r"[/\\:]", "-", f"{job.scene} {job.condition.name}".replace(" ", "_"))
    data = os.fsencode(name)
    if len(data) > LONGEST_NAME:
        name = f"{hashlib.sha256(data).hexdigest()[:8]}-{data[-LONGEST_NAME:].decode(errors='ignore')}"
    return f"{name}.yaml"


def _what_happened(result: Result) -> str:
    parts = [f"{c.band} at {c.t:.1f} s ({c.x:.1f}, {c.y:.1f})" for c in result.collisions]
    parts += [f"fall of {f.depth_m:.2f} m at {f.t:.1f} s" for f in result.falls]
    return "; ".join(parts) or "goal not reached"


def _run(jobs: list[Job], workers: int) -> Iterator[tuple[Job, Result]]:
    if workers <= 1:
        for job in jobs:
            yield job, walk(job)
        return
    # OpenGL does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_worker) as pool:
        coming = {pool.submit(walk, job): job for job in jobs}
        try:
            for future in as_completed(coming):
                yield coming[future], future.result()
        except BrokenProcessPool as e:
            raise EdgeNavError(
                "a process that walked was killed, perhaps for want of memory: use fewer --workers, and --keep FILE to "
                "go on from what is finished."
            ) from e
        except BaseException:  # a walk takes a minute: who ends the run does not wait for it
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            for future in coming:
                future.cancel()


def _worker() -> None:
    """A worker's settings. Ctrl-C goes to the whole group; the parent alone decides, and ends its workers."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
