"""Many simulated walks: every scene under every condition, on several processes, kept so that a long run goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.lab.walker.aid import Aid
from edge_nav.lab.walker.surroundings import TALL_M
from edge_nav.lab.walker.trial import CAMERA_HEIGHT_M, WalkResult, WornCamera, walk_scene
from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.health import HealthSettings
from edge_nav.types import DepthModel
from edge_nav.walk.loop import Loop

BASE_LATENCY_S = 0.06
"""From capture to the first sample of sound, of a walk that keeps pace."""
LINE = '{"job": '
"""How each line of a file of finished walks begins."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How someone walks. ``latency_s`` is added to what there is anyway."""

    name: str
    depth: Literal["none", "true", "bundle"] = "none"
    cane: bool = False
    fps: float = 10.0
    latency_s: float = 0.0
    bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One walk. ``scene``: FAMILY:SEED or a file."""

    scene: str
    condition: Condition

    @property
    def seed(self) -> int:
        """Of the person: the scene's own, 0 for a file; alone or among others, it is the same walk."""
        number = self.scene.rpartition(":")[2]
        return int(number) if number.isdecimal() else 0

    @property
    def key(self) -> str:
        """By which it is kept."""
        return json.dumps([self.scene, asdict(self.condition)])


def run_jobs(
    jobs: list[Job], workers: int, kept: Path | None, progress: Callable[[int], None]
) -> dict[Job, WalkResult]:
    """The results of all jobs. Each finished walk is a line of ``kept``, and those already there are not walked again.
    ``progress`` is told how many are done. Raises UsageError where ``kept`` holds something else, or is not writable.
    """
    had = {} if kept is None else _read_kept(kept)
    done = {job: had[job.key] for job in jobs if job.key in had}
    progress(len(done))
    for job, result in _run([job for job in jobs if job not in done], workers):
        done[job] = result
        if kept is not None:
            try:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"job": job.key, "result": asdict(result)}) + "\n")
            except OSError as e:
                raise UsageError(f"--keep {kept} cannot be written ({e.strerror}): free some space.") from e
        progress(len(done))
    return done


def _read_kept(path: Path) -> dict[str, WalkResult]:
    """The walks of a file by their key. A last line that was cut short is taken off."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    try:
        if not text.startswith(LINE[: len(text)]):
            raise ValueError(text)
        walks = {line["job"]: WalkResult(**line["result"]) for line in map(json.loads, whole.splitlines())}
    except (ValueError, KeyError, TypeError) as e:
        raise UsageError(f"--keep {path} holds something else than walks: give another file, or a new one.") from e
    if text != whole:
        path.write_text(whole, encoding="utf-8")
    return walks


def walk(job: Job) -> WalkResult:
    """One walk, with a renderer of its own process."""
    from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
    from edge_nav.lab.sim.source import open_scene

    scene, condition = open_scene(job.scene), job.condition
    if condition.depth == "none":
        return walk_scene(scene, None, None, job.seed, cane=condition.cane)
    coloured = condition.depth == "bundle"
    with MujocoRenderer(colours=coloured, truth=not coloured) as renderer:
        camera = WornCamera(renderer, condition.fps, job.seed, coloured=coloured)
        return walk_scene(scene, make_aid(condition), camera, job.seed, cane=condition.cane)


def make_aid(condition: Condition) -> Aid:
    """Edge Nav under a condition, with the profile of someone who has set their camera's height."""
    companion: Literal["cane", "none"] = "cane" if condition.cane else "none"
    perception = PerceptionSettings(camera_height_m=CAMERA_HEIGHT_M, walker_height_m=TALL_M, companion=companion)
    depth = open_depth_model(condition, perception)
    loop = Loop(depth, perception, GuidanceSettings(), HealthSettings(), sensor_depth=isinstance(depth, SensorDepth))
    return Aid(loop, BASE_LATENCY_S + condition.latency_s)


def open_depth_model(condition: Condition, perception: PerceptionSettings) -> DepthModel:
    """True depth, or a bundle's network. Raises UsageError for a bundle that is not here."""
    if condition.bundle is None:
        return SensorDepth()
    from edge_nav.bundle import open_bundle
    from edge_nav.perception.depth.backends import open_depth

    return open_depth(OnnxDepthSettings(threads=1), open_bundle(condition.bundle), perception)


def _run(jobs: list[Job], workers: int) -> Iterator[tuple[Job, WalkResult]]:
    if workers <= 1:
        yield from ((job, walk(job)) for job in jobs)
        return
    # OpenGL does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
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


def _start_worker() -> None:
    """A worker's settings. Ctrl-C goes to the whole group; the parent alone decides, and ends its workers."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
